"""What a round of repair costs beside the model and the tests, in a project of 2,000 files.

    python benchmarks/gate.py [--files N] [--rounds N] [--sandbox auto|plain]

A made project of N Python files gets a gate of two commands that do nothing, so that all which is
left is ours: the tree of a reply with two changed files written to the object database, its
export, two sandboxes, keys, verdict. It is put together as for a task. The rounds differ in the
changed files and take turns with the same on a folder that is written anew each time, as it is
where no sandbox keeps a folder as it was. Then every tree is gated again, by a gate that knows only
what is kept on the disk.

The figures: a round within 300 ms, a seen tree within 30 ms, as medians. Exit code 1 where one is
missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from gitagent import gating
from gitagent.domain.edit import File
from gitagent.domain.verdict import Verdict
from gitagent.gates.places import Places
from gitagent.git.export import export
from gitagent.line import Checks
from gitagent.ports import Repo
from gitagent.site import Site, open_site
from gitagent.testing import repositories, synthetic

ROUND_S, SEEN_S = 0.300, 0.030
GATE = gating.Asked(("true", "exit 0"))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--sandbox", default="auto")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        os.environ["GITAGENT_GATE_SANDBOX"] = asked.sandbox
        place = repositories.build(Path(folder, "project"), dict(synthetic.files(asked.files)))
        return _measured(open_site(place, os.environ), asked.rounds)


def _measured(site: Site, rounds: int) -> int:
    repo = site.repo
    base = repo.tree_of(repo.resolve("HEAD"))
    paths = [file.path for file in repo.files(base) if file.path.endswith(".py")]
    times: dict[str, list[float]] = {"round": [], "round, all written anew": [], "seen tree": []}
    trees = []
    with closing(_checks(site, base)) as kept:
        fresh = replace(kept, places=Places(repo, kept.scratch, export), kept=None)
        began = time.perf_counter()
        runs = kept.run(base)
        first = time.perf_counter() - began
        for n in range(rounds):
            changed = paths[2 * n % len(paths)], paths[(2 * n + 1) % len(paths)]
            for name, checks in (("round", kept), ("round, all written anew", fresh)):
                began = time.perf_counter()
                tree = _changed(repo, base, changed, f"# {n}\n")
                verdict = checks.verdict(tree, "", runs)
                times[name].append(time.perf_counter() - began)
                assert verdict.kind == "pass", verdict
            trees.append(tree)
    with closing(_checks(site, base)) as again:
        for tree in trees:
            began = time.perf_counter()
            verdict = again.verdict(tree, "", runs)
            times["seen tree"].append(time.perf_counter() - began)
            assert verdict.known, verdict
    return _told(type(kept.sandbox).__name__, first, times, verdict)


def _checks(site: Site, base: str) -> Checks:
    gate = gating.found(site, base, GATE)
    return gating.checks(site, site.repo, site.repo.resolve("HEAD"), gate, lambda _news: None)


def _changed(repo: Repo, base: str, paths: tuple[str, str], line: str) -> str:
    files = {path: repo.file(base, path) or File(b"") for path in paths}
    return repo.with_files(
        base, {path: File(line.encode() + file.data) for path, file in files.items()}
    )


def _told(sandbox: str, first: float, times: dict[str, list[float]], verdict: Verdict) -> int:
    print(f"{sandbox}; the base, first of all: {first * 1000:.1f} ms")
    for name, each in times.items():
        print(f"{name:<24} {statistics.median(each) * 1000:7.1f} ms   worst {max(each) * 1000:.1f}")
    print(f"as it is said of a seen tree: {verdict.said}")
    missed = statistics.median(times["round"]) > ROUND_S
    return int(missed or statistics.median(times["seen tree"]) > SEEN_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
