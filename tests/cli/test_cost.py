"""`git agent cost`: the ledger, summed up over all tasks."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bench import FIX, Bench

from gitagent.cli.cost import GROUPS, Sum, sums
from gitagent.cli.cost_table import COLUMNS, lines
from gitagent.domain.call import Call, Usage
from gitagent.domain.event import Kind
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say, Status

PRICES = '[models."scripted"]\ninput_price = 2.0\noutput_price = 10.0\n'
FIELDS = set(Sum.__dataclass_fields__)
CALL = Call(
    seq=1,
    phase="plan",
    step=0,
    attempt=1,
    model="m",
    provider="p",
    status="ok",
    key="k",
    request_hash="h",
    trace_id="t",
    started="2026-01-02T03:04:05.678+00:00",
    prompt_tokens=1000,
    completion_tokens=100,
    cached_tokens=400,
    cost_usd=0.01,
    seconds=2.0,
    first_token_seconds=0.5,
)
CALLS = (
    CALL,
    replace(CALL, seq=2, phase="propose", status="error", cost_usd=0.02, first_token_seconds=None),
    replace(CALL, seq=3, phase="propose", retries=1, from_journal=True, first_token_seconds=1.5),
    replace(CALL, seq=4, phase="propose", status="refused", retries=2),
    replace(CALL, seq=5, phase="propose", status="reserved", cost_usd=0.5),
    replace(CALL, seq=6, from_journal=True, seconds=0.0, cost_usd=0.0, prompt_tokens=0),
)


@pytest.fixture
def prices(home: Path) -> None:
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True)
    (place / "gitagent.toml").write_text(PRICES)


def test_no_call_yet(bench: Bench, calc: Path) -> None:
    """An empty ledger is no error."""
    ran = bench.run("cost", cwd=calc)
    assert (ran.code, ran.out) == (0, "")
    assert bench.run("cost", "--json", cwd=calc).json() == []
    assert bench.run("cost", "--csv", cwd=calc).out.splitlines()[1:] == []


@pytest.mark.usefixtures("prices")
def test_calls_are_summed_by_model_task_phase_and_day(bench: Bench, calc: Path) -> None:
    """Dry runs count as well: they were paid for."""
    say = Say(FIX, usage=Usage(1000, 100, 10))
    one = bench.task(calc, "--no-gate", says=[say])
    two = bench.task(calc, "--no-gate", "--dry-run", says=[say])
    for by, names in (
        ("model", ["openai/scripted"]),
        ("task", sorted([one.id, two.id])),
        ("phase", ["propose"]),
        ("day", [f"{datetime.now(UTC):%Y-%m-%d}"]),
    ):
        rows = bench.run("cost", "--by", by, "--json", cwd=calc).json()
        assert [row[by] for row in rows] == names
        assert all(set(row) == FIELDS | {by} for row in rows)
        assert sum(row["calls"] for row in rows) == 2
        assert sum(row["prompt_tokens"] for row in rows) == 2000
        assert sum(row["cost_usd"] for row in rows) == pytest.approx(
            2 * (1000 * 2 + 100 * 10) / 1e6
        )
    assert "openai/scripted" in bench.run("cost", cwd=calc).out


@pytest.mark.usefixtures("prices")
def test_failed_attempts_are_in_it(bench: Bench, calc: Path) -> None:
    """They may have been paid for, and they took their time."""
    bench.task(
        calc,
        "--no-gate",
        says=[Status(429, headers={"Retry-After": "0"}), Say(FIX, usage=Usage(1000, 100))],
    )
    (row,) = bench.run("cost", "--json", cwd=calc).json()
    assert (row["calls"], row["failed"], row["retries"], row["reused"]) == (2, 1, 1, 0)
    assert row["cost_usd"] == pytest.approx((1000 * 2 + 100 * 10) / 1e6)


def test_a_sum_says_what_was_sent_and_what_was_reused() -> None:
    """An answer that another task has paid for is no call; one whose end nobody saw is."""
    found = sums({"abc": CALLS}, GROUPS["phase"])
    assert found["plan"] == Sum(1, 0, 0, 1, 1000, 400, 100, 2.0, 0.5, 0.01)
    propose = found["propose"]
    assert (propose.calls, propose.failed, propose.retries, propose.reused) == (4, 3, 2, 1)
    assert propose.first_token_seconds == pytest.approx((1.5 + 0.5 + 0.5) / 3, abs=1e-3)
    assert propose.cost_usd == 0.54


def test_a_forged_log_makes_nothing_cheaper() -> None:
    """Nobody is paid for asking."""
    forged = {"abc": (CALL, replace(CALL, seq=2, cost_usd=-9))}
    assert sums(forged, GROUPS["task"])["abc"].cost_usd == 0.01


def test_since_counts_days(bench: Bench, calc: Path) -> None:
    """`--since 0` is today, in UTC as the ledger has it."""
    bench.task(calc, "--no-gate")
    log = TaskLog.load(GitRepo.open(calc), bench.task(calc, "--no-gate").id)
    day = datetime.now(UTC) - timedelta(days=3)
    (call,) = log.state.calls
    log.record(Kind.REUSED, calls=(replace(call, started=day.isoformat()),))
    counted = [
        sum(row["calls"] for row in bench.run("cost", "--json", *since, cwd=calc).json())
        for since in ((), ("--since", "3"), ("--since", "2"), ("--since", "0"))
    ]
    assert counted == [2, 2, 1, 1]
    assert bench.run("cost", "--since", "-1", cwd=calc).code == 2


def test_csv_is_what_others_read(bench: Bench, calc: Path) -> None:
    """RFC 4180: a head, CRLF, quotes where a comma is; nothing else on stdout."""
    bench.task(calc, "--no-gate", says=[Say(FIX, model='a,"b"')])
    ran = bench.run("cost", "--csv", cwd=calc)
    assert ran.out.count("\r\n") == ran.out.count("\n") == 2
    (row,) = csv.DictReader(io.StringIO(ran.out, newline=""))
    assert set(row) == FIELDS | {"model"}
    assert (row["model"], row["calls"]) == ('openai/a,"b"', "1")
    assert bench.run("cost", "--csv", "--json", cwd=calc).code == 2


def test_one_that_cannot_be_read_is_left_out_and_said(bench: Bench, calc: Path) -> None:
    """The rest is summed up all the same."""
    bench.task(calc, "--no-gate")
    git(calc, "update-ref", "refs/gitagent/zzzzzz", "HEAD")
    forged = bench.task(calc, "--no-gate").id
    log = TaskLog.load(GitRepo.open(calc), forged)
    log.record(Kind.REUSED, calls=(replace(log.state.calls[0], seq=7),))
    ran = bench.run("cost", "--json", cwd=calc)
    assert [row["calls"] for row in ran.json()] == [1]
    assert "Left out: refs/gitagent/zzzzzz is not the state of a task" in ran.err
    assert f"Left out: refs/gitagent/{forged} is not the state of a task" in ran.err


# --- The table ------------------------------------------------------------------------------------

ROWS = [("openai/gpt", Sum(3, 1, 1, 0, 9000, 0, 800, 12.5, 0.25, 0.04)), ("q/free", Sum(1))]
TOTAL = Sum(4, 1, 1, 0, 9000, 0, 800, 12.5, 0.25, 0.04)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 120, 200])
def test_the_table_fits_the_terminal(width: int) -> None:
    """Narrow ones leave columns out, wide ones have bars; what it cost is always there."""
    shown = list(lines("model", ROWS, TOTAL, width, "█"))
    assert all(len(line) <= max(width, 29) for line in shown)
    assert len(shown) == 4
    assert "0.040000" in shown[1]
    assert ("█" in shown[1]) == (width >= 60)
    assert "█" not in "".join(shown[2:])


def test_a_pipe_gets_every_column_and_no_bar() -> None:
    """Whatever reads it can cut for itself."""
    head, first, *_ = lines("model", ROWS, TOTAL, 0, "#")
    assert head.startswith("model")
    assert all(column.head in head for column in COLUMNS)
    assert " ".join(first.split()) == "openai/gpt 3 1 1 0 9000 0 800 12.5 0.25 0.040000"
    assert "#" not in first


def test_bars_compare_tokens_where_all_is_free() -> None:
    """A local model costs nothing, and still one task is larger than another."""
    rows = [("a", Sum(1, prompt_tokens=400)), ("b", Sum(1, prompt_tokens=100))]
    shown = list(lines("task", rows, Sum(2, prompt_tokens=500), 200, "#"))
    assert [line.count("#") for line in shown] == [0, 40, 10, 0]
