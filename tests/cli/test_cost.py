"""`git agent cost`: the ledger, summed up over all tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench import FIX, Bench

from gitagent.domain.call import Usage
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say

PRICES = '[models."scripted"]\ninput_price = 2.0\noutput_price = 10.0\n'
COLUMNS = {"calls", "prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd", "seconds"}


def test_no_call_yet(bench: Bench, calc: Path) -> None:
    """An empty ledger is no error."""
    ran = bench.run("cost", cwd=calc)
    assert (ran.code, ran.out) == (0, "")
    assert bench.run("cost", "--json", cwd=calc).json() == []


def test_calls_are_summed_by_model_task_and_day(bench: Bench, calc: Path, home: Path) -> None:
    """Dry runs count as well: they were paid for."""
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True)
    (place / "gitagent.toml").write_text(PRICES)
    say = Say(FIX, usage=Usage(1000, 100, 10))
    one = bench.task(calc, "--no-gate", says=[say])
    two = bench.task(calc, "--no-gate", "--dry-run", says=[say])
    for by, names in (
        ("model", ["openai/scripted"]),
        ("task", sorted([one.id, two.id])),
        ("day", [f"{datetime.now(UTC):%Y-%m-%d}"]),
    ):
        rows = bench.run("cost", "--by", by, "--json", cwd=calc).json()
        assert [row[by] for row in rows] == names
        assert all(set(row) == COLUMNS | {by} for row in rows)
        assert sum(row["calls"] for row in rows) == 2
        assert sum(row["prompt_tokens"] for row in rows) == 2000
        assert sum(row["cost_usd"] for row in rows) == pytest.approx(
            2 * (1000 * 2 + 100 * 10) / 1e6
        )
    assert "openai/scripted" in bench.run("cost", cwd=calc).out


def test_one_that_cannot_be_read_is_left_out_and_said(bench: Bench, calc: Path) -> None:
    """The rest is summed up all the same."""
    bench.task(calc, "--no-gate")
    git(calc, "update-ref", "refs/gitagent/zzzzzz", "HEAD")
    ran = bench.run("cost", "--json", cwd=calc)
    assert [row["calls"] for row in ran.json()] == [1]
    assert "Left out: refs/gitagent/zzzzzz is not the state of a task" in ran.err
