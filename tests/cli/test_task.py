"""`git agent task`: a sentence becomes a branch of gated commits."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FIX, GREEN, SAMPLE_FIX, Bench, Done, block, line_of, refs, trailers, whole

from gitagent.testing.repositories import SAMPLE_TASK, Entry, commit, git
from gitagent.testing.scripted import Say
from gitagent.testing.snapshot import snapshot

TWO_STEPS = json.dumps(
    {
        "steps": [
            {"title": "Add in add", "detail": "Make add add.", "paths": ["calc.py"]},
            {"title": "Say so in the README", "detail": "One line.", "paths": ["README.md"]},
        ]
    }
)
DIFF = "Commit: Add\n\n```diff\n--- a/calc.py\n+++ b/calc.py\n@@ -1,4 +1,4 @@\n"
DIFF += " def add(a, b):\n-    return a - b\n+    return a + b\n \n \n```\n"
README = block("README.md", "Adds and subtracts.", "Adds and subtracts, rightly.")


def test_a_sentence_becomes_a_branch_with_one_gated_commit(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """The main job, on a real package with a failing test: green, traced, by the bot."""
    folder = repo()
    before = snapshot(folder)
    done = bench.task(folder, text=SAMPLE_TASK, says=[SAMPLE_FIX])
    assert done.code == 0, done.err
    assert re.fullmatch(r"agent/merge-shortens-a-[a-z-]+-[a-z0-9]{4,12}", done.branch)
    assert done.out == f"{done.branch}\n"
    assert git(folder, "rev-list", "--count", f"main..{done.branch}") == "1\n"
    found = trailers(folder, done.branch)
    assert found.pop("Agent-Cost") == "0.000000"
    assert re.fullmatch(r"\d+/\d+", found.pop("Agent-Tokens"))
    assert re.fullmatch("[0-9a-f]{32}", found.pop("Agent-Trace"))
    assert found == {
        "Agent-Task": done.id,
        "Agent-Step": "1/1",
        "Agent-Model": "openai/scripted",
        "Agent-Gate": "pass (22 tests)",
    }
    said = git(folder, "log", "-1", "--format=%s|%an|%cn", done.branch).strip()
    assert said == "Keep the longer end when spans are merged|gitagent|Uma User"
    assert git(folder, "diff", "--name-only", "main", done.branch) == "daybook/intervals.py\n"
    assert before.diff(snapshot(folder)) == []


@pytest.mark.parametrize(
    ("form", "reply"),
    [
        ("whole", whole("calc.py", CALC.replace("a - b", "a + b", 1))),
        ("search-replace", FIX),
        ("udiff", DIFF),
    ],
)
def test_each_edit_format_is_asked_for_and_understood(
    bench: Bench, calc: Path, form: str, reply: str
) -> None:
    """What --edit-format names is what the model is told, and what comes back is applied."""
    done = bench.task(calc, "--edit-format", form, "--gate", GREEN, says=[reply])
    assert done.code == 0, done.err
    question = done.server.calls[0].json["messages"][1]["content"]
    marks = {"whole": "complete", "search-replace": "<<<<<<< SEARCH", "udiff": "```diff"}
    assert [name for name, mark in marks.items() if mark in question] == [form]


def test_only_the_named_line_of_a_crlf_file_changes(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """One changed line is a one-line diff, whatever the line ends; other files keep their blobs."""
    files = {"calc.py": CALC.replace("\n", "\r\n").encode(), "run.sh": Entry("x\r\n", True)}
    folder = repo(files)
    done = bench.task(folder, "--gate", GREEN)
    assert done.code == 0, done.err
    numbers = git(folder, "diff", "--numstat", "main", done.branch)
    assert numbers == "1\t1\tcalc.py\n"


def test_a_block_that_does_not_apply_goes_back_with_the_nearest_lines(
    bench: Bench, calc: Path
) -> None:
    """The model is told what stands in the file, and its second reply is taken."""
    wrong = block("calc.py", "def add(x, y):\n    return x - y", "def add(x, y):\n    return x + y")
    done = bench.task(calc, "--gate", GREEN, says=[wrong, FIX])
    assert done.code == 0, done.err
    assert "1: def add(a, b):" in done.asked[1]
    assert "2:     return a - b" in done.asked[1]
    assert "not applied" in done.err


def test_a_failed_verdict_goes_back_to_the_model_with_its_output(bench: Bench, calc: Path) -> None:
    """The one edge of the line that runs back: the gate's output becomes the next prompt."""
    gate = f"{GREEN} || {{ echo 'add is still wrong'; exit 1; }}"
    done = bench.task(calc, "--gate", gate, says=[line_of("*"), line_of("+")])
    # the second reply fits the file as the step found it, not as the first left it
    assert done.code == 0, done.err
    assert "add is still wrong" in done.asked[1]
    assert git(calc, "rev-list", "--count", f"main..{done.branch}") == "1\n"
    assert done.server.left == 0


def test_the_best_attempt_is_on_the_branch_marked_where_the_gate_stays_red(
    bench: Bench, calc: Path
) -> None:
    """Exit 3 claims nothing: the commit itself says `fail`."""
    done = bench.task(calc, "--gate", GREEN, says=[line_of(s) for s in "*/%@"])
    assert done.code == 3
    assert trailers(calc, done.branch)["Agent-Gate"] == "fail"
    assert "marked `Agent-Gate: fail`" in done.err


def test_without_a_gate_the_commit_says_none(bench: Bench, calc: Path) -> None:
    """--no-gate checks nothing and claims nothing."""
    done = bench.task(calc, "--no-gate")
    assert done.code == 0, done.err
    assert trailers(calc, done.branch)["Agent-Gate"] == "none"


def test_a_planned_task_makes_one_gated_commit_a_step(bench: Bench, calc: Path) -> None:
    """Each step stands on the one before, passes the gate, and carries its place in the plan."""
    done = bench.task(
        calc, "--plan", "always", "--gate", "test -f calc.py", says=[TWO_STEPS, FIX, README]
    )
    assert done.code == 0, done.err
    commits = git(calc, "rev-list", "--reverse", f"main..{done.branch}").split()
    found = [trailers(calc, each) for each in commits]
    assert [each["Agent-Step"] for each in found] == ["1/2", "2/2"]
    assert [each["Agent-Gate"] for each in found] == ["pass", "pass"]
    subjects = git(calc, "log", "--reverse", "--format=%s", f"main..{done.branch}").splitlines()
    assert subjects == ["Add in add", "Say so in the README"]
    first, second = (call.json["messages"] for call in done.server.calls[:2])
    assert "steps" in first[1]["content"]
    assert first[0] == second[0]
    files = first[1]["content"].partition("# What to do")[0]
    assert second[1]["content"].startswith(files), "what was read for the plan is not read again"
    assert "return a + b" in str(done.server.calls[2].json), "step 2 sees what step 1 left"


def test_a_malformed_plan_is_asked_for_again_once_then_the_task_is_one_step(
    bench: Bench, calc: Path
) -> None:
    """A model that cannot plan can still edit."""
    done = bench.task(
        calc, "--plan", "always", "--no-gate", says=["I would do it.", '{"steps": []}', FIX]
    )
    assert done.code == 0, done.err
    assert trailers(calc, done.branch)["Agent-Step"] == "1/1"
    assert [call["phase"] for call in calls(bench, done)] == ["plan", "plan", "propose"]


@pytest.mark.parametrize(
    ("mode", "text", "phases"),
    [
        ("never", "Do:\n- one\n- two", ["propose"]),
        ("auto", "add in calc.py must add", ["propose"]),
        ("auto", "Do:\n- add in calc.py\n- say so in README.md", ["plan", "propose"]),
    ],
)
def test_a_plan_is_asked_for_where_the_mode_and_the_text_say_so(
    bench: Bench, calc: Path, mode: str, text: str, phases: list[str]
) -> None:
    """`never` makes no planning call, `auto` makes one only for what looks like several things."""
    plan = '{"steps": [{"title": "Add in add", "detail": "d", "paths": []}]}'
    says = [plan, FIX] if "plan" in phases else [FIX]
    done = bench.task(calc, "--plan", mode, "--no-gate", text=text, says=says)
    assert done.code == 0, done.err
    assert [call["phase"] for call in calls(bench, done)] == phases


def test_several_gates_all_have_to_pass(bench: Bench, calc: Path) -> None:
    """--gate is repeatable; one red command is a red gate."""
    done = bench.task(
        calc, "--gate", GREEN, "--gate", "! grep -q '+' calc.py", says=[FIX, "no", "no", "no"]
    )
    assert done.code == 3
    assert trailers(calc, done.branch)["Agent-Gate"] == "fail"


def test_base_branch_and_model_are_as_asked(bench: Bench, calc: Path) -> None:
    """--base is what the branch grows from, --branch its name, --model what the endpoint hears."""
    first = git(calc, "rev-parse", "HEAD").strip()
    commit(calc, {"later.txt": "x\n"}, "Later")
    done = bench.task(
        calc, "--base", "HEAD~1", "--branch", "mine", "--model", "openai/other", "--no-gate"
    )
    assert done.code == 0, done.err
    assert done.out == "agent/mine\n"
    assert git(calc, "rev-parse", "agent/mine~1").strip() == first
    assert done.server.calls[0].json["model"] == "other"
    assert trailers(calc, "agent/mine")["Agent-Model"] == "openai/other"


def test_the_trailer_names_the_model_that_really_answered(bench: Bench, calc: Path) -> None:
    """A gateway may route elsewhere; what it says answered is what is written, on one line."""
    other = "real-model\nAgent-Gate: pass (999 tests)"
    done = bench.task(calc, "--no-gate", says=[Say(FIX, model=other)])
    assert done.code == 0, done.err
    found = trailers(calc, done.branch)
    assert found["Agent-Model"] == "openai/real-model Agent-Gate: pass (999 tests)"


def test_dirty_work_is_included_only_when_asked(bench: Bench, calc: Path) -> None:
    """--include-dirty starts from uncommitted work; without it the branch grows from HEAD."""
    (calc / "calc.py").write_text(CALC.replace("sub", "minus"))
    (calc / "new.txt").write_text("new\n")
    before = snapshot(calc)
    without = bench.task(calc, "--no-gate")
    with_it = bench.task(calc, "--no-gate", "--include-dirty")
    assert "def sub" in git(calc, "show", f"{without.branch}:calc.py")
    changed = git(calc, "show", f"{with_it.branch}:calc.py")
    assert "def minus" in changed
    assert "a + b" in changed
    assert git(calc, "show", f"{with_it.branch}:new.txt") == "new\n"
    assert before.diff(snapshot(calc)) == []


def test_a_dry_run_leaves_nothing_but_the_record_of_its_calls(bench: Bench, calc: Path) -> None:
    """Plan, diff and verdict are printed; no branch, no code and no file is left."""
    before, heads = snapshot(calc), refs(calc, "refs/heads/")
    done = bench.task(calc, "--dry-run", "--gate", GREEN)
    assert done.code == 0, done.err
    assert "+    return a + b" in done.out
    assert "gate of step 1: pass" in done.out
    assert (before.diff(snapshot(calc)), refs(calc, "refs/heads/")) == ([], heads)
    assert set(refs(calc)) - set(heads) == {f"refs/gitagent/{done.id}"}
    names = {name.partition("/")[0] for name in done.state_names()}
    assert names == {
        "task.json",
        "runs",
        "calls",
        "exchange",
        "ending.json",
    }


def test_a_dry_run_as_json_has_diff_plan_and_verdict(bench: Bench, calc: Path) -> None:
    """A script gets the same as a person, and is not told of a branch that is not there."""
    done = bench.task(calc, "--dry-run", "--gate", GREEN, "--json", "--deliver", "patch")
    document = done.json()
    assert document["ending"] == "done"
    assert "+    return a + b" in document["diff"]
    assert document["plan"] == ["Add in calc.py must add its two numbers"]
    assert document["steps"][0]["gate"]["verdict"] == "pass"
    assert document["delivery"] == {}


def test_delivered_as_patches_they_are_named_and_taken_by_git_am(bench: Bench, calc: Path) -> None:
    """--deliver patch prints the files beside the branch; they apply where the task began."""
    done = bench.task(calc, "--no-gate", "--deliver", "patch")
    assert done.code == 0, done.err
    branch, *files = done.out.split()
    assert (branch, len(files)) == (done.branch, 1)
    git(calc, "am", files[0])
    assert git(calc, "rev-parse", "HEAD^{tree}") == git(calc, "rev-parse", f"{branch}^{{tree}}")


def test_the_text_comes_from_a_file(bench: Bench, calc: Path, tmp_path: Path) -> None:
    """--file is read as it is; bytes that are no UTF-8 do not stop it."""
    place = tmp_path / "issue.md"
    place.write_bytes(b"add in calc.py must add \xff\n")
    done = bench.task(calc, "--file", str(place), "--no-gate", text=None)
    assert done.code == 0, done.err
    assert "add in calc.py must add \ufffd" in done.asked[0]


def test_the_text_comes_from_stdin_or_an_argument_whatever_its_bytes(
    agent: Callable[..., Any], server: Callable[..., Any], calc: Path
) -> None:
    """`-` reads stdin; what is no UTF-8 there, or in an argument, does not stop the task."""
    for text, told in (("-", "add \x00 in calc.py"), (os.fsdecode(b"add in calc.py \xff"), "")):
        running = server([Say(FIX)])
        ran = agent("task", text, "--no-gate", cwd=calc, env=running.environment, input=told)
        assert ran.code == 0, ran.err
        assert "in calc.py" in running.calls[0].json["messages"][1]["content"]


def test_quiet_says_only_the_result_and_verbose_says_more(bench: Bench, calc: Path) -> None:
    """-q leaves what a script needs, -v shows what soon is out of date."""
    quiet = bench.task(calc, "-q", "--gate", GREEN)
    plain = bench.task(calc, "--gate", GREEN)
    verbose = bench.task(calc, "-v", "--gate", GREEN)
    assert (quiet.code, plain.code, verbose.code) == (0, 0, 0)
    assert len(quiet.err.splitlines()) < len(plain.err.splitlines()) < len(verbose.err.splitlines())
    assert quiet.out == f"{quiet.branch}\n"


def calls(bench: Bench, done: Done) -> list[dict[str, object]]:
    found: list[dict[str, object]] = bench.run("show", done.id, "--json", cwd=done.folder).json()[
        "calls"
    ]
    return found
