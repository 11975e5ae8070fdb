"""`git agent models`: what can answer, and what a task would use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import Bench

from gitagent.testing.scripted import ScriptedServer


def test_what_an_endpoint_offers_is_listed_and_the_choice_is_marked(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """The one model that a task would use has the star."""
    env = server([]).environment
    for args in (("models",), ("models", "list")):
        ran = bench.run(*args, cwd=calc, env=env)
        assert ran.code == 0, ran.err
        assert any(line.startswith("* openai/scripted ") for line in ran.out.splitlines())
    rows = bench.run("models", "list", "--json", cwd=calc, env=env).json()
    row = next(row for row in rows if row["model"] == "openai/scripted")
    assert set(row) == {"model", "default", "window", "max_output", "edit_format", "weak"}


def test_several_models_and_no_choice_are_said(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """A task would not guess; the names to choose from are there."""
    with ScriptedServer([], models=("one", "two")) as running:
        listed = bench.run("models", "list", cwd=calc, env=running.environment)
        task = bench.run("task", "x", cwd=calc, env=running.environment)
    assert listed.code == 0
    assert "openai/one" in listed.out
    assert "openai/two" in listed.out
    assert task.code == 2
    assert "one, two" in task.err


def test_an_endpoints_escapes_do_not_reach_the_terminal(bench: Bench, calc: Path) -> None:
    """Neither in names nor in what it says went wrong."""
    with ScriptedServer([], models=("a\x1b[31m", "b")) as running:
        for command in (("models", "list"), ("doctor",), ("task", "x")):
            ran = bench.run(*command, cwd=calc, env=running.environment)
            assert "\x1b" not in ran.out + ran.err
            assert "\\x1b[31m" in ran.out + ran.err


def test_an_unknown_local_model_is_exit_2(bench: Bench, calc: Path) -> None:
    """What can be pulled is named."""
    ran = bench.run("models", "pull", "gpt-9", cwd=calc)
    assert ran.code == 2
    assert "qwen2.5-coder-1.5b" in ran.err
