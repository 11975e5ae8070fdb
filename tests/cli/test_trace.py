"""`git agent trace`: one trace from the caller to the model, over all processes of a task."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FIX, GREEN, TEXT, Bench, line_of, refs, trailers

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, PARENT = CALLER.split("-")[1:3]


def document(bench: Bench, folder: Path, task_id: str) -> Any:
    return bench.run("trace", task_id, "--json", cwd=folder).json()


def of_kind(found: Any, kind: str) -> list[dict[str, Any]]:
    return [span for span in found["spans"] if span["kind"] == kind]


def test_the_callers_trace_reaches_everything(bench: Bench, calc: Path, home: Path) -> None:
    """TRACEPARENT is in the state, each event, the trailers, the headers and the log's lines."""
    done = bench.task(calc, "--gate", GREEN, env={"TRACEPARENT": CALLER})
    found = document(bench, calc, done.id)
    assert (found["trace_id"], found["task"], found["parent_span"]) == (TRACE, done.id, PARENT)
    assert found["spans"][0]["parent"] == PARENT
    assert bench.run("show", done.id, "--json", cwd=calc).json()["trace_id"] == TRACE
    assert trailers(calc, done.branch)["Agent-Trace"] == TRACE
    events = git(
        calc, "log", "--format=%(trailers:key=Agent-Trace,valueonly)", f"main..{done.new[0]}"
    )
    assert set(events.split()) == {TRACE}
    (place,) = home.rglob(f"{done.id}.jsonl")
    assert {json.loads(line)["trace_id"] for line in place.read_text().splitlines()} == {TRACE}
    (call,) = done.server.calls
    assert call.headers["traceparent"] == f"00-{TRACE}-{of_kind(found, 'call')[0]['id']}-01"


@pytest.mark.parametrize(
    "told",
    [
        "",
        "x",
        CALLER.upper(),
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        "ff" + CALLER[2:],
    ],
)
def test_what_is_no_trace_parent_is_not_taken(bench: Bench, calc: Path, told: str) -> None:
    """The task then has a trace of its own, and no parent."""
    done = bench.task(calc, "--no-gate", env={"TRACEPARENT": told})
    found = document(bench, calc, done.id)
    assert found["parent_span"] == found["spans"][0]["parent"] == ""
    assert len(found["trace_id"]) == 32
    assert found["trace_id"] not in (TRACE, "0" * 32)


def test_a_killed_run_and_the_one_after_it_are_one_trace(
    agent: Any, server: Callable[..., Any], bench: Bench, calc: Path
) -> None:
    """What each call was sent with is what the trace calls it, whichever process sent it."""
    running = server([Say(line_of("*")), Say(FIX)])
    env = {**running.environment, "TRACEPARENT": CALLER}
    words = ("--gate", GREEN)
    killed = agent(
        "task", TEXT, *words, cwd=calc, env={**env, "GITAGENT_FAILPOINT": "call reserved: kept#2"}
    )
    assert killed.code == -9
    resumed = agent("resume", *words, cwd=calc, env=running.environment)
    assert resumed.code == 0, resumed.err
    (name,) = refs(calc, "refs/gitagent/")
    found = document(bench, calc, name.rpartition("/")[2])
    assert [run["outcome"] for run in of_kind(found, "run")] == ["unknown", "ok"]
    first, second = of_kind(found, "run")
    assert first["attributes"]["pid"] != second["attributes"]["pid"]
    calls = {call["name"]: call for call in of_kind(found, "call")}
    assert [call["outcome"] for call in calls.values()] == ["ok", "unknown", "ok"]
    sent = [call.headers["traceparent"].split("-")[1:3] for call in running.calls]
    assert sent == [[TRACE, calls[n]["id"]] for n in ("call 1 propose", "call 3 propose")]
    shown = bench.run("trace", cwd=calc).out
    assert "no ending" in shown
    assert "no answer" in shown


def test_the_log_alone_is_enough(bench: Bench, calc: Path, tmp_path: Path) -> None:
    """Whoever fetches the state ref sees the same trace: nothing of it is kept elsewhere."""
    done = bench.task(calc, "--gate", GREEN, says=[line_of("*"), FIX])
    elsewhere = tmp_path / "elsewhere"
    git(tmp_path, "clone", "-q", "--bare", str(calc), str(elsewhere))
    git(elsewhere, "fetch", "-q", str(calc), "refs/gitagent/*:refs/gitagent/*")
    assert document(bench, elsewhere, done.id) == document(bench, calc, done.id)


def test_a_dry_run_has_a_trace_of_its_calls(bench: Bench, calc: Path) -> None:
    """Its calls were paid for, so they are on record; the rest of it never was."""
    done = bench.task(calc, "--no-gate", "--dry-run")
    found = document(bench, calc, done.id)
    assert [span["kind"] for span in found["spans"]] == ["task", "run", "step", "attempt", "call"]
    assert found["spans"][0]["outcome"] == "ok"


def test_a_pipe_gets_whole_lines_without_colour(bench: Bench, calc: Path) -> None:
    """The tree is by indentation, so that `grep` and `awk` can be used on it."""
    done = bench.task(calc, "--gate", GREEN, says=[line_of("*"), FIX])
    ran = bench.run("trace", done.id, cwd=calc)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    rows = ran.out.splitlines()
    assert rows[1].startswith(f"task {done.id}")
    assert rows[2].startswith("  run 1 ")
    assert sum("openai/scripted" in row and "call" in row for row in rows) == 2
    assert ["fail" in row for row in rows if row.lstrip().startswith("gate ")].count(True) == 1


def test_an_unknown_task_is_wrong_usage(bench: Bench, calc: Path) -> None:
    """Exit 2, and nothing on stdout but the document that says so."""
    ran = bench.run("trace", "nothing", "--json", cwd=calc)
    assert ran.code == 2
    assert ran.json()["exit_code"] == 2
