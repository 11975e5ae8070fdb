"""Real tasks of the past: the message of a commit, and the lines that it changed.

A task is one line of JSON with `id`, `repo`, `base_commit`, `fix_commit`, `query` and `gold`, the
paths that the commit changed. A mirror is a bare repository, `DIR/OWNER+NAME/repo`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from gitagent.domain.context import Span
from gitagent.git.repository import GitRepo

HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? ", re.MULTILINE)


@dataclass(frozen=True)
class Hunk:
    """Changed lines of the old file; where lines are but added, those before and after."""

    lines: Span
    added: bool

    def within(self, shown: set[int]) -> bool:
        """Whether a reader of these lines sees what changes; of an addition, where it goes."""
        wanted = range(self.lines.start, self.lines.end + 1)
        return any(n in shown for n in wanted) if self.added else all(n in shown for n in wanted)


@dataclass(frozen=True)
class Task:
    """`gold` has the changed places of each file, in the tree at `base`."""

    id: str
    repo: str
    mirror: Path
    base: str
    query: str
    gold: Mapping[str, tuple[Hunk, ...]]


def by_repository(files: Sequence[Path], mirrors: Path) -> Iterator[tuple[GitRepo, list[Task]]]:
    """The tasks of each repository that has a mirror, in the order of the files."""
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    for name, group in groupby(rows, key=lambda row: row["repo"]):
        mine = list(group)
        mirror = _mirror(mirrors, mine[0]["base_commit"])
        if mirror is None:
            print(f"{name}: no mirror in {mirrors} has its commits; left out")
            continue
        yield GitRepo.open(mirror), [_task(mirror, row) for row in mine]


def _mirror(mirrors: Path, commit: str) -> Path | None:
    folders = sorted(path for path in mirrors.glob("*/repo") if path.is_dir())
    return next((f for f in folders if _git(f, "cat-file", "-e", commit, fails=True) == ""), None)


def _task(mirror: Path, row: Mapping[str, str]) -> Task:
    gold = {path: _hunks(mirror, row, path) for path in row["gold"]}
    return Task(row["id"], row["repo"], mirror, row["base_commit"], row["query"], gold)


def _hunks(mirror: Path, row: Mapping[str, str], path: str) -> tuple[Hunk, ...]:
    span = (row["base_commit"], row["fix_commit"])
    said = _git(mirror, "diff", "-U0", "--no-ext-diff", "--no-textconv", *span, "--", path)
    found = ((int(m[1]), int(m[2] or 1)) for m in HUNK.finditer(said))
    return tuple(
        Hunk(Span(at, at + count - 1), added=False)
        if count
        else Hunk(Span(max(at, 1), at + 1), added=True)
        for at, count in found
    )


def _git(mirror: Path, *arguments: str, fails: bool = False) -> str:
    argv = ["git", "-c", "safe.directory=*", "-C", str(mirror), *arguments]
    ran = subprocess.run(argv, capture_output=True, check=False)
    if ran.returncode and not fails:
        raise SystemExit(f"git {arguments}: {ran.stderr.decode(errors='replace')[-500:]}")
    return f"failed {ran.returncode}" if ran.returncode else ran.stdout.decode(errors="replace")
