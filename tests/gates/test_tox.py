"""What tox and nox say of how the tests are run."""

from __future__ import annotations

import pytest
from trees import project

from gitagent.gates.tox import Asked, asked

INI = "[testenv]\ncommands = "
LINT = "[testenv:lint]\ncommands = ruff\n"
NATIVE = "[env_run_base]\ncommands = "
POSARGS = '[["pytest", "-v", {replace = "posargs", default = ["t"]}]]\n'
NOX = """
import nox
@nox.session(python=["3.11"])
def lint(session):
    session.run("ruff")
@nox.session
def tests(session):
    session.install(".")
    session.run("pytest", "-m", "fast", *session.posargs)
"""
NOX_UNITTEST = """
def unit(s):
    s.run("python", "-m", "unittest", "discover", "-s", "t")
"""


@pytest.mark.parametrize(
    ("file", "text", "runner", "args"),
    [
        ("tox.ini", f"{INI}pytest {{posargs:tests}}\n", "pytest", ("tests",)),
        ("tox.ini", f"{INI}\n  {{envpython}} -m pytest -W error\n", "pytest", ("-W", "error")),
        ("tox.ini", f"{INI}py.test \\\n  a \\\n  b\n", "pytest", ("a", "b")),
        ("tox.ini", f"{INI}\n py312,{{a,b}}: pytest {{toxinidir}}/t\n", "pytest", ("t",)),
        ("tox.ini", f"{INI}coverage run -m pytest x\n", "pytest", ("x",)),
        ("tox.ini", f"{INI}pip list\n  - python -m unittest a\n", "unittest", ("a",)),
        ("tox.ini", f"{LINT}[testenv:py312]\ncommands = pytest\n", "pytest", ()),
        ("setup.cfg", f"{INI}pytest a\n", "pytest", ("a",)),
        ("tox.ini", f"{INI}make check\n", "", ()),
        ("pyproject.toml", f"[tool.tox.env_run_base]\ncommands = {POSARGS}", "pytest", ("-v", "t")),
        ("tox.toml", f'{NATIVE}[["python", "-m", "unittest", "-v"]]\n', "unittest", ("-v",)),
        (
            "pyproject.toml",
            f'[tool.tox]\nlegacy_tox_ini = """\n{INI}pytest a\n"""\n',
            "pytest",
            ("a",),
        ),
        ("noxfile.py", NOX, "pytest", ("-m", "fast")),
        ("noxfile.py", NOX_UNITTEST, "unittest", ("discover", "-s", "t")),
    ],
)
def test_the_test_command_is_found(
    file: str, text: str, runner: str, args: tuple[str, ...]
) -> None:
    """In each of the forms in which it may be written; without what is only for environments."""
    found = asked(project({file: text}))
    assert found is not None
    assert (found.file, found.runner, found.args) == (file, runner, args)


def test_a_known_runner_is_preferred() -> None:
    """What else the environments run is none of the gate's."""
    files = {"tox.ini": "[testenv]\ncommands = make check\n pytest a\n"}
    assert asked(project(files)) == Asked("tox.ini", "pytest", ("a",), (), "pytest a")


def test_variables_of_the_test_environment_come_with_it() -> None:
    """Plain ones; never those by which another program, home or module would be found."""
    text = (
        "[testenv]\nsetenv =\n  MODE = test\n  DIR = {envdir}/x\n  PATH = /evil\n  HOME=/evil\n"
        "  LD_PRELOAD = evil.so\n  PYTHONPATH = evil\n  PYTHONSTARTUP=evil\ncommands = pytest\n"
    )
    found = asked(project({"tox.ini": text}))
    assert found is not None
    assert found.env == (("MODE", "test"),)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"tox.ini": "[testenv"},
        {"tox.ini": "[testenv]\ncommands = pytest 'a\n"},
        {"noxfile.py": "def tests(:"},
        {"noxfile.py": "raise SystemExit\n"},
        {"tox.toml": "env_run_base = 3\n"},
        {"pyproject.toml": "[tool]\ntox = 3\n"},
        {"tox.toml": "[env_run_base]\ncommands = [3, [4]]\n"},
        {"noxfile.py": "(" * 50_000},
    ],
)
def test_what_says_nothing_is_nothing(files: dict[str, str]) -> None:
    """Broken files are survived, and nothing of them is run."""
    assert asked(project(files)) is None
