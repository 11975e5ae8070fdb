"""The gate on real trees, with real runs: what it finds, what it cannot be made to believe."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from gitagent.domain.edit import File
from gitagent.domain.verdict import CommandRun, GateCommand, Verdict
from gitagent.gates.detect import configured, detect
from gitagent.gates.judge import judge
from gitagent.gates.project import Project as Seen
from gitagent.git.export import export
from gitagent.git.repository import GitRepo
from gitagent.ports import Execution
from gitagent.sandbox.plain import PlainSandbox
from gitagent.stages.gate import gate
from gitagent.testing import repositories

Files = Mapping[str, str | None]

PYTEST = {
    "src/app/__init__.py": "def double(n):\n    return n * 2\n\n\ndef half(n):\n    return n\n",
    "tests/test_app.py": (
        "from app import double, half\n\n\n"
        "def test_double():\n    assert double(2) == 4\n\n\n"
        "def test_half():\n    assert half(4) == 2\n"
    ),
    "README.md": "An app.\n",
}
UNITTEST = {
    "app.py": PYTEST["src/app/__init__.py"],
    "tests/test_app.py": (
        "import unittest\nfrom app import double, half\n\n\n"
        "class TestApp(unittest.TestCase):\n"
        "    def test_double(self):\n        self.assertEqual(double(2), 4)\n\n"
        "    def test_half(self):\n        self.assertEqual(half(4), 2)\n"
    ),
}
HALF_MENDED = "def double(n):\n    return n * 2\n\n\ndef half(n):\n    return n / 2\n"


class Project:
    """A repository with its base gated, and the verdict on changes to it."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.repo = GitRepo.open(repositories.build(folder / "repo", files))
        self.tree = self.repo.tree_of(self.repo.resolve("HEAD"))
        self.scratch = folder / "scratch"
        environ = {"PATH": str(Path(sys.executable).parent)}
        files_ = self.repo.files(self.tree)
        self.commands = detect(Seen.of(files_, self.repo.read, None, environ)).commands

    def runs(
        self,
        changes: Files | None = None,
        commands: tuple[GateCommand, ...] | None = None,
        base: tuple[CommandRun, ...] | None = None,
        timeout: float = 60.0,
    ) -> tuple[CommandRun, ...]:
        written = {
            path: None if text is None else File(text.encode())
            for path, text in (changes or {}).items()
        }
        return gate(
            self.repo,
            PlainSandbox(grace=0.2),
            self.repo.with_files(self.tree, written),
            self.commands if commands is None else commands,
            scratch=self.scratch,
            timeout=timeout,
            export=export,
            base=base,
        )

    @cached_property
    def base(self) -> tuple[CommandRun, ...]:
        return self.runs()

    def verdict(self, changes: Files, text: str = "change it") -> Verdict:
        return judge(text, self.base, self.runs(changes, base=self.base))


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str]], Project]:
    return lambda files: Project(tmp_path, files)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all tests that need no other, so that its base is gated once."""
    return Project(tmp_path_factory.mktemp("app"), PYTEST)


Make = Callable[[Mapping[str, str]], Project]


@pytest.mark.parametrize(
    ("files", "path", "half"),
    [
        (PYTEST, "src/app/__init__.py", "tests/test_app.py::test_half"),
        (UNITTEST, "app.py", "test_app.TestApp.test_half"),
    ],
    ids=["pytest", "unittest"],
)
def test_a_mended_test_is_named_as_fixed(
    project: Make, files: Mapping[str, str], path: str, half: str
) -> None:
    """By its id, out of the runner's own results."""
    found = project(files).verdict({path: HALF_MENDED}, "fix half")
    assert (found.kind, found.fixed) == ("pass", (half,))
    assert found.reason == f"2 passed, 1 fixed ({half})"


@pytest.mark.parametrize(
    ("files", "path"), [(PYTEST, "src/app/__init__.py"), (UNITTEST, "app.py")], ids=["py", "unit"]
)
def test_a_broken_test_fails_with_what_repairs_it(
    project: Make, files: Mapping[str, str], path: str
) -> None:
    """The output names paths of the tree, not of the export."""
    found = project(files).verdict({path: HALF_MENDED.replace("n * 2", "n * 3")})
    assert found.kind == "fail"
    assert [test[-11:] for test in found.broken] == ["test_double"]
    assert "6" in found.output
    assert "tests/test_app.py" in found.output
    assert "gate-" not in found.output


def test_a_file_that_does_not_compile_ends_the_gate(app: Project) -> None:
    """The tests are not started; path and line come back."""
    base = app.base
    now = app.runs({"src/app/__init__.py": "def double(n)\n    return n\n"}, base=base)
    assert [run.name for run in base] == ["compile", "pytest"]
    assert [run.name for run in now] == ["compile"]
    assert judge("add", base, now).output == "src/app/__init__.py:1: expected ':'"


def test_a_file_that_never_compiled_keeps_no_test_from_running(project: Make) -> None:
    """Old Python 2 in a corner, or a template."""
    here = project({**PYTEST, "templates/old.py": "print 'x'\n"})
    base = here.base
    now = here.runs({"src/app/__init__.py": HALF_MENDED}, base=base)
    assert [run.name for run in base] == [run.name for run in now] == ["compile", "pytest"]
    assert judge("fix half", base, now).kind == "pass"


def test_a_test_file_that_cannot_be_imported_hides_no_other(project: Make) -> None:
    """Its own tests count as fixed once they run."""
    files = {**PYTEST, "tests/test_new.py": "from app import third\n\ndef test_third(): third(3)\n"}
    here = project(files)
    base = here.base
    assert base[1].tests == {
        "tests/test_new.py": "failed",
        "tests/test_app.py::test_double": "passed",
        "tests/test_app.py::test_half": "failed",
    }
    third = PYTEST["src/app/__init__.py"] + "\n\ndef third(n):\n    return n / 3\n"
    found = judge("add third", base, here.runs({"src/app/__init__.py": third}, base=base))
    assert (found.kind, found.fixed) == ("pass", ("tests/test_new.py::test_third",))


WORSE = HALF_MENDED.replace("n * 2", "0")
TESTS = PYTEST["tests/test_app.py"]
DOUBLE = "tests/test_app.py::test_double"


def marked(mark: str) -> str:
    return "import pytest\n" + TESTS.replace("def test_d", f"@pytest.mark.{mark}\ndef test_d")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"conftest.py": "import os\nos._exit(0)\n"}, "vanished"),
        ({"tests/conftest.py": "import os\nos._exit(0)\n"}, "vanished"),
        ({"sitecustomize.py": "import os\nos._exit(0)\n"}, "vanished"),
        ({"pytest.py": "print('1 passed')\n"}, "vanished"),
        (
            {"conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"},
            "1 broken",
        ),
        ({"conftest.py": "collect_ignore_glob = ['*']\n"}, "2 vanished"),
        (
            {"conftest.py": "def pytest_collection_modifyitems(items):\n    items.clear()\n"},
            "2 vanished",
        ),
        ({"tests/test_app.py": TESTS.replace("test_double", "double_test")}, "1 vanished"),
        ({"tests/test_app.py": None}, "2 vanished"),
        ({"pytest.ini": f"[pytest]\naddopts = --deselect {DOUBLE}\n"}, "1 broken"),
        ({"tests/test_app.py": marked("skip")}, "1 skipped that ran"),
        ({"tests/test_app.py": marked("xfail")}, "1 skipped that ran"),
        (
            {"tests/test_app.py": f"import pytest\npytest.skip(allow_module_level=True)\n{TESTS}"},
            "vanished",
        ),
    ],
    ids=str,
)
def test_green_cannot_be_faked(app: Project, changes: Files, reason: str) -> None:
    """A change that breaks a test and hides it is a named verdict, whatever the exit code."""
    found = app.verdict({"src/app/__init__.py": WORSE, **changes})
    assert found.kind == "fail"
    assert reason in found.reason


def test_settings_above_the_export_are_not_read(project: Make) -> None:
    """Neither pytest's settings nor a conftest of the folders around it."""
    here = project(PYTEST)
    here.scratch.mkdir()
    (here.scratch / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (here.scratch / "conftest.py").write_text("raise SystemExit\n")
    assert len(here.runs()[1].tests) == 2


def test_the_projects_own_haste_is_overruled(project: Make) -> None:
    """With `-x` in its settings, the tests after the first failure would not be known."""
    files = {**PYTEST, "pytest.ini": "[pytest]\naddopts = -x --tb=no -q\n"}
    runs = project(files).runs({"src/app/__init__.py": WORSE.replace("n / 2", "n")})
    assert list(runs[1].tests.values()) == ["failed", "failed"]
    assert "assert" in runs[1].output


def test_the_environment_stays_outside(
    project: Make, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """No key, no home; nothing of the repository's git folder."""
    monkeypatch.setenv("OPENAI_API_KEY", "FAKEKEY-1")
    (home / "key").write_text("FAKEKEY-2")
    line = "env; cat ~/key; cat /proc/$PPID/environ; git rev-parse --git-dir; exit 1"
    (run,) = project(PYTEST).runs(commands=configured([line]))
    assert "FAKEKEY" not in run.output
    assert "HOME=" in run.output
    assert "not a git repository" in run.output


def test_the_export_is_gone_afterwards(project: Make) -> None:
    """With all that a test has left in it."""
    here = project(PYTEST)
    (run,) = here.runs(commands=configured(["mkdir -p a/b && touch a/b/c && chmod 500 a/b && pwd"]))
    assert run.exit_code == 0
    assert list(here.scratch.iterdir()) == []


def test_an_interrupted_gate_leaves_nothing(project: Make) -> None:
    """Whatever the exception."""

    class Interrupted(PlainSandbox):
        def run(self, *args: Any, **kwargs: Any) -> Execution:
            raise KeyboardInterrupt

    here = project(PYTEST)
    with pytest.raises(KeyboardInterrupt):
        gate(
            here.repo,
            Interrupted(),
            here.tree,
            here.commands,
            scratch=here.scratch,
            timeout=1,
            export=export,
        )
    assert list(here.scratch.iterdir()) == []


def test_the_time_limit_is_for_all_commands(project: Make) -> None:
    """What is left for the last is what the others did not use."""
    runs = project(PYTEST).runs(commands=configured(["sleep 30", "true"]), timeout=0.5)
    assert [(run.timed_out, run.exit_code) for run in runs] == [(True, None), (True, None)]
    assert runs[1].output == "There was no time left for it."


def test_a_program_that_is_not_there_is_said(project: Make) -> None:
    """It is a failed run, not an error of ours."""
    (run,) = project(PYTEST).runs(commands=(GateCommand("lint", ("no-such-linter",)),))
    assert run.exit_code is None
    assert "no-such-linter: No such file" in run.output
    assert judge("add", [], [run]).kind == "fail"


def test_a_configured_pytest_is_read_by_test(project: Make) -> None:
    """Through the shell, together with other commands."""
    line = f"echo start && {sys.executable} -m pytest tests"
    (run,) = project(PYTEST).runs(commands=configured([line]))
    assert run.exit_code == 1
    assert run.tests == {
        "tests/test_app.py::test_double": "passed",
        "tests/test_app.py::test_half": "failed",
    }


def test_what_is_not_exported_is_said(tmp_path: Path) -> None:
    """Where it may be the reason of a failure."""
    link = repositories.Entry(symlink_to="/etc/passwd")
    here = Project(tmp_path, {"data": link, "a.py": ""})  # type: ignore[dict-item]
    good, bad = here.runs(commands=configured(["true", "cat data"]))
    assert good.output == ""
    assert bad.output.startswith("[not exported: data: a link that leads out of the tree]\n")


def test_nothing_to_run_exports_nothing(project: Make) -> None:
    """A tree without a gate costs nothing."""
    here = project(PYTEST)
    assert here.runs(commands=()) == ()
    assert not here.scratch.exists()


def test_the_checkout_is_never_touched(project: Make, tmp_path: Path) -> None:
    """No bytecode, no cache, no change of any kind in the repository's folder."""
    here = project(PYTEST)
    before = sorted(os.fspath(path) for path in (tmp_path / "repo").rglob("*"))
    here.runs()
    assert sorted(os.fspath(path) for path in (tmp_path / "repo").rglob("*")) == before
