"""How much of what must change ends up in a context of 6,000 and of 24,000 tokens.

    python benchmarks/packing.py --tasks FILE [--tasks FILE ...] --mirrors DIR

A task is a commit's message, its gold files those that the commit changed: one JSON document a
line, with `id`, `repo`, `base_commit`, `fix_commit`, `query`, `gold`. A mirror is a bare
repository, DIR/OWNER+NAME/repo. Of the gold files of each task the share is counted that is

    shown    at all, if by a line
    whole    from the first line to the last
    lines    whole, or with every line that the commit changed (of an addition, where it goes)

in what a model would be shown, as tasks retrieve it (`gitagent`), and beside it in the first files
of a BM25 over whole files, packed whole: until one does not fit (`bm25`); with those left out that
do not fit while smaller ones follow (`bm25 filled`); and the same without tests and prose (`bm25
code`), since the gold files are neither, which nobody knows beforehand. It needs the package bm25s;
without it those rows are left out. All count CHARACTERS_PER_TOKEN, texts and paths. The numbers are
means over tasks, and in the last rows over repositories.

`--half first` takes every
second task, `second` the others. `--save FILE` keeps the figures of each task, as JSON lines.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import cast

from localized import Hunk, Task, by_repository
from whole_files import WholeFiles

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.code import Definition
from gitagent.domain.context import Excerpt, Hit, Span
from gitagent.errors import AgentError
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index.code import CodeIndex
from gitagent.index.memory import MemoryStore
from gitagent.ports import Index
from gitagent.stages.ranking import MOST_HITS
from gitagent.stages.retrieve import retrieve

TOKENS = (6_000, 24_000)
COUNTED = ("shown", "whole", "lines")
OURS = "gitagent"
BASELINES = {
    "bm25": {"filled": False},
    "bm25 filled": {"filled": True},
    "bm25 code": {"filled": True, "code": True},
}

Shares = Mapping[str, float]
"""By what is counted, the share of a task's gold files."""


@dataclass(frozen=True)
class Result:
    """Of one task: the shares by packer and tokens, and the seconds of our own packing."""

    task: str
    repo: str
    shares: Mapping[tuple[str, int], Shares]
    seconds: float


class Kept:
    """An index that ranks once: the same hits are packed for several sizes."""

    def __init__(self, index: CodeIndex, tree: str, query: str) -> None:
        self._index = index
        self._hits = index.search(tree, query, MOST_HITS)

    def search(self, _tree: str, _query: str, limit: int) -> Sequence[Hit]:
        return self._hits[:limit]

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        return self._index.outline(tree, path)


def main() -> None:
    asked = _arguments()
    results: list[Result] = []
    for repo, tasks in by_repository(asked.tasks, asked.mirrors):
        try:
            results += list(_measured(repo, _half(tasks, asked.half)))
        except AgentError as error:
            print(f"{tasks[0].repo}: {error} It is left out.", flush=True)
            continue
        _print_rows([result for result in results if result.repo == tasks[0].repo])
    _print_all(results)
    if asked.save:
        asked.save.write_text("".join(map(_as_json, results)))


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--tasks", type=Path, action="append", required=True, metavar="FILE")
    asked.add_argument("--mirrors", type=Path, required=True, metavar="DIR")
    asked.add_argument("--half", choices=("first", "second"))
    asked.add_argument("--save", type=Path, metavar="FILE")
    return asked.parse_args()


def _half(tasks: list[Task], half: str | None) -> list[Task]:
    return tasks[half == "second" :: 2] if half else tasks


def _measured(repo: GitRepo, tasks: Sequence[Task]) -> Iterator[Result]:
    baseline = WholeFiles(repo) if WholeFiles.there() else None
    store = MemoryStore()
    for task in tasks:
        with CodeIndex(repo, Past(repo), task.base, lambda: nullcontext(store)) as index:
            yield _one(repo, index, baseline, task)


def _one(repo: GitRepo, known: CodeIndex, baseline: WholeFiles | None, task: Task) -> Result:
    tree = repo.tree_of(task.base)
    index = Kept(known, tree, task.query)
    ranked = baseline.ranked(tree, task.query) if baseline else []
    shares: dict[tuple[str, int], Shares] = {}
    took = []
    for tokens in TOKENS:
        began = time.perf_counter()
        found = retrieve(repo, cast(Index, index), tree, task.query, tokens=tokens, task=task.query)
        took.append(time.perf_counter() - began)
        room = tokens * CHARACTERS_PER_TOKEN
        _check(found.excerpts, room)
        shares[OURS, tokens] = _shares(task.gold, found.excerpts)
        if baseline:
            for name, how in BASELINES.items():
                packed = baseline.packed(tree, ranked, room, **how)
                shares[name, tokens] = _shares(task.gold, packed)
    return Result(task.id, task.repo, shares, took[-1])


def _check(excerpts: Sequence[Excerpt], room: int) -> None:
    used = sum(len(excerpt.text) + len(excerpt.path) for excerpt in excerpts)
    if used > room:
        raise SystemExit(f"{used} characters are shown where there is room for {room}.")


def _shares(gold: Mapping[str, Sequence[Hunk]], excerpts: Sequence[Excerpt]) -> Shares:
    by_path = {excerpt.path: excerpt for excerpt in excerpts}
    shown = {path: by_path[path] for path in gold if path in by_path}
    whole = [path for path, excerpt in shown.items() if excerpt.whole]
    lines = [p for p, e in shown.items() if e.whole or _seen(e.spans, gold[p])]
    return {
        name: len(found) / len(gold)
        for name, found in zip(COUNTED, (shown, whole, lines), strict=True)
    }


def _seen(spans: Sequence[Span], hunks: Sequence[Hunk]) -> bool:
    lines = {n for span in spans for n in range(span.start, span.end + 1)}
    return all(hunk.within(lines) for hunk in hunks)


def _print_rows(results: Sequence[Result]) -> None:
    for packer, tokens in results[0].shares:
        shares = _mean([result.shares[packer, tokens] for result in results])
        _print_row(results[0].repo, len(results), packer, tokens, shares)
    seconds = median(result.seconds for result in results)
    print(f"{results[0].repo:12}{'':4}  {OURS} took {seconds * 1000:.0f} ms (median)", flush=True)


def _print_all(results: Sequence[Result]) -> None:
    repos = list(dict.fromkeys(result.repo for result in results))
    for packer, tokens in results[0].shares if results else ():
        each = [
            _mean([r.shares[packer, tokens] for r in results if r.repo == repo]) for repo in repos
        ]
        _print_row("all", len(results), packer, tokens, _mean(each))


def _mean(shares: Sequence[Shares]) -> Shares:
    return {name: fmean(each[name] for each in shares) for name in COUNTED}


def _print_row(repo: str, count: int, packer: str, tokens: int, shares: Shares) -> None:
    figures = "".join(f"  {name} {shares[name]:.3f}" for name in COUNTED)
    print(f"{repo:12}{count:4}  {tokens:6,} tokens  {packer:12}{figures}", flush=True)


def _as_json(result: Result) -> str:
    shares = {f"{packer} {tokens}": each for (packer, tokens), each in result.shares.items()}
    row = {"id": result.task, "repo": result.repo, "seconds": result.seconds, "shares": shares}
    return json.dumps(row) + "\n"


if __name__ == "__main__":
    main()
