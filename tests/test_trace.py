"""The trace is read out of events and state alone, and says no more than they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.cli.trace import lines
from gitagent.domain.call import Call, CallStatus
from gitagent.domain.event import Event, Kind
from gitagent.domain.run import Process, Run
from gitagent.domain.span import Span, call_span, event_span
from gitagent.domain.task import Attempt, Task, TaskState
from gitagent.domain.verdict import Verdict
from gitagent.errors import Conflict, Ending
from gitagent.trace import spans, unsent

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
TASK = Task("abc123", "text", "agent/x", "0" * 40, "a" * 32, "2026", parent_span="c" * 16)


def call(seq: int, step: int = 1, attempt: int = 1, status: CallStatus = "ok") -> Call:
    phase = "propose" if step else "plan"
    return Call(
        seq, phase, step, attempt, "m-2026", "p", status, "key", "hash", "a" * 32, "",  # type: ignore[arg-type]
        prompt_tokens=100, completion_tokens=10, cached_tokens=40, cost_usd=0.5,
    )  # fmt: skip


def state(*calls: Call, epochs: int = 1, ending: Ending | None = None) -> TaskState:
    runs = tuple(
        Run(n, Process("host", "boot", "", 40 + n, "1"), "", "p/m") for n in range(1, epochs + 1)
    )
    verdict = Verdict("pass", passed=("a", "b"), fixed=("b",))
    attempts = (Attempt(1, 1, "p/m", "t" * 40, verdict=verdict),)
    return TaskState(TASK, runs=runs, calls=calls, attempts=attempts, ending=ending)


def log(*happened: tuple[Kind, str, str, float], epoch: int = 1, after: int = 0) -> list[Event]:
    """Events one second apart: kind, what it is about, what is said, how long it took."""
    return [
        Event(n, kind, epoch, at(n), said, about, seconds)
        for n, (kind, about, said, seconds) in enumerate(happened, after + 1)
    ]


def at(n: int) -> str:
    return (BEGAN + timedelta(seconds=n)).isoformat()


WHOLE = (
    (Kind.CREATED, "", "", 0.0),
    (Kind.BASE_GATED, "", "", 0.5),
    (Kind.GATHERED, "", "", 0.1),
    (Kind.RESERVED, "1", "1: plan", 0.0),
    (Kind.ANSWERED, "1", "1: plan", 0.9),
    (Kind.PLANNED, "", "1 steps", 0.0),
    (Kind.RESERVED, "2", "2: propose", 0.0),
    (Kind.ANSWERED, "2", "2: propose", 0.9),
    (Kind.APPLIED, "1.1", "1.1", 0.0),
    (Kind.JUDGED, "1.1", "1.1: pass", 0.25),
    (Kind.CHECKPOINT, "1", "1: Title", 0.0),
    (Kind.DELIVERED, "", "branch", 0.0),
    (Kind.ENDED, "", "done", 12.0),
)
DONE = state(call(1, step=0), call(2), ending=Ending.DONE)


def tree(found: Sequence[Span]) -> list[str]:
    depths: dict[str, int] = {}
    shown = []
    for span in found:
        depths[span.id] = depths.get(span.parent, -1) + 1
        shown.append("  " * depths[span.id] + f"{span.name}: {span.outcome}")
    return shown


def named(found: Sequence[Span], name: str) -> Span:
    (span,) = (span for span in found if span.name == name)
    return span


def test_every_piece_of_work_has_its_place() -> None:
    """Task, run, stages, steps, attempts and calls, each inside of that which it was done for."""
    assert tree(spans(log(*WHOLE), DONE)) == [
        "task abc123: ok",
        "  run 1: ok",
        "    gate the base: ok",
        "    context: ok",
        "    plan: ok",
        "      call 1 plan: ok",
        "    step 1: ok",
        "      attempt 1.1: ok",
        "        call 2 propose: ok",
        "        apply: ok",
        "        gate: ok",
        "      checkpoint: ok",
        "    deliver: ok",
    ]


def test_times_are_those_of_the_events() -> None:
    """What lasted is as long as its event says; the rest reaches from the event before it."""
    found = spans(log(*WHOLE), DONE)
    assert {span.name: span.seconds for span in found if span.kind != "task"} == {
        "run 1": 12, "gate the base": 0.5, "context": 0.1, "plan": 2, "call 1 plan": 1,
        "step 1": 4, "attempt 1.1": 3, "call 2 propose": 1, "apply": 1, "gate": 0.25,
        "checkpoint": 1, "deliver": 1,
    }  # fmt: skip
    assert named(found, "gate").start == "2026-03-01T12:00:09.750+00:00"


def test_a_verdict_that_was_known_takes_no_time_twice() -> None:
    """It says how long it once took; what is told of this run cannot reach before the edits."""
    events = log(*WHOLE[:9], (Kind.JUDGED, "1.1", "1.1: pass", 300.0))
    found = spans(events, DONE)
    assert named(found, "gate").seconds == 1
    assert found[0].seconds == 9


def test_a_span_says_what_the_state_knows() -> None:
    """Tokens, money, models, test counts, the process; the caller's span above all of them."""
    found = spans(log(*WHOLE), DONE)
    assert found[0].parent == "c" * 16
    assert named(found, "run 1").attributes == {
        "epoch": 1, "model": "p/m", "host": "host", "pid": 41, "ending": "done"
    }  # fmt: skip
    of = named(found, "call 2 propose").attributes
    assert (of["tokens_in"], of["tokens_out"], of["tokens_cached"]) == (100, 10, 40)
    assert (of["cost_usd"], of["model"], of["requested_model"]) == (0.5, "m-2026", "m")
    assert named(found, "gate").attributes == {"verdict": "pass", "passed": 2, "fixed": 1}


def test_a_killed_run_has_no_outcome_and_neither_has_its_call() -> None:
    """Nobody saw how it ended; the run that goes on has a span of its own beside it."""
    first = log(*WHOLE[:7])
    second = log(
        (Kind.BEGAN, "", "run 2", 0.0),
        (Kind.REUSED, "1", "1: plan", 0.0),
        (Kind.RESERVED, "3", "3: propose", 0.0),
        (Kind.FAILED, "3", "3: propose", 0.4),
        (Kind.ENDED, "", "provider", 3.0),
        epoch=2,
        after=len(first),
    )
    known = state(
        call(1, step=0), call(2, status="reserved"), call(3, status="error"),
        epochs=2, ending=Ending.PROVIDER,
    )  # fmt: skip
    assert tree(spans([*first, *second], known))[4:] == [
        "    plan: ok",
        "      call 1 plan: ok",
        "    step 1: unknown",
        "      attempt 1.1: unknown",
        "        call 2 propose: unknown",
        "  run 2: error",
        "    plan: error",
        "      answer 1 from the log: ok",
        "    step 1: error",
        "      attempt 1.1: error",
        "        call 3 propose: error",
    ]


def test_edits_that_did_not_fit_end_their_attempt() -> None:
    """The attempt failed; the step goes on with the next one."""
    refused = log(*WHOLE[:8], (Kind.NOT_APPLIED, "1.1", "1.1", 0.0))
    again = log(
        (Kind.RESERVED, "3", "", 0.0),
        (Kind.ANSWERED, "3", "", 0.1),
        (Kind.APPLIED, "1.2", "", 0.0),
        (Kind.JUDGED, "1.2", "1.2: fail", 0.1),
        (Kind.CHECKPOINT, "1", "", 0.0),
        after=9,
    )
    found = spans([*refused, *again], state(call(1, step=0), call(2), call(3, attempt=2)))
    assert named(found, "attempt 1.1").outcome == "error"
    assert named(found, "attempt 1.2").outcome == "error"
    assert named(found, "run 1").outcome == "unknown"


def test_a_step_from_elsewhere_is_judged_without_an_attempt() -> None:
    """What another machine made of it is in its runs; here only the gate is asked."""
    found = spans(log((Kind.BEGAN, "", "", 0.0), (Kind.JUDGED, "1", "1: pass", 0.2)), DONE)
    assert tree(found)[2:] == ["    step 1: ok", "      gate: ok"]


def test_ids_are_known_beforehand_and_stay() -> None:
    """A call's id follows from the task and its number; a longer log changes none of the others."""
    short, long = spans(log(*WHOLE[:9]), DONE), spans(log(*WHOLE), DONE)
    assert {span.id for span in short} < {span.id for span in long}
    assert named(long, "call 2 propose").id == call_span(TASK, 2)
    assert all(len(span.id) == 16 and int(span.id, 16) for span in long)


def test_two_tasks_of_one_trace_share_no_span() -> None:
    """A CI job may ask for several tasks under one TRACEPARENT."""
    other = replace(DONE, task=replace(TASK, id="def456"))
    one, two = (spans(log(*WHOLE), known) for known in (DONE, other))
    assert not {span.id for span in one} & {span.id for span in two}


def test_every_event_leads_to_a_span() -> None:
    """What the log file says beside an event can be looked up in the trace."""
    events = log(*WHOLE)
    ids = {span.id for span in spans(events, DONE)}
    assert {event_span(TASK, event) for event in events} <= ids


def test_a_clock_that_goes_back_makes_no_negative_time() -> None:
    """Events are in the order of their numbers, whatever their times say."""
    events = [replace(event, at=at(-event.n)) for event in log(*WHOLE)]
    found = spans(events, DONE)
    assert all(span.seconds >= 0 for span in found)
    assert named(found, "gate the base").seconds == 0.5


@pytest.mark.parametrize("said", ["", "yesterday", "0001-01-01", "9999-99-99", "1969-12-31T00:00"])
def test_a_time_that_is_none_is_a_conflict(said: str) -> None:
    """The log may come from anywhere; one sentence says what is wrong with it."""
    with pytest.raises(Conflict, match="event of this task"):
        spans([Event(1, Kind.CREATED, 1, said)], DONE)


@pytest.mark.parametrize("said", ["x", "C" * 16, "c" * 15, "c" * 16 + "\n", "☃" * 16])
def test_a_caller_that_is_no_span_is_nobody(said: str) -> None:
    """What is sent to a collector has ids only that are some."""
    known = replace(DONE, task=replace(TASK, parent_span=said))
    assert spans(log(*WHOLE), known)[0].parent == ""


texts = st.sampled_from(["", "1", "2", "1.1", "x", "0", "1.1.1", "-1", "☃\x1b[2J"])
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)).map(lambda d: d.isoformat())
anything = st.lists(
    st.builds(
        Event,
        n=st.integers(0, 30),
        kind=st.sampled_from(Kind),
        epoch=st.integers(0, 4),
        at=moments,
        said=texts,
        about=texts,
        seconds=st.floats(-1, 1e300, allow_nan=False),
    )
)


@given(events=anything, width=st.sampled_from([0, 1, 20, 40, 80, 200]))
def test_whatever_a_log_says_the_trace_is_a_tree(events: list[Event], width: int) -> None:
    """Each span behind its parent, no time below zero, and lines that can be printed."""
    found = spans(events, DONE)
    seen = {TASK.parent_span}
    for span in found:
        assert span.parent in seen
        assert span.seconds >= 0
        seen.add(span.id)
    assert "\x1b[2J" not in "".join(lines("a" * 32, found, width))


# --- What is left to export -------------------------------------------------------------------


def of_runs(*endings: str) -> tuple[Span, ...]:
    """The spans of runs with these endings; an empty one was killed."""
    events: list[Event] = []
    for epoch, ending in enumerate(endings, 1):
        happened = [(Kind.BEGAN, "", "", 0.0), (Kind.GATHERED, "", "", 0.0)]
        happened += [(Kind.ENDED, "", ending, 0.0)] if ending else []
        events += log(*happened, epoch=epoch, after=len(events))
    return spans(events, state(epochs=len(endings)))


@pytest.mark.parametrize(
    ("endings", "left"),
    [
        (["done"], ["run 1"]),
        (["", "done"], ["run 1", "run 2"]),
        (["budget", "done"], ["run 2"]),
        (["", "budget", "", "", "done"], ["run 3", "run 4", "run 5"]),
    ],
)
def test_a_run_exports_itself_and_the_killed_ones_before_it(
    endings: list[str], left: list[str]
) -> None:
    """A call that was told of twice would be counted twice; the task's own span only grows."""
    found = unsent(of_runs(*endings))
    assert [span.name for span in found if span.kind == "run"] == left
    assert [span.kind for span in found].count("context") == len(left)
    assert found[0].kind == "task"


# --- Lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 60, 80, 110, 200])
def test_lines_fit_the_terminal(width: int) -> None:
    """Narrow ones lose columns and words, not the tree."""
    found = spans(log(*WHOLE), DONE)
    shown = list(lines("a" * 32, found, width))
    assert all(len(line) <= width for line in shown)
    assert "attempt 1.1" in "".join(shown)
    assert ("#" in "".join(shown)) == (width >= 110)


def test_tokens_and_money_are_summed_up_the_tree() -> None:
    """A step's figures are those of all its calls."""
    rows = list(lines("a" * 32, spans(log(*WHOLE), DONE), 0))
    assert "200/20  $1.000000" in rows[1]
    assert "100/10  $0.500000" in next(row for row in rows if "step 1" in row)


def test_names_from_elsewhere_are_escaped() -> None:
    """A host or a model may be called anything in a log that was fetched."""
    run = Run(1, Process("\x1b]0;x\x07", "", "", 1, ""), "", "p/\x1b[31m\n")
    known = replace(DONE, runs=(run,))
    shown = "".join(lines("a" * 32, spans(log(*WHOLE), known), 0))
    assert "\x1b]" not in shown
    assert "\x1b[31m\n" not in shown
    assert "\\x1b]0;x" in shown
