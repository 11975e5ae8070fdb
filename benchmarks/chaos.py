"""Hundreds of tasks on a bad day of two providers, and what became of each.

    python benchmarks/chaos.py [--tasks N] [--rate R] [--seed S] [--at-once N] [--providers 1|2]
                               [--faults A,B=2]

The tasks are those of tests/testing/bad_day.py, in turn: one step, two planned steps, a red gate
and its repair, edits that do not fit, too few calls, too small a budget, none at all, a model that
never gets it right, one that never edits. Each is a real `git agent task`, and `git agent resume`
where it stopped before its end, in a repository of its own. The providers are chaos servers: a
share of the answers meets a fault out of the whole catalogue, by dice that follow from the seed and
the question.

Held is: an ending of the contract with its exit code; the ending that the task can come to, unless
its last question never got a whole answer (counted apart, as unlucky); the tree of the branch; the
user's own files as they were; the ledger within the budget, and no less on it than a provider would
bill; each whole answer on the ledger, and none to a question that had one. What was answered whole
is what the servers say. Exit code 1 where one did not hold.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitagent.testing.chaos import Fate
from gitagent.testing.chaos.fate import weights

TESTS = Path(__file__).resolve().parent.parent / "tests"
HEAD = ("fault", "tasks", "at once", "resumed", "as it must", "unlucky", "breach")
COSTS = ("attempts", "charged", "budget", "share")
SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One task as the table counts it."""

    faults: tuple[str, ...]
    outcome: str
    calls: int
    charged: float
    budget: float
    problems: tuple[str, ...]


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    sys.path[:0] = [str(TESTS), str(TESTS / "kill"), str(TESTS / "testing")]
    bad_day = importlib.import_module("bad_day")
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=bad_day.room(Path(tempfile.gettempdir()))))
    # the repositories are read here, too: not as this machine's user has set git up
    os.environ |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    chosen = weights(options.faults.split(","))
    fates = [
        Fate(options.rate, options.seed + n, "content", chosen) for n in range(options.providers)
    ]
    began = time.monotonic()
    try:
        with bad_day.day(folder, fates) as day:
            ran = _all(day.task, options)
            rows = [_row(day, task) for task in ran]
            reports = [server.report for server in day.servers.values()]
    finally:
        shutil.rmtree(folder)
    _table(rows)
    return _judged(rows, reports, options.tasks, time.monotonic() - began)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, usage=argparse.SUPPRESS)
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--faults", default="all", help="NAME or NAME=WEIGHT, with commas")
    parser.add_argument("--at-once", type=int, default=3)
    parser.add_argument("--providers", type=int, default=2, choices=(1, 2))
    parser.add_argument("--minutes", type=float, default=30, help="no task begins after them")
    return parser.parse_args(arguments)


def _all(run: Callable[[int], Any], options: argparse.Namespace) -> list[Any]:
    """Every task, several at once; those that there was no time for are missing."""
    ends = time.monotonic() + options.minutes * 60

    def task(ticket: int) -> Any:
        if time.monotonic() > ends:
            return None
        if ticket % 50 == 49:
            print(f"{ticket + 1} tasks begun", file=sys.stderr)
        return run(ticket)

    with ThreadPoolExecutor(options.at_once) as pool:
        return [ran for ran in pool.map(task, range(options.tasks)) if ran is not None]


def _row(day: Any, ran: Any) -> Row:
    problems = tuple(f"{ran.ticket} ({ran.kind.name}): {p}" for p in day.judged(ran))
    return Row(
        tuple(sorted(day.faults(ran))),
        _outcome(ran, problems, unlucky=day.unlucky(ran)),
        len(ran.calls),
        ran.charged,
        ran.budget,
        problems,
    )


def _outcome(ran: Any, problems: Sequence[str], *, unlucky: bool) -> str:
    if problems:
        return "breach"
    if unlucky:
        return "unlucky"
    if ran.kind.ending != "done":
        return "as it must"
    return "at once" if len(ran.codes) == 1 else "resumed"


def _table(rows: Sequence[Row]) -> None:
    """A line for each fault with the tasks that met it, whatever else they met."""
    print(f"{HEAD[0]:<18}" + "".join(f"{h:>11}" for h in (*HEAD[1:], *COSTS)))
    faults = sorted({fault for row in rows for fault in row.faults})
    for fault in faults:
        print(_line(fault, [row for row in rows if fault in row.faults]))
    print(_line("no fault", [row for row in rows if not row.faults]))
    print(_line("all", rows))


def _line(name: str, rows: Sequence[Row]) -> str:
    outcomes = Counter(row.outcome for row in rows)
    counts = "".join(f"{outcomes[outcome]:>11}" for outcome in HEAD[2:])
    calls = sum(row.calls for row in rows) / max(1, len(rows))
    charged, budget = sum(row.charged for row in rows), sum(row.budget for row in rows)
    cost = f"{charged:>11.4f}{budget:>11.2f}{charged / budget if budget else 0:>11.1%}"
    return f"{name:<18}{len(rows):>11}{counts}{calls:>11.1f}{cost}"


def _judged(rows: Sequence[Row], reports: Sequence[Any], wanted: int, seconds: float) -> int:
    """Print what did not hold, and the count; the exit code."""
    for problem in _problems(rows, wanted):
        print(problem)
    outcomes = Counter(row.outcome for row in rows)
    calls = sum(report["requests"] for report in reports)
    faulty = sum(report["faulty"] for report in reports)
    print(
        f"{len(rows)} tasks, {calls} calls of which {faulty / max(1, calls):.0%} met a fault: "
        f"{outcomes['at once'] + outcomes['resumed']} done ({outcomes['resumed']} with a resume), "
        f"{outcomes['as it must']} came to the ending that they must come to, "
        f"{outcomes['unlucky']} never got an answer, {outcomes['breach']} breaches; "
        f"{sum(report['answered_twice'] for report in reports)} questions answered twice; "
        f"${sum(report['billed']['usd'] for report in reports):.4f} billed, "
        f"${sum(row.charged for row in rows):.4f} charged; {seconds:.0f} s"
    )
    return int(bool(outcomes["breach"]) or len(rows) < wanted)


def _problems(rows: Sequence[Row], wanted: int) -> Iterator[str]:
    problems = [problem for row in rows for problem in row.problems]
    yield from problems[:SHOWN]
    if len(problems) > SHOWN:
        yield f"… and {len(problems) - SHOWN} more"
    if len(rows) < wanted:
        yield f"no time for {wanted - len(rows)} of {wanted} tasks"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
