"""`git agent config`: every setting, where it came from, and a file to begin with."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import FILES, Bench

from gitagent.config import fields
from gitagent.testing.repositories import git


def rows(ran: Any) -> dict[str, tuple[Any, str]]:
    return {s["key"]: (s["value"], s["origin"]) for s in ran.json()["settings"]}


def test_every_setting_has_a_value_and_an_origin(
    bench: Bench, repo: Callable[..., Path], home: Path
) -> None:
    """The file of the commit, the user's own, git's configuration and the environment, by rank."""
    folder = repo({**FILES, "gitagent.toml": "[plan]\nmax_steps = 3\n[repair]\nattempts = 2\n"})
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True)
    (place / "gitagent.toml").write_text("[repair]\nattempts = 5\n[edit]\nformat = 'whole'\n")
    git(folder, "config", "agent.model", "openai/mine")
    ran = bench.run("config", "show", "--json", cwd=folder, env={"GITAGENT_EDIT_FORMAT": "udiff"})
    found = rows(ran)
    assert set(found) == set(fields())
    assert found["plan.max_steps"][0] == 3
    assert found["plan.max_steps"][1].startswith("gitagent.toml at ")
    assert found["repair.attempts"] == (5, str(place / "gitagent.toml"))
    assert found["edit.format"] == ("udiff", "GITAGENT_EDIT_FORMAT")
    assert found["model"] == ("openai/mine", "git config agent.model")
    assert found["gate.commands"] == ([], "default")


def test_a_file_to_begin_with_is_valid_and_never_overwritten(bench: Bench, calc: Path) -> None:
    """Every line of it can be uncommented, and the next `init` leaves it alone."""
    ran = bench.run("config", "init", cwd=calc)
    place = calc / "gitagent.toml"
    assert (ran.code, ran.out) == (0, f"{place}\n")
    text = place.read_text()
    opened = "\n".join(
        line.removeprefix("# ") if " = " in line else line for line in text.splitlines()
    )
    assert tomllib.loads(opened)["repair"]["attempts"] == 0
    assert "paths" not in tomllib.loads(opened)
    again = bench.run("config", "init", cwd=calc)
    assert again.code == 2
    assert "there already" in again.err
    assert place.read_text() == text


def test_the_users_own_file_goes_into_the_users_own_folder(
    bench: Bench, tmp_path: Path, home: Path
) -> None:
    """--user works outside of any repository."""
    ran = bench.run("config", "init", "--user", cwd=tmp_path)
    assert ran.out == f"{home / '.config' / 'gitagent' / 'gitagent.toml'}\n"
    assert bench.run("config", "check", cwd=tmp_path).code == 0


def test_every_line_of_the_users_file_can_be_uncommented(
    bench: Bench, tmp_path: Path, home: Path
) -> None:
    """Its defaults are the ones that hold, and its examples are valid."""
    bench.run("config", "init", "--user", cwd=tmp_path)
    place = home / ".config" / "gitagent" / "gitagent.toml"
    lines = place.read_text().splitlines()
    opened = [x.removeprefix("# ") if " = " in x or "# [" in x else x for x in lines]
    place.write_text("\n".join(opened))
    ran = bench.run("config", "show", "--json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    found = rows(ran)
    assert (found["keys.keyring"], found["cache.answers"][0]) == ((False, str(place)), False)
    assert found["models"][0][0]["scores"] == {"plan": 70.0, "code": 75.0}


def test_check_names_what_is_wrong(bench: Bench, repo: Callable[..., Path], home: Path) -> None:
    """Exit 2 and every problem; 0 and one sentence where there is none."""
    good, bad = repo(FILES, name="good"), repo({"gitagent.toml": "[plan]\nmaxsteps = 3\n"})
    assert bench.run("config", "check", cwd=good).code == 0
    ran = bench.run("config", "check", cwd=bad)
    assert ran.code == 2
    assert "did you mean `plan.max_steps`?" in ran.out
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True)
    for text, said in (("[repair]\nattempts = 'x'\n", "whole number"), ("[", "not valid TOML")):
        (place / "gitagent.toml").write_text(text)
        for command in (("config", "check"), ("task", "x")):
            ran = bench.run(*command, cwd=good)
            assert ran.code == 2
            assert said in ran.err


def test_outside_of_a_repository_the_users_settings_are_shown(bench: Bench, tmp_path: Path) -> None:
    """`config show` needs no repository, `config init` does."""
    assert bench.run("config", "show", cwd=tmp_path).code == 0
    assert bench.run("config", "init", cwd=tmp_path).code == 2


def test_check_says_that_an_edited_file_does_not_apply_yet(
    repo: Callable[..., Path], agent_inline: Callable[..., Any]
) -> None:
    """Tasks read the committed one; an edit that nobody committed would be a riddle."""
    folder = repo({"a.py": "x = 1\n", "gitagent.toml": "[plan]\nmax_steps = 2\n"})
    assert agent_inline("config", "check", cwd=folder).code == 0
    (folder / "gitagent.toml").write_text("[plan]\nmax_steps = 3\n")
    done = agent_inline("config", "check", cwd=folder)
    assert done.code == 2
    assert "not committed" in done.out
