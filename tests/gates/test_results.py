"""How a command learns where its report goes, and how ids are made the tree's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitagent.domain.verdict import GateCommand
from gitagent.gates.detect import configured
from gitagent.gates.results import read_results, told
from gitagent.ports import Execution

DONE = Execution(1, "", 0.1)


def test_placeholders_are_replaced_wherever_a_command_has_them() -> None:
    """In its words, in those of a narrow run and in its variables."""
    command = GateCommand(
        "x", ("a", "--to={results}/x"), env=(("R", "{results}:{tree}"),), narrow=("a", "{tree}")
    )
    seen = told(command, results="/r", tree="/t")
    assert seen.argv == ("a", "--to=/r/x")
    assert seen.env == (("R", "/r:/t"),)
    assert seen.narrow == ("a", "/t")


def test_a_folder_with_a_quote_in_its_name_reaches_pytest_whole() -> None:
    """Its variable is split as by a shell, others are taken as they are."""
    import shlex

    (command,) = configured(["pytest"])
    env = dict(told(command, results="/a b's", tree="/t").env)
    assert "--junitxml=/a b's/junit.xml" in shlex.split(env["PYTEST_ADDOPTS"])
    assert env["GATE_RESULTS"] == "/a b's"


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("/tree/p/a/x.test.js", "p/a/x.test.js::t"),
        ("x.test.js", "p/a/x.test.js::t"),
        ("../b/x.test.js", "p/b/x.test.js::t"),
        ("/elsewhere/x.test.js", "/elsewhere/x.test.js::t"),
    ],
)
def test_paths_in_ids_are_seen_from_the_tree(tmp_path: Path, path: str, test: str) -> None:
    """Whether a runner writes them whole or from its own folder."""
    (tmp_path / "tests.jsonl").write_text(f'["passed", "{path}::t"]\n')
    command = GateCommand("x", ("a",), "lines", folder="p/a")
    assert read_results(command, DONE, tmp_path, "/tree") == {test: "passed"}


def test_a_compilers_errors_are_files_that_do_not_compile() -> None:
    """tsc's paths are from its folder; an error without one is that of the settings."""
    output = (
        "src/a.ts(3,1): error TS2322: Type 'x' is not assignable.\n"
        "  The expected type comes from property 'b' (1,2): error\n"
        "../lib/b.ts(1,1): error TS1005: ';' expected.\n"
        "error TS5083: Cannot read file 'base.json'.\n"
    )
    command = GateCommand("tsc p", ("tsc",), "tsc", folder="p")
    assert read_results(command, Execution(2, output, 0.1), Path("/nowhere")) == {
        "compile::p/src/a.ts": "failed",
        "compile::lib/b.ts": "failed",
        "compile::p/tsconfig.json": "failed",
    }


def test_ids_of_two_packages_are_two(tmp_path: Path) -> None:
    """Where both have a tests.test_a."""
    (tmp_path / "junit.xml").write_text("<t><testcase classname='tests.test_a' name='b'/></t>")
    pytest_ = GateCommand("x", ("a",), "pytest", folder="p/a")
    assert read_results(pytest_, DONE, tmp_path) == {"p/a/tests/test_a.py::b": "passed"}
    output = "test_b (tests.test_a.T.test_b) ... ok\n\nRan 1 test in 0.1s\n"
    unittest_ = GateCommand("x", ("a",), "unittest", folder="p/b")
    done = Execution(0, output, 0.1)
    assert read_results(unittest_, done, tmp_path) == {"p/b::tests.test_a.T.test_b": "passed"}


def test_a_configured_command_may_leave_a_report(tmp_path: Path) -> None:
    """Any JUnit XML in the folder that it is told; links and other files are passed over."""
    (command,) = configured(['gotestsum --junitfile "$GATE_RESULTS/a.xml"'])
    assert command.reads == "junit"
    (tmp_path / "a.xml").write_text(
        "<testsuite name='p/q'><testcase classname='p/q' name='TestA/b'/></testsuite>"
    )
    (tmp_path / "b.xml").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "c.xml")
    assert read_results(command, DONE, tmp_path) == {"p/q::TestA/b": "passed"}


def test_many_reports_are_not_all_read(tmp_path: Path) -> None:
    """A test that fills the folder does not fill our memory."""
    for n in range(600):
        (tmp_path / f"{n:04}.xml").write_text(f"<t><testcase classname='a' name='{n}'/></t>")
    assert len(read_results(GateCommand("x", ("a",), "junit"), DONE, tmp_path)) == 200


def test_a_command_that_says_nothing_of_tests_has_none() -> None:
    """Its exit code is all."""
    assert read_results(GateCommand("x", ("a",)), DONE, Path("/nowhere")) == {}
