"""A question about the whole repository, and its answer with where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from gitagent.domain.context import Span

PREFIX = "ask-"
"""What the id of a question begins with; no task's does."""


def is_ask(task_id: str) -> bool:
    """Whether an id is that of a question, which has no branch and changes nothing."""
    return task_id.startswith(PREFIX)


@dataclass(frozen=True)
class Ask:
    """How a question is to be answered: `whole` reads all there is, else what fits is looked up.

    `models` are those that may answer (PROVIDER/NAME), as they were known when it was asked.
    """

    whole: bool = False
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Lines of a file."""

    path: str
    span: Span


@dataclass(frozen=True)
class Source:
    """Lines that an answer names and that exist; `shown` says that the model had seen them."""

    path: str
    span: Span
    shown: bool = True


@dataclass(frozen=True)
class Read:
    """What a model was shown of a file."""

    path: str
    spans: tuple[Span, ...]
    whole: bool


@dataclass(frozen=True)
class LeftOut:
    """A file that no model was shown, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Answer:
    """What was answered, in Markdown, and what that rests on.

    `unfound` are the places that it names and that do not exist; in the text they are marked.
    `files` counts all files of the tree. `left_out` is known where all was to be read. `cut` says
    that the model came to the end of its tokens before that of its answer.
    """

    text: str
    sources: tuple[Source, ...] = ()
    unfound: tuple[str, ...] = ()
    read: tuple[Read, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    files: int = 0
    cut: bool = False
