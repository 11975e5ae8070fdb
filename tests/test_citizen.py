"""What makes git-agent a citizen of git and of the shell: pages, completion, a light start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitagent.testing import repositories
from gitagent.testing.scripted import Say, ScriptedServer

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "man"
COMPLETION = ROOT / "completions" / "git-agent.bash"

GITS_OWN = Path("/usr/share/bash-completion/completions/git")

# What readline does on Tab, by hand: fill in the words, call the function, print its answers.
TAB = """\
set -- $LINE
COMP_WORDS=("$@"); [[ $LINE == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$LINE COMP_POINT=${#LINE} COMPREPLY=()
spec=$(complete -p "$1")
spec=${spec##*-F }
${spec%% *} "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s|\\n' "${COMPREPLY[@]}"
"""

Tab = Callable[..., list[str]]


@pytest.fixture
def tab(tmp_path: Path) -> Tab:
    """`tab(line, cwd)` gives bash's answers for a line; the program is on PATH as git-agent."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program = bin_folder / "git-agent"
    program.write_text(
        f'#!/bin/sh\nexec env PYTHONPATH="{ROOT}" "{sys.executable}" -m gitagent "$@"\n'
    )
    program.chmod(0o755)

    def complete(line: str, cwd: Path, sources: tuple[Path, ...] = (COMPLETION,)) -> list[str]:
        script = "".join(f". '{source}'\n" for source in sources) + TAB
        done = subprocess.run(
            ["bash", "--norc", "-c", script],
            cwd=cwd,
            env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "LINE": line},
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        return [answer.removesuffix("|") for answer in done.stdout.splitlines() if answer != "|"]

    return complete


@pytest.fixture
def worked_on(
    tmp_path: Path,
    agent: Callable[..., Any],
    server: Callable[..., ScriptedServer],
) -> tuple[Path, str]:
    """A repository with one task, and the task's id."""
    folder = repositories.build(tmp_path / "repo", {"hello.py": "print('hello')\n"})
    model = server([Say("hello.py\n```python\nprint('hello, world')\n```\n")])
    agent(
        "task",
        "Greet: the world",
        "--no-gate",
        "--plan",
        "never",
        cwd=folder,
        env=model.environment,
    )
    refs = repositories.git(folder, "for-each-ref", "--format=%(refname)", "refs/gitagent")
    return folder, refs.strip().rpartition("/")[2]


# --- Manual pages -----------------------------------------------------------------------------


def test_the_manual_pages_are_those_of_the_commands() -> None:
    """Whoever changes a command has the pages written anew, so that git's help stays true."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "hooks" / "man_pages.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), "run: python hooks/man_pages.py"


def test_every_page_has_a_name_and_no_date() -> None:
    """`man -k` reads the NAME section, and the same commands give the same bytes on any day."""
    for page in PAGES.glob("git-agent*.1"):
        text = page.read_text()
        assert f'.TH "{page.stem.upper()}" "1" "" "gitagent ' in text
        name = page.stem.replace("-", r"\-")
        assert rf".SH NAME{chr(10)}{name} \- " in text


def test_git_help_finds_every_command() -> None:
    """`git help agent-task` looks for the page gitagent-task, which leads to git-agent-task."""
    named = {page.stem.removeprefix("git-") for page in PAGES.glob("git-agent-*.1")}
    links = {page.stem.removeprefix("git") for page in PAGES.glob("gitagent-*.1")}
    assert named == links
    assert "agent-task" in named


# --- Completion -------------------------------------------------------------------------------


def test_bash_completes_commands_options_and_values(tab: Tab, tmp_path: Path) -> None:
    """The answers are click's own, so a new command or option needs no second list."""
    assert tab("git-agent sh", tmp_path) == ["show"]
    assert tab("git-agent task --edit-f", tmp_path) == ["--edit-format"]
    assert tab("git-agent task --plan ", tmp_path) == ["auto", "always", "never"]


def test_bash_completes_the_ids_of_tasks(tab: Tab, worked_on: tuple[Path, str]) -> None:
    """Where a command takes the id of a task, Tab offers those of this repository."""
    folder, task_id = worked_on
    assert tab("git-agent show ", folder) == [task_id]
    assert tab(f"git-agent diff {task_id[:2]}", folder) == [task_id]


def test_a_task_that_cannot_be_read_does_not_hide_the_others(
    tab: Tab, worked_on: tuple[Path, str]
) -> None:
    """Refs can be fetched from anywhere; what is behind them is not taken for granted."""
    folder, task_id = worked_on
    repositories.git(folder, "update-ref", "refs/gitagent/zzzzzz", "HEAD")
    assert tab("git-agent show ", folder) == [task_id, "zzzzzz"]


def test_completion_is_silent_outside_a_repository(tab: Tab, tmp_path: Path) -> None:
    """Tab is not the place for an error message."""
    assert tab("git-agent show ", tmp_path) == []


@pytest.mark.skipif(not GITS_OWN.exists(), reason="git's own completion is not installed")
def test_gits_own_completion_asks_for_the_subcommand(tab: Tab, worked_on: tuple[Path, str]) -> None:
    """`git agent` completes as `git-agent` does, behind git's own options too."""
    folder, task_id = worked_on
    both = (GITS_OWN, COMPLETION)
    assert tab("git agent dem", folder, both) == ["demo "]
    assert tab("git -c color.ui=never agent show ", folder, both) == [f"{task_id} "]


# --- A light start ----------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["-h", "--version"])
def test_help_and_version_load_click_and_nothing_else(flag: str) -> None:
    """They answer at once; benchmarks/startup.py has the figures."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gitagent", flag],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines[1:]}
    heavy = {"git", "httpx2", "msgspec", "openai", "platformdirs", "pygit2"}
    assert done.returncode == 0
    assert "click" in loaded
    assert not loaded & heavy


def test_what_goes_into_a_pipe_has_no_escape_sequences(
    agent: Callable[..., Any], worked_on: tuple[Path, str]
) -> None:
    """Colour is for terminals; a script, a log and a patch get plain text."""
    folder, task_id = worked_on
    for words in (("list",), ("show", task_id), ("diff", task_id), ("log", task_id)):
        ran = agent(*words, cwd=folder)
        assert ran.code == 0
        assert "\x1b" not in ran.out + ran.err
