"""The candidates of one try: each a tree, or the reason why there is none.

Equal trees are one candidate, and a tree that cannot be read is none. The gate decides between the
others, the smallest change first: of two that pass, the one that changes less is the better one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gitagent.domain.call import Reply
from gitagent.domain.task import Attempt
from gitagent.errors import BudgetExceeded, NotApplied, ProviderError, Refused

T = TypeVar("T")
Question = Callable[[], T]
LEFT_OUT = (BudgetExceeded, ProviderError)


@dataclass(frozen=True)
class Candidate:
    """One reply and what became of it: the attempt's tree is empty where `error` says why.

    `size` is what its diff to the step's start has, in characters; `paths` are the files that it
    edits.
    """

    attempt: Attempt
    reply: Reply
    error: NotApplied | Refused | None = None
    size: int = 0
    paths: tuple[str, ...] = ()


def distinct(found: Sequence[Candidate], seen: frozenset[str]) -> list[Candidate]:
    """Those with a tree that is new, each tree once, the smallest change first."""
    trees: dict[str, Candidate] = {}
    for each in found:
        if each.attempt.tree and each.attempt.tree not in seen:
            trees.setdefault(each.attempt.tree, each)
    return sorted(trees.values(), key=lambda each: each.size)


def in_turn(questions: Sequence[Question[T]]) -> list[T]:
    """What the questions are answered, one after the other; as `in_threads` otherwise."""
    found: list[T | BaseException] = []
    for question in questions:
        try:
            found.append(question())
        except LEFT_OUT as error:
            found.append(error)
    return _sorted_out(found)


def in_threads(questions: Sequence[Question[T]]) -> list[T]:
    """What the questions are answered, all asked at once, in the order in which they stand.

    An answer that is not to be had is left out; where none is, the first error is raised.
    """
    if len(questions) == 1:
        return in_turn(questions)
    found: list[T | BaseException] = [BudgetExceeded()] * len(questions)

    def ask(n: int) -> None:
        try:
            found[n] = questions[n]()
        except BaseException as error:  # noqa: BLE001 (it is raised where it is waited for)
            found[n] = error

    threads = [
        threading.Thread(target=ask, args=(n,), name=f"candidate-{n}", daemon=True)
        for n in range(len(questions))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _sorted_out(found)


def _sorted_out(found: Sequence[T | BaseException]) -> list[T]:
    errors = [each for each in found if isinstance(each, BaseException)]
    answers = [each for each in found if not isinstance(each, BaseException)]
    for error in errors:
        if not answers or not isinstance(error, LEFT_OUT):
            raise error
    return answers
