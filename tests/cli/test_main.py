"""What every command keeps: help, version, exit codes, and an output that scripts can read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FIX, GREEN, TEXT, Bench

from gitagent import __version__
from gitagent.cli.main import COMMANDS
from gitagent.testing.scripted import Say

GROUPS = {"config": ("show", "init", "check"), "models": ("list", "route", "update", "pull")}
EVERY = [*((name,) for name in COMMANDS), *((g, c) for g, cs in GROUPS.items() for c in cs)]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_explains_itself(
    agent_inline: Callable[..., Any], tmp_path: Path, words: tuple[str, ...]
) -> None:
    """-h and --help say the same, outside of any repository, and name every flag."""
    short, long = (agent_inline(*words, flag, cwd=tmp_path) for flag in ("-h", "--help"))
    assert (short.code, short.out, short.err) == (0, long.out, "")
    assert short.out.startswith(f"Usage: git agent {' '.join(words)}")


def test_the_program_lists_its_commands(agent_inline: Callable[..., Any], tmp_path: Path) -> None:
    """`git agent -h` has a line for each; `git agent` alone shows the same."""
    ran = agent_inline("-h", cwd=tmp_path)
    assert ran.code == 0
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)


def test_version(agent: Any, tmp_path: Path) -> None:
    """One line, from the installed program."""
    ran = agent("--version", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, f"git agent version {__version__}\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("--version",), ("-h",), ("config", "show", "--json")])
def test_an_output_that_is_full_is_no_bug_of_ours(words: tuple[str, ...]) -> None:
    """It is said in a sentence, with the code of a full disk."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gitagent", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 130
    assert "The output cannot be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr


def test_git_finds_it_as_its_own_command(
    agent: Any, calc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git agent` and `git-agent` are one program."""
    program = tmp_path / "bin" / "git-agent"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gitagent "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.syspath_prepend("")
    import gitagent

    monkeypatch.setenv("PYTHONPATH", str(Path(gitagent.__file__).parent.parent))
    done = subprocess.run(["git", "agent", "list"], cwd=calc, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert "No task yet" in done.stderr


@pytest.mark.parametrize("args", [("bogus",), ("task", "x", "--bogus"), ("show", "a", "b", "c")])
def test_wrong_usage_is_exit_2(
    agent_inline: Callable[..., Any], calc: Path, args: tuple[str, ...]
) -> None:
    """The mistake is named, on stderr alone."""
    ran = agent_inline(*args, cwd=calc)
    assert (ran.code, ran.out) == (2, "")
    assert "Error: " in ran.err


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("task", "--json"), 2),
        (("task", "", "--json"), 2),
        (("task", "x", "--json", "--bogus"), 2),
        (("task", "x", "--base", "nowhere", "--json"), 2),
        (("show", "nothing", "--json"), 2),
        (("list", "--json"), 0),
        (("cost", "--json"), 0),
        (("config", "show", "--json"), 0),
        (("doctor", "--json"), 0),
        (("models", "list", "--json"), 0),
    ],
)
def test_json_is_one_document_whatever_happens(
    agent_inline: Callable[..., Any],
    server: Callable[..., Any],
    calc: Path,
    args: tuple[str, ...],
    code: int,
) -> None:
    """A script can parse stdout also when the command fails."""
    ran = agent_inline(*args, cwd=calc, env=server([]).environment)
    assert ran.code == code, ran.err
    document = json.loads(ran.out)
    if code:
        assert document["exit_code"] == code
        assert document["error"]


@pytest.mark.parametrize(
    ("reply", "code", "ending"),
    [(FIX, 0, "done"), ("Hello.", 4, "no-change"), ("../x\n```\nx\n```\n", 7, "refused")],
)
def test_a_tasks_json_is_one_document_whatever_its_ending(
    bench: Bench, calc: Path, reply: str, code: int, ending: str
) -> None:
    """Progress goes to stderr; stdout is the task."""
    done = bench.task(calc, "--json", "--no-gate", says=[reply] * 4)
    assert done.code == code
    document = done.json()
    assert (document["id"], document["ending"]) == (done.id, ending)
    assert document["message"] == "" if code == 0 else document["message"]


def test_a_pipe_gets_no_escape_sequences(
    agent: Any, server: Callable[..., Any], calc: Path
) -> None:
    """No colour, no spinner, no prompt without a terminal."""
    running = server([Say(FIX)])
    done = agent(
        "task", TEXT, "--gate", GREEN, "-v", cwd=calc, env={**running.environment, "TERM": "xterm"}
    )
    assert done.code == 0, done.err
    shown = agent("diff", cwd=calc)
    assert "+    return a + b" in shown.out
    assert "\x1b" not in done.out + done.err + shown.out + shown.err
    assert "\r" not in done.err


def test_an_encoding_that_lacks_a_character_stops_nothing(
    agent: Any, server: Callable[..., Any], calc: Path
) -> None:
    """What an old terminal cannot show is shown as an escape."""
    running = server([Say(FIX.replace("Add in place", "Make →"))])
    env = {**running.environment, "PYTHONIOENCODING": "latin-1"}
    assert agent("task", "→ in calc.py", "--no-gate", cwd=calc, env=env).code == 0
    for command in ("list", "show", "log"):
        ran = agent(command, cwd=calc, env=env)
        assert ran.code == 0, ran.err
        assert "\\u2192" in ran.out


def test_a_reader_that_goes_away_is_no_error(
    agent: Any, server: Callable[..., Any], calc: Path
) -> None:
    """`git agent … | head -1` ends quietly."""
    import gitagent

    source = Path(gitagent.__file__).parent.parent
    line = f"{sys.executable} -m gitagent --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=calc, env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.stderr == ""


def test_a_bug_is_one_sentence_and_a_log(
    bench: Bench, calc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 9, and the traceback is in a file whose path is printed."""
    from gitagent.git import log

    monkeypatch.setattr(log, "listing", lambda _repo: 1 / 0)
    ran = bench.run("list", cwd=calc)
    assert ran.code == 9
    assert "Traceback" not in ran.err
    place = next(word.rstrip(";") for word in ran.err.split() if "crash-" in word)
    assert "ZeroDivisionError" in Path(place).read_text()
