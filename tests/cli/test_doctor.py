"""`git agent doctor`: what is here, what is missing, and how to get it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import Bench

SUBJECTS = [
    "git",
    "repository",
    "configuration",
    "model",
    "keys",
    "index",
    "gate",
    "tasks",
    "sandbox",
]


def found(ran: Any) -> dict[str, Any]:
    return {row["subject"]: row for row in ran.json()}


def test_where_a_task_could_run_it_is_exit_0(
    bench: Bench, repo: Callable[..., Path], server: Callable[..., Any]
) -> None:
    """Each part is named with what was found."""
    folder = repo()
    ran = bench.run("doctor", "--json", cwd=folder, env=server([]).environment)
    rows = found(ran)
    assert ran.code == 0, ran.out
    assert list(rows) == SUBJECTS
    assert "answers" in rows["model"]["text"]
    assert "unittest" in rows["gate"]["text"]
    plain = bench.run("doctor", cwd=folder, env=server([]).environment)
    assert [line.split()[1] for line in plain.out.splitlines() if line[:2] in ("ok", "--")] == (
        SUBJECTS
    )


def test_the_sandbox_is_named_or_the_way_to_one(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """What guards the gate; the plain runner's own words where it is all that was allowed."""
    env = server([]).environment
    found_here = found(bench.run("doctor", "--json", cwd=calc, env=env))["sandbox"]
    assert "bubblewrap" in found_here["text"] or "plain" in found_here["text"]
    env = {**env, "GITAGENT_GATE_SANDBOX": "plain"}
    row = found(bench.run("doctor", "--json", cwd=calc, env=env))["sandbox"]
    assert (row["ok"], row["text"]) == (None, "plain, as configured")
    assert "cannot keep it from the network" in row["hint"]


def test_an_endpoint_that_does_not_answer_is_exit_2(bench: Bench, calc: Path) -> None:
    """With its address, and the rest of the report all the same."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        env = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "FAKEKEY"}
        ran = bench.run("doctor", cwd=calc, env=env)
    assert ran.code == 2
    assert url in ran.out
    assert "FAKEKEY" not in ran.out + ran.err


def test_outside_of_a_repository_everything_else_is_still_said(
    bench: Bench, tmp_path: Path, server: Callable[..., Any]
) -> None:
    """Somebody who sets up begins anywhere."""
    ran = bench.run("doctor", "--json", cwd=tmp_path, env=server([]).environment)
    rows = found(ran)
    assert ran.code == 2
    assert rows["repository"]["ok"] is False
    assert rows["model"]["ok"] is True


def test_no_model_is_exit_2_with_the_ways_to_one(
    bench: Bench, calc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint is the one that a task would give."""
    from gitagent.llm import places

    monkeypatch.setattr(places, "SERVERS", ())
    ran = bench.run("doctor", cwd=calc)
    assert ran.code == 2
    assert "models pull" in ran.out
