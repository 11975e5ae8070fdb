"""What cargo and Rust's test harness print, as they printed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitagent.gates.cargo_output import parse

OUTPUTS = Path(__file__).with_name("outputs")
LIBRARY = {
    "a/src/lib.rs::tests::ok": "passed",
    "a/src/lib.rs::tests::fails": "failed",
    "a/src/lib.rs::tests::ign": "skipped",
    "a/src/lib.rs::tests::ign2": "skipped",
    "a/src/lib.rs::tests::panics": "passed",
    "a/src/lib.rs::tests::panics_wrong": "failed",
    "a/src/lib.rs::tests::noisy": "passed",
    "a/src/lib.rs::tests::noisy_lines": "passed",
    "a/src/lib.rs::tests::result": "failed",
}


def read(name: str) -> str:
    return (OUTPUTS / name).read_text()


def test_each_program_of_a_crate_has_ids_of_its_own() -> None:
    """Unit tests, programs, integration tests, documentation; also what dies or is no harness."""
    assert parse(read("cargo-test.txt"), package="a") == {
        **LIBRARY,
        "a/src/main.rs::tests::in_main": "passed",
        "a/src/bin/x.rs::in_bin": "passed",
        "a/tests/aborts.rs": "failed",
        "a/tests/custom.rs": "failed",
        "a/tests/exits.rs": "failed",
        "a/tests/it.rs::tests::works": "passed",
        "a/src/lib.rs::doctest add": "passed",
        "a/src/lib.rs::doctest add #2": "passed",
        "a/src/lib.rs::doctest add #3": "passed",
        "a/src/lib.rs::doctest add #4": "skipped",
        "a/src/lib.rs::doctest S": "failed",
    }


def test_one_thread_prints_otherwise_and_says_the_same() -> None:
    """Where tests run one by one, what they print stands between a test and its outcome."""
    assert parse(read("cargo-test-one-thread.txt"), package="a") == LIBRARY


def test_a_program_that_aborts_has_failed_and_keeps_what_it_said() -> None:
    """A real one: the runtime ended bat's integration tests in the middle."""
    tests = parse(read("cargo-test-aborted.txt"))
    assert tests["tests/integration_tests.rs"] == "failed"
    assert tests["tests/integration_tests.rs::ignored_suffix_arg"] == "passed"


def test_files_that_do_not_compile_are_named() -> None:
    """By the tree's paths, once each."""
    assert parse(read("cargo-check.txt")) == {"compile::b/src/lib.rs": "failed"}
    assert parse(read("cargo-check.txt"), "rust") == {"compile::rust/b/src/lib.rs": "failed"}


def test_a_crate_that_does_not_link_is_named_by_itself() -> None:
    """Where no file is at fault."""
    output = (
        "error: linking with `cc` failed: exit status: 1\n\nerror: could not compile `a-one` (bin)"
    )
    assert parse(output) == {"compile::a-one": "failed"}


@pytest.mark.parametrize(
    "output",
    [
        "error: no matching package named `serde` found\nlocation searched: crates.io index\n",
        "error: failed to parse manifest at `/project/Cargo.toml`\n",
        "",
    ],
)
def test_what_keeps_cargo_from_compiling_is_no_files_error(output: str) -> None:
    """The exit code speaks for it."""
    assert parse(output) == {}


def program(*lines: str, counts: str = "1 passed; 0 failed", path: str = "tests/a.rs") -> str:
    return "\n".join(
        (
            f"     Running {path} (target/debug/deps/a-0123456789abcdef)\n",
            "running 1 test",
            *lines,
            f"\ntest result: ok. {counts}; 0 ignored; 0 measured; 0 filtered out\n",
        )
    )


def test_a_line_that_a_test_prints_does_not_overrule_its_failure() -> None:
    """The list at the end does."""
    forged = program(
        "test a ... ok", "test a ... FAILED", "\nfailures:\n    a", counts="0 passed; 1 failed"
    )
    assert parse(forged)["tests/a.rs::a"] == "failed"
    shadowed = program("test a ... FAILED", "test a ... ok", counts="0 passed; 1 failed")
    assert parse(shadowed)["tests/a.rs::a"] == "failed"


def test_more_passes_than_were_counted_are_no_pass() -> None:
    """A test printed the line of another, which did not run."""
    tests = parse(program("test other ... ok", "test a ... ok"))
    assert tests["tests/a.rs"] == "failed"


def test_a_program_without_its_counts_has_failed() -> None:
    """It ended itself, with success."""
    cut = program("test a ... ok").partition("\ntest result")[0]
    assert parse(cut) == {"tests/a.rs": "failed", "tests/a.rs::a": "passed"}


def test_a_harness_of_its_own_is_one_test() -> None:
    """Nothing but its exit code is known."""
    head = "     Running tests/a.rs (target/debug/deps/a-0123456789abcdef)\nall well\n"
    assert parse(head) == {"tests/a.rs": "passed"}
    assert parse(f"{head}error: test failed, to rerun pass `--test a`\n") == {
        "tests/a.rs": "failed"
    }


def test_programs_of_one_name_do_not_cover_each_other() -> None:
    """A run of a whole workspace names them by their own crates' paths."""
    both = program("test a ... FAILED", counts="0 passed; 1 failed") + program("test a ... ok")
    assert parse(both) == {"tests/a.rs::a": "failed", "tests/a.rs#2::a": "passed"}


def test_a_documented_example_keeps_its_id_when_its_line_moves() -> None:
    """An edit above it moves every line below."""
    text = (
        "   Doc-tests a\n\nrunning 2 tests\ntest src/lib.rs - f (line {0}) ... ok\n"
        "test src/lib.rs - (line {1}) - compile ... ok\n\ntest result: ok. 2 passed; 0 failed; \n"
    )
    assert parse(text.format(3, 9)) == parse(text.format(30, 90))
    assert set(parse(text.format(3, 9))) == {"src/lib.rs::doctest f", "src/lib.rs::doctest"}


def test_nothing_that_a_test_prints_is_read_as_a_compilers_error() -> None:
    """Tests of compilers print such errors."""
    said = "error: mismatched types\n --> src/x.rs:1:1\n"
    assert parse(program("test a ... ok", said)) == {"tests/a.rs::a": "passed"}
