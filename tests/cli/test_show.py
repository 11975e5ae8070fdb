"""`git agent show`: one task with its evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import FIX, GREEN, SAMPLE_FIX, Bench, line_of

from gitagent.domain.call import Usage
from gitagent.testing.repositories import SAMPLE_TASK, git
from gitagent.testing.scripted import Say, Status

KEYS = {
    "id", "text", "state", "ending", "branch", "base", "head", "trace_id", "created", "steps",
    "calls", "totals", "delivery",
}  # fmt: skip
STEP = {"n", "title", "commit", "model", "gate", "attempts", "files"}
GATE = {"verdict", "passed", "fixed", "broken", "skipped", "vanished"}
MORE = {"reason", "still_failing", "known", "flaky", "weakened", "noted", "proofs", "unproven"}
CALL = {
    "seq", "phase", "model", "provider", "status", "prompt_tokens", "completion_tokens",
    "cached_tokens", "cost_usd", "seconds", "retries", "from_journal",
}  # fmt: skip
TOTALS = {
    "calls", "prompt_tokens", "completion_tokens", "cost_usd", "seconds", "llm_seconds",
    "gate_seconds",
}  # fmt: skip
PRICES = '[models."scripted"]\ninput_price = 2.0\noutput_price = 10.0\n'


def test_the_document_has_what_scripts_rely_on(bench: Bench, repo: Callable[..., Path]) -> None:
    """Every key of the contract is there; more may be, fewer may not."""
    folder = repo()
    done = bench.task(folder, text=SAMPLE_TASK, says=[SAMPLE_FIX])
    document = bench.run("show", done.id, "--json", cwd=folder).json()
    (step,), (call,) = document["steps"], document["calls"]
    assert set(document) >= KEYS
    assert set(document) - KEYS == {"message", "tries"}
    assert set(step) - STEP == {"lines", "planned", "also"}
    assert set(step) >= STEP
    assert set(step["gate"]) - GATE == MORE
    assert set(call) - CALL == {"error", "first_token_seconds"}
    assert set(document["totals"]) == TOTALS
    assert (document["state"], document["ending"]) == ("ended", "done")
    assert document["base"] == git(folder, "rev-parse", "main").strip()
    assert document["head"] == step["commit"] == git(folder, "rev-parse", done.branch).strip()
    assert (step["files"], step["attempts"]) == (["daybook/intervals.py"], 1)
    assert step["gate"]["verdict"] == "pass"
    assert len(step["gate"]["passed"]) == 22
    assert [name.rpartition(".")[2] for name in step["gate"]["fixed"]] == [
        "test_a_span_inside_a_longer_one_does_not_shorten_it"
    ]


def test_the_ledger_counts_every_call_once(bench: Bench, calc: Path, home: Path) -> None:
    """Tokens as the provider counted them, money by the user's prices, failures with their cost."""
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True)
    (place / "gitagent.toml").write_text(PRICES)
    says = [
        Say(line_of("*"), usage=Usage(1000, 100, 400)),
        Say(FIX, usage=Usage(2000, 50, 0)),
    ]
    done = bench.task(calc, "--gate", GREEN, "--budget", "1", says=says)
    assert done.code == 0, done.err
    document = bench.run("show", done.id, "--json", cwd=calc).json()
    assert [c["cached_tokens"] for c in document["calls"]] == [400, 0]
    assert [c["seq"] for c in document["calls"]] == [1, 2]
    assert document["totals"]["prompt_tokens"] == 3000
    assert document["totals"]["cost_usd"] == pytest.approx((3000 * 2 + 150 * 10) / 1e6)
    assert document["steps"][0]["attempts"] == 2


def test_a_call_that_failed_is_on_record(bench: Bench, calc: Path) -> None:
    """What went wrong stands beside what it cost."""
    done = bench.task(calc, "--no-gate", says=[Status(401)])
    document = bench.run("show", done.id, "--json", cwd=calc).json()
    assert document["ending"] == "provider"
    assert document["message"]
    (call,) = document["calls"]
    assert (call["status"], call["cost_usd"]) == ("error", 0.0)
    assert "401" in call["error"]


def test_without_an_id_the_newest_is_shown(bench: Bench, calc: Path) -> None:
    """People mean what they have just done."""
    bench.task(calc, "--no-gate")
    newest = bench.task(calc, "--no-gate")
    ran = bench.run("show", cwd=calc)
    assert ran.out.startswith(f"Task     {newest.id}  done")
    assert "in 1 try" in ran.out
    assert newest.branch in ran.out


@pytest.mark.parametrize("name", ["nothing", "../../heads/main", "A B", "-"])
def test_an_unknown_task_is_exit_2(bench: Bench, calc: Path, name: str) -> None:
    """It is said how to find the known ones."""
    ran = bench.run("show", name, cwd=calc)
    assert ran.code == 2
    assert "git agent list" in ran.err


def test_failed_tries_are_part_of_the_evidence(bench: Bench, calc: Path) -> None:
    """Each with who made it and why it was not enough."""
    done = bench.task(calc, "--gate", GREEN, says=["no edit here", line_of("*"), FIX])
    assert done.code == 0, done.err
    ran = bench.run("show", done.id, cwd=calc)
    assert ran.out.count("\nTry ") == 2
    assert "in 3 tries" in ran.out
