"""The verdict: green means that what ran on the base still exists, ran and passed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitagent.domain.verdict import CommandRun, TestOutcome, Verdict
from gitagent.gates.judge import OUTPUT_CHARS, judge

P: TestOutcome = "passed"
F: TestOutcome = "failed"
S: TestOutcome = "skipped"
T = "tests/test_x.py"
COMPILED = CommandRun("compile", 0, "", 0.1)
NO_TESTS = CommandRun("pytest", 5, "no tests ran in 0.01s", 0.1)


def suite(_exit: int | None = None, /, **outcomes: TestOutcome) -> CommandRun:
    """A pytest run with these outcomes; its exit code is what pytest's would be."""
    code = int("failed" in outcomes.values()) if _exit is None else _exit
    ids = {f"{T}::{name}": outcome for name, outcome in outcomes.items()}
    return CommandRun("pytest", code, "the output", 1.0, tests=ids)


def plain(code: int | None, **changes: object) -> CommandRun:
    return replace(CommandRun("make check", code, "the output", 1.0), **changes)  # type: ignore[arg-type]


def verdict(base: CommandRun, now: CommandRun, text: str = "add a page") -> Verdict:
    return judge(text, [COMPILED, base], [COMPILED, now])


def test_all_that_passed_passes() -> None:
    """New tests are welcome."""
    found = verdict(suite(a=P), suite(a=P, b=P))
    assert (found.kind, found.reason) == ("pass", "2 passed")
    assert found.passed == (f"{T}::a", f"{T}::b")
    assert found.fixed == ()
    assert found.output == ""
    assert found.seconds == pytest.approx(1.1)


def test_a_failure_that_was_there_before_does_not_block() -> None:
    """It is listed."""
    found = verdict(suite(a=P, b=F), suite(a=P, b=F))
    assert found.kind == "pass"
    assert found.still_failing == (f"{T}::b",)
    assert found.reason == "1 passed, 1 still failing as on the base"


@pytest.mark.parametrize(
    ("base", "now", "reason"),
    [
        (suite(a=P), suite(a=F), "1 broken: tests/test_x.py::a"),
        (suite(a=P), suite(a=P, new=F), "1 broken: tests/test_x.py::new"),
        (suite(a=S), suite(a=F), "1 broken"),
        (suite(a=P), suite(0, a=F), "1 broken"),
        (suite(a=P, b=P), suite(a=P), "1 vanished that ran on the base: tests/test_x.py::b"),
        (suite(a=P, b=F), suite(a=P), "1 vanished"),
        (suite(a=P), suite(0), "1 vanished"),
        (suite(a=P), NO_TESTS, "1 vanished"),
        (suite(a=P), suite(a=S), "1 skipped that ran on the base: tests/test_x.py::a"),
        (suite(a=F), suite(a=S), "1 skipped that ran on the base"),
        (suite(a=P), replace(suite(a=P), timed_out=True, exit_code=None), "its time limit"),
        (suite(a=P), suite(3, a=P), "`pytest` ends with exit code 3 (0 on the base)"),
        (suite(a=P), suite(None), "1 vanished"),
        (plain(0), plain(2), "`make check` ends with exit code 2 (0 on the base)"),
        (plain(2), plain(2), "`make check` still ends with exit code 2"),
        (plain(0), plain(None), "`make check` could not be run to its end"),
        (plain(None), plain(None), "`make check` could not be run to its end"),
        (NO_TESTS, suite(2), "`pytest` ends with exit code 2"),
        (NO_TESTS, suite(a=F), "1 broken"),
    ],
)
def test_what_is_worse_than_the_base_fails(base: CommandRun, now: CommandRun, reason: str) -> None:
    """Each in its own words, with an output to repair it by."""
    found = verdict(base, now)
    assert found.kind == "fail"
    assert reason in found.reason
    assert found.output


@pytest.mark.parametrize(
    ("base", "now"),
    [
        (suite(a=S), suite()),
        (suite(a=S, b=P), suite(a=S, b=P)),
        (suite(a=P), suite(a=P, new=S)),
        (plain(2), plain(0)),
        (plain(0), plain(0)),
        (NO_TESTS, NO_TESTS),
        (NO_TESTS, suite(a=P)),
        (suite(1, a=P), suite(1, a=P)),
    ],
)
def test_what_is_no_worse_than_the_base_passes(base: CommandRun, now: CommandRun) -> None:
    """Skips of the base, its discontent with coverage, its lack of tests."""
    assert verdict(base, now).kind == "pass"


@pytest.mark.parametrize(
    ("text", "now", "kind"),
    [
        ("fix the crash", suite(a=P, b=F, c=F), "fail"),
        ("The build is RED", suite(a=P, b=F, c=F), "fail"),
        ("fix the crash", suite(a=P, b=P, c=F), "pass"),
        ("add a prefix", suite(a=P, b=F, c=F), "pass"),
    ],
)
def test_a_task_about_a_defect_mends_one(text: str, now: CommandRun, kind: str) -> None:
    """Where the base had failing tests, one of them at least passes afterwards."""
    found = verdict(suite(a=P, b=F, c=F), now, text)
    assert found.kind == kind
    if kind == "fail":
        assert found.reason.startswith("none of the base's 2 failing tests is fixed")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("make test_b pass", ["test_b", "test_b[1]"]),
        ("test_b[1] should pass", ["test_b[1]"]),
        ("fix test_b and test_c", ["test_b", "test_b[1]", "test_c"]),
        (f"{T}::test_c", ["test_c"]),
    ],
)
def test_the_tests_that_a_task_names_are_mended(text: str, named: list[str]) -> None:
    """Each of them; others may stay as they were."""
    names = ["test_b", "test_b[1]", "test_c", "test_bcd"]
    base = suite(**dict.fromkeys(names, F))
    done = {name: P if name in named else F for name in names}
    assert verdict(base, suite(**done), text).kind == "pass"
    for left in named:
        found = verdict(base, suite(**{**done, left: F}), text)
        assert found.kind == "fail"
        if len(named) > 1:
            assert found.reason == f"named in the task and still failing: {T}::{left}"


def test_a_file_that_can_be_imported_again_is_fixed() -> None:
    """On the base it fails as a whole; its tests stand in its place then."""
    base = replace(suite(1), tests={T: "failed", "tests/test_y.py::a": "passed"})
    now = replace(suite(), tests={f"{T}::b": "passed", "tests/test_y.py::a": "passed"})
    found = verdict(base, now, "fix the import")
    assert (found.kind, found.fixed, found.vanished) == ("pass", (f"{T}::b",), ())
    half = replace(suite(1), tests={**now.tests, f"{T}::c": "failed"})
    assert verdict(base, half).still_failing == (f"{T}::c",)
    assert verdict(base, half, f"make {T} pass").kind == "fail"
    silent = replace(now, tests={f"{T}::b": "skipped", "tests/test_y.py::a": "passed"})
    assert "1 skipped that ran on the base" in verdict(base, silent).reason
    gone = replace(now, tests={"tests/test_y.py::a": "passed"})
    assert verdict(base, gone).vanished == (T,)


def test_unittests_modules_are_such_files() -> None:
    """Their ids have dots."""
    base = replace(suite(1), tests={"tests.test_x": "failed"})
    now = replace(suite(), tests={"tests.test_x.A.test_a": "passed"})
    assert verdict(base, now, "fix it").fixed == ("tests.test_x.A.test_a",)


def compiled(*paths: str) -> CommandRun:
    ids: dict[str, TestOutcome] = {f"compile::{path}": "failed" for path in paths}
    output = "".join(f"{path}:1: invalid syntax\n" for path in paths)
    return CommandRun("compile", int(bool(paths)), output, 0.1, tests=ids)


def test_a_file_that_no_longer_compiles_is_the_whole_reason() -> None:
    """The tests were not run after it; none of them counts as gone."""
    found = judge("add", [compiled(), suite(a=P)], [compiled("app.py")])
    assert (found.kind, found.reason) == ("fail", "1 broken: compile::app.py")
    assert found.vanished == ()
    assert found.output == "app.py:1: invalid syntax"


def test_a_file_that_never_compiled_does_not_block() -> None:
    """Nor does it count as a failing test that a fix must mend."""
    base = [compiled("old.py"), suite(a=P)]
    assert judge("fix it", base, base).kind == "pass"
    assert judge("fix it", base, [compiled(), suite(a=P)]).fixed == ("compile::old.py",)
    assert judge("fix the syntax of old.py", base, base).kind == "fail"


def test_where_nothing_can_be_built_before_and_after_there_is_no_verdict() -> None:
    """It fails as on the base, and says nothing about the change; what ran beside it does."""
    base = [compiled("app.py")]
    found = judge("add", base, base)
    assert found.kind == "none"
    assert found.reason == "Nothing could be built, as on the base: compile::app.py."
    assert judge("add", [*base, NO_TESTS], [*base, NO_TESTS]).kind == "none"
    assert judge("add", [*base, plain(0)], [*base, plain(0)]).kind == "pass"


def test_a_command_that_did_not_run_is_missed() -> None:
    """The gate that is judged is the base's."""
    base = [compiled("old.py"), suite(a=P)]
    found = judge("add", base, base[:1])
    assert (found.kind, found.reason) == ("fail", "`pytest` did not run")
    assert judge("add", base, []).kind == "fail"


def test_nothing_to_run_is_no_verdict() -> None:
    """It is said, and does not count as green."""
    assert judge("add", [], []).kind == "none"
    assert judge("add", [NO_TESTS], [NO_TESTS]).kind == "none"
    ran_none = CommandRun("unittest", 0, "Ran 0 tests in 0.000s\n\nOK\n", 0.1)
    found = judge("add", [COMPILED, ran_none], [COMPILED, ran_none])
    assert (found.kind, found.reason) == ("pass", "`compile` passes, no test was found")


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("running 0 tests\n\ntest result: ok. 0 passed\n", "none"),
        ("running 2 tests\n..\n\n   Doc-tests app\n\nrunning 0 tests\n", "pass"),
        ("?   \texample.com/a\t[no test files]\n", "none"),
        ("?   \texample.com/a\t[no test files]\nok  \texample.com/b\t0.1s\n", "pass"),
        ("There are no tests to run\n", "none"),
    ],
)
def test_a_runner_without_tests_is_known_by_its_words(output: str, kind: str) -> None:
    """Of several programs or packages, one that has some is enough."""
    run = CommandRun("test", 0, output, 0.1)
    assert judge("add", [run], [run]).kind == kind


def test_many_names_are_counted() -> None:
    """A reason is a sentence, not a list."""
    names = [f"t{n}" for n in range(9)]
    found = verdict(suite(**dict.fromkeys(names, P)), suite(**dict.fromkeys(names, F)))
    assert found.reason == f"9 broken: {T}::t0, {T}::t1, {T}::t2 and 6 more"
    assert len(found.broken) == 9


def test_the_output_is_bounded() -> None:
    """Of several failing commands each gets its part."""
    runs = [replace(plain(1), name=f"check {n}", output=f"{n}" * 50_000) for n in range(3)]
    output = judge("add", [], runs).output
    assert len(output) <= OUTPUT_CHARS
    assert all(f"$ check {n}\n{n}{n}" in output for n in range(3))
