"""Rust's tests stand in the file that they test: the base's are put back into it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from trials import Project

from gitagent.domain.edit import File

LIB = "pub fn double(n: i32) -> i32 { n * 2 }\n"
TESTS = (
    "\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n"
    "    #[test]\n    fn doubles() { assert_eq!(double(2), 4); }\n}\n"
)
BROKEN = LIB.replace("n * 2", "n * 3")
FILES: Mapping[str, str] = {
    "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": LIB + TESTS,
}
TRICKS = {
    "the tests are gone": BROKEN,
    "a test is ignored": BROKEN + TESTS.replace("#[test]", "#[test]\n    #[ignore]"),
    "a test is emptied": BROKEN + TESTS.replace("assert_eq!(double(2), 4);", ""),
    "a test expects what it gets": BROKEN + TESTS.replace("4", "6"),
    "a test is to panic": BROKEN + TESTS.replace("#[test]", "#[test]\n    #[should_panic]"),
    "the tests are compiled never": BROKEN + TESTS.replace("cfg(test)", "cfg(any())"),
    "the product is another one under test": (
        "pub fn double(n: i32) -> i32 { if cfg!(test) { n * 2 } else { n * 3 } }\n" + TESTS
    ),
    "the product ends": LIB.replace("n * 2", "std::process::exit(0)") + TESTS,
}
RUSTUP = os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup"
"""Where the toolchain is, before a test gets another home."""


def _runs_cargo() -> bool:
    """A program of that name may be rustup's, which has no toolchain in this home."""
    if shutil.which("cargo") is None:
        return False
    env = {**os.environ, "RUSTUP_HOME": str(RUSTUP)}
    return subprocess.run(["cargo", "--version"], env=env, capture_output=True).returncode == 0


needs_cargo = pytest.mark.skipif(not _runs_cargo(), reason="there is no cargo on this machine")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("rust")
    where = f"RUSTUP_HOME={RUSTUP} CARGO_HOME={folder / 'cargo'}"
    return Project(folder, FILES, gate=f"{where} cargo test --offline --quiet --lib")


@pytest.mark.parametrize("trick", TRICKS)
def test_every_trick_in_an_inline_test_is_found(app: Project, trick: str) -> None:
    """Before anything runs; but for what only the base's own test can show."""
    trial = app.trial({"src/lib.rs": TRICKS[trick]})
    file = app.repo.file(trial.tree, "src/lib.rs")
    assert isinstance(file, File)
    assert "assert_eq!(double(2), 4)" in file.data.decode()
    if trick != "a test expects what it gets":
        assert trial.sure


@needs_cargo
@pytest.mark.parametrize("trick", ["a test expects what it gets", "the product ends"])
def test_cargo_is_not_made_green(app: Project, trick: str) -> None:
    """The base's own test runs in the changed file."""
    found = app.verdict({"src/lib.rs": TRICKS[trick]})
    assert found.kind == "weakened", found.reason
    assert found.weakened[0].startswith("src/lib.rs")


@needs_cargo
def test_a_new_inline_test_counts_and_is_nobodys_trick(app: Project) -> None:
    """The module is changed, and the base's tests pass beside it."""
    more = TESTS.replace(
        "}\n}\n", "}\n\n    #[test]\n    fn zero() { assert_eq!(double(0), 0); }\n}\n"
    )
    found = app.verdict({"src/lib.rs": LIB + more})
    assert found.kind == "pass", found.reason
