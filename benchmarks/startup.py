"""How long `git agent` takes to answer at all, beside Python doing nothing.

    python benchmarks/startup.py [PATH_OF_GIT_AGENT]

Without a path it is the git-agent beside the Python that runs this. The figure: `--version` and
`-h` take at most twice the time of `python -c pass` and 60 ms more. The commands take turns, so
that a busy minute of the machine falls on all of them. Exit code 1 where the figure is missed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 25
WARM_UP = 3
FACTOR, EXTRA_S = 2, 0.060


def main(arguments: list[str]) -> int:
    program = arguments[0] if arguments else str(Path(sys.executable).parent / "git-agent")
    nothing = [sys.executable, "-c", "pass"]
    commands = {"python -c pass": nothing}
    commands |= {f"git agent {flag}": [program, flag] for flag in ("--version", "-h")}
    medians = {name: statistics.median(times) for name, times in _measured(commands).items()}
    floor = medians["python -c pass"]
    limit = FACTOR * floor + EXTRA_S
    for name, median in medians.items():
        print(f"{name:<20} {median * 1000:6.1f} ms   {median / floor:4.1f} x")
    print(f"{'limit':<20} {limit * 1000:6.1f} ms   {FACTOR} x python -c pass + 60 ms")
    return int(max(medians.values()) > limit)


def _measured(commands: dict[str, list[str]]) -> dict[str, list[float]]:
    """Seconds of each run; the first rounds, which also compile the bytecode, do not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for n in range(-WARM_UP, ROUNDS):
        for name, command in commands.items():
            seconds = _run(command)
            if n >= 0:
                times[name].append(seconds)
    return times


def _run(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
