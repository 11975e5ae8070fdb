"""What go says, as two of its versions said it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gitagent.gates.go_events import EVENTS, parse, readable

OUTPUTS = Path(__file__).with_name("outputs")
DEMO = "example.com/demo"
EXPECTED = {
    "compile::broken/c.go": "failed",
    "compile::brokentest/d_test.go": "failed",
    f"{DEMO}/broken": "failed",
    f"{DEMO}/brokentest": "failed",
    f"{DEMO}::TestOk": "passed",
    f"{DEMO}::TestBad": "failed",
    f"{DEMO}::TestSkip": "skipped",
    f"{DEMO}::TestSub": "failed",
    f"{DEMO}::TestSub/one_thing": "passed",
    f"{DEMO}::TestSub/two": "failed",
    f"{DEMO}::TestSub/two#01": "passed",
    f"{DEMO}::TestEnv": "passed",
    f"{DEMO}::ExampleAdd": "passed",
    f"{DEMO}/inner::TestFirst": "passed",
    f"{DEMO}/inner::TestExit": "failed",
    f"{DEMO}/panics::TestA": "passed",
    f"{DEMO}/panics::TestP": "failed",
    f"{DEMO}/rawexit": "failed",
    f"{DEMO}/rawexit::TestA": "passed",
    f"{DEMO}/rawexit::TestQ": "passed",  # it ended the program; the package speaks for it
}


@pytest.fixture(params=["1.19", "1.27"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    shutil.copy(OUTPUTS / f"go-test-{request.param}.json", tmp_path / EVENTS)
    return (OUTPUTS / f"go-test-{request.param}.txt").read_text(), tmp_path


def test_outcomes_of_a_real_run(run: tuple[str, Path]) -> None:
    """Subtests, examples, panics, exits with success, noise without an end of line, no builds.

    A line of a test that never ran (`TestFake`) is not believed.
    """
    tests = parse(*run)
    # Go 1.19 says nothing of a package that does not compile and has no tests.
    tests.setdefault(f"{DEMO}/broken", "failed")
    assert tests == EXPECTED


def test_what_failed_is_readable(run: tuple[str, Path]) -> None:
    """For a person or a model; what passed is not there."""
    text = readable(*run)
    assert "a_test.go:10: no" in text
    assert "boom" in text
    assert "undefined: nope" in text
    assert "ended before" in text
    assert "ExampleAdd" not in text
    assert '{"' not in text


def test_paths_are_the_trees() -> None:
    """A module in a folder names its files from there."""
    text = (OUTPUTS / "go-vet.txt").read_text()
    assert parse(text, Path("/nowhere"), "tools/gen") == {
        "compile::tools/gen/broken/c.go": "failed",
        "compile::tools/gen/brokentest/d_test.go": "failed",
        "compile::tools/gen/vetted/v.go": "failed",
    }


def write(results: Path, *events: dict[str, object] | str) -> None:
    lines = [each if isinstance(each, str) else json.dumps(each) for each in events]
    (results / EVENTS).write_text("\n".join(lines))


def event(action: str, test: str = "", output: str = "") -> dict[str, object]:
    return {
        key: value
        for key, value in (("Action", action), ("Package", "m"), ("Test", test), ("Output", output))
        if value
    }


def test_a_test_that_never_ended_has_failed(tmp_path: Path) -> None:
    """Unless its package passed as a whole."""
    write(tmp_path, event("run", "TestA"), event("fail"))
    assert parse("", tmp_path) == {"m::TestA": "failed"}
    write(tmp_path, event("run", "TestA"), event("pass"))
    assert parse("", tmp_path) == {"m::TestA": "passed"}


def test_a_package_that_fails_without_a_failing_test_has_an_id(tmp_path: Path) -> None:
    """TestMain may end so."""
    write(tmp_path, event("run", "TestA"), event("pass", "TestA"), event("fail"))
    assert parse("", tmp_path) == {"m::TestA": "passed", "m": "failed"}


def test_a_failing_test_stays_one_in_a_program_that_ends_with_success(tmp_path: Path) -> None:
    """`os.Exit(0)` in TestMain makes its package pass."""
    write(tmp_path, event("run", "TestA"), event("fail", "TestA"), event("pass"))
    assert parse("", tmp_path) == {"m::TestA": "failed"}


def test_a_pass_after_a_failure_is_not_believed(tmp_path: Path) -> None:
    """A test that failed can still print."""
    write(tmp_path, event("run", "TestA"), event("fail", "TestA"), event("pass", "TestA"))
    assert parse("", tmp_path) == {"m::TestA": "failed", "m": "failed"}


@pytest.mark.parametrize(
    "line", ["", "{", "[]", "null", '{"Action": 1, "Package": 2, "Test": 3}', '{"Test": "x"}', "\0"]
)
def test_lines_that_are_no_events_are_passed_over(tmp_path: Path, line: str) -> None:
    """The file stands where tests may write."""
    write(tmp_path, event("run", "TestA"), line, event("pass", "TestA"), event("pass"))
    assert parse("", tmp_path)["m::TestA"] == "passed"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A test may put one where the events are."""
    (tmp_path / "other").write_text(json.dumps(event("run", "TestA")))
    (tmp_path / EVENTS).symlink_to(tmp_path / "other")
    assert parse("", tmp_path) == {}


def test_long_output_of_a_test_is_cut(tmp_path: Path) -> None:
    """Both ends are kept."""
    write(
        tmp_path,
        event("run", "TestA"),
        event("output", "TestA", "begin " + "x" * 100_000 + " end"),
        event("fail", "TestA"),
        event("fail"),
    )
    text = readable("", tmp_path)
    assert len(text) < 30_000
    assert "begin" in text
    assert "end" in text
