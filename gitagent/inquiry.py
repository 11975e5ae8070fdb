"""What a question is answered with: its log, a model, and what may be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitagent.domain.ask import Answer, Place
from gitagent.domain.context import Span
from gitagent.edits.citations import checked
from gitagent.library import Library, by_file
from gitagent.ports import Index, Log, Model, Repo
from gitagent.progress import News, Tell

SHARE_OF_WINDOW, SHARE_FOR_WEAK = 0.5, 0.2
"""Of a model's window, for what it is shown at a time."""


@dataclass(frozen=True)
class Inquiry:
    """The parts of one run of a question.

    `context_tokens` are those of what is shown first, `most_calls` the cap over all runs.
    `why_not` says of a file, by its path and content, why it is not worth reading; `too_dear` what
    is to be said against reading so many tokens, at the least. Both say nothing where all is well.
    """

    repo: Repo
    log: Log
    index: Index
    model: Model
    library: Library
    tell: Tell
    ignore: Sequence[str]
    context_tokens: int
    most_calls: int
    why_not: Callable[[str, bytes], str]
    too_dear: Callable[[int], str]

    @property
    def question(self) -> str:
        return self.log.state.task.text

    def say(self, text: str, *, passing: bool = False, warning: bool = False) -> None:
        self.tell(News("ask", text, passing, warning))

    def answer(self, text: str, shown: Sequence[Place], **more: object) -> Answer:
        """The text with its sources, each held against the tree and against what was `shown`."""
        spans = by_file(shown)

        def seen(path: str, span: Span) -> bool:
            return any(s.start <= span.start and span.end <= s.end for s in spans.get(path, ()))

        found = checked(text, self.library.paths, self.library.count, seen)
        answer: Answer = Answer(
            found.text,
            found.sources,
            found.unfound,
            files=self.library.size,
            **more,  # type: ignore[arg-type]
        )
        return answer
