"""A reply that cannot be used is asked for once more, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gitagent.domain.call import Message, Reply, Request, Usage
from gitagent.errors import BadReply, ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.reask import ReaskModel, again
from gitagent.llm.watchdog import Limits
from gitagent.ports import ModelProfile
from gitagent.testing.scripted import Item, Refuse, Say, ScriptedServer, Status

LIMITS = Limits(5, 5)

Serve = Callable[..., ScriptedServer]
ASKED = Request("propose", (Message("system", "rules"), Message("user", "question")), 10, step=2)


def model(server: ScriptedServer, told: list[str] | None = None) -> ReaskModel:
    endpoint = Endpoint("p", server.base_url, "m", "FAKEKEY-reask")
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    client = ChatClient(endpoint, profile, limits=LIMITS, trace_id="0" * 32)
    kept = told if told is not None else []
    return ReaskModel(client, on_reask=kept.append)


def asked(server: ScriptedServer) -> list[list[dict[str, Any]]]:
    """The messages of each call."""
    return [call.json["messages"] for call in server.calls]


@pytest.mark.parametrize("item", [Say(""), Say("  \n"), Refuse("I will not.")], ids=repr)
def test_the_second_question_says_what_was_wrong(server: Serve, item: Item) -> None:
    """The reason goes to the model and to people; then the answer counts."""
    told: list[str] = []
    running = server([item, Say("an answer")])
    assert model(running, told).complete(ASKED).text == "an answer"
    first, second = asked(running)
    assert len(told) == 1
    assert told[0] in second[-1]["content"]
    assert [m["role"] for m in second] in (
        ["system", "user"],
        ["system", "user", "assistant", "user"],
    )
    assert second[0] == first[0]
    assert second[1]["content"].startswith(first[1]["content"])


def test_a_model_is_asked_twice_at_most(server: Serve) -> None:
    """What is wrong again is for somebody else."""
    running = server([Refuse("no"), Refuse("no, I said"), Say("x")])
    with pytest.raises(BadReply, match="no, I said"):
        model(running).complete(ASKED)
    assert len(running.calls) == 2


@pytest.mark.parametrize(
    ("item", "error"),
    [(Status(400), ProviderRejected), (Status(503), ProviderUnavailable)],
    ids=repr,
)
def test_a_provider_that_gave_no_reply_is_not_asked_again(
    server: Serve, item: Item, error: type[ProviderError]
) -> None:
    """There is nothing to complain of to the model."""
    told: list[str] = []
    running = server([item, Say("x")])
    with pytest.raises(error):
        model(running, told).complete(ASKED)
    assert (told, len(running.calls)) == ([], 1)


def bad(text: str | None) -> BadReply:
    reply = None if text is None else Reply(text, "m", "p", "stop", Usage(1, 1), 0.0)
    return BadReply("m refused.", reply=reply)


def test_the_bad_reply_is_part_of_the_second_question() -> None:
    """Roles take turns, whether there was a text or not."""
    assert [m.role for m in again(ASKED, bad("I will not.")).messages] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    for nothing in (None, "", " \n"):
        assert [m.role for m in again(ASKED, bad(nothing)).messages] == ["system", "user"]
    ended = replace(ASKED, messages=(*ASKED.messages, Message("assistant", "Sure:")))
    assert [m.role for m in again(ended, bad(None)).messages][-2:] == ["assistant", "user"]


def test_the_second_question_is_always_the_same() -> None:
    """A resumed run asks it in the same words, at the same place of the task."""
    one, other = again(ASKED, bad("I {will} not.")), again(ASKED, bad("I {will} not."))
    assert one == other
    assert one != ASKED
    assert one.key == ASKED.key
    assert replace(one, messages=ASKED.messages) == ASKED


def test_an_error_of_the_second_question_passes_through(server: Serve) -> None:
    """It is what the caller has to know."""
    running = server([Say(""), Status(503)])
    with pytest.raises(ProviderUnavailable, match="503"):
        model(running).complete(ASKED)
