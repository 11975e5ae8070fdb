"""A task that is stopped has a named ending, leaves no process and no trace in the checkout."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FIX, TEXT, alive, refs

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Hang, Say
from gitagent.testing.snapshot import snapshot


def ending_of(folder: Path) -> str:
    name = next(iter(refs(folder, "refs/gitagent/")))
    return git(folder, "show", f"{name}:ending.json")


def until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_middle_of_a_model_call(
    agent: Any, server: Callable[..., Any], calc: Path, number: signal.Signals
) -> None:
    """Exit 130, ending `interrupted`; the call stays on record."""
    running = server([Hang(30)])
    before = snapshot(calc)
    process = agent.start("task", TEXT, "--no-gate", cwd=calc, env=running.environment)
    until(lambda: running.calls)
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130, err.decode()
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert '"interrupted"' in ending_of(calc)
    assert before.diff(snapshot(calc)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_in_the_middle_of_the_gate(
    agent: Any, server: Callable[..., Any], calc: Path, home: Path, number: signal.Signals
) -> None:
    """The gate's processes end with the task, also those that hid from it."""
    running = server([Say(FIX)])
    marker = f"3{secrets.randbelow(10**9):09}"
    gate = f"s=sleep; setsid $s {marker} & trap '' TERM INT; $s {marker}; $s {marker}"
    before = snapshot(calc)
    process = agent.start("task", TEXT, "--gate", gate, cwd=calc, env=running.environment)
    until(lambda: len(alive(f"sleep {marker}")) >= 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 130, err.decode()
    assert '"interrupted"' in ending_of(calc)
    until(lambda: not alive(marker), 5)
    assert before.diff(snapshot(calc)) == []
    assert not list((home / ".cache" / "gitagent" / "gate").glob("*"))


def test_control_c_goes_to_the_whole_group_as_in_a_terminal(
    agent: Any, server: Callable[..., Any], calc: Path
) -> None:
    """A terminal signals every process of the group; the ending is the same."""
    running = server([Say(FIX)])
    marker = f"3{secrets.randbelow(10**9):09}"
    process = agent.start(
        "task", TEXT, "--json", "--gate", f"s=sleep; $s {marker}", cwd=calc, env=running.environment
    )
    until(lambda: alive(f"sleep {marker}"))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=15)
    assert process.returncode == 130, err.decode()
    assert b'"ending": "interrupted"' in out
    until(lambda: not alive(marker), 5)
