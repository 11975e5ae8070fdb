"""A turn of a question is an answer, or asks to see more; never both at once."""

from __future__ import annotations

import pytest
from mouth import Mouth

from gitagent.domain.context import Span
from gitagent.domain.want import Want
from gitagent.errors import BadReply
from gitagent.stages.answer import TALK, Sight, Turn, turn
from gitagent.stages.rounds import MOST_WANTS


def turned(*says: str, rounds: int = 2) -> Turn:
    mouth = Mouth(list(says))
    made = turn(mouth, "How?", Sight("", "", "a.py"), tree="t", step=1, rounds=rounds)
    assert not mouth.says
    return made


@pytest.mark.parametrize(
    "reply",
    [
        "READ: a.py:10-40",
        "I need to see more.\n\n- **READ:** `a.py` lines 10-40",
        '[{"name": "read", "arguments": {"path": "a.py", "start": 10, "end": 40}}]',
    ],
)
def test_a_reply_that_asks_is_no_answer(reply: str) -> None:
    """In any form that an ask may have."""
    assert turned(reply).wants == (Want("read", "a.py", (Span(10, 40),)),)


def test_no_more_is_looked_up_than_was_said() -> None:
    """Whatever is asked for."""
    asks = "\n".join(f"SEARCH: w{n}" for n in range(MOST_WANTS + 3))
    assert len(turned(asks).wants) == MOST_WANTS


@pytest.mark.parametrize(
    "reply",
    [
        "It rounds half up (a.py:3).",
        "Read the file a.py.",
        f"It rounds half up. {'Really. ' * TALK}\nSEARCH: more",
        '{"answer": "it rounds"}',
    ],
)
def test_an_answer_is_kept_as_it_is(reply: str) -> None:
    """Also one that is long and happens to name something to be searched for."""
    assert turned(f"<think>READ: b.py</think>{reply}") == Turn(reply, (), cut=False)


def test_an_answer_that_still_asks_loses_its_asks() -> None:
    """Where nothing more is looked up; those lines would answer nothing."""
    assert turned("It is so.\n\nSEARCH: x\n\nAnd so.", rounds=0).text == "It is so.\n\nAnd so."


def test_asks_at_the_end_are_asked_for_an_answer_once() -> None:
    """As lines or as JSON; who asks on has no answer."""
    for asks in ("SEARCH: x", '[{"search": "x"}]'):
        assert turned(asks, "It is so.", rounds=0) == Turn("It is so.", (), cut=False)
        with pytest.raises(BadReply, match="gives no answer"):
            turned(asks, asks, rounds=0)
