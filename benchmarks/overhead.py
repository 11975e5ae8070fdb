"""What a whole task costs beside the model and the gate, on a repository of 2,000 files.

    python benchmarks/overhead.py [--runs N] [--profile]

The task runs as a person would run it: the installed git-agent as a process of its own, over a
real HTTP connection to a scripted model that answers at once, with the gate that is found in the
repository. Overhead is the wall time of the process less the model's and the gate's seconds, as
`--json` reports them; the gate's are those of writing the tree out and of its commands. The
figure is under 1 second, interpreter start and imports included. Exit code 1 where the median
misses it. `--profile` says where the time goes.
"""

from __future__ import annotations

import argparse
import json
import os
import pstats
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitagent.testing import repositories, synthetic
from gitagent.testing.scripted import Say, ScriptedServer

FILES = 2000
EDITED = 1234
LIMIT_S = 1.0
AGENT = [str(Path(sys.executable).parent / "git-agent")]
TOP = 15


@dataclass(frozen=True)
class Bench:
    """A repository, a task for it with the reply that does it, and an environment of its own."""

    folder: Path
    text: str
    reply: str
    env: dict[str, str]

    def run(self, program: list[str] | None = None) -> tuple[float, dict[str, Any], str]:
        """One task: wall seconds, its document, and what it said on stderr."""
        with ScriptedServer(lambda _asked: Say(self.reply)) as server:
            began = time.perf_counter()
            done = subprocess.run(
                [
                    *(program or AGENT),
                    "task",
                    self.text,
                    "--model",
                    "openai/scripted",
                    "--plan",
                    "never",
                    "--json",
                ],
                cwd=self.folder,
                env=self.env | server.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            wall = time.perf_counter() - began
        if done.returncode:
            sys.exit(f"the task ended with {done.returncode}:\n{done.stderr}")
        return wall, json.loads(done.stdout), done.stderr


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, usage=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="overhead-") as private:
        bench = _bench(Path(private))
        bench.run()
        left = statistics.median(_overhead(bench) for _ in range(asked.runs))
        print(f"median {left:.3f} s, limit {LIMIT_S:.3f} s")
        if asked.profile:
            _profile(bench, Path(private))
    return int(left > LIMIT_S)


def _bench(private: Path) -> Bench:
    """One rename of a constant in one file, as a model would write it."""
    path, source = list(synthetic.files(FILES))[EDITED + 1]
    old = re.findall(r"^DEFAULT_\w+ = \d+$", source, re.MULTILINE)[0]
    new = re.sub(r"\d+$", "77", old)
    home = private / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Uma User\n\temail = uma@example.invalid\n")
    return Bench(
        repositories.big(private / "repo", FILES),
        f"Set {old.split()[0]} to 77 in {path}",
        f"{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n",
        {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )


def _overhead(bench: Bench) -> float:
    wall, document, _ = bench.run()
    totals = document["totals"]
    left = float(wall - totals["llm_seconds"] - totals["gate_seconds"])
    print(
        f"wall {wall:.3f} s, model {totals['llm_seconds']:.3f} s, "
        f"gate {totals['gate_seconds']:.3f} s, overhead {left:.3f} s"
    )
    return left


def _profile(bench: Bench, private: Path) -> None:
    """Times under a profiler are longer; it is their shares that tell something."""
    print("\nslowest imports, ms with what they import")
    said = bench.run([sys.executable, "-X", "importtime", *AGENT])[2]
    rows = re.findall(r"^import time:\s*\d+ \|\s*(\d+) \| (\s*)(\S+)$", said, re.MULTILINE)
    for microseconds, _indent, module in sorted(rows, key=lambda row: -int(row[0]))[:TOP]:
        print(f"{int(microseconds) / 1000:8.1f}  {module}")
    file = private / "profile"
    bench.run([sys.executable, "-m", "cProfile", "-o", str(file), *AGENT])
    pstats.Stats(str(file)).sort_stats("cumulative").print_stats("gitagent/", 4 * TOP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
