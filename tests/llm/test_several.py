"""Several answers out of one stream: each whole one counts, and no field is trusted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from test_answer import anything, chunk

from gitagent.domain.call import REPEATS, Usage
from gitagent.errors import BadReply, EmptyReply, ProviderError, ProviderUnavailable
from gitagent.llm.answer import Answer
from gitagent.llm.complaints import judged, of_payload
from gitagent.llm.events import Broken, Foreign
from gitagent.llm.loops import Loops
from gitagent.llm.several import Several


def said(index: int, text: str = "", finish: str | None = None) -> dict[str, Any]:
    delta = {"content": text} if text else {}
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def counted(prompt: int, completion: int) -> dict[str, Any]:
    return {
        "choices": [],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion},
    }


@contextmanager
def no_clocks() -> Iterator[None]:
    yield


def several(
    wanted: int, enough: Callable[[str], bool] | None = None, *, loops: bool = False
) -> Several:
    def one(told: Callable[[int], None]) -> Answer:
        return Answer("p/m", "m", "p", 0.0, told, loops=Loops() if loops else None)

    return Several(wanted, one, lambda _length: None, enough, no_clocks)


def fed(answers: Several, *payloads: dict[str, Any]) -> Several:
    for payload in payloads:
        answers.add(payload)
        if answers.over:
            break
    return answers


def test_answers_come_in_the_order_in_which_they_are_whole() -> None:
    """Whatever their index; each is counted by itself, the prompt once."""
    reply = fed(
        several(2),
        said(0, "slow "), said(1, "fast"), said(1, finish="stop"), counted(100, 7),
        said(0, "one"), said(0, finish="length"), counted(100, 9),
    ).reply()  # fmt: skip
    assert [(each.text, each.finish_reason) for each in reply.each] == [
        ("fast", "stop"),
        ("slow one", "length"),
    ]
    assert reply.usage == Usage(100, 16, 0)


def test_a_count_of_all_together_counts_once() -> None:
    """Some servers count all answers in one chunk at the end."""
    reply = fed(several(2), said(0, "a", "stop"), said(1, "b", "stop"), counted(100, 16)).reply()
    assert reply.usage == Usage(100, 16, 0)


def test_the_rest_is_not_read_where_one_is_enough() -> None:
    """It is judged once its count has come; what was written of the others is counted by pieces."""
    asked: list[str] = []

    def enough(text: str) -> bool:
        asked.append(text)
        return text == "good"

    answers = fed(
        several(3, enough),
        said(0, "bad", "stop"), counted(50, 3), said(1, "x"), said(2, "good", "stop"),
        counted(50, 4), said(1, "never read"),
    )  # fmt: skip
    assert answers.over
    reply = answers.reply()
    assert asked == ["bad", "good"]
    assert [each.text for each in reply.each] == ["bad", "good"]
    assert reply.usage == Usage(50, 3 + 4 + 1, 0)


def test_an_answer_that_runs_on_and_on_is_not_waited_for() -> None:
    """Half of them are whole, and it is more than twice as long; where it is paid for, it stays."""
    short = [p for n in (0, 1) for p in (said(n, "a"), said(n, finish="stop"), counted(9, 2))]
    rambles = [said(n, f"{k} ") for k in range(200) for n in (2, 3)]
    cut = fed(several(4, lambda _text: False), *short, *rambles)
    assert cut.over
    assert len(cut.reply().each) == 2
    assert 130 < cut.reply().usage.completion < 150
    assert not fed(several(4), *short, *rambles).over


def test_one_that_goes_round_in_circles_is_given_up_alone() -> None:
    """The others are waited for, and judged; then nothing more is read. It counts by its pieces."""
    judged: list[str] = []
    circles = [said(0, "and so on, and ") for _ in range(200)]
    answers = several(3, lambda text: bool(judged.append(text)), loops=True)
    fed(answers, *circles, said(1, "a", "stop"), counted(9, 2))
    assert not answers.over
    fed(answers, said(2, "b"), said(2, finish="stop"), counted(9, 3), said(0, "and so on"))
    assert answers.over
    reply = answers.reply()
    assert [(each.text[:3], each.cut) for each in reply.each] == [
        ("and", True),
        ("a", False),
        ("b", False),
    ]
    assert judged == ["a"]
    assert reply.each[0].finish_reason == REPEATS
    assert 2 + 3 + 60 <= reply.usage.completion < 2 + 3 + 210


def test_one_that_is_cut_off_is_never_enough() -> None:
    """However good its beginning looks."""
    judged: list[str] = []
    answers = several(2, lambda text: bool(judged.append(text)))
    fed(answers, said(0, "half", "length"), counted(9, 2), said(1, "b"), counted(9, 1))
    assert judged == []


def test_where_all_go_round_in_circles_the_count_along_the_way_counts() -> None:
    """llama.cpp tells with each piece what it has read; that one is cut off, all say."""
    timings = {"cache_n": 30, "prompt_n": 70, "predicted_n": 5}
    circles = [
        said(n, "and so on, and ") | {"timings": timings} for _ in range(100) for n in (0, 1)
    ]
    answers = fed(several(2, lambda _text: False, loops=True), *circles)
    assert answers.over
    reply = answers.reply()
    assert all(each.cut for each in reply.each)
    assert (reply.usage.prompt, reply.usage.cached) == (100, 30)
    assert 120 <= reply.usage.completion < 200


def test_what_was_whole_when_the_stream_broke_counts() -> None:
    """A cut answer is none; without a whole one it is an error as for one."""
    reply = fed(several(2), said(0, "whole", "stop"), said(1, "cut in the mid")).reply()
    assert [each.text for each in reply.each] == ["whole"]
    with pytest.raises(ProviderUnavailable):
        fed(several(2), said(0, "cut"), said(1, "cut, too")).reply()


def test_an_empty_answer_is_left_out_and_only_empty_ones_are_an_error() -> None:
    """The error has the count of what was paid for."""
    some = fed(several(2), said(0, " ", "stop"), said(1, "text", "stop"), counted(9, 2))
    assert [each.text for each in some.reply().each] == ["text"]
    none = fed(several(2), said(0, " ", "stop"), said(1, "", "stop"), counted(9, 2))
    with pytest.raises(EmptyReply) as caught:
        none.reply()
    assert caught.value.reply is not None
    assert caught.value.reply.usage == Usage(9, 2, 0)


def test_an_index_that_nobody_asked_for_is_passed_over() -> None:
    """Also one that is no number."""
    odd = [said(7, "x", "stop"), said(-1, "x", "stop")]
    odd.append({"choices": [{"index": "1", "delta": {"content": "x"}, "finish_reason": "stop"}]})
    reply = fed(several(2), *odd, said(0, "mine", "stop")).reply()
    assert [each.text for each in reply.each] == ["mine"]


def test_any_chunk_is_a_reply_or_an_error() -> None:
    """Kinds and places of values may be wrong in any way."""
    chance = random.Random(5)
    replies = 0
    for _ in range(3000):
        answers = several(3, lambda _text: False)
        try:
            odd = [chance.choice((chunk, chunk, anything))(chance) for _ in range(2)]
            for payload in (said(1, "hi", "stop"), *odd):
                if complaint := of_payload(payload):
                    raise judged(complaint, "p", "m", str)
                answers.add(payload)
            assert all(each.text.strip() for each in answers.reply().each)
            replies += 1
        except (ProviderError, Broken, Foreign, BadReply):
            pass
    assert replies > 50
