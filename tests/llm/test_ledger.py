"""The ledger: nothing is sent that could pass the budget, and every call is on record."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gitagent.domain.call import Message, Request, Usage
from gitagent.domain.span import call_span
from gitagent.domain.task import Task, TaskState
from gitagent.errors import (
    BadReply,
    BudgetExceeded,
    ProviderRejected,
    ProviderUnavailable,
    UsageError,
)
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.journal import JournalModel
from gitagent.llm.ledger import Budget, LedgerModel, prompt_tokens, question, request_hash
from gitagent.llm.prices import cost
from gitagent.llm.retry import RetryModel
from gitagent.ports import ModelProfile
from gitagent.testing.protocol import event
from gitagent.testing.scripted import Cut, Item, Raw, Refuse, Say, ScriptedServer, Status

Serve = Callable[..., ScriptedServer]
Make = Callable[..., Path]
PROFILE = ModelProfile("m", "p", 8000, 1000, "whole", input_price=1.0, output_price=2.0)
ASKED = Request("propose", (Message("user", "x" * 300),), 1000, step=1, tree="t")
WORST = cost(PROFILE, prompt_tokens(ASKED), 1000)
FREE = Budget(0, 100)


def new_log(folder: Path) -> TaskLog:
    repo = GitRepo.open(folder)
    task = Task("abc", "text", "agent/abc", repo.resolve("HEAD"), "b" * 32, "2026")
    return TaskLog.create(repo, TaskState(task))


def reopened(folder: Path) -> TaskLog:
    return TaskLog.load(GitRepo.open(folder), "abc")


def ledger(
    server: ScriptedServer,
    log: TaskLog,
    budget: Budget = FREE,
    profile: ModelProfile = PROFILE,
) -> LedgerModel:
    endpoint = Endpoint(profile.provider, server.base_url, profile.name, "FAKEKEY-ledger")
    client = ChatClient(endpoint, profile, silence_s=5, trace_id="b" * 32)
    return LedgerModel(client, log, budget)


def test_a_call_is_reserved_at_its_worst_before_it_is_sent(repo: Make) -> None:
    """While the provider thinks, the log already has the call, the question and the worst cost."""
    folder = repo({"a": "1"})
    log = new_log(folder)
    seen = []

    def answer(_request: dict[str, object]) -> Item:
        kept = reopened(folder)
        seen.append((kept.state.calls, kept.read("exchange/0001.request.json")))
        return Say("yes", usage=Usage(100, 50, 10))

    with ScriptedServer(answer) as server:
        ledger(server, log).complete(ASKED)
    ((before, question),) = seen
    assert (before[0].status, before[0].cost_usd) == ("reserved", WORST)
    assert question is not None
    assert b'"propose"' in question
    (after,) = reopened(folder).state.calls
    assert (after.status, after.seq, after.trace_id) == ("ok", 1, "b" * 32)
    assert after.cost_usd == pytest.approx((100 * 1 + 50 * 2) / 1e6)
    assert (after.prompt_tokens, after.completion_tokens, after.cached_tokens) == (100, 50, 10)
    assert after.request_hash == request_hash(ASKED)
    assert after.key == ASKED.key


@pytest.mark.parametrize(
    ("item", "status", "charged"),
    [
        (Status(401), "error", 0.0),
        (Status(429), "error", 0.0),
        (Status(503), "error", 0.0),
        (Status(500), "error", WORST),
        (Cut("half"), "error", WORST),
        (Refuse("no"), "refused", WORST),
        (Say("half", finish_reason="length", usage=Usage(10, 20)), "length", 50e-6),
    ],
    ids=repr,
)
def test_failed_calls_are_on_record(
    repo: Make, server: Serve, item: Item, status: str, charged: float
) -> None:
    """What was rejected cost nothing; what nobody knows the end of stays charged at its worst."""
    folder = repo({"a": "1"})
    with suppress(ProviderUnavailable, ProviderRejected, BadReply):
        ledger(server([item]), new_log(folder)).complete(ASKED)
    (call,) = reopened(folder).state.calls
    assert call.status == status
    assert call.cost_usd == pytest.approx(charged)
    assert bool(call.error) == (status != "length")
    assert "FAKEKEY" not in call.error


def test_a_call_is_sent_with_its_own_span(repo: Make, server: Serve) -> None:
    """The span says which call it is; the question, its hash and its key are the same without."""
    folder = repo({"a": "1"})
    running = server([Say("x"), Say("y")])
    log = new_log(folder)
    for _ in range(2):
        ledger(running, log).complete(ASKED)
    sent = [call.headers["traceparent"] for call in running.calls]
    assert sent == [f"00-{'b' * 32}-{call_span(log.state.task, n)}-01" for n in (1, 2)]
    first, second = log.state.calls
    numbered = replace(ASKED, span="c" * 16)
    assert first.request_hash == second.request_hash == request_hash(numbered)
    assert first.key == numbered.key
    kept = [log.read(f"exchange/{n:04}.request.json") for n in (1, 2)]
    assert kept[0] == kept[1] == question(numbered)
    assert b"span" not in question(numbered)


def test_a_provider_that_counts_nothing_is_charged_at_the_worst(repo: Make, server: Serve) -> None:
    """Without usage in the reply, what was reserved stays spent."""
    folder = repo({"a": "1"})
    chunk = (
        '{"id":"1","object":"x","created":1,"model":"m",'
        '"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}'
    )
    ledger(server([Raw(event(chunk), "text/event-stream")]), new_log(folder)).complete(ASKED)
    assert reopened(folder).state.spent == pytest.approx(WORST)


def test_nothing_is_sent_that_could_pass_the_budget(repo: Make, server: Serve) -> None:
    """The cap counts the worst case of the next call, over runs of the task."""
    folder = repo({"a": "1"})
    running = server([Say("x", usage=Usage(0, 500))] * 9)
    budget = Budget(WORST + 0.001, 100)
    ledger(running, new_log(folder), budget).complete(ASKED)
    ledger(running, reopened(folder), budget).complete(ASKED)
    assert len(running.calls) == 2
    with pytest.raises(BudgetExceeded, match="could cost"):
        ledger(running, reopened(folder), budget).complete(ASKED)
    assert len(running.calls) == 2
    assert len(reopened(folder).state.calls) == 2
    assert reopened(folder).state.spent <= budget.usd


def test_retries_count_against_the_budget(repo: Make, server: Serve) -> None:
    """Each try is a call of its own: the cap holds over retries, too."""
    folder = repo({"a": "1"})
    running = server([Cut("half")] * 9)
    model = RetryModel(
        ledger(running, new_log(folder), Budget(WORST * 2.5, 100)), first_wait_s=0.01
    )
    with pytest.raises(BudgetExceeded):
        model.complete(ASKED)
    assert len(running.calls) == 2
    assert [call.retries for call in reopened(folder).state.calls] == [0, 1]


def test_a_busy_provider_does_not_eat_the_budget(repo: Make, server: Serve) -> None:
    """Being told to come back later is free."""
    folder = repo({"a": "1"})
    busy = Status(429, headers={"Retry-After": "0"})
    running = server([busy, busy, Say("x", usage=Usage(1, 1))])
    model = RetryModel(ledger(running, new_log(folder), Budget(WORST, 100)), first_wait_s=0.01)
    assert model.complete(ASKED).text == "x"


def test_calls_are_capped(repo: Make, server: Serve) -> None:
    """`--max-calls` counts failed calls and those of earlier runs."""
    folder = repo({"a": "1"})
    running = server([Status(401), Say("x"), Say("y")])
    with pytest.raises(ProviderRejected):
        ledger(running, new_log(folder), Budget(0, 2)).complete(ASKED)
    ledger(running, reopened(folder), Budget(0, 2)).complete(ASKED)
    with pytest.raises(BudgetExceeded, match="made its 2 model calls"):
        ledger(running, reopened(folder), Budget(0, 2)).complete(ASKED)
    assert len(running.calls) == 2


def test_a_call_whose_end_nobody_saw_stays_charged(repo: Make) -> None:
    """A run that died in a call has paid for it as far as anybody knows."""
    folder = repo({"a": "1"})

    class Dying:
        profile = PROFILE

        def complete(self, request: Request) -> object:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LedgerModel(Dying(), new_log(folder), FREE).complete(ASKED)  # type: ignore[arg-type]
    (call,) = reopened(folder).state.calls
    assert (call.status, call.cost_usd) == ("reserved", WORST)


@pytest.mark.parametrize(
    ("into", "out"), [(None, None), (1.0, None), (None, 1.0)], ids=["no", "input", "output"]
)
def test_a_budget_needs_prices(
    repo: Make, server: Serve, into: float | None, out: float | None
) -> None:
    """With a cap and a price unknown, it is wrong usage, before anything is sent."""
    profile = ModelProfile(
        "nobody-knows-it", "own", 8000, 1000, "whole", False, True, False, into, out
    )
    running = server([Say("x")])
    log = new_log(repo({"a": "1"}))
    with pytest.raises(UsageError, match="Nobody knows what nobody-knows-it costs"):
        ledger(running, log, Budget(1.0, 100), profile)
    assert ledger(running, log, FREE, profile).complete(ASKED).text == "x"


@pytest.mark.parametrize(
    "text", ["plain English, word by word", "日本語のテキスト" * 9, "🐍🦀" * 20, "0x1f,{}[];" * 9]
)
def test_prompts_are_never_counted_too_low(text: str) -> None:
    """The estimate stands above what any tokenizer makes of common scripts and of code."""
    request = Request("plan", (Message("user", text),), 1)
    pessimist = sum(1 if ord(c) < 128 else 0 for c in text) / 2
    pessimist += sum(1.5 if ord(c) > 0xFFFF else 1 for c in text if ord(c) >= 128)
    assert prompt_tokens(request) >= pessimist


# --- The journal ----------------------------------------------------------------------------------


def test_an_answered_question_is_never_asked_again(repo: Make, server: Serve) -> None:
    """A later run takes the answer from the log, with another model, too, and pays nothing."""
    folder = repo({"a": "1"})
    running = server([Say("the answer ☃", usage=Usage(5, 5)), Say("another")])
    log = new_log(folder)
    first = JournalModel(ledger(running, log), log)
    reply = first.complete(ASKED)
    log = reopened(folder)
    spent = log.state.spent
    other = ModelProfile("other", "q", 8000, 1000, "whole", input_price=9.0, output_price=9.0)
    again = JournalModel(ledger(running, log, profile=other), log)
    assert again.complete(ASKED) == reply
    assert len(running.calls) == 1
    assert reopened(folder).state.spent == spent


def test_another_question_is_asked(repo: Make, server: Serve) -> None:
    """Step, attempt, phase and the tree they stand on tell questions apart."""
    folder = repo({"a": "1"})
    log = new_log(folder)
    running = server(lambda _: Say("x"))
    model = JournalModel(ledger(running, log), log)
    parts = [
        Request("propose", ASKED.messages, 10, step=step, attempt=attempt, tree=tree)
        for step, attempt, tree in ((1, 1, "t"), (2, 1, "t"), (1, 2, "t"), (1, 1, "u"))
    ]
    for request in (*parts, *parts, Request("plan", ASKED.messages, 10)):
        model.complete(request)
    assert len(running.calls) == 5


@pytest.mark.parametrize("item", [Status(401), Cut("half"), Refuse("no"), Say("")], ids=repr)
def test_a_question_without_an_answer_is_asked_again(repo: Make, server: Serve, item: Item) -> None:
    """Failed, refused and empty calls answer nothing."""
    folder = repo({"a": "1"})
    log = new_log(folder)
    model = JournalModel(ledger(server([item, Say("x")]), log), log)
    with pytest.raises((ProviderUnavailable, ProviderRejected, BadReply)):
        model.complete(ASKED)
    assert model.complete(ASKED).text == "x"
