"""The log file of a task: whole, private, bounded, and never in the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FIX, GREEN, Bench, line_of

from gitagent import logs
from gitagent.domain.event import Event, Kind
from gitagent.domain.span import call_span, run_span
from gitagent.domain.task import Task
from gitagent.errors import Conflict
from gitagent.progress import News
from gitagent.redaction import Redactor
from gitagent.testing.scripted import Status

TASK = Task("abc123", "text", "agent/x", "0" * 40, "a" * 32, "2026")
KEY = "FAKEKEY-9f8e7d6c5b4a"
HIDE = Redactor.of({"SOME_API_KEY": KEY}).hide


@pytest.fixture
def bench(server: Callable[..., Any], agent_inline: Callable[..., Any]) -> Bench:
    return Bench(server, agent_inline)


@pytest.fixture
def calc(repo: Callable[..., Path]) -> Path:
    return repo({"calc.py": "def add(a, b):\n    return a - b\n"})


def written(task_id: str = "abc123") -> list[dict[str, Any]]:
    return [json.loads(line) for line in logs.place(task_id).read_text().splitlines()]


def happened(n: int, kind: Kind, about: str = "") -> Event:
    return Event(n, kind, 2, "2026-01-01T00:00:00+00:00", "said", about)


def test_each_line_says_where_it_belongs() -> None:
    """Trace, task, run and span: the call's while one is under way, else the run's."""
    lines = logs.TaskLines(TASK, HIDE)
    heard: list[News] = []
    tell = lines.around(heard.append)
    lines.event(happened(7, Kind.BEGAN))
    tell(News("plan", "before"))
    lines.event(happened(8, Kind.RESERVED, "3"))
    tell(News("model", "during", warning=True))
    lines.event(happened(9, Kind.ANSWERED, "3"))
    tell(News("gate", "behind"))
    lines.close()
    found = written()
    assert all(
        (each["trace_id"], each["task"], each["run"]) == ("a" * 32, "abc123", 2) for each in found
    )
    run, call = run_span(TASK, 2), call_span(TASK, 3)
    assert [each["span_id"] for each in found] == [run, run, call, call, call, run]
    assert [each["level"] for each in found] == ["info", "info", "info", "warning", "info", "info"]
    assert [each["message"] for each in found if "event" not in each] == [
        "before",
        "during",
        "behind",
    ]
    assert [each["event"] for each in found if "event" in each] == [7, 8, 9]
    assert [news.text for news in heard] == ["before", "during", "behind"]


def test_nobody_else_can_read_it() -> None:
    """0600, in a folder of 0700."""
    logs.TaskLines(TASK, HIDE).close()
    place = logs.place("abc123")
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700


def test_no_secret_is_in_it() -> None:
    """Neither in what is told, nor in what happened, nor in a traceback."""
    lines = logs.TaskLines(TASK, HIDE)
    lines.around(lambda _news: None)(News("gate", f"token {KEY}"))
    lines.event(Event(1, Kind.CREATED, 1, "", KEY))
    try:
        raise ValueError(f"bad {KEY}")
    except ValueError as error:
        lines.failed(error)
    lines.close()
    assert KEY not in logs.place("abc123").read_text()
    assert "Traceback" in written()[-1]["exception"]
    assert [each["message"].count("[redacted") for each in written()] == [1, 1, 1]


def test_passing_news_is_thinned_out() -> None:
    """A model's progress comes with every word of it; once a second of each stage is enough."""
    lines = logs.TaskLines(TASK, HIDE)
    heard: list[News] = []
    tell = lines.around(heard.append)
    for n in range(500):
        tell(News("model", f"{n} characters", passing=True))
    tell(News("gate", "runs", passing=True))
    lines.close()
    assert [each["message"] for each in written()] == ["0 characters", "runs"]
    assert len(heard) == 501


def test_it_is_bounded() -> None:
    """The oldest lines go; what is there is whole lines."""
    lines = logs.TaskLines(TASK, lambda text: text)
    tell = lines.around(lambda _news: None)
    for n in range(90):
        tell(News("gate", f"{n} " + "x" * 100_000))
    lines.close()
    files = sorted(logs.place("abc123").parent.iterdir())
    assert sum(file.stat().st_size for file in files) <= logs.LARGEST
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert written()[-1]["message"].startswith("89 ")
    logs.remove("abc123")
    assert list(logs.place("abc123").parent.iterdir()) == []
    logs.remove("abc123")


def test_a_place_that_cannot_be_written_stops_nothing(home: Path) -> None:
    """A task is not about its log file."""
    place = logs.place("abc123")
    place.parent.parent.mkdir(parents=True)
    place.parent.write_text("a file where the folder should be")
    lines = logs.TaskLines(TASK, HIDE)
    heard: list[News] = []
    lines.around(heard.append)(News("gate", "runs"))
    lines.event(happened(1, Kind.CREATED))
    lines.failed(ValueError())
    lines.close()
    assert len(heard) == 1


def test_a_full_disk_is_not_told_in_the_middle_of_the_news(capfd: Any) -> None:
    """The standard handler would print a traceback for every line."""
    lines = logs.TaskLines(TASK, HIDE)
    place = logs.place("abc123")
    place.unlink()
    place.symlink_to("/dev/full")
    other = logs.TaskLines(TASK, HIDE)
    for each in (lines, other):
        each.event(happened(1, Kind.CREATED))
        each.close()
    assert capfd.readouterr() == ("", "")


def test_an_event_costs_less_than_a_millisecond() -> None:
    """The middle one of many, so that a busy machine does not decide."""
    lines = logs.TaskLines(TASK, HIDE)
    took = []
    for n in range(301):
        began = time.perf_counter()
        lines.event(happened(n, Kind.ANSWERED, "3"))
        took.append(time.perf_counter() - began)
    lines.close()
    assert sorted(took)[150] < 0.001


def test_an_expected_error_is_a_line_and_a_bug_a_traceback() -> None:
    """The bug carries the place of the log along, for whoever reports it."""
    lines = logs.TaskLines(TASK, HIDE)
    bug, expected = ZeroDivisionError("x"), Conflict("moved")
    lines.failed(expected)
    lines.failed(bug)
    lines.close()
    assert [each["level"] for each in written()] == ["warning", "error"]
    assert ["exception" in each for each in written()] == [False, True]
    assert bug.__notes__ == [f"Log: {logs.place('abc123')}"]
    assert not hasattr(expected, "__notes__")


# --- Behind the command -----------------------------------------------------------------------


def test_all_that_is_told_and_every_event_is_in_it(bench: Bench, calc: Path) -> None:
    """What stands on the screen, and what the task's own log has, in the order of the run."""
    done = bench.task(calc, "--gate", GREEN, says=[line_of("*"), FIX])
    assert done.code == 0, done.err
    found = written(done.id)
    told = [
        f"{each['stage']:<8}{each['message']}"
        for each in found
        if each["stage"] != "log" and each["level"] != "debug"
    ]
    assert [line for line in done.err.splitlines() if line.split()[0] in NEWS] == told
    assert [each["event"] for each in found if "event" in each] == list(range(1, 16))
    assert "Log:" not in done.err


NEWS = {"task", "context", "plan", "edits", "gate", "commit"}
KEYED = {"OPENAI_API_KEY": "FAKEKEY", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}


def test_a_failure_says_where_the_log_is(bench: Bench, calc: Path) -> None:
    """Every ending but `done` prints its place."""
    done = bench.task(calc, "--no-gate", says=[Status(401)])
    assert done.code == 6
    assert f"Log: {logs.place(done.id)}" in done.err.splitlines()
    assert [each["kind"] for each in written(done.id) if "kind" in each][-1] == "ended"


def test_a_bug_in_a_task_names_the_tasks_log_too(
    bench: Bench, calc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 9: the traceback is in one log, what led to it in the other."""
    from gitagent import gathering

    monkeypatch.setattr(gathering, "retrieve", lambda *_a, **_k: 1 / 0)
    done = bench.task(calc, "--no-gate")
    assert done.code == 9
    assert f"Log: {logs.place(done.id)}" in done.err
    assert "ZeroDivisionError" in written(done.id)[-1]["exception"]


def test_what_leaves_no_task_leaves_no_log(bench: Bench, calc: Path) -> None:
    """Neither a dry run nor a command that was wrong from the start."""
    bench.task(calc, "--no-gate", "--dry-run")
    wrong = bench.run("task", "x", "--model", "openai/x", "--budget", "1", cwd=calc, env=KEYED)
    assert "Nobody knows what openai/x costs" in wrong.err
    folder = logs.place("x").parent
    assert not folder.exists() or list(folder.iterdir()) == []
