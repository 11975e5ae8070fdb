"""What commands said of trees is found again for the same question, and for no other."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gitagent.domain.verdict import Bring, CommandRun, GateCommand
from gitagent.gates import kept
from gitagent.gates.identity import machine
from gitagent.gates.kept import KeptRuns, count, forget

TREE, OTHER = "a" * 40, "b" * 40
COMMAND = GateCommand("pytest", ("pytest", "-q"), "pytest", env=(("A", "1"),))
RUN = CommandRun("pytest", 0, "ok \udcff", 3.0, tests={"t::a": "passed"}, flaky=("t::a",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def test_a_run_is_found_again_by_whoever_asks_the_same(folder: Path) -> None:
    """With all that it said, and that it was known."""
    KeptRuns(folder, "here").keep(TREE, COMMAND, RUN)
    found = KeptRuns(folder, "here").find(TREE, COMMAND)
    assert found == replace(RUN, known=True, output="ok \\udcff")
    assert found is not None
    assert found.spent == 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"argv": ("pytest",)},
        {"reads": "unittest"},
        {"folder": "a"},
        {"env": (("A", "2"),)},
        {"brings": (Bring("/usr/share"),)},
        {"narrow": ("pytest", "-x")},
    ],
    ids=str,
)
def test_another_command_is_another_question(
    folder: Path, changes: dict[str, tuple[str, ...]]
) -> None:
    """Whatever of it differs."""
    runs = KeptRuns(folder, "here")
    runs.keep(TREE, COMMAND, RUN)
    assert runs.find(TREE, replace(COMMAND, **changes)) is None  # type: ignore[arg-type]


def test_another_tree_part_or_machine_is_another_question(folder: Path) -> None:
    """And so is another version of ours."""
    runs = KeptRuns(folder, "here")
    runs.keep(TREE, COMMAND, RUN)
    assert runs.find(OTHER, COMMAND) is None
    assert runs.find(TREE, COMMAND, ["tests/test_a.py"]) is None
    assert KeptRuns(folder, "elsewhere").find(TREE, COMMAND) is None
    runs.keep(TREE, COMMAND, replace(RUN, exit_code=1), ["tests/test_a.py"])
    found = runs.find(TREE, COMMAND)
    assert found is not None
    assert found.exit_code == 0


def test_another_version_asks_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its readers may see something else in the same output."""
    KeptRuns(folder, "here").keep(TREE, COMMAND, RUN)
    monkeypatch.setattr(kept, "READERS", kept.READERS + 1)
    assert KeptRuns(folder, "here").find(TREE, COMMAND) is None


@pytest.mark.parametrize(
    "run",
    [
        replace(RUN, timed_out=True, exit_code=None),
        replace(RUN, exit_code=None),
        replace(RUN, exit_code=137, ended="it used more than 4 GB"),
        replace(RUN, left="the change does not touch its package"),
    ],
    ids=["time", "start", "limit", "left"],
)
def test_what_did_not_come_to_its_end_is_not_kept(folder: Path, run: CommandRun) -> None:
    """A slower day, or a program that is installed meanwhile, may change it."""
    runs = KeptRuns(folder, "here")
    runs.keep(TREE, COMMAND, run)
    assert runs.find(TREE, COMMAND) is None


def test_where_the_world_has_a_part_in_it_no_failure_is_kept(folder: Path) -> None:
    """A service that was down, for one."""
    runs = KeptRuns(folder, "here", green_only=True)
    runs.keep(TREE, COMMAND, replace(RUN, exit_code=1))
    assert runs.find(TREE, COMMAND) is None
    runs.keep(TREE, COMMAND, RUN)
    assert runs.find(TREE, COMMAND) is not None


def _install(environment: Path) -> None:
    (environment / "lib/python3.11/site-packages/new-1.0.dist-info").mkdir()


def _upgrade(environment: Path) -> None:
    packages = environment / "lib/python3.11/site-packages"
    (packages / "old-1.0.dist-info").rename(packages / "old-1.1.dist-info")


def _record_again(environment: Path) -> None:
    folder = environment / "lib/python3.11/site-packages/old-1.0.dist-info"
    (folder / "RECORD").write_text("")


def _replace_interpreter(environment: Path) -> None:
    (environment / "bin/python").write_text("another")


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    place = tmp_path / "venv"
    packages = place / "lib/python3.11/site-packages"
    (packages / "old-1.0.dist-info").mkdir(parents=True)
    (packages / "old").mkdir()
    (place / "bin").mkdir()
    (place / "bin/python").write_text("")
    return place


@pytest.mark.parametrize(
    "change", [_install, _upgrade, _record_again, _replace_interpreter], ids=lambda c: c.__name__
)
def test_another_package_beside_the_interpreter_is_another_question(
    folder: Path, environment: Path, change: Callable[[Path], None]
) -> None:
    """What is installed is as much the command's as its words."""
    command = replace(COMMAND, argv=(str(environment / "bin/python"), "-m", "pytest"))
    KeptRuns(folder, "here").keep(TREE, command, RUN)
    time.sleep(0.02)  # times of change have a grain
    change(environment)
    assert KeptRuns(folder, "here").find(TREE, command) is None


def test_an_import_changes_nothing(folder: Path, environment: Path) -> None:
    """Python leaves bytecode in the folders of packages."""
    command = replace(COMMAND, argv=(str(environment / "bin/python"), "-m", "pytest"))
    KeptRuns(folder, "here").keep(TREE, command, RUN)
    packages = environment / "lib/python3.11/site-packages"
    time.sleep(0.02)
    (packages / "old/__pycache__").mkdir()
    (packages / "__pycache__").mkdir()
    (packages / "__pycache__" / "x.pyc").write_text("")
    assert KeptRuns(folder, "here").find(TREE, command) is not None


def test_installed_modules_of_node_are_part_of_the_question(folder: Path, tmp_path: Path) -> None:
    """By the file in which the package manager writes down what it did."""
    modules = tmp_path / "node_modules"
    (modules / "left").mkdir(parents=True)
    (modules / ".package-lock.json").write_text("1")
    command = replace(COMMAND, brings=(Bring(str(modules), "node_modules", "scratch"),))
    KeptRuns(folder, "here").keep(TREE, command, RUN)
    (modules / ".cache").mkdir()
    assert KeptRuns(folder, "here").find(TREE, command) is not None
    (modules / ".package-lock.json").write_text("22")
    assert KeptRuns(folder, "here").find(TREE, command) is None


@pytest.mark.parametrize(("exit_code", "found"), [(0, True), (1, False)])
def test_a_build_cache_counts_only_for_a_failure(
    folder: Path, tmp_path: Path, exit_code: int, *, found: bool
) -> None:
    """Something may have been missing there; where all went well it is as good as any other."""
    target = tmp_path / "target"
    target.mkdir()
    command = replace(COMMAND, brings=(Bring(str(target), "target", "scratch"),))
    KeptRuns(folder, "here").keep(TREE, command, replace(RUN, exit_code=exit_code))
    assert KeptRuns(folder, "here").find(TREE, command) is not None
    (target / "debug").mkdir()
    assert (KeptRuns(folder, "here").find(TREE, command) is not None) is found


def test_a_program_in_path_is_part_of_the_machine(tmp_path: Path) -> None:
    """Also one that a shell would find; a relative entry is never looked at."""
    (tmp_path / "bin").mkdir()
    environ = {"PATH": f"{tmp_path}/bin:.", "LANG": "C.UTF-8"}
    before = machine(environ)
    assert machine(environ) == before
    time.sleep(0.02)
    (tmp_path / "bin/psql").write_text("")
    assert machine(environ) != before
    assert machine({**environ, "LANG": "de_DE.UTF-8"}) != machine(environ)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"\x80\x04pickle", b'{"key":"x","caches":"","run":{}}', b"null"],
    ids=repr,
)
def test_a_file_that_is_none_of_ours_says_nothing(folder: Path, data: bytes) -> None:
    """Cut, of another kind, or made up."""
    runs = KeptRuns(folder, "here")
    runs.keep(TREE, COMMAND, RUN)
    (path,) = folder.iterdir()
    path.write_bytes(data)
    assert runs.find(TREE, COMMAND) is None


def test_a_file_speaks_for_its_own_question_only(folder: Path) -> None:
    """Not under another's name, and not through a link."""
    runs = KeptRuns(folder, "here")
    runs.keep(OTHER, COMMAND, replace(RUN, tests={}))
    (other,) = folder.iterdir()
    runs.keep(TREE, COMMAND, RUN)
    (own,) = set(folder.iterdir()) - {other}
    data = own.read_bytes()
    other.write_bytes(data)
    assert runs.find(OTHER, COMMAND) is None
    moved = folder.parent / "moved"
    own.rename(moved)
    own.symlink_to(moved)
    assert runs.find(TREE, COMMAND) is None


def test_nobody_else_can_look_into_it(folder: Path) -> None:
    """Outputs of tests are the user's own."""
    old = os.umask(0)
    try:
        KeptRuns(folder, "here").keep(TREE, COMMAND, RUN)
    finally:
        os.umask(old)
    (path,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_it_stays_within_its_bound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not asked for longest goes."""
    monkeypatch.setattr(kept, "MOST_BYTES", 20_000)
    runs = KeptRuns(folder, "here")
    for n in range(40):
        runs.keep(f"{n:040}", COMMAND, replace(RUN, output="x" * 1000))
        assert runs.find("0" * 40, COMMAND) is not None  # it is asked for all the time
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 20_000
        time.sleep(0.002)
    assert runs.find(f"{1:040}", COMMAND) is None
    assert runs.find(f"{39:040}", COMMAND) is not None


def test_a_folder_that_cannot_be_written_costs_a_run(tmp_path: Path) -> None:
    """And nothing else."""
    (tmp_path / "runs").write_text("a file")
    runs = KeptRuns(tmp_path / "runs", "here")
    runs.keep(TREE, COMMAND, RUN)
    assert runs.find(TREE, COMMAND) is None


def test_a_writer_that_is_killed_leaves_nothing_half(folder: Path) -> None:
    """Whatever is there is whole, and what is left over goes with the rest."""
    big = replace(RUN, output="x" * 200_000)
    for _ in range(8):
        writer = os.fork()
        if not writer:
            try:
                for n in range(10_000):
                    KeptRuns(folder, "here").keep(f"{n % 5:040}", COMMAND, big)
            finally:
                os._exit(1)
        time.sleep(0.05)
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        for path in folder.glob("*.json"):
            assert json.loads(path.read_bytes())["run"]["output"] == big.output
    assert KeptRuns(folder, "here").find("0" * 40, COMMAND) == replace(big, known=True)
    here = count(folder)
    assert here > 0
    assert forget(folder) == here
    assert list(folder.iterdir()) == []


def test_nothing_is_there_before_something_is_kept(folder: Path) -> None:
    """To ask makes no folder."""
    assert KeptRuns(folder, "here").find(TREE, COMMAND) is None
    assert (count(folder), forget(folder)) == (0, 0)
    assert not folder.exists()
