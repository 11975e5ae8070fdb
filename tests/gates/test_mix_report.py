"""The report that our formatter writes, and mix's errors as its versions print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitagent.gates.mix_report import REPORT, parse


def report(folder: Path, *lines: str) -> Path:
    (folder / REPORT).write_text("".join(f"{line}\n" for line in lines))
    return folder


def test_outcomes_have_the_files_path_in_their_id(tmp_path: Path) -> None:
    """Paths are the tree's."""
    results = report(
        tmp_path,
        "started",
        "passed\ttest/a_test.exs\tATest\ttest adds",
        "failed\ttest/a_test.exs\tATest\ttest fails",
        "skipped\ttest/a_test.exs\tATest\ttest later",
        "finished",
    )
    assert parse("", results, "app") == {
        "app/test/a_test.exs::ATest::test adds": "passed",
        "app/test/a_test.exs::ATest::test fails": "failed",
        "app/test/a_test.exs::ATest::test later": "skipped",
    }


def test_a_suite_that_did_not_end_has_failed(tmp_path: Path) -> None:
    """`System.halt(0)` ends it with success; of an umbrella every app has its own suite."""
    cut = report(tmp_path, "started", "passed\tt.exs\tT\ttest a", "finished", "started")
    assert parse("", cut) == {"t.exs::T::test a": "passed", "mix test": "failed"}


def test_a_pass_does_not_overrule_a_failure(tmp_path: Path) -> None:
    """Whoever wrote it."""
    lines = ("failed\tt.exs\tT\ttest a", "passed\tt.exs\tT\ttest a")
    assert parse("", report(tmp_path, "started", *lines, "finished")) == {
        "t.exs::T::test a": "failed"
    }


@pytest.mark.parametrize("line", ["", "passed", "green\ta\tb\tc", "passed\ta\tb\tc\td", "\x00"])
def test_other_lines_are_passed_over(tmp_path: Path, line: str) -> None:
    """The file stands where tests may write."""
    assert parse("", report(tmp_path, "started", line, "finished")) == {}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A test may put one where the report is."""
    (tmp_path / "other").write_text("started\n")
    (tmp_path / REPORT).symlink_to(tmp_path / "other")
    assert parse("", tmp_path) == {}


@pytest.mark.parametrize(
    ("output", "path"),
    [
        (
            "\n== Compilation error in file lib/a.ex ==\n** (CompileError) lib/a.ex:2: undefined\n",
            "lib/a.ex",
        ),
        ("** (SyntaxError) lib/a.ex:3:1: unexpected reserved word: end\n", "lib/a.ex"),
        (
            "** (TokenMissingError) test/a_test.exs:9:1: missing terminator: end\n",
            "test/a_test.exs",
        ),
        (
            "** (SyntaxError) invalid syntax found on lib/a.ex:1:9:\n    error: syntax error\n",
            "lib/a.ex",
        ),
        (
            "    error: x\n  └─ lib/a.ex:3:5\n\n== Compilation error in file lib/a.ex ==\n",
            "lib/a.ex",
        ),
        ("==> web\n\n== Compilation error in file lib/w.ex ==\n", "apps/web/lib/w.ex"),
    ],
)
def test_files_that_do_not_compile_are_named(tmp_path: Path, output: str, path: str) -> None:
    """In the words of several versions, and of an umbrella by the app's folder."""
    assert parse(output, tmp_path, "x") == {f"compile::x/{path}": "failed"}
