"""`git agent replay`: what it says, to people and to scripts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench import FIX, GREEN, Bench, Done, line_of

from gitagent.domain.edit import File, Landing
from gitagent.stages import apply as apply_stage
from gitagent.stages import propose as propose_stage


@pytest.fixture
def done(bench: Bench, calc: Path) -> Done:
    """A task that is right at its second try."""
    found = bench.task(calc, "--gate", GREEN, says=[line_of("*"), FIX])
    assert found.code == 0, found.err
    return found


@pytest.fixture
def changed(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if edits landed in another way since the task was done."""
    land = apply_stage.land

    def longer(*args: Any) -> Landing:
        landing = land(*args)
        changes = {
            path: file and File(file.data + b"# changed \x1b[31m\n")
            for path, file in landing.changes.items()
        }
        return replace(landing, changes=changes)

    monkeypatch.setattr(apply_stage, "land", longer)


def test_the_same_trees_are_said_in_one_sentence(bench: Bench, done: Done) -> None:
    """Each try and step with its tree; the newest task where none is named; no model is there."""
    ran = bench.run("replay", cwd=done.folder)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == f"Task     {done.id}  done"
    assert [line.split()[:2] for line in lines if line.startswith("Try")] == [
        ["Try", "1.1"],
        ["Try", "1.2"],
    ]
    assert lines[-1] == "Rebuilt: all 3 trees are the same, byte for byte."


def test_json_is_one_document(bench: Bench, done: Done) -> None:
    """Trees as ids, calls with what became of their prompts, and what is different."""
    told = bench.run("replay", done.id, "--json", cwd=done.folder).json()
    assert set(told) == {"id", "same", "ending", "runs", "steps", "calls", "differences"}
    assert (told["id"], told["same"], told["differences"]) == (done.id, True, [])
    [step] = told["steps"]
    assert step["tree"] == step["rebuilt"] != step["attempts"][0]["tree"]
    assert [call["prompt"] for call in told["calls"]] == ["same", "same"]


@pytest.mark.usefixtures("changed")
def test_another_tree_is_shown_and_ends_with_8(bench: Bench, done: Done) -> None:
    """A script sees by the exit code alone that a task goes another way now."""
    ran = bench.run("replay", done.id, cwd=done.folder)
    assert ran.code == 8
    assert "Differs  try 1.1: the tree was" in ran.out
    assert "         +# changed \\x1b[31m" in ran.out
    assert "0 of 3 trees are the same. Nothing was changed." in ran.out
    document = bench.run("replay", done.id, "--json", cwd=done.folder)
    assert (document.code, document.json()["same"]) == (8, False)


def test_a_prompt_in_other_words_is_no_failure(
    bench: Bench, done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said and shown; the trees are what counts."""
    render = propose_stage.render
    monkeypatch.setattr(propose_stage, "render", lambda *a, **k: render(*a, **k) + "Please.\n")
    ran = bench.run("replay", done.id, cwd=done.folder)
    assert ran.code == 0
    assert "Call     1 propose 1.1: asked differently" in ran.out
    assert "Differs  call 1: message 1 (system) is another one now" in ran.out
    assert ran.out.endswith("all 3 trees are the same, byte for byte.\n")


def test_what_is_not_there_is_a_usage_error(bench: Bench, calc: Path, tmp_path: Path) -> None:
    """No task, no such task, no repository."""
    for words, folder in ((("replay",), calc), (("replay", "nope"), calc), (("replay",), tmp_path)):
        assert bench.run(*words, cwd=folder).code == 2


def test_a_broken_configuration_does_not_matter(bench: Bench, done: Done, home: Path) -> None:
    """Of what is configured here nothing takes part: what counts was recorded."""
    place = home / ".config" / "gitagent" / "gitagent.toml"
    place.parent.mkdir()
    place.write_text("plan = [[[")
    (home / ".gitconfig").write_text("")
    assert bench.run("replay", done.id, cwd=done.folder).code == 0
