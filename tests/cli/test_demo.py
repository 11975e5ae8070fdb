"""`git agent demo`: the main job before the eyes of somebody new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import SAMPLE_FIX

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say


def test_the_demo_ends_with_a_repaired_sample(
    agent_inline: Callable[..., Any], server: Callable[..., Any], tmp_path: Path
) -> None:
    """Task, log, diff and accept are shown as one would type them; the sample is kept, repaired."""
    running = server([Say(SAMPLE_FIX)])
    ran = agent_inline("demo", "shown", cwd=tmp_path, env=running.environment)
    assert ran.code == 0, ran.err
    assert [line for line in ran.out.splitlines() if line.startswith("$ git ")]
    assert "max(merged" in (tmp_path / "shown" / "daybook" / "intervals.py").read_text()
    assert git(tmp_path / "shown", "status", "--porcelain") == ""


def test_a_folder_that_is_there_is_left_alone(
    agent_inline: Callable[..., Any], tmp_path: Path
) -> None:
    """The demo only ever writes where nothing was."""
    (tmp_path / "mine").mkdir()
    ran = agent_inline("demo", "mine", cwd=tmp_path)
    assert ran.code == 2
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_model_that_fails_is_said(
    agent_inline: Callable[..., Any], server: Callable[..., Any], tmp_path: Path
) -> None:
    """The exit code is the task's, and nothing is accepted."""
    running = server([Say("no"), Say("no")])
    ran = agent_inline("demo", "shown", cwd=tmp_path, env=running.environment)
    assert ran.code == 4
    assert git(tmp_path / "shown", "log", "--format=%s", "main") != ""
    assert "accept" not in ran.out
