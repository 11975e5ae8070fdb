"""Kill a task at every place of its life, go on, and count how often that held.

    python benchmarks/kill_walk.py [--sample]

The walks are those of tests/kill, here all of them, which takes half an hour: a whole run
killed at each failpoint; killed twice, the second time in the resume; killed as it enters each
system call that renames, links, removes or syncs a file (where strace is there); stopped at each
failpoint, taken over where nobody holds the lock, and woken; `drop` and `accept` killed at each
place of both kinds and called again. `--sample` walks what the tests walk.
Held is what came to the same trees, paid for no answer twice and changed nothing of the user's.
Exit code 1 where one did not hold.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent / "tests"


def main(arguments: list[str]) -> int:
    everything = "--sample" not in arguments
    sys.path[:0] = [str(TESTS), str(TESTS / "kill")]
    story, walk, walks, syscalls = map(
        importlib.import_module, ("story", "walk", "walks", "syscalls")
    )
    folder = Path(tempfile.mkdtemp(prefix="kill-", dir=story.room(Path(tempfile.gettempdir()))))
    # the repositories are read here, too: not as this machine's user has set git up
    os.environ |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    print(f"{'killed at':<34}{'walked':>8}{'killed':>8}{'held':>8}{'repeated':>10}{'seconds':>9}")
    try:
        with walk.walkers(folder) as at_once, walks.done(at_once) as done:
            rows: dict[str, Callable[[], Any]] = {
                "failpoints of a task": lambda: walks.tasks(at_once, everything=everything),
                "failpoints, and of its resume": lambda: walks.resumes(
                    at_once, everything=everything
                ),
                "system calls of a task": lambda: walks.calls(at_once, everything=everything),
                "failpoints, stopped and woken": lambda: walks.stops(
                    at_once, everything=everything
                ),
                "drop": lambda: walks.drops(at_once, done, everything=everything),
                "accept": lambda: walks.accepts(at_once, done, everything=everything),
            }
            if not syscalls.usable():
                del rows["system calls of a task"]
            return int(sum(_row(name, walking) for name, walking in rows.items()) > 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _row(name: str, walking: Callable[[], Sequence[Any]]) -> int:
    """Walk, and print one line of the table and what did not hold; how many did not."""
    began = time.monotonic()
    walked = walking()
    broken = [walk for walk in walked if walk.problems]
    killed, repeated = (sum(map(n, walked)) for n in (lambda w: w.killed, lambda w: w.repeated))
    print(
        f"{name:<34}{len(walked):>8}{killed:>8}{len(walked) - len(broken):>8}{repeated:>10}"
        f"{time.monotonic() - began:>9.0f}",
        flush=True,
    )
    for walk in broken:
        print(f"    {', then '.join(walk.points)}: {'; '.join(walk.problems)}")
    return len(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
