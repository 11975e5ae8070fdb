"""The ledger: nothing is sent that could pass the budget, and every call is on record."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gitagent.domain.call import Call, Message, Reply, Request, Usage
from gitagent.domain.span import call_span
from gitagent.domain.task import Task, TaskState
from gitagent.errors import (
    BadReply,
    BudgetExceeded,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UsageError,
)
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.llm.charge import near_window, prompt_tokens, worst
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.exchange import kept, request_hash
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.llm.retry import RetryModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import ModelProfile
from gitagent.testing.protocol import event
from gitagent.testing.scripted import Cut, Item, Raw, Refuse, Say, ScriptedServer, Status

LIMITS = Limits(5, 5)

Serve = Callable[..., ScriptedServer]
Make = Callable[..., Path]
PROFILE = ModelProfile("m", "p", 8000, 1000, "whole", input_price=1.0, output_price=2.0)
ASKED = Request("propose", (Message("user", "x" * 300),), 1000, step=1, tree="t")
WORST = worst(PROFILE, ASKED)
FREE = Budget(0, 100)


def new_log(folder: Path) -> TaskLog:
    repo = GitRepo.open(folder)
    task = Task("abc", "text", "agent/abc", repo.resolve("HEAD"), "b" * 32, "2026")
    return TaskLog.create(repo, TaskState(task))


def reopened(folder: Path) -> TaskLog:
    return TaskLog.load(GitRepo.open(folder), "abc")


def client(server: ScriptedServer, profile: ModelProfile = PROFILE) -> ChatClient:
    endpoint = Endpoint(profile.provider, server.base_url, profile.name, "FAKEKEY-ledger")
    return ChatClient(endpoint, profile, limits=LIMITS, trace_id="b" * 32)


def ledger(
    server: ScriptedServer,
    log: TaskLog,
    budget: Budget = FREE,
    profile: ModelProfile = PROFILE,
) -> LedgerModel:
    return LedgerModel(client(server, profile), Ledger(log, budget))


def test_a_call_is_reserved_at_its_worst_before_it_is_sent(repo: Make) -> None:
    """While the provider thinks, the log already has the call, the question and the worst cost."""
    folder = repo({"a": "1"})
    log = new_log(folder)
    seen = []

    def answer(_request: dict[str, object]) -> Item:
        log = reopened(folder)
        seen.append((log.state.calls, log.read("exchange/0001.request.json")))
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
        (Refuse("no"), "refused", 75e-6),
        (Say("", usage=Usage(10, 20)), "empty", 50e-6),
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
    written = [log.read(f"exchange/{n:04}.request.json") for n in (1, 2)]
    assert written[0] == written[1] == kept(numbered, "p/m")
    assert b"span" not in kept(numbered, "p/m")


def test_a_provider_that_counts_nothing_is_charged_at_the_worst(repo: Make, server: Serve) -> None:
    """Without usage in the reply, what was reserved stays spent."""
    folder = repo({"a": "1"})
    chunk = (
        '{"id":"1","object":"x","created":1,"model":"m",'
        '"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}'
    )
    ledger(server([Raw(event(chunk), "text/event-stream")]), new_log(folder)).complete(ASKED)
    assert reopened(folder).state.spent == pytest.approx(WORST)


def test_a_long_reply_is_cut_to_what_the_budget_pays_for(repo: Make, server: Serve) -> None:
    """As long as that may be enough: a model that may write a book needs no budget for one."""
    running = server([Say("x"), Say("x")])
    log = new_log(repo({"a": "1"}))
    profile = replace(PROFILE, window=200_000, max_output=64_000)
    most = replace(ASKED, max_tokens=64_000)
    enough = Ledger(log, Budget(worst(profile, replace(most, max_tokens=5000)), 9))
    LedgerModel(client(running, profile), enough).complete(most)
    assert running.calls[0].json["max_tokens"] in range(4990, 5001)
    little = Ledger(log, Budget(worst(profile, replace(most, max_tokens=4000)), 9))
    with pytest.raises(BudgetExceeded):
        LedgerModel(client(running, profile), little).complete(replace(most, step=2))
    assert len(running.calls) == 1


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

        def complete(self, request: Request) -> Reply:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LedgerModel(Dying(), Ledger(new_log(folder), FREE)).complete(ASKED)
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
    with pytest.raises(UsageError, match="Nobody knows what own/nobody-knows-it costs"):
        ledger(running, log, Budget(1.0, 100), profile)
    assert ledger(running, log, FREE, profile).complete(ASKED).text == "x"


def test_a_spare_model_without_a_price_is_passed_over(repo: Make, server: Serve) -> None:
    """It stops no task whose other models are priced; nothing of it is sent or on record."""
    unpriced = ModelProfile("nobody-knows-it", "own", 8000, 1000, "whole")
    running = server([Say("x")])
    log = new_log(repo({"a": "1"}))
    book = Ledger(log, Budget(1.0, 100))
    spare = LedgerModel(client(running, unpriced), book, spare=True)
    with pytest.raises(BudgetExceeded, match="Nobody knows what own/nobody-knows-it costs"):
        spare.complete(ASKED)
    assert LedgerModel(client(running), book).complete(ASKED).text == "x"
    assert [call.model for call in log.state.calls] == ["m"]


def test_what_comes_from_the_providers_cache_has_its_own_price(repo: Make, server: Serve) -> None:
    """Cached tokens are a part of the prompt's; without a price of their own they cost the same."""
    folder = repo({"a": "1"})
    log = new_log(folder)
    running = server([Say("x", usage=Usage(1000, 10, 800))] * 2)
    ledger(running, log, profile=replace(PROFILE, cached_price=0.1)).complete(ASKED)
    ledger(running, log).complete(ASKED)
    costs = [call.cost_usd for call in log.state.calls]
    assert costs == pytest.approx([(200 + 800 * 0.1 + 20) / 1e6, 1020 / 1e6])


@pytest.mark.parametrize(
    "usage", [Usage(10_000_000, 5), Usage(5, 10**30), Usage(-5, 5), Usage(0, 0)], ids=repr
)
def test_a_count_that_cannot_be_true_is_none(repo: Make, server: Serve, usage: Usage) -> None:
    """More than the window holds, or less than nothing: it is charged at the worst, and kept."""
    log = new_log(repo({"a": "1"}))
    assert ledger(server([Say("x", usage=usage)]), log).complete(ASKED).text == "x"
    (call,) = log.state.calls
    assert (call.status, call.prompt_tokens, call.completion_tokens) == ("ok", 0, 0)
    assert call.cost_usd == WORST


def test_an_error_says_what_it_was_charged(repo: Make, server: Serve) -> None:
    """So that whoever tries again can bound what the failures cost."""
    log = new_log(repo({"a": "1"}))
    model = ledger(server([Status(500), Status(401), Refuse("no")]), log)
    charged = []
    for _ in range(3):
        with pytest.raises(ProviderError) as caught:
            model.complete(ASKED)
        charged.append(caught.value.charged)
    assert charged == pytest.approx([WORST, 0.0, 75e-6])
    assert [call.cost_usd for call in log.state.calls] == charged
    assert all(call.seconds > 0 for call in log.state.calls)


def test_a_failed_call_keeps_the_providers_own_name(repo: Make) -> None:
    """Whoever complains to the provider needs it."""

    class Failing:
        profile = PROFILE

        def complete(self, request: Request) -> Reply:
            error = ProviderUnavailable("p answered 500.")
            error.request_id = "req-7"
            raise error

    log = new_log(repo({"a": "1"}))
    with pytest.raises(ProviderUnavailable):
        LedgerModel(Failing(), Ledger(log, FREE)).complete(ASKED)
    (call,) = log.state.calls
    assert (call.status, call.request_id, call.cost_usd) == ("error", "req-7", WORST)


def test_retries_are_counted_for_each_model(repo: Make, server: Serve) -> None:
    """The first attempt at another model is none of the first one's retries."""
    log = new_log(repo({"a": "1"}))
    book, running = Ledger(log, FREE), server([Status(500)] * 3 + [Say("x")])
    other = replace(PROFILE, name="other")
    for profile in (PROFILE, PROFILE, other):
        with suppress(ProviderUnavailable):
            LedgerModel(client(running, profile), book).complete(ASKED)
    LedgerModel(client(running, other), book).complete(replace(ASKED, step=2))
    assert [call.retries for call in log.state.calls] == [0, 1, 0, 0]


def test_an_exchange_that_is_of_no_use_is_kept(repo: Make, server: Serve) -> None:
    """A refusal was paid for: what came is in the log, with its tokens."""
    log = new_log(repo({"a": "1"}))
    with suppress(BadReply):
        ledger(server([Refuse("I will not")]), log).complete(ASKED)
    (call,) = log.state.calls
    assert (call.prompt_tokens, call.status) == (75, "refused")
    assert log.read("exchange/0001.reply.json") is not None
    assert "I will not" in call.error


def test_whoever_asks_is_told_of_each_call(repo: Make, server: Serve) -> None:
    """Once it is settled, answered or not."""
    told: list[tuple[int, str, str]] = []
    book = Ledger(
        new_log(repo({"a": "1"})),
        FREE,
        on_call=lambda call, profile: told.append((call.seq, call.status, profile.ref)),
    )
    model = LedgerModel(client(server([Status(401), Say("x")])), book)
    with suppress(ProviderRejected):
        model.complete(ASKED)
    model.complete(ASKED)
    assert told == [(1, "error", "p/m"), (2, "ok", "p/m")]


# --- Threads --------------------------------------------------------------------------------------


def test_twenty_threads_reserve_before_they_send(repo: Make) -> None:
    """While nothing is answered, exactly as many calls go out as fit at their worst."""
    log = new_log(repo({"a": "1"}))
    with ScriptedServer(lambda _asked: Say("x", delay=1.0)) as running:
        model = ledger(running, log, Budget(WORST * 7.5, 100))
        together = threading.Barrier(20)

        def ask(n: int) -> bool:
            together.wait()
            with suppress(BudgetExceeded):
                return model.complete(replace(ASKED, step=n)).text == "x"
            return False

        with ThreadPoolExecutor(20) as pool:
            answered = sum(pool.map(ask, range(20)))
        assert answered == len(running.calls) == 7
    assert all(call.status == "ok" for call in log.state.calls)


def test_twenty_threads_spend_what_there_is_and_no_more(repo: Make) -> None:
    """They ask until nothing fits: the spend is under the budget by less than one more call, and
    each reply stands beside the question that it answers."""
    folder = repo({"a": "1"})
    log, budget = new_log(folder), Budget(WORST * 6, 1000)

    def answer(body: dict[str, Any]) -> Item:
        return Say(body["messages"][0]["content"], usage=Usage(250, 100))

    with ScriptedServer(answer) as running:
        model = ledger(running, log, budget)

        def ask(n: int) -> None:
            for attempt in range(1, 100):
                words = f"{n}.{attempt}".ljust(300)
                asked = replace(ASKED, messages=(Message("user", words),), step=n, attempt=attempt)
                with suppress(BudgetExceeded):
                    model.complete(asked)
                    continue
                return

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(ask, range(20)))
        sent = len(running.calls)
    again = reopened(folder)
    assert [call.seq for call in again.state.calls] == list(range(1, sent + 1))
    assert budget.usd - WORST < again.state.spent <= budget.usd
    assert sent > 20
    book = Ledger(again, FREE)
    for call in again.state.calls:
        reply = book.reply(call)
        assert reply is not None
        assert reply.text.split() == [f"{call.step}.{call.attempt}"]


def test_calls_are_capped_over_threads(repo: Make) -> None:
    """`--max-calls` holds as the budget does."""
    log = new_log(repo({"a": "1"}))
    with ScriptedServer(lambda _asked: Say("x")) as running:
        model = ledger(running, log, Budget(0, 5))

        def ask(n: int) -> None:
            with suppress(BudgetExceeded):
                model.complete(replace(ASKED, step=n))

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(ask, range(20)))
        assert len(running.calls) == len(log.state.calls) == 5


# --- Figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["plain English, word by word", "日本語のテキスト" * 9, "🐍🦀" * 20, "0x1f,{}[];" * 9]
)
def test_prompts_are_never_counted_too_low(text: str) -> None:
    """The estimate stands above what any tokenizer makes of common scripts and of code."""
    request = Request("plan", (Message("user", text),), 1)
    pessimist = sum(1 if ord(c) < 128 else 0 for c in text) / 2
    pessimist += sum(1.5 if ord(c) > 0xFFFF else 1 for c in text if ord(c) >= 128)
    assert prompt_tokens(request) >= pessimist


@pytest.mark.parametrize(
    ("prompt", "completion", "said"),
    [
        (15_000, 200, "call 7 filled 93 % of the window (15,200 of 16,384 tokens)"),
        (13_926, 0, ""),
        (13_927, 0, "call 7 filled 85 % of the window (13,927 of 16,384 tokens)"),
        (0, 0, ""),
    ],
)
def test_a_call_that_nears_the_window_is_worth_a_word(
    prompt: int, completion: int, said: str
) -> None:
    """From 85 % on, what was written counted as well."""
    call = Call(7, "plan", 0, 1, "m", "p", "ok", "k", "h", "t", "2026", prompt, completion)
    assert near_window(call, replace(PROFILE, window=16_384)) == said
