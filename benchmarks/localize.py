"""How well the files of a change are found from its message, with no model.

    python benchmarks/localize.py TASKS.jsonl… --mirrors DIR [--travel] [--kept]

A task is a line of JSON: `repo`, `base_commit`, `query`, `gold` (paths that the change edits). A
mirror is a repository in DIR whose folder's name ends in `+REPO` (or is REPO), or its `repo`.
Everything runs in one process over stores in memory, with the code and weights of the product.

The first table is by repository: the share of gold files among the first 1, 5, 10, 20 (recall), the
mean reciprocal rank of the first gold file, and the median time of a search once its commit is
known. Files that no task means (tests, prose, data) are left out of the ranking, as in the scorer
that the tasks came with. The second is by prong: each one alone, and all others without it.

`--travel` fits the weights on all repositories but one and measures that one, in turn: what is to
be expected of repositories that nobody has looked at. It takes minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitagent.domain.context import is_test
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index import engine, filling, past, query, tuning
from gitagent.index.memory import MemoryStore
from gitagent.index.snapshot import Snapshot

CUTS = (1, 5, 10, 20)
FACTORS = (0.0, 0.5, 0.75, 1.33, 2.0)
ROUNDS = 2
DATA = (".svg", ".css", ".scss", ".html", ".snap", ".po", ".lock")

Measures = Mapping[str, float]
Weights = Mapping[str, float]


@dataclass(frozen=True)
class Case:
    """A task with what each prong says of it."""

    repo: str
    paths: Sequence[str]
    prongs: engine.Prongs
    gold: frozenset[str]
    seconds: float

    def measured(self, weights: Weights) -> Measures:
        totals = engine.total(self.prongs, self.paths, weights)
        order = sorted(totals, key=lambda file: (-totals[file], file))
        meant = [self.paths[file] for file in order if _source(self.paths[file])]
        return measures(meant, self.gold)


def measures(ranked: Sequence[str], gold: frozenset[str]) -> Measures:
    """Recall at the cuts, and the reciprocal rank."""
    places = [n for n, path in enumerate(ranked, 1) if path in gold]
    recall = {f"R@{cut}": sum(n <= cut for n in places) / len(gold) for cut in CUTS}
    return {**recall, "MRR": 1 / places[0] if places else 0.0}


def _source(path: str) -> bool:
    return not (is_test(path) or path.endswith((*engine.PROSE, *DATA)) or "/docs/" in f"/{path}")


def cases(tasks: Iterable[Mapping[str, Any]], mirrors: Path) -> list[Case]:
    """All tasks, each repository's with one store."""
    found: list[Case] = []
    by_repo: dict[str, list[Mapping[str, Any]]] = {}
    for task in tasks:
        by_repo.setdefault(task["repo"], []).append(task)
    for name, its in by_repo.items():
        repo, store = GitRepo.open(_mirror(mirrors, name)), MemoryStore()
        found += [_case(task, repo, store) for task in its]
    return found


def _mirror(mirrors: Path, name: str) -> Path:
    for folder in sorted(mirrors.iterdir()):
        if folder.name == name or folder.name.endswith(f"+{name}"):
            return folder / "repo" if (folder / "repo").is_dir() else folder
    raise SystemExit(f"{mirrors} has no mirror of {name}.")


def _case(task: Mapping[str, Any], repo: GitRepo, store: MemoryStore) -> Case:
    base = task["base_commit"]
    files = filling.files_of(store, repo, repo.tree_of(base), lambda _done, _all: None)
    before = filling.past_of(store, Past(repo), base, past.MOST_COMMITS)
    snapshot = Snapshot(files, before)
    began = time.perf_counter()
    found = engine.find(query.read(task["query"]), snapshot, tuning.WEIGHTS)
    seconds = time.perf_counter() - began
    return Case(task["repo"], snapshot.paths, found.prongs, frozenset(task["gold"]), seconds)


def mean(found: Sequence[Case], weights: Weights) -> Measures:
    """The measures of all cases, averaged over tasks."""
    each = [case.measured(weights) for case in found]
    return {name: statistics.fmean(one[name] for one in each) for name in each[0]}


def fitted(found: Sequence[Case]) -> Weights:
    """Weights that are best for these cases, from those of the product on, one at a time."""
    best = dict(tuning.WEIGHTS)
    most = _worth(found, best)
    for _ in range(ROUNDS):
        for prong in best:
            for factor in FACTORS:
                tried = {**best, prong: round(best[prong] * factor, 3)}
                if (score := _worth(found, tried)) > most:
                    best, most = tried, score
    return best


def _worth(found: Sequence[Case], weights: Weights) -> float:
    measured = mean(found, weights)
    return measured["R@1"] + measured["R@10"] + measured["MRR"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tasks", type=Path, nargs="+")
    parser.add_argument("--mirrors", type=Path, required=True)
    parser.add_argument("--travel", action="store_true", help="fit on all but one, in turn")
    asked = parser.parse_args()
    lines = [line for file in asked.tasks for line in file.read_text().splitlines()]
    found = cases(map(json.loads, lines), asked.mirrors)
    repos = list(dict.fromkeys(case.repo for case in found))
    print(f"{'repository':<14} {'tasks':>5} {'files':>6} {_head()} {'ms':>6}")
    for repo in repos:
        its = [case for case in found if case.repo == repo]
        files, ms = len(its[-1].paths), 1000 * statistics.median(case.seconds for case in its)
        row = _row(mean(its, tuning.WEIGHTS))
        print(f"{repo:<14} {len(its):>5} {files:>6} {row} {ms:>6.0f}", flush=True)
    whole = mean(found, tuning.WEIGHTS)
    print(f"{'all':<14} {len(found):>5} {'':>6} {_row(whole)}\n")
    print(f"{'prong':<14} {'alone':^38}   {'all others without it':^38}")
    for prong in tuning.WEIGHTS:
        alone = {name: float(name == prong) for name in tuning.WEIGHTS}
        without = {**tuning.WEIGHTS, prong: 0.0}
        print(f"{prong:<14} {_row(mean(found, alone))}   {_row(mean(found, without))}", flush=True)
    if asked.travel:
        _travel(found, repos)


def _travel(found: Sequence[Case], repos: Sequence[str]) -> None:
    print(f"\n{'left out':<14} {_head()}   weights that were fitted on the others")
    total: list[Measures] = []
    for repo in repos:
        weights = fitted([case for case in found if case.repo != repo])
        its = [case for case in found if case.repo == repo]
        total += [case.measured(weights) for case in its]
        told = " ".join(f"{name}={weight:.2g}" for name, weight in weights.items())
        print(f"{repo:<14} {_row(mean(its, weights))}   {told}", flush=True)
    each = {name: statistics.fmean(one[name] for one in total) for name in total[0]}
    print(f"{'all':<14} {_row(each)}")


def _head() -> str:
    return " ".join(f"{name:>6}" for name in (*(f"R@{cut}" for cut in CUTS), "MRR"))


def _row(measured: Measures) -> str:
    return " ".join(f"{value:>6.3f}" for value in measured.values())


if __name__ == "__main__":
    main()
