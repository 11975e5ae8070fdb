"""The tests nearest to a change, by name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.gates.nearest import arguments, called, nearest, worth
from gitagent.ports import TreeFile

PYTEST = GateCommand("pytest", ("pytest",), "pytest", narrow=("pytest", "-q"))
GO = GateCommand("go test", ("go",), narrow=("go", "test"))
LONG = CommandRun("pytest", 0, "", 60.0)
"""A run that names no file."""
FILES = {
    "src/app/parse.py": "def parse(): ...\n",
    "src/app/store.py": "def put(): ...\n",
    "tests/test_parse.py": "import app\n",
    "tests/test_shell.py": "from app.parse import parse\n",
    **{f"tests/test_{n}.py": "import app\n" for n in range(12)},
}


def near(
    changed: list[str],
    files: Mapping[str, str] = FILES,
    command: GateCommand = PYTEST,
    packages: tuple[str, ...] = ("",),
    before: CommandRun = LONG,
) -> list[str]:
    entries = [TreeFile(path, path, 0o100644, len(text)) for path, text in files.items()]
    found = nearest(command, before, changed, entries, packages, lambda path: files[path].encode())
    return list(found)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["src/app/parse.py"], ["tests/test_parse.py", "tests/test_shell.py"]),
        (["src/app/store.py"], []),
        (["tests/test_3.py"], ["tests/test_3.py"]),
        (["tests/test_gone.py"], []),
        (["README.md", "parse.txt"], []),
    ],
    ids=str,
)
def test_a_test_is_near_that_changed_or_is_called_so_or_names_it(
    changed: list[str], expected: list[str]
) -> None:
    """The name of a module is what its file is called."""
    assert near(changed) == expected


def test_what_saves_nothing_is_not_begun_with() -> None:
    """A short run, one of unknown length, most of the files, a command that cannot be told so."""
    assert worth(PYTEST, LONG)
    assert not worth(PYTEST, CommandRun("pytest", 0, "", 1.0))
    assert not worth(GateCommand("make", ("make",)), LONG)
    few = {path: FILES[path] for path in list(FILES)[:4]}
    assert near(["src/app/parse.py"], few) == []


def test_only_files_that_gave_tests_on_the_base_are_told() -> None:
    """And what a change adds beside them: no helper, nothing that the runner leaves out."""
    files = {
        **FILES,
        "tests/conftest.py": "import parse\n",
        "tests/test_new.py": "",
        "examples/tests/test_parse.py": "",
        "examples/tests/test_new.py": "",
    }
    ids = [f"{path}::test_a" for path in FILES if path.startswith("tests/")]
    before = CommandRun("pytest", 0, "", 60.0, tests=dict.fromkeys(ids, "passed"))
    changed = ["src/app/parse.py", "tests/test_new.py", "examples/tests/test_new.py"]
    assert set(near(changed, files, before=before)) == {
        "tests/test_new.py",
        "tests/test_parse.py",
        "tests/test_shell.py",
    }


def test_a_name_that_everybody_uses_leads_to_the_tests_of_that_name() -> None:
    """Not to half of the project."""
    files = {path: f"{text}\nparse\n" for path, text in FILES.items()}
    assert near(["src/app/parse.py"], files) == ["tests/test_parse.py"]
    assert near(["src/app/store.py"], {p: f"{t}\nstore\n" for p, t in FILES.items()}) == []


def test_another_packages_tests_are_not_this_commands() -> None:
    """Not even where they stand below its folder."""
    command = GateCommand("x", ("x",), folder="a", package="a", narrow=("x",))
    files = {
        **{f"a/tests/test_{n}.py": "" for n in range(9)},
        "a/tests/test_parse.py": "",
        "a/inner/tests/test_parse.py": "",
        "b/tests/test_parse.py": "",
    }
    found = near(["a/parse.py"], files, command, packages=("a", "a/inner", "b"))
    assert found == ["tests/test_parse.py"]


def test_in_go_all_tests_of_a_folder_are_near() -> None:
    """A package is what its folder is called."""
    files = {
        **{f"p{n}/x_test.go": "package p\n" for n in range(9)},
        "pkg/parse/one_test.go": "package parse\n",
        "pkg/parse/two_test.go": "package parse\n",
        "pkg/parse/read.go": "package parse\n",
    }
    expected = ["pkg/parse/one_test.go", "pkg/parse/two_test.go"]
    assert near(["pkg/parse/read.go"], files, GO) == expected
    inside = GateCommand("go", ("go",), folder="pkg", narrow=("go",))
    assert arguments(inside, expected[:1]) == ("parse/one_test.go",)


def test_a_files_name_is_never_an_option() -> None:
    """Whatever it begins with."""
    assert arguments(PYTEST, ["-pevil_test.py", "a/-x_test.py"]) == (
        "./-pevil_test.py",
        "a/-x_test.py",
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/parse.py", "parse"),
        ("tests/test_parse.py", "parse"),
        ("parse_test.py", "parse"),
        ("src/parse/__init__.py", "parse"),
        ("src/parse/index.ts", "parse"),
        ("src/parse.test.tsx", "parse"),
        ("lib/parse_test.exs", "parse"),
        ("pkg/parse/read.go", "parse"),
        ("__init__.py", ""),
        ("notes.md", "notes.md"),
    ],
)
def test_a_file_goes_by_one_name(path: str, name: str) -> None:
    """That of what it defines, or of what it tests."""
    assert called(path) == name
