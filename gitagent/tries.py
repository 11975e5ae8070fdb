"""Where a step stands between its tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gitagent.domain.context import Excerpt
from gitagent.domain.task import Attempt
from gitagent.domain.verdict import CommandRun, Verdict
from gitagent.domain.want import Seen
from gitagent.edits.seen import Eyes
from gitagent.errors import AgentError
from gitagent.stages.propose import Dialogue

PATIENCE = 2
"""Replies that do not fit, or tries that the gate fails, before another model is asked, where there
is one; for the gate's sake only a better one."""


@dataclass(frozen=True)
class Tries:
    """Where a step stands. `tree` is what the last applied attempt made of `start`.

    `known` are the paths that the model was shown at first, `whole` those of which it saw
    everything.
    `demand` is the text that the verdict is held against. `misfits` are the models, one each time,
    whose last replies in a row could not be used. `n` is the try that was begun last, `stopped`
    says why no further call was to be had. `looked` are further parts of files that the model
    asked to see, `rounds` how often it may still ask, `context` what it was shown unasked. `lead`
    is the reply of the best attempt that the gate has seen, with that attempt, `half` are attempts
    that may be taken and leave tests failing which the step is about. `failing` are the models
    whose tries the gate failed, one each time, `outgrown` those that are not asked again for it,
    `slow` the attempts for which the gate had not enough time and which fail at nothing else,
    `unread` trees that were sent back unread: who insists on one is believed, and the gate decides.
    `stub` says that the file that most likely changes is still to be written, `length` how long an
    answer of the last try was, in tokens.
    """

    step: int
    start: str
    tree: str
    dialogue: Dialogue
    known: Sequence[str]
    whole: frozenset[str]
    demand: str
    runs: Sequence[CommandRun]
    seen: frozenset[str] = frozenset()
    failed: tuple[Attempt, ...] = ()
    misfits: tuple[str, ...] = ()
    n: int = 1
    accepted: Attempt | None = None
    trouble: AgentError | None = None
    stopped: AgentError | None = None
    over: bool = False
    looked: tuple[Seen, ...] = ()
    rounds: int = 0
    context: Sequence[Excerpt] = ()
    lead: tuple[str, Attempt] | None = None
    half: tuple[Attempt, ...] = ()
    failing: tuple[str, ...] = ()
    outgrown: frozenset[str] = frozenset()
    slow: tuple[Attempt, ...] = ()
    unread: frozenset[str] = frozenset()
    stub: bool = False
    length: int = 0

    @property
    def shown(self) -> Sequence[str]:
        """The paths of all that the model sees."""
        return [*dict.fromkeys([*self.known, *(each.excerpt.path for each in self.looked)])]

    @property
    def shown_whole(self) -> frozenset[str]:
        return self.whole | {each.excerpt.path for each in self.looked if each.excerpt.whole}

    @property
    def eyes(self) -> Eyes:
        """What the model has seen of the files, and what it wrote itself."""
        texts = dict.fromkeys(self.shown, "")
        for each in (*self.context, *(looked.excerpt for looked in self.looked)):
            texts[each.path] = f"{texts.get(each.path, '')}\n{each.text}"
        own = "\n".join(said.content for said in (*self.dialogue.landed, *self.dialogue.last))
        return Eyes({path: f"{text}\n{own}" for path, text in texts.items()}, self.shown_whole)

    def without_unused(self, reply: str, paths: Sequence[str]) -> Tries:
        """With as much of what the model asked to see as has to do with what it wrote then."""
        used = tuple(each for each in self.looked if each.is_used(reply, paths))
        dialogue = self.dialogue.having([each.excerpt for each in used])
        return replace(self, looked=used, dialogue=dialogue)

    def with_less(self, shorter: Tries) -> Tries:
        """The same tries with the context of others for the same step, which show less."""
        return replace(
            self,
            dialogue=shorter.dialogue.going_on(self.dialogue),
            known=shorter.known,
            whole=self.whole & shorter.whole,
            context=shorter.context,
            looked=(),
        )

    def anew(self, hints: str = "") -> Tries:
        """With nothing but hints of what came of the tries so far in the next question."""
        return replace(self, tree=self.start, dialogue=self.dialogue.anew(hints))

    def from_lead(self, said: str) -> Tries:
        """As if the best attempt so far had been the last, and this been said of it."""
        if self.lead is None:
            return self
        reply, attempt = self.lead
        return replace(self, tree=attempt.tree, dialogue=self.dialogue.judged(reply, said))

    @property
    def avoid(self) -> tuple[str, ...]:
        """Models that sent what does not fit again when they were told why the last did not."""
        unfit = {ref for ref in self.misfits if self.misfits.count(ref) >= PATIENCE}
        return tuple(sorted(unfit | self.outgrown))

    def beyond(self, ref: str, ladder: Sequence[str]) -> Tries:
        """With a better model than `ref` to be asked next; unchanged where there is none."""
        place = ladder.index(ref) + 1 if ref in ladder else len(ladder)
        if not ladder[place:] or ref in self.outgrown:
            return self
        return replace(self, outgrown=self.outgrown.union(ladder[:place]))

    @property
    def best(self) -> Attempt | None:
        """The accepted attempt, else the one that breaks least, fixes most and came last."""
        return self.accepted or max(self.failed, key=merit, default=None)

    def settled(self) -> Tries:
        """With the best of what is half done accepted, where nothing else came."""
        if self.accepted or not self.half:
            return self
        return replace(self, accepted=max(self.half, key=merit), stopped=None)


def merit(attempt: Attempt) -> tuple[bool, int, int, int]:
    """Orders attempts: who leaves the tests alone, breaks least, passes most, and came last."""
    verdict = attempt.verdict or Verdict("none")
    lost = len(verdict.broken) + len(verdict.vanished) + len(verdict.skipped)
    return verdict.kind != "weakened", -lost, len(verdict.passed), attempt.n
