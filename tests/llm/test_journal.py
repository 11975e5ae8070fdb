"""The journal: what was answered, or refused, in an earlier run is not paid for again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gitagent.domain.call import Message, Request, Usage
from gitagent.domain.task import Task, TaskState
from gitagent.errors import BadReply, ProviderRejected, ProviderUnavailable
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.journal import JournalModel, KnownBadModel
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import Model, ModelProfile
from gitagent.testing.scripted import Cut, Item, Refuse, Say, ScriptedServer, Status

LIMITS = Limits(5, 5)

Serve = Callable[..., ScriptedServer]
Make = Callable[..., Path]
PROFILE = ModelProfile("m", "p", 8000, 1000, "whole", input_price=1.0, output_price=2.0)
OTHER = replace(PROFILE, name="other", provider="q", input_price=9.0)
ASKED = Request("propose", (Message("user", "x" * 300),), 1000, step=1, tree="t")


def new_log(folder: Path) -> TaskLog:
    repo = GitRepo.open(folder)
    task = Task("abc", "text", "agent/abc", repo.resolve("HEAD"), "b" * 32, "2026")
    return TaskLog.create(repo, TaskState(task))


def reopened(folder: Path) -> TaskLog:
    return TaskLog.load(GitRepo.open(folder), "abc")


def stack(server: ScriptedServer, log: TaskLog, profile: ModelProfile = PROFILE) -> Model:
    """Journal, what is known to be bad, ledger, client."""
    endpoint = Endpoint(profile.provider, server.base_url, profile.name, "FAKEKEY-journal")
    client = ChatClient(endpoint, profile, limits=LIMITS, trace_id="b" * 32)
    ledger = Ledger(log, Budget(0, 100))
    return JournalModel(KnownBadModel(LedgerModel(client, ledger), ledger), ledger)


def test_an_answered_question_is_never_asked_again(repo: Make, server: Serve) -> None:
    """A later run takes the answer from the log, with another model, too, and pays nothing."""
    folder = repo({"a": "1"})
    running = server([Say("the answer ☃", usage=Usage(5, 5)), Say("another")])
    reply = stack(running, new_log(folder)).complete(ASKED)
    log = reopened(folder)
    spent = log.state.spent
    assert stack(running, log, OTHER).complete(ASKED) == reply
    assert len(running.calls) == 1
    (call,) = reopened(folder).state.calls
    assert (call.from_journal, reopened(folder).state.spent) == (True, spent)


def test_another_question_is_asked(repo: Make, server: Serve) -> None:
    """Step, attempt, phase and the tree they stand on tell questions apart."""
    running = server(lambda _: Say("x"))
    model = stack(running, new_log(repo({"a": "1"})))
    parts = [
        Request("propose", ASKED.messages, 10, step=step, attempt=attempt, tree=tree)
        for step, attempt, tree in ((1, 1, "t"), (2, 1, "t"), (1, 2, "t"), (1, 1, "u"))
    ]
    for request in (*parts, *parts, Request("plan", ASKED.messages, 10)):
        model.complete(request)
    assert len(running.calls) == 5


@pytest.mark.parametrize("item", [Status(401), Status(500), Cut("half")], ids=repr)
def test_a_question_without_an_answer_is_asked_again(repo: Make, server: Serve, item: Item) -> None:
    """Failed calls answer nothing."""
    folder = repo({"a": "1"})
    running = server([item, Say("x")])
    with pytest.raises((ProviderUnavailable, ProviderRejected)):
        stack(running, new_log(folder)).complete(ASKED)
    assert stack(running, reopened(folder)).complete(ASKED).text == "x"


@pytest.mark.parametrize(
    "item", [Refuse("I will not"), Say("", usage=Usage(7, 3)), Say("x", "content_filter")], ids=repr
)
def test_what_came_to_nothing_is_not_paid_for_twice(repo: Make, server: Serve, item: Item) -> None:
    """A later run meets the same words, with the same reply behind them, and asks nobody."""
    folder = repo({"a": "1"})
    running = server([item, Say("another time")])
    with pytest.raises(BadReply) as first:
        stack(running, new_log(folder)).complete(ASKED)
    log = reopened(folder)
    with pytest.raises(BadReply) as again:
        stack(running, log).complete(ASKED)
    assert str(again.value) == str(first.value)
    assert again.value.reply == first.value.reply is not None
    assert again.value.charged == 0
    assert len(running.calls) == 1
    (call,) = reopened(folder).state.calls
    assert call.from_journal


def test_other_words_or_another_model_may_do_better(repo: Make, server: Serve) -> None:
    """What is known to be bad is one question, put to one model: asked with the reason, or put to
    the next, it goes out, and what comes back is the answer from then on."""
    folder = repo({"a": "1"})
    running = server([Refuse("no"), Refuse("no"), Say("by the other")])
    log = new_log(folder)
    reasked = replace(ASKED, messages=(*ASKED.messages, Message("user", "Why not?")))
    for request in (ASKED, reasked):
        with suppress(BadReply):
            stack(running, log).complete(request)
    assert stack(running, log, OTHER).complete(ASKED).text == "by the other"
    assert len(running.calls) == 3
    assert stack(running, reopened(folder)).complete(ASKED).text == "by the other"
    assert len(running.calls) == 3
