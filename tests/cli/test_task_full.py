"""A disk that takes no more stops a task before it pays, loses nothing, and says what to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from bench import FILES, FIX, GREEN, Bench, line_of, refs

from gitagent.testing import repositories
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Item, Say
from gitagent.testing.snapshot import snapshot

WAYS = ("--plan", "never", "--gate", GREEN)


@contextmanager
def mounted(place: Path, size: str) -> Iterator[Path]:
    """A small file system of its own; skips where nobody may mount one."""
    place.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    try:
        done = subprocess.run(made, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "24m") as place:
        yield place


def fill(disk: Path) -> Path:
    """Leave no byte free."""
    place = disk / "fill"
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for size in (65536, 4096, 1):
        with suppress(OSError):
            while True:
                os.write(handle, b"x" * size)
    os.close(handle)
    return place


def test_a_disk_that_is_full_when_the_answer_comes_keeps_the_answer(
    bench: Bench, disk: Path, server: Callable[..., Any]
) -> None:
    """Room was kept for what is paid; the next call is not made, and resume pays only that."""
    folder = repositories.build(disk / "repo", FILES)
    before = snapshot(folder)

    def answer(_asked: dict[str, Any]) -> Item:
        fill(disk)
        return Say(line_of("*"))

    done = bench.task(folder, *WAYS, says=answer)
    assert done.code == 130, done.err
    assert len(done.server.calls) == 1
    assert "No space left on device" in done.err
    assert "Make room" in done.err
    running = server([Say(FIX)])
    ran = bench.run("resume", *WAYS, cwd=folder, env=running.environment)
    assert ran.code == 130, ran.err
    assert running.calls == ()
    (disk / "fill").unlink()
    assert before.diff(snapshot(folder)) == []
    ran = bench.run("resume", *WAYS, cwd=folder, env=running.environment)
    assert ran.code == 0, ran.err
    assert len(running.calls) == 1
    calls = git(folder, "ls-tree", "-r", "--name-only", f"refs/gitagent/{done.id}", "calls/")
    assert calls.split() == ["calls/0001.json", "calls/0002.json"]


def test_a_repository_that_is_full_or_read_only_begins_nothing(
    bench: Bench, disk: Path, server: Callable[..., Any]
) -> None:
    """No call, no ref, no change; one sentence."""
    folder = repositories.build(disk / "repo", FILES)
    fill(disk)
    running = server([Say(FIX)])
    for how in ("rw", "ro"):
        subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)
        ran = bench.run("task", "add", *WAYS, cwd=folder, env=running.environment)
        assert ran.code == 130, (how, ran.err)
        assert "cannot be written to" in ran.err
        assert "Traceback" not in ran.err
    assert refs(folder, "refs/gitagent/", "refs/heads/agent/") == {}
    assert running.calls == ()
    for command in ("list", "doctor"):
        assert "Traceback" not in bench.run(command, cwd=folder).err


def test_a_full_cache_stops_the_gate_and_not_the_task_for_good(
    bench: Bench, disk: Path, calc: Path, server: Callable[..., Any]
) -> None:
    """The gate's export has no room: interrupted, with the place named; resumable."""
    fill(disk)
    cache = {"XDG_CACHE_HOME": str(disk)}
    done = bench.task(calc, *WAYS, env=cache)
    assert done.code == 130, done.err
    assert str(disk) in done.err or "No space left" in done.err
    assert done.server.calls == ()
    dry = bench.task(calc, *WAYS, "--dry-run", env=cache)
    assert dry.code in (130,), dry.err
    assert "Traceback" not in dry.err
    running = server([Say(FIX)])
    ran = bench.run("resume", done.id, *WAYS, cwd=calc, env=running.environment)
    assert ran.code == 0, ran.err
