"""What the sandbox adds to a command: `true` in it and by the plain runner, side by side.

    python benchmarks/sandbox.py [--runs 50] [--files 2000]

Both go through the same reaper; what is compared is the median of runs that alternate, so that
another load on the machine weighs on both. The tree is a made one of so many files; at last, a
folder of as many more is laid into it for the command to write to.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gitagent.domain.verdict import Bring
from gitagent.sandbox.bubblewrap import BwrapSandbox
from gitagent.sandbox.plain import PlainSandbox
from gitagent.sandbox.probe import Absent, probe

PER_FOLDER = 20
MOST = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--files", type=int, default=2000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        measure(Path(place), asked.runs, asked.files)


def measure(place: Path, runs: int, files: int) -> None:
    tool = probe(os.environ, place / "scratch")
    if isinstance(tool, Absent):
        raise SystemExit(f"{tool.why} {tool.hint}")
    small, tree, brought = (_tree(place / name, n) for name, n in _sizes(files))
    plain = PlainSandbox()
    guarded = BwrapSandbox(tool, place / "scratch", "/checkout")
    brings = [Bring(str(brought), "deps", "scratch")]
    ways: dict[str, Callable[[], object]] = {
        "plain runner": lambda: plain.run(["true"], tree, timeout=60),
        "sandbox, 1 file": lambda: guarded.run(["true"], small, timeout=60),
        f"sandbox, {files} files": lambda: guarded.run(["true"], tree, timeout=60),
        "sandbox, and a scratch folder": lambda: guarded.run(
            ["true"], tree, timeout=60, brings=brings
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, run in ways.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    print(f"{tool.version}, {tool.said}; {runs} runs each, milliseconds")
    first = statistics.median(seconds["plain runner"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        more = 1000 * (median - first)
        print(
            f"{name:<32} median {1000 * median:6.1f}  least {1000 * min(taken):6.1f}  {more:+.1f}"
        )
        if more > MOST:
            raise SystemExit(f"{name}: more than {MOST} ms")


def _sizes(files: int) -> tuple[tuple[str, int], ...]:
    return ("small", 1), ("tree", files), ("brought", files)


def _tree(folder: Path, files: int) -> Path:
    for number in range(files):
        path = folder / f"package{number // PER_FOLDER}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"A = {number}\n")
    return folder


if __name__ == "__main__":
    main()
