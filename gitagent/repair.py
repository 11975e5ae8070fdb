"""One step's tries: propose, apply, gate, and the verdict back to the model, within bounds.

The loop ends with the first acceptable verdict, when the tries run out, or when a repair comes
back to a tree that was there before: a model that walks in circles is not paid for another round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from gitagent.basing import beside
from gitagent.domain.call import Reply
from gitagent.domain.context import Excerpt
from gitagent.domain.edit import Edit, Proposal, WriteFile
from gitagent.domain.task import Attempt
from gitagent.domain.verdict import CommandRun, Verdict
from gitagent.domain.want import Seen
from gitagent.edits import paths
from gitagent.edits.definitions import placed
from gitagent.errors import AgentError, BudgetExceeded, NoChange, NotApplied, ProviderError, Refused
from gitagent.line import Line
from gitagent.looking import Looker
from gitagent.progress import News
from gitagent.stages.apply import apply, brief
from gitagent.stages.asking import Asking, asking, may_remove
from gitagent.stages.propose import Dialogue, again, not_applied, not_green, propose

UNSEEN = "you did not see it whole; change it with SEARCH/REPLACE blocks"
UNSEEN_CODE = (
    "you saw only a part of it; write only the functions that change, each complete, under a "
    "comment with the path, and a method inside its `class` line"
)
PATIENCE = 2
"""Replies that do not fit before another model is asked, where there is one."""
NOTHING_CHANGED = "it has no edit in it that changes a file"


@dataclass(frozen=True)
class Tries:
    """Where a step stands. `tree` is what the last applied attempt made of `start`.

    `known` are the paths that the model was shown at first, `whole` those of which it saw
    everything.
    `demand` is the text that the verdict is held against. `misfits` are the models, one each time,
    whose last replies in a row could not be used. `n` is the try that was begun last, `stopped`
    says why no further call was to be had. `looked` are further parts of files that the model
    asked to see, `rounds` how often it may still ask, `context` what it was shown unasked.
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

    @property
    def shown(self) -> Sequence[str]:
        """The paths of all that the model sees."""
        return [*dict.fromkeys([*self.known, *(each.excerpt.path for each in self.looked)])]

    @property
    def shown_whole(self) -> frozenset[str]:
        return self.whole | {each.excerpt.path for each in self.looked if each.excerpt.whole}

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

    @property
    def avoid(self) -> tuple[str, ...]:
        """Models that sent what does not fit again when they were told why the last did not."""
        return tuple({ref for ref in self.misfits if self.misfits.count(ref) >= PATIENCE})

    @property
    def best(self) -> Attempt | None:
        """The accepted attempt, else the one that breaks least, fixes most and came last."""
        return self.accepted or max(self.failed, key=merit, default=None)


def repair(line: Line, tries: Tries) -> Tries:
    """Try until a verdict is acceptable or nothing more is to be hoped for.

    Tries that were stopped go on with the one that they were stopped in.
    """
    tries = replace(tries, stopped=None, over=False)
    for n in range(tries.n, line.rules.attempts + 1):
        tries = replace(tries, n=n)
        try:
            tries = _try(line, tries, n)
        except (BudgetExceeded, ProviderError) as error:
            tries = replace(tries, stopped=error, over=True)
        if tries.accepted or tries.over:
            break
    return tries


def _try(line: Line, tries: Tries, n: int) -> Tries:
    how = asking(n, line.rules.edit_format, weak=line.model.profile.weak)
    if how.anew:
        tries = replace(tries, tree=tries.start, dialogue=tries.dialogue.anew())
    tries, reply, proposal = _proposed(line, tries, n, how)
    attempt = Attempt(
        tries.step, n, f"{reply.provider}/{reply.model}", subject=line.hide(proposal.subject)
    )
    kept = tries.without_unused(reply.text, [edit.path for edit in proposal.edits])
    try:
        tree = _land(line, tries, proposal)
    except (NotApplied, Refused) as error:
        return _not_applied(line, kept, attempt, reply, error, anew=how.anew)
    if tree in tries.seen:
        line.tell(News("edits", "the same tree as before", warning=True))
        return replace(kept, over=not how.anew)
    return _gated(line, kept, replace(attempt, tree=tree), reply)


def _proposed(line: Line, tries: Tries, n: int, how: Asking) -> tuple[Tries, Reply, Proposal]:
    """A reply with edits, and the tries with all that was shown for it."""
    model = line.models["code" if n == 1 else "repair"]
    shown = (*tries.context, *(each.excerpt for each in tries.looked))
    looker = Looker(line, model.profile, tries.tree, shown)
    for turn in count():
        line.tell(News("model", f"{line.model.profile.name} writes, try {n}", passing=True))
        reply, proposal = propose(
            model,
            tries.dialogue,
            how=how,
            step=tries.step,
            attempt=n,
            tree=tries.start,
            known=_texts(line, tries),
            avoid=tries.avoid,
            turn=turn,
            asks=tries.rounds,
        )
        if not proposal.wants:
            break
        left = tries.rounds - 1
        sight = looker(proposal.wants)
        dialogue = tries.dialogue.asking(reply.text, sight, left)
        looked = (*tries.looked, *sight.seen)
        tries = replace(tries, dialogue=dialogue, looked=looked, rounds=left)
    return tries, reply, proposal


def _texts(line: Line, tries: Tries) -> Mapping[str, str]:
    """The shown files as the last attempt left them."""
    files = {path: line.repo.file(tries.tree, path) for path in tries.shown}
    return {path: file.data.decode(errors="replace") for path, file in files.items() if file}


def _land(line: Line, tries: Tries, proposal: Proposal) -> str:
    """The tree that the edits make of the files as the last attempt left them or, where they do
    not fit there, as the step found them."""
    if not proposal.edits and not proposal.problems:
        raise NotApplied(problems=[NOTHING_CHANGED])
    proposal = _only_seen(line, tries, proposal)
    allow, hidden = line.rules.allow, line.rules.ignore
    try:
        tree = apply(line.repo, tries.tree, proposal, allow=allow, hidden=hidden)
    except (NotApplied, Refused):
        if tries.tree == tries.start:
            raise
        tree = apply(line.repo, tries.start, proposal, allow=allow, hidden=hidden)
    if tree == tries.start:
        raise NotApplied(problems=[NOTHING_CHANGED])
    return tree


def _only_seen(line: Line, tries: Tries, proposal: Proposal) -> Proposal:
    """Nobody writes a file whole who has not seen it whole: the rest of it would be gone.

    What such a file defines is put into the file that there is, where it has a clear place. So it
    is for a model that was asked for functions only: what it leaves out stays.
    """
    edits: list[Edit] = []
    problems: list[str] = []
    for edit in proposal.edits:
        text = _text(line, tries, edit.path)
        whole = edit.path in tries.shown_whole
        if not isinstance(edit, WriteFile) or text is None or (whole and not _in_parts(line)):
            edits.append(edit)
            continue
        parts = placed(edit.text, edit.path, text) if edit.path in tries.shown else None
        if parts is not None:
            edits += parts
        elif whole:
            edits.append(edit)
        else:
            advice = UNSEEN_CODE if edit.path.endswith(".py") else UNSEEN
            problems.append(f"{edit.path} cannot be written whole: {advice}")
    if problems:
        raise NotApplied(problems=problems)
    return replace(proposal, edits=tuple(edits))


def _in_parts(line: Line) -> bool:
    weak = line.model.profile.weak and line.rules.edit_format == "whole"
    return weak and not may_remove(line.task.text)


def _text(line: Line, tries: Tries, path: str) -> str | None:
    """What stands in a file now; None where it is new or empty."""
    try:
        file = line.repo.file(tries.tree, paths.check(path))
    except Refused:
        return None  # apply says why
    return file.data.decode(errors="replace") if file and file.data else None


def _not_applied(
    line: Line,
    tries: Tries,
    attempt: Attempt,
    reply: Reply,
    error: NotApplied | Refused,
    *,
    anew: bool,
) -> Tries:
    problems = error.problems if isinstance(error, NotApplied) else (str(error),)
    kept = tuple(map(line.hide, problems))
    line.log.add_attempt(replace(attempt, problems=kept))
    line.tell(News("edits", f"not applied: {brief(kept[0])}", warning=True))
    unchanged = problems == (NOTHING_CHANGED,)
    # it is asked in another way next time, or somebody else is
    hope = anew or line.model.profile.weak or "repair" in line.others
    return replace(
        tries,
        dialogue=tries.dialogue.misfit(reply.text, not_applied(problems, _again(line))),
        misfits=(*tries.misfits, reply.ref),
        trouble=NoChange() if unchanged else error,
        over=unchanged and isinstance(tries.trouble, NoChange) and not hope,
    )


def _again(line: Line) -> str:
    return again(line.rules.edit_format, weak=line.model.profile.weak)


def _gated(line: Line, tries: Tries, attempt: Attempt, reply: Reply) -> Tries:
    line.log.add_attempt(attempt)
    verdict = _verdict(line, tries, attempt)
    attempt = replace(attempt, verdict=verdict)
    line.log.add_attempt(attempt)
    line.tell(News("gate", verdict.said, warning=not verdict.acceptable))
    if verdict.acceptable:
        return replace(tries, accepted=attempt)
    return replace(
        tries,
        tree=attempt.tree,
        seen=tries.seen | {attempt.tree},
        failed=(*tries.failed, attempt),
        misfits=(),
        dialogue=tries.dialogue.judged(reply.text, not_green(verdict, _again(line))),
    )


def _verdict(line: Line, tries: Tries, attempt: Attempt) -> Verdict:
    """The verdict on a tree; one that the log has is not found out again."""
    for known in line.log.state.attempts:
        if known.tree == attempt.tree and known.verdict is not None:
            return known.verdict
    line.tell(News("gate", "runs", passing=True))
    return line.checks.verdict(attempt.tree, tries.demand, beside(line, attempt.tree))


def merit(attempt: Attempt) -> tuple[bool, int, int, int]:
    """Orders attempts: who leaves the tests alone, breaks least, passes most, and came last."""
    verdict = attempt.verdict or Verdict("none")
    lost = len(verdict.broken) + len(verdict.vanished) + len(verdict.skipped)
    return verdict.kind != "weakened", -lost, len(verdict.passed), attempt.n
