"""A model asks to see more, and is shown it: for the plan of a task, and for each step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gitagent.domain.context import Context, Excerpt, merged
from gitagent.domain.want import Seen, Sight, Want
from gitagent.line import Line
from gitagent.ports import ModelProfile
from gitagent.progress import News
from gitagent.stages.look import look
from gitagent.stages.retrieve import with_texts
from gitagent.stages.rounds import MOST_WANTS
from gitagent.stages.view import View

SHARE_OF_CONTEXT, SHARE_OF_WINDOW = 0.5, 0.25
"""What the answers of one round may take of the most that is shown unasked, and what those of all
rounds may take of the window."""
TOLD = 160


def rounds(line: Line, profile: ModelProfile) -> int:
    """How often a model may ask. A weak one reads for minutes what it has asked for, and then
    copies it."""
    return 0 if profile.weak else line.rules.rounds


class Looker:
    """Answers asks about one tree, and remembers what it has shown beside `context`."""

    def __init__(
        self, line: Line, profile: ModelProfile, tree: str, shown: Sequence[Excerpt]
    ) -> None:
        self.seen: tuple[Seen, ...] = ()
        self._line = line
        self._profile = profile
        self._view = View(line.repo, line.index, tree, line.rules.ignore)
        self._shown = tuple(shown)
        self._answered: tuple[Want, ...] = ()

    def __call__(self, wants: Sequence[Want]) -> Sight:
        said = "; ".join(map(str, wants))
        cut = said if len(said) <= TOLD else f"{said[:TOLD]}…"
        self._line.tell(News("context", self._line.hide(f"asked for: {cut}")))
        known = (*self._shown, *(each.excerpt for each in self.seen))
        sight = look(self._view, wants, self._tokens, known, self._answered)
        self.seen += sight.seen
        self._answered += tuple(wants[:MOST_WANTS])
        return sight

    @property
    def _tokens(self) -> int:
        rules = self._line.rules
        room = (self._profile.window - self._profile.max_output) * SHARE_OF_WINDOW
        return int(min(rules.context_tokens * SHARE_OF_CONTEXT, room / max(1, rules.rounds)))


def together(excerpts: Iterable[Excerpt]) -> tuple[Excerpt, ...]:
    """One excerpt of each file, without its text, with all that is shown of it."""
    found: dict[str, Excerpt] = {}
    for excerpt in excerpts:
        known = found.get(excerpt.path, Excerpt(excerpt.path, "", whole=False))
        whole = known.whole or excerpt.whole
        spans = () if whole else merged((*known.spans, *excerpt.spans))
        found[excerpt.path] = Excerpt(excerpt.path, "", whole=whole, spans=spans)
    return tuple(found.values())


def with_looked(line: Line, tree: str, context: Context) -> Context:
    """A context with what the planner looked at and used, as far as that is in `tree` what it was.

    Lines of a file that an earlier step has changed would be other lines now.
    """
    known = line.log.state.context.looked if line.log.state.context else ()
    base = line.repo.tree_of(line.task.base)
    same = [e for e in known if line.repo.file(base, e.path) == line.repo.file(tree, e.path)]
    if not same:
        return context
    paths = {excerpt.path for excerpt in same}
    shown = [replace(e, text="") for e in context.excerpts if e.path in paths and not e.shortened]
    both = Context(excerpts=together([*same, *shown]))
    return context.beside(with_texts(line.repo, tree, both, line.rules.ignore).excerpts)
