"""What one event of a task's log costs, beside two other ways to keep it; how large a log gets.

    python benchmarks/events.py [--events N] [--calls N] [--folder FOLDER]

The task is made up, of realistic size: prompts of 20 KB, replies, verdicts with 200 test ids, code
trees. The first N events are kept three ways, which take turns event by event, each without and
with sync: in the log; by the git program with the fewest processes that can do it (hash-object,
two mktree, commit-tree, update-ref); and in SQLite (WAL, synchronous=FULL with sync, OFF without),
a transaction an event. What is kept is the same: every file that the event changes, and a pointer
that is moved if it stands where it is expected.

The figures: an event within 15 ms without sync, as the median over the last quarter of a task of
200 calls, where the state is largest; that task's log under 2 MB packed, as `git gc` packs what
its base has not; `git agent list` over 1,000 tasks within 300 ms, loose and packed, start of the
program included. Exit code 1 where one is missed. FOLDER is on the disk to be measured.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gitagent.git import disk
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.testing import long_task

LIMIT_S, LIMIT_BYTES, LIMIT_LIST_S = 0.015, 2_000_000, 0.300
TASKS, ROUNDS = 1000, 9
ID = "abc123"
REF = f"refs/gitagent/{ID}"

T = TypeVar("T")
Files = Mapping[str, bytes]
Trees = Mapping[str, str]


@dataclass(frozen=True)
class Kept:
    """What one event has changed: files, and code trees by path."""

    files: Files
    trees: Trees


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, usage=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="events-", dir=asked.folder) as private:
        _set_up(Path(private))
        for sync in (False, True):
            _compare(Path(private, f"sync-{sync}"), asked.events, sync=sync)
        missed = [_long(Path(private, "long"), asked.calls), _list(Path(private, "many"))]
    return int(any(missed))


def _set_up(private: Path) -> None:
    """A home of its own, for this process and the programs that it runs."""
    config = private / ".gitconfig"
    config.write_text("[user]\n\tname = Uma User\n\temail = uma@example.invalid\n")
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        del os.environ[name]
    os.environ |= {"HOME": str(private), "GIT_CONFIG_GLOBAL": str(config)}


# --- One event, three ways ----------------------------------------------------------------------


def _compare(folder: Path, count: int, *, sync: bool) -> None:
    repo = GitRepo.open(long_task.repository(folder / "log"))
    others: dict[str, ByProgram | BySqlite] = {
        "git program": ByProgram(long_task.repository(folder / "program"), sync=sync),
        "SQLite": BySqlite(folder / "log.db", sync=sync),
    }
    times: dict[str, list[float]] = {name: [] for name in ("gitagent", *others)}
    with _syncing(sync):
        log = TaskLog.create(repo, long_task.new(repo, ID))
        for (_, act), _n in zip(long_task.acts(repo, count), range(count), strict=False):
            before = _tip(repo)
            times["gitagent"].append(_seconds(act, log))
            kept = _changes(repo, before)
            for name, other in others.items():
                times[name].append(_seconds(other.keep, kept))
    print(f"\none event, {'with' if sync else 'without'} sync, median of {count}")
    ours = statistics.median(times["gitagent"])
    for name, each in times.items():
        median = statistics.median(each)
        print(f"  {name:<12} {median * 1000:7.1f} ms   {median / ours:5.2f} x")


def _seconds(act: Callable[[T], object], subject: T) -> float:
    began = time.perf_counter()
    act(subject)
    return time.perf_counter() - began


@contextmanager
def _syncing(sync: bool) -> Iterator[None]:
    """Without sync, nothing waits for the disk: not libgit2, and not we."""
    import pygit2

    fsync, out = os.fsync, disk._out
    pygit2.settings.enable_fsync_gitdir(sync)
    if not sync:
        os.fsync = lambda fd: None
        disk._out = lambda handle, flags: True
    try:
        yield
    finally:
        os.fsync, disk._out = fsync, out
        pygit2.settings.enable_fsync_gitdir(True)


def _tip(repo: GitRepo) -> str:
    tip = repo.ref(REF)
    assert tip is not None
    return tip


def _changes(repo: GitRepo, before: str) -> Kept:
    """What the last event has written, as anybody else would have to write it."""
    old, new = repo.tree_of(before), repo.tree_of(_tip(repo))
    paths = [path for path in repo.changed_paths(old, new) if not path.startswith("code/")]
    found = {path: repo.file(new, path) for path in paths}
    trees = {path: tree for path, tree in _code(repo, new).items() if repo.mode(old, path) is None}
    return Kept({path: file.data for path, file in found.items() if file}, trees)


def _code(repo: GitRepo, tree: str) -> Trees:
    """The code trees that a state holds."""
    import pygit2

    folder = repo.pygit2[tree].peel(pygit2.Tree)
    if "code" not in folder:
        return {}
    return {f"code/{each.name}": str(each.id) for each in folder["code"].peel(pygit2.Tree)}


class ByProgram:
    """A commit an event, as a script would make it; the listing of each folder stays in memory."""

    def __init__(self, folder: Path, *, sync: bool) -> None:
        self._folder = folder
        fsync = "all" if sync else "none"
        self._git = ["git", "-c", f"core.fsync={fsync}", "-c", "core.fsyncMethod=fsync"]
        self._entries: dict[str, dict[str, str]] = {"": {}}
        self._tip = self._run("rev-parse", "HEAD")
        self._run("update-ref", REF, self._tip)

    def keep(self, kept: Kept) -> None:
        places = [self._folder / ".git" / f"event-{n}" for n in range(len(kept.files))]
        for place, data in zip(places, kept.files.values(), strict=True):
            place.write_bytes(data)
        paths = "".join(f"{place}\n" for place in places)
        blobs = self._run("hash-object", "-w", "--no-filters", "--stdin-paths", text=paths)
        for path, blob in zip(kept.files, blobs.splitlines(), strict=True):
            self._enter(path, f"100644 blob {blob}")
        for path, tree in kept.trees.items():
            self._enter(path, f"040000 tree {tree}")
        changed = {path.rpartition("/")[0] for path in (*kept.files, *kept.trees)} - {""}
        if changed:
            made = self._run(
                "mktree", "--missing", "--batch", text="\n".join(map(self._lines, changed))
            )
            for folder, tree in zip(changed, made.splitlines(), strict=True):
                self._entries[""][folder] = f"040000 tree {tree}"
        root = self._run("mktree", "--missing", text=self._lines(""))
        commit = self._run("commit-tree", root, "-p", self._tip, "-m", "event")
        self._run("update-ref", "--create-reflog", "-m", "event", REF, commit, self._tip)
        self._tip = commit

    def _enter(self, path: str, entry: str) -> None:
        folder, _, name = path.rpartition("/")
        self._entries.setdefault(folder, {})[name] = entry

    def _lines(self, folder: str) -> str:
        return "".join(f"{entry}\t{name}\n" for name, entry in self._entries[folder].items())

    def _run(self, *words: str, text: str = "") -> str:
        argv = [*self._git, *words]
        done = subprocess.run(
            argv, cwd=self._folder, input=text.encode(), stdout=subprocess.PIPE, check=True
        )
        return done.stdout.decode().strip()


class BySqlite:
    """A row a file, with the event that wrote it; the pointer moves in the same transaction."""

    def __init__(self, file: Path, *, sync: bool) -> None:
        self._base = sqlite3.connect(file, isolation_level=None)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute(f"PRAGMA synchronous = {'FULL' if sync else 'OFF'}")
        self._base.executescript(
            "CREATE TABLE task (id TEXT PRIMARY KEY, tip INTEGER);"
            "CREATE TABLE file (task TEXT, event INTEGER, path TEXT, data BLOB);"
            f"INSERT INTO task VALUES ('{ID}', 0);"
        )
        self._tip = 0

    def keep(self, kept: Kept) -> None:
        n = self._tip + 1
        rows = [(ID, n, path, data) for path, data in kept.files.items()]
        rows += [(ID, n, path, tree.encode()) for path, tree in kept.trees.items()]
        self._base.execute("BEGIN IMMEDIATE")
        self._base.executemany("INSERT INTO file VALUES (?, ?, ?, ?)", rows)
        moved = self._base.execute(
            "UPDATE task SET tip = ? WHERE id = ? AND tip = ?", (n, ID, self._tip)
        )
        assert moved.rowcount == 1
        self._base.execute("COMMIT")
        self._tip = n


# --- A long task --------------------------------------------------------------------------------


def _long(folder: Path, calls: int) -> bool:
    """Times and the packed size of a whole log; whether one of them misses its limit."""
    repo = GitRepo.open(long_task.repository(folder))
    with _syncing(False):
        log = TaskLog.create(repo, long_task.new(repo, ID))
        began = time.process_time()
        times = [_seconds(act, log) for _, act in long_task.acts(repo, calls)]
    cpu = (time.process_time() - began) / len(times)
    quarter = len(times) // 4
    first, last = (statistics.median(part) for part in (times[:quarter], times[-quarter:]))
    slow = sorted(times)[int(len(times) * 0.95)]
    print(f"\na task of {calls} calls, {len(times)} events, without sync")
    print(f"  first quarter {first * 1000:.1f} ms, last quarter {last * 1000:.1f} ms an event")
    print(f"  95 of 100 within {slow * 1000:.1f} ms; limit {LIMIT_S * 1000:.0f} ms for the quarter")
    print(f"  of which CPU {cpu * 1000:.1f} ms an event: a busy machine leaves it as it is")
    packed = _packed(folder, log.state.task.base)
    print(f"  packed {packed / 1e6:.2f} MB, limit {LIMIT_BYTES / 1e6:.2f} MB")
    return last > LIMIT_S or packed > LIMIT_BYTES


def _packed(folder: Path, base: str) -> int:
    """Bytes of a pack of what the log has and its base has not."""
    wanted = f"{REF}\n^{base}\n".encode()
    argv = ["git", "pack-objects", "--revs", "--stdout", "--quiet"]
    return len(
        subprocess.run(argv, cwd=folder, input=wanted, capture_output=True, check=True).stdout
    )


# --- Many tasks ---------------------------------------------------------------------------------


def _list(folder: Path) -> bool:
    """How long `git agent list` takes, as a process of its own; whether that misses the limit."""
    repo = GitRepo.open(long_task.repository(folder))
    with _syncing(False):
        for n in range(TASKS):
            log = TaskLog.create(repo, long_task.new(repo, f"{n:06x}"))
            for (_, act), _n in zip(long_task.acts(repo, 1), range(3), strict=False):
                act(log)
    print(f"\ngit agent list, {TASKS} tasks, median of {ROUNDS}")
    loose = _listed(folder, "loose")
    subprocess.run(["git", "gc", "--quiet"], cwd=folder, check=True)
    return max(loose, _listed(folder, "packed")) > LIMIT_LIST_S


def _listed(folder: Path, how: str) -> float:
    none = folder.parent / "none"
    if not none.is_dir():
        long_task.repository(none)
    slowest = 0.0
    for words in (["list"], ["list", "--json"]):
        full, empty = _medians([folder, none], words)
        slowest = max(slowest, full)
        name = " ".join(words)
        print(f"  {name:<12} {how:<7} {full * 1000:6.0f} ms; without a task {empty * 1000:.0f} ms")
    return slowest


def _medians(folders: list[Path], words: list[str]) -> list[float]:
    """Seconds of the command in each folder; they take turns."""
    argv = [sys.executable, "-m", "gitagent", *words]
    times: list[list[float]] = [[] for _ in folders]
    for _ in range(ROUNDS):
        for folder, each in zip(folders, times, strict=True):
            each.append(_seconds(_run_in(argv), folder))
    return [statistics.median(each) for each in times]


def _run_in(argv: list[str]) -> Callable[[Path], object]:
    return lambda folder: subprocess.run(argv, cwd=folder, capture_output=True, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
