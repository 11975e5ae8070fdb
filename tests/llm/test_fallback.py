"""When a model gives up the next one that fits goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gitagent.domain.call import Message, Reply, Request, Usage
from gitagent.errors import (
    AgentError,
    BadReply,
    BudgetExceeded,
    ContextOverflow,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    Resting,
    UsageError,
)
from gitagent.llm.breaker import Breaker, BreakerModel
from gitagent.llm.charge import prompt_tokens
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.fallback import FallbackModel, Member
from gitagent.llm.fitting import LEAST_REPLY, fitted, misfit
from gitagent.llm.retry import RetryModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import ModelProfile
from gitagent.testing.scripted import Cut, Html, Item, Refuse, Say, ScriptedServer, Status

LIMITS = Limits(5, 5)

Serve = Callable[..., ScriptedServer]
ASKED = Request("plan", (Message("user", "x" * 2000),), 4000, schema={"type": "object"})
PROMPT = prompt_tokens(ASKED)


def profile(ref: str = "p/a", window: int = 100_000, most: int = 8000, **more: Any) -> ModelProfile:
    provider, name = ref.split("/")
    return ModelProfile(name, provider, window, most, "whole", **more)


class Ends:
    """A model that ends in these ways, one after the other, and answers from then on."""

    def __init__(
        self, known: ModelProfile, errors: Iterable[AgentError] = (), rests: float = 0.0
    ) -> None:
        self.profile = known
        self._errors = iter(errors)
        self._rests = rests
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        if error := next(self._errors, None):
            raise error
        return Reply("x", self.profile.name, self.profile.provider, "stop", Usage(1, 1), 0.0)

    @property
    def member(self) -> Member:
        return Member(self, lambda: self._rests)


def down(said: str = "It is down.") -> ProviderUnavailable:
    return ProviderUnavailable(said)


def always(error: Callable[[], AgentError]) -> Iterable[AgentError]:
    while True:
        yield error()


def asked(*models: Ends, request: Request = ASKED, **how: Any) -> tuple[str, list[str]]:
    """Who answered, and what people were told."""
    told: list[str] = []
    reply = FallbackModel([m.member for m in models], on_fallback=told.append, **how)
    answer = reply.complete(request)
    return f"{answer.provider}/{answer.model}", told


def test_the_first_answers_and_nobody_else_is_asked() -> None:
    """Fallbacks cost nothing on a good day."""
    a, b = Ends(profile("p/a")), Ends(profile("q/b"))
    assert asked(a, b) == ("p/a", [])
    assert b.requests == []
    assert a.requests == [ASKED]


@pytest.mark.parametrize(
    "error",
    [
        down(),
        Resting("p rests.", retry_after=9.0),
        ProviderRejected("No such model.", status=404),
        ProviderRejected("Out of money.", status=402),
        BadReply("It refused."),
        BudgetExceeded("The next call could cost $9."),
        ProviderError(),
    ],
    ids=repr,
)
def test_the_next_one_goes_on(error: AgentError) -> None:
    """Whatever ended the first, in one line that names both."""
    a, b = Ends(profile("p/a"), [error]), Ends(profile("q/b"))
    reason = str(error).rstrip(".")
    assert asked(a, b) == ("q/b", [f"p/a gave up: {reason}. q/b goes on."])
    assert len(b.requests) == 1


@pytest.mark.parametrize("error", [UsageError(), KeyboardInterrupt(), KeyError()], ids=repr)
def test_what_is_no_provider_s_fault_ends_the_call(error: Any) -> None:
    """A bug or an interrupt is not worth another model's money."""
    b = Ends(profile("q/b"))
    with pytest.raises(type(error)):
        asked(Ends(profile("p/a"), [error]), b)
    assert b.requests == []


def test_over_real_servers(server: Serve) -> None:
    """A first provider that breaks in every way, a second that answers."""
    items: list[Item] = [Status(503), Cut("half"), Status(500), Html(), Refuse("no"), Status(401)]
    first, second = server(items), server(lambda _asked: Say("x"))
    told: list[str] = []

    def member(name: str, running: ScriptedServer) -> Member:
        endpoint = Endpoint(name, running.base_url, "m", "FAKEKEY-fallback")
        client = ChatClient(endpoint, profile(f"{name}/m"), limits=LIMITS, trace_id="0" * 32)
        return Member(RetryModel(client, attempts=3, first_wait_s=0.01))

    model = FallbackModel([member("p", first), member("q", second)], on_fallback=told.append)
    assert [model.complete(ASKED).provider for _ in range(5)] == ["q"] * 5
    assert len(first.calls) == len(items)
    reasons = [line.split(":")[0] for line in told]
    assert reasons[:4] == ["p/m gave up"] * 4
    assert told[4] == "p/m does not take the key. q/m goes on."


def test_when_all_gave_up_the_first_one_s_error_counts() -> None:
    """It is the one that the user chose; the sentence names all."""
    first = ProviderUnavailable("It is down.", retry_after=None)
    models = Ends(profile("p/a"), [first]), Ends(profile("q/b"), [BadReply("It refused.")])
    with pytest.raises(ProviderUnavailable) as caught:
        asked(*models)
    assert caught.value is first
    assert str(first) == "No model could answer: p/a: It is down; q/b: It refused."


def test_one_model_alone_says_what_it_says() -> None:
    """Nothing is added where there is nobody else."""
    with pytest.raises(ProviderUnavailable, match=r"^It is down\.$"):
        asked(Ends(profile(), [down()]))


def test_a_cheaper_model_may_fit_the_budget() -> None:
    """The budget ends the call only when nobody's worst case fits it."""
    over = [BudgetExceeded("The next call could cost $9.")]
    assert asked(Ends(profile("p/a"), over), Ends(profile("q/b")))[0] == "q/b"
    with pytest.raises(BudgetExceeded):
        asked(
            Ends(profile("p/a"), [BudgetExceeded("$9.")]),
            Ends(profile("q/b"), [BudgetExceeded("$5.")]),
        )


def test_a_longer_window_goes_on_where_the_prompt_was_too_long() -> None:
    """Models of the same window or less are not asked."""
    small, same, large = Ends(profile("p/a")), Ends(profile("q/b")), Ends(profile("r/c", 200_000))
    small = Ends(profile("p/a"), [ContextOverflow("Too long.")])
    assert asked(small, same, large)[0] == "r/c"
    assert same.requests == []


def test_a_prompt_that_is_too_long_for_all_is_said_so() -> None:
    """So that the context can be made smaller, even where another model was down."""
    down_first = Ends(profile("p/a"), [down()])
    too_long = Ends(profile("q/b"), [ContextOverflow("Too long.")])
    unasked = Ends(profile("r/c"))
    with pytest.raises(ContextOverflow):
        asked(down_first, too_long, unasked)
    assert unasked.requests == []


def test_models_that_had_their_tries_are_passed_over() -> None:
    """As long as there is another one that fits."""
    a, b = Ends(profile("p/a")), Ends(profile("q/b"))
    request = Request("propose", ASKED.messages, 10, avoid=("p/a",))
    assert asked(a, b, request=request) == ("q/b", ["p/a has had its tries. q/b goes on."])
    assert asked(a, Ends(profile("q/b"), [down()]), request=request)[0] == "p/a"
    both = Request("propose", ASKED.messages, 10, avoid=("p/a", "q/b"))
    assert asked(a, b, request=both) == ("p/a", [])


def test_a_provider_that_rests_stands_behind_those_that_are_well() -> None:
    """It is asked only when all others gave up."""
    a, b = Ends(profile("p/a"), rests=12.3), Ends(profile("q/b"))
    assert asked(a, b) == ("q/b", ["p/a is left alone for 12 s. q/b goes on."])
    assert asked(a, Ends(profile("q/b"), [down()]))[0] == "p/a"


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_key_that_is_refused_is_refused_for_all_models(status: int) -> None:
    """The same provider's other models are not asked."""
    refused = [ProviderRejected("No.", status=status)]
    a, b, c = Ends(profile("p/a"), refused), Ends(profile("p/b")), Ends(profile("q/c"))
    assert asked(a, b, c)[0] == "q/c"
    assert b.requests == []


def test_a_key_that_is_refused_is_remembered() -> None:
    """Until the run ends others go first; where they fail it gets another chance."""
    a = Ends(profile("p/a"), [ProviderRejected("No.", status=402)])
    b = Ends(profile("q/b"), [BadReply(), BadReply()])
    model = FallbackModel([a.member, b.member])
    with pytest.raises(ProviderRejected):
        model.complete(ASKED)
    assert model.complete(ASKED).model == "a"
    assert model.complete(ASKED).model == "b"
    assert (len(a.requests), len(b.requests)) == (2, 3)


def test_other_rejections_are_about_one_model() -> None:
    """A model that is not there says nothing of the provider's others."""
    a, b = Ends(profile("p/a"), [ProviderRejected("No.", status=404)]), Ends(profile("p/b"))
    assert asked(a, b)[0] == "p/b"


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (profile("q/b"), ""),
        (profile("q/b", takes_schema=False), ""),
        (profile("q/b", weak=True), "too weak"),
        (profile("q/b", 3000), "window of 3000"),
        (profile("q/b", PROMPT + LEAST_REPLY), ""),
        (profile("q/b", PROMPT - 1 + LEAST_REPLY), "window"),
        (profile("q/b", most=LEAST_REPLY - 1), f"{LEAST_REPLY - 1} tokens at most"),
        (profile("q/b", most=LEAST_REPLY), ""),
        (profile("p/a", 10, 1, weak=True), ""),
    ],
)
def test_who_fits(known: ModelProfile, reason: str) -> None:
    """Prompt and a reply of some length must have room, and nobody weak answers for the strong."""
    found = misfit(profile("p/a", takes_schema=True), known, ASKED)
    assert bool(found) == bool(reason)
    assert re.search(reason, found)


def test_weak_models_answer_for_weak_ones() -> None:
    """What was written for one, another one understands."""
    assert misfit(profile("p/a", weak=True), profile("q/b", weak=True), ASKED) == ""
    assert misfit(profile("p/a", weak=True), profile("q/b"), ASKED) == ""


def test_who_does_not_fit_is_not_asked() -> None:
    """Not even when all others gave up."""
    a, weak = Ends(profile("p/a"), [down()]), Ends(profile("q/b", weak=True))
    with pytest.raises(ProviderUnavailable, match=r"^It is down\.$"):
        asked(a, weak)
    assert weak.requests == []


def test_a_smaller_model_is_asked_for_a_shorter_reply() -> None:
    """It may write no more than it can, and than its window has room for."""
    a, b = Ends(profile("p/a"), [down()]), Ends(profile("q/b", most=3000))
    asked(a, b)
    assert (a.requests[0].max_tokens, b.requests[0].max_tokens) == (4000, 3000)
    assert fitted(profile("p/a"), profile("q/b", 4000), ASKED).max_tokens == 4000 - PROMPT
    assert fitted(profile("p/a"), profile("p/a", 4000), ASKED) is ASKED


def test_other_rules_may_be_given() -> None:
    """And where nobody fits, the chosen one says itself what is wrong."""
    a, b = Ends(profile("p/a")), Ends(profile("q/b"))

    def only_b(known: ModelProfile, _request: Request) -> str:
        return "" if known.ref == "q/b" else "takes no tools"

    assert asked(a, b, fits=only_b) == ("q/b", ["p/a takes no tools. q/b goes on."])
    assert asked(a, b, fits=lambda _known, _request: "is no use")[0] == "p/a"


def rest(seconds: float) -> Resting:
    return Resting("It rests.", retry_after=seconds, unpaid=True)


def test_when_all_rest_the_first_to_come_back_is_waited_for() -> None:
    """A bad quarter of a minute at every provider ends no task."""
    slept: list[float] = []
    a, b = Ends(profile("p/a"), [rest(30), rest(15)]), Ends(profile("q/b"), [rest(15)])
    answered, told = asked(a, b, patience_s=60.0, sleep=slept.append)
    assert answered == "q/b"
    assert [round(s) for s in slept] == [15]
    assert told[-2] == "No model answers now; the next try is in 15 s."


def test_nobody_waits_beyond_the_patience() -> None:
    """Without patience, or with less than the first rest, the call ends at once."""
    slept: list[float] = []
    for patience in (0.0, 10.0):
        models = Ends(profile("p/a"), [rest(30)]), Ends(profile("q/b"), [rest(15)])
        with pytest.raises(Resting):
            asked(*models, patience_s=patience, sleep=slept.append)
    assert slept == []


def test_those_who_were_asked_are_asked_once_more_at_most() -> None:
    """A provider that says `in a moment` for ever does not keep the call for ever."""
    slept: list[float] = []
    busy = always(lambda: ProviderUnavailable("Busy.", busy=True, retry_after=1.0))
    a, b = Ends(profile("p/a"), busy), Ends(profile("q/b"), [down()])
    with pytest.raises(ProviderUnavailable):
        asked(a, b, patience_s=600.0, sleep=slept.append)
    assert (len(a.requests), len(b.requests), len(slept)) == (2, 1, 1)


def test_a_broken_provider_is_left_alone_by_all_calls(tmp_path: Any, server: Serve) -> None:
    """With the breaker the first provider costs five attempts, however many calls there are."""
    broken, well = server(lambda _asked: Status(503)), server(lambda _asked: Say("x"))
    members = []
    for name, running in (("p", broken), ("q", well)):
        endpoint = Endpoint(name, running.base_url, "m", "FAKEKEY-fallback")
        client = ChatClient(endpoint, profile(f"{name}/m"), limits=LIMITS, trace_id="0" * 32)
        guarded = BreakerModel(client, Breaker(tmp_path, name))
        retried = RetryModel(guarded, attempts=2, first_wait_s=0.01, longest_wait_s=5.0)
        members.append(Member(retried, guarded.rests))
    model = FallbackModel(members)
    assert [model.complete(ASKED).provider for _ in range(12)] == ["q"] * 12
    assert len(broken.calls) == 5
    assert len(well.calls) == 12
