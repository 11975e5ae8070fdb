"""What of the gate runs, in which order, how often, and what is not run again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gitagent.domain.edit import File
from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.gates.detect import detect
from gitagent.gates.judge import judge
from gitagent.gates.kept import KeptRuns
from gitagent.gates.places import Places
from gitagent.gates.project import Project
from gitagent.git.export import Exported, export
from gitagent.git.repository import GitRepo
from gitagent.line import Checks
from gitagent.ports import Execution
from gitagent.sandbox.plain import PlainSandbox
from gitagent.testing import repositories

APP = "def double(n):\n    return n * 2\n"
FILES = {
    "conftest.py": "",
    "app.py": APP,
    "other.py": "def one():\n    return 1\n",
    "tests/test_app.py": (
        "from app import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    ),
    "tests/test_other.py": "import other\n\n\ndef test_one():\n    assert other.one() == 1\n",
    **{f"tests/test_{n}.py": f"def test_{n}():\n    pass\n" for n in range(4)},
}
MEDDLING = f"import other\n\nother.one = int\n\n\n{APP}"
BROKEN = APP.replace("* 2", "* 3")


@dataclass
class Counting:
    """A sandbox that keeps account of what it is asked to run."""

    inner: PlainSandbox = field(default_factory=lambda: PlainSandbox(grace=0.2))
    asked: list[tuple[str, ...]] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    keeps_folder: bool = False
    isolates: bool = True

    def seen(self, folder: Path) -> Path:
        return self.inner.seen(folder)

    def run(self, argv: Sequence[str], folder: Path, **how: Any) -> Execution:
        self.asked.append(tuple(argv))
        self.folders.append(folder)
        return self.inner.run(argv, folder, **how)


class Bench:
    """A repository, its gate, and what was really run."""

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, str],
        commands: Sequence[GateCommand] = (),
        *,
        keeps: bool = False,
        timeout: float = 60.0,
    ) -> None:
        self.repo = GitRepo.open(repositories.build(folder / "repo", files))
        self.tree = self.repo.tree_of(self.repo.resolve("HEAD"))
        project = Project.of(self.repo.files(self.tree), self.repo.read, None, dict(os.environ))
        found = detect(project).commands
        commands = commands or [replace(c, narrow=c.argv) for c in found]
        self.sandbox = Counting(keeps_folder=keeps)
        self.scratch, self.cache = folder / "scratch", folder / "runs"
        self.checks = Checks(
            repo=self.repo,
            sandbox=self.sandbox,
            export=export,
            commands=commands,
            scratch=self.scratch,
            timeout_s=timeout,
            base=self.tree,
            places=Places(self.repo, self.scratch, export, Exported if keeps else None),
            kept=KeptRuns(self.cache, "here"),
        )

    def with_(self, changes: Mapping[str, str | None]) -> str:
        files = {p: None if t is None else File(t.encode()) for p, t in changes.items()}
        return self.repo.with_files(self.tree, files)

    def ran(self) -> list[tuple[str, ...]]:
        """What was run since this was asked last."""
        asked, self.sandbox.asked = self.sandbox.asked, []
        return asked


def short(runs: Sequence[CommandRun]) -> tuple[CommandRun, ...]:
    """Runs as of a project whose tests take no time, however busy this machine is."""
    return tuple(replace(run, seconds=0.1) for run in runs)


def long(runs: Sequence[CommandRun]) -> tuple[CommandRun, ...]:
    """Runs as of a project whose tests take a minute."""
    return tuple(replace(run, seconds=60.0) for run in runs)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, FILES)


def test_a_new_failure_near_the_change_ends_the_round(bench: Bench) -> None:
    """The verdict fails, and says that the rest was not run."""
    base = long(bench.checks.run(bench.tree))
    bench.ran()
    now = bench.checks.run(bench.with_({"app.py": BROKEN}), base)
    _compiled, *tests = bench.ran()
    assert [argv[-1] for argv in tests] == ["tests/test_app.py"] * 2  # it had a second try
    assert [run.partial for run in now] == [False, True]
    found = judge("change it", base, now)
    assert (found.kind, found.broken) == ("fail", ("tests/test_app.py::test_double",))
    assert found.vanished == ()
    assert "of `pytest` only the tests nearest to the change were run" in found.reason


def test_green_near_the_change_is_not_green(bench: Bench) -> None:
    """A pass comes from all tests, also where the nearest have passed."""
    base = long(bench.checks.run(bench.tree))
    bench.ran()
    now = bench.checks.run(bench.with_({"app.py": MEDDLING}), base)
    near, *others = [argv for argv in bench.ran() if "pytest" in argv]
    assert near[-1] == "tests/test_app.py"
    assert len(others) >= 1
    found = judge("change it", base, now)
    assert (found.kind, found.broken) == ("fail", ("tests/test_other.py::test_one",))


def test_a_partial_run_never_passes(bench: Bench) -> None:
    """Even one without a failure in it."""
    base = short(bench.checks.run(bench.tree))
    now = [replace(run, partial=run.name == "pytest") for run in base]
    assert judge("", base, now).kind == "fail"


def test_a_short_suite_runs_whole_at_once(bench: Bench) -> None:
    """Nothing would be saved."""
    base = short(bench.checks.run(bench.tree))
    bench.ran()
    bench.checks.run(bench.with_({"app.py": APP + "\n"}), base)
    assert [argv[-1] for argv in bench.ran() if "pytest" in argv] == ["--color=no"]


def test_a_seen_tree_runs_nothing_and_exports_nothing(bench: Bench, tmp_path: Path) -> None:
    """Green or red, by whatever task; the verdict is the same and says that it was known."""
    base = short(bench.checks.run(bench.tree))
    red, green = bench.with_({"app.py": BROKEN}), bench.with_({"app.py": APP + "\n"})
    first = [bench.checks.verdict(tree, "", base) for tree in (red, green)]
    bench.ran()
    bench.scratch.rename(tmp_path / "away")
    again = replace(bench.checks, kept=KeptRuns(bench.cache, "here"))
    known = again.run(bench.tree)
    second = [again.verdict(tree, "", known) for tree in (red, green)]
    assert bench.ran() == []
    assert not bench.scratch.exists()
    assert [replace(v, known=False, seconds=0) for v in second] == [
        replace(v, seconds=0) for v in first
    ]
    assert all(v.known and v.seconds == 0 and v.said.endswith("(known already)") for v in second)


def flaky(folder: Path, passes_at: str) -> dict[str, str]:
    """A test that counts its runs outside of the tree, and passes in some of them."""
    counter = folder / "counter"
    test = (
        f"import pathlib\n\n\ndef test_now_and_then():\n"
        f"    counter = pathlib.Path({str(counter)!r})\n"
        f"    n = len(counter.read_text()) if counter.exists() else 0\n"
        f"    counter.write_text('x' * (n + 1))\n"
        f"    assert n in {passes_at}\n"
    )
    return {**FILES, "tests/test_flaky.py": test}


FLAKY = "tests/test_flaky.py::test_now_and_then"


def test_a_test_that_fails_once_is_named_and_blocks_nobody(tmp_path: Path) -> None:
    """It runs once more, by itself and with the others."""
    bench = Bench(tmp_path, flaky(tmp_path, "(0, 2, 3)"))
    base = short(bench.checks.run(bench.tree))
    bench.ran()
    now = bench.checks.run(bench.with_({"app.py": APP + "\n"}), base)
    assert [argv[-1] for argv in bench.ran() if "pytest" in argv] == [
        "--color=no",
        "tests/test_flaky.py",
        "--color=no",
    ]
    assert now[1].flaky == (FLAKY,)
    assert (now[1].exit_code, now[1].tests[FLAKY]) == (0, "passed")
    assert judge("", base, now).kind == "pass"


def test_a_test_that_fails_beside_others_is_broken(tmp_path: Path) -> None:
    """What a change has done to it through them is seen in each run of all, and in none of one."""
    bench = Bench(tmp_path, FILES)
    base = short(bench.checks.run(bench.tree))
    now = bench.checks.run(bench.with_({"app.py": MEDDLING}), base)
    assert (now[1].flaky, now[1].twice) == ((), ("tests/test_other.py::test_one",))
    assert judge("", base, now).kind == "fail"


def test_a_test_that_fails_twice_is_broken(tmp_path: Path) -> None:
    """It has no third try, not even when the tree comes again."""
    bench = Bench(tmp_path, flaky(tmp_path, "(0, 3)"))
    base = short(bench.checks.run(bench.tree))
    tree = bench.with_({"app.py": APP + "\n"})
    now = bench.checks.run(tree, base)
    assert (now[1].flaky, now[1].twice) == ((), (FLAKY,))
    assert judge("", base, now).broken == (FLAKY,)
    bench.ran()
    assert judge("", base, bench.checks.run(tree, base)).broken == (FLAKY,)
    assert bench.ran() == []


def test_without_a_way_to_run_it_alone_all_runs_again(tmp_path: Path) -> None:
    """The tests that failed in the one run and passed in the other are flaky."""
    bench = Bench(tmp_path, flaky(tmp_path, "(0, 2)"))
    commands = [replace(command, narrow=()) for command in bench.checks.commands]
    checks = replace(bench.checks, commands=commands)
    base = short(checks.run(bench.tree))
    bench.ran()
    now = checks.run(bench.with_({"app.py": APP + "\n"}), base)
    assert len([argv for argv in bench.ran() if "pytest" in argv]) == 2
    assert (now[1].flaky, now[1].exit_code) == ((FLAKY,), 0)


def test_what_fails_on_the_base_by_chance_is_not_fixed_later(tmp_path: Path) -> None:
    """A test that failed there and passed when run again counts as passed, and is named."""
    bench = Bench(tmp_path, flaky(tmp_path, "range(1, 9)"))
    base = short(bench.checks.run(bench.tree))
    assert base[1].flaky == (FLAKY,)
    found = bench.checks.verdict(bench.with_({"app.py": APP + "\n"}), "fix the failing test", base)
    assert (found.fixed, found.still_failing) == ((), ())


def test_a_tree_that_breaks_much_has_no_second_try(tmp_path: Path) -> None:
    """Neither has one in which nothing passes."""
    many = "".join(f"def test_{n}():\n    assert double(2) == 4\n\n\n" for n in range(30))
    bench = Bench(tmp_path, {**FILES, "tests/test_app.py": f"from app import double\n\n\n{many}"})
    base = short(bench.checks.run(bench.tree))
    bench.ran()
    bench.checks.run(bench.with_({"app.py": BROKEN}), base)
    assert len([argv for argv in bench.ran() if "pytest" in argv]) == 1
    stub = {"conftest.py": "", "tests/test_a.py": "def test_a():\n    assert False\n"}
    whole = Bench(tmp_path / "stub", stub)
    whole.checks.run(whole.tree)
    assert len([argv for argv in whole.ran() if "pytest" in argv]) == 1


def test_a_second_try_does_not_see_what_the_first_has_left(tmp_path: Path) -> None:
    """A file in the tree's folder would make a broken test pass."""
    test = (
        "import os\n\n\ndef test_left():\n"
        "    was = os.path.exists('left')\n    open('left', 'w').close()\n"
        "    from app import double\n    assert double(2) == 4 or was\n"
    )
    bench = Bench(tmp_path, {**FILES, "tests/test_left.py": test})
    base = short(bench.checks.run(bench.tree))
    now = bench.checks.run(bench.with_({"app.py": BROKEN}), base)
    assert "tests/test_left.py::test_left" in judge("", base, now).broken


PACKAGES = {
    f"packages/{name}/{file}": text
    for name in ("core", "api", "web", "docs", "more")
    for file, text in {"run.sh": ". ./value\n", "value": "true\n"}.items()
}


def package(name: str, *uses: str) -> GateCommand:
    folder = f"packages/{name}"
    uses = tuple(f"packages/{each}" for each in uses)
    return GateCommand(name, ("sh", "run.sh"), folder=folder, package=folder, uses=uses)


MANY = (
    package("core"),
    package("api", "core"),
    package("web", "api"),
    package("docs"),
    package("more"),
)


def test_of_many_packages_only_what_is_touched_runs(tmp_path: Path) -> None:
    """On the base, too, and there only when a tree has to be judged beside it."""
    bench = Bench(tmp_path, PACKAGES, MANY)
    base = bench.checks.begun(bench.tree, lambda: ["packages/docs/value"])
    assert [run.name for run in base] == ["core", "api", "web", "docs", "more"]
    assert [run.name for run in base if not run.left] == ["docs"]
    tree = bench.with_({"packages/api/value": "true  # changed\n"})
    beside = bench.checks.beside(tree, base)
    assert [run.name for run in beside if run.late] == ["api", "web"]
    assert bench.checks.beside(tree, beside) == beside
    bench.ran()
    bench.sandbox.folders.clear()
    found = bench.checks.verdict(tree, "", beside)
    assert (found.kind, found.reason) == ("pass", "`api` passes, `web` passes")
    assert len(bench.ran()) == 2
    broken = bench.with_({"packages/core/value": "false\n"})
    found = bench.checks.verdict(broken, "", bench.checks.beside(broken, beside))
    assert (found.kind, found.reason) == ("fail", "`core` ends with exit code 1 (0 on the base)")


def test_a_failure_in_an_untouched_package_is_still_one(tmp_path: Path) -> None:
    """A task that names it is not done by changing something else."""
    failing = {
        "test_a.py": "import unittest\n\n\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n        self.fail()\n"
    }
    command = GateCommand(
        "docs",
        (sys.executable, "-m", "unittest", "discover", "-v"),
        "unittest",
        folder="packages/docs",
        package="packages/docs",
    )
    files = {**PACKAGES, **{f"packages/docs/{path}": text for path, text in failing.items()}}
    bench = Bench(tmp_path, files, (*MANY[:3], command, MANY[4]))
    base = bench.checks.begun(bench.tree, lambda: [f"packages/{n}/value" for n in ("docs", "web")])
    tree = bench.with_({"packages/web/value": "true  # changed\n"})
    found = bench.checks.verdict(tree, "make test_a pass", base)
    assert found.kind == "fail"
    assert "named in the task and still failing" in found.reason
    assert bench.checks.verdict(tree, "change it", base).kind == "pass"


def test_the_folder_is_kept_where_nothing_changes_it(tmp_path: Path) -> None:
    """From tree to tree, and gone when the gate is closed."""
    bench = Bench(tmp_path, FILES, [GateCommand("list", ("sh", "-c", "cat app.py"))], keeps=True)
    (base,) = bench.checks.run(bench.tree)
    (now,) = bench.checks.run(bench.with_({"app.py": "changed\n"}))
    (gone,) = bench.checks.run(bench.with_({"app.py": None}))
    assert (base.output, now.output) == (APP, "changed\n")
    assert gone.exit_code == 1
    assert len(set(bench.sandbox.folders)) == 1
    assert len(list(bench.scratch.iterdir())) == 1
    bench.checks.close()
    assert list(bench.scratch.iterdir()) == []


def test_two_threads_never_share_a_folder(tmp_path: Path) -> None:
    """Each has one that holds its tree for as long as it is used."""
    from concurrent.futures import ThreadPoolExecutor

    command = GateCommand("list", ("sh", "-c", "sleep 0.05; cat app.py"))
    bench = Bench(tmp_path, FILES, [command], keeps=True)
    checks = replace(bench.checks, kept=None)
    trees = {f"{n}\n": bench.with_({"app.py": f"{n}\n"}) for n in range(12)}
    with ThreadPoolExecutor(6) as pool:
        found = pool.map(lambda tree: checks.run(tree)[0].output, trees.values())
    assert list(found) == list(trees)
    checks.close()
    assert list(bench.scratch.iterdir()) == []


def test_the_name_of_a_limit_is_in_the_reason(bench: Bench) -> None:
    """It was not the tests that failed."""
    base = short(bench.checks.run(bench.tree))
    now = (base[0], replace(base[1], exit_code=None, ended="it used more than 4 GB"))
    assert "`pytest` was ended: it used more than 4 GB" in judge("", base, now).reason
