"""One step's tries: propose, apply, gate, and the verdict back to the model, within bounds.

A try may have several candidates, which are asked for side by side and held against each other.

The loop ends with the first acceptable verdict, when the tries run out, or when a repair comes
back to a tree that was there before: a model that walks in circles is not paid for another round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gitagent.basing import beside
from gitagent.contest import Candidate, distinct
from gitagent.domain.call import CHARACTERS_PER_TOKEN, Reply
from gitagent.domain.edit import Proposal
from gitagent.domain.task import Attempt
from gitagent.domain.verdict import Verdict
from gitagent.errors import (
    BudgetExceeded,
    ContextOverflow,
    NoChange,
    NotApplied,
    ProviderError,
    Refused,
    Unread,
)
from gitagent.gates.evidence import failing
from gitagent.gates.unfinished import unfinished
from gitagent.landing import NOTHING_CHANGED, land, landed, problems_of
from gitagent.line import Line
from gitagent.ports import Model
from gitagent.progress import News
from gitagent.proposing import proposed
from gitagent.reading import reader
from gitagent.stages.apply import brief
from gitagent.stages.asking import Ways, ways
from gitagent.stages.propose import Kept, again, hints, not_applied, not_green
from gitagent.tries import PATIENCE, Tries, merit

HURRY = 10
"""Times the base's seconds at the gate that a candidate has at first."""


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
    return tries if isinstance(tries.stopped, ContextOverflow) else _last_look(line, tries)


def _last_look(line: Line, tries: Tries) -> Tries:
    """With what is half done, or what only was too slow, where nothing better came; the best of the
    slow ones has all the time that a tree may have."""
    if tries.accepted or tries.half or not tries.slow:
        return tries.settled()
    best = max(tries.slow, key=merit)
    line.tell(News("gate", f"runs on {best.label} again, without hurry", passing=True))
    verdict = line.checks.verdict(best.tree, tries.demand, beside(line, best.tree))
    attempt = replace(best, verdict=verdict)
    line.log.add_attempt(attempt)
    _tell_verdict(line, attempt, verdict, 0)
    return replace(tries, accepted=attempt, stopped=None) if verdict.acceptable else tries


def _try(line: Line, tries: Tries, n: int) -> Tries:
    model = line.models["code" if n == 1 else "repair"]
    how = _ways(line, tries, n, model)
    if how.anew or not _is_near(line, tries):
        tries = tries.anew(_hints(line, tries))
    elif tries.lead and line.rules.candidates > 1 and not tries.dialogue.landed:
        tries = tries.from_lead(_said_of(line, tries.lead[1]))
    early: dict[str, Verdict] = {}
    tries, answers = proposed(line, tries, n, how, _Early(line, tries, early))
    tries = replace(tries, length=_length([reply for reply, _ in answers]))
    several = how.candidates > 1
    found = [
        landed(line, tries, n, k if several else 0, *answer) for k, answer in enumerate(answers, 1)
    ]
    for each in found:
        if each.error is not None:
            _tell_problems(line, each, each.error)
    if all(each.error for each in found):
        return _none_applied(line, tries, max(found, key=_came), anew=how.anew)
    fresh = distinct(found, tries.seen)
    if not fresh:
        line.tell(News("edits", "the same tree as before", warning=True))
        # one that is asked with warmth, and next in another way, may come to something else
        hope = how.anew or (line.rules.candidates > 1 and line.model.profile.weak)
        kept = _kept(tries, found[0])
        tries = kept if hope else _escalated(line, kept, found[0].reply.ref, "walks in circles")
        return replace(tries, over=not hope and tries is kept)
    return _gated(line, tries, fresh, early)


def _escalated(line: Line, tries: Tries, ref: str, why: str) -> Tries:
    """With a better model for the next try, where the task has one."""
    higher = tries.beyond(ref, line.rules.ladder)
    if higher is not tries:
        place = line.rules.ladder.index(ref) + 1
        said = f"{ref} {why}; {line.rules.ladder[place]} is asked"
        line.tell(News("model", said, warning=True))
    return higher


def _ways(line: Line, tries: Tries, n: int, model: Model) -> Ways:
    """Where nothing decides between candidates, or a model of another kind is asked than they were
    meant for, there is one."""
    other = model.profile.weak != line.model.profile.weak
    return ways(
        n,
        line.rules.edit_format,
        weak=line.model.profile.weak,
        candidates=1 if other or not line.log.state.base_runs else line.rules.candidates,
        forks=model.profile.takes_n,
        beside=_beside(line, tries),
    )


def _beside(line: Line, tries: Tries) -> int:
    """How many candidates there is time for. Long answers take turns: four of them at once come no
    sooner than one after the other, and none can be learnt from before all are written."""
    if not (line.rules.round_tokens and tries.length):
        return line.rules.candidates
    return max(1, line.rules.round_tokens // tries.length)


def _is_near(line: Line, tries: Tries) -> bool:
    """Whether what there is is worth repairing. A weak model with another chance makes nothing of a
    proposal that fails at most of the tests; it is asked anew."""
    if tries.lead is None or line.rules.candidates == 1 or not line.model.profile.weak:
        return True
    verdict = tries.lead[1].verdict or Verdict("none")
    wrong = len(verdict.broken) + len(verdict.still_failing) + len(verdict.vanished)
    return len(verdict.passed) >= wrong


@dataclass(frozen=True)
class _Early:
    """Says of a proposal whether it passes, while others are still being written.

    What the gate says is kept by tree in `known`; nothing of it is in the log before the call is.
    """

    line: Line
    tries: Tries
    known: dict[str, Verdict]

    def __call__(self, proposal: Proposal) -> bool:
        try:
            tree = land(self.line, self.tries, proposal)
        except (NotApplied, Refused):
            return False
        if tree in self.tries.seen:
            return False
        if tree not in self.known:
            self.known[tree] = _verdict(self.line, self.tries, tree, {})
        verdict = self.known[tree]
        return verdict.acceptable and not _left(self.line, self.tries, verdict)


def _length(replies: Sequence[Reply]) -> int:
    """Tokens of a reply, on average, as near as its characters tell."""
    return sum(len(reply.text) for reply in replies) // (len(replies) * CHARACTERS_PER_TOKEN)


def _kept(tries: Tries, found: Candidate) -> Tries:
    """The tries with as much of what was looked at as a reply made use of."""
    return tries.without_unused(found.reply.text, found.paths)


def _tell_problems(line: Line, found: Candidate, error: NotApplied | Refused) -> None:
    line.log.add_attempt(found.attempt)
    said = f"not applied: {brief(found.attempt.problems[0])}"
    line.tell(News("edits", said, warning=True))


def _came(found: Candidate) -> tuple[bool, bool]:
    """Orders what could not be used by how near it came: all of its edits fit, some of them do."""
    return isinstance(found.error, Unread), bool(_sound(found.error))


def _sound(error: NotApplied | Refused | None) -> str:
    """The tree of the edits that fit, where they may be gone on from; else empty."""
    return error.tree if isinstance(error, NotApplied) else ""


def _none_applied(line: Line, tries: Tries, found: Candidate, *, anew: bool) -> Tries:
    """No reply of a try could be used; what is said of this one goes back to the model.

    The model goes on from what is sound of it. A weak one that writes functions is shown nothing
    but the file as it was.
    """
    error, reply = found.error or NotApplied(), found.reply
    problems = problems_of(error)
    unchanged = tuple(problems) == (NOTHING_CHANGED,)
    # it is asked in another way next time, or somebody else is
    hope = anew or line.model.profile.weak or "repair" in line.others
    parts = line.model.profile.weak and line.rules.edit_format == "whole"
    made = "" if parts else _sound(error)
    unread = {error.tree} if isinstance(error, Unread) else set()
    how: Kept = "unread" if unread else "partly"
    said = not_applied(problems, _again(line), how if made else "edits")
    tries = _kept(tries, found)
    dialogue = tries.dialogue.judged if made else tries.dialogue.misfit
    return replace(
        tries,
        tree=made or tries.tree,
        unread=tries.unread | unread,
        dialogue=dialogue(reply.text, said),
        misfits=(*tries.misfits, reply.ref),
        trouble=NoChange() if unchanged else error,
        over=unchanged and isinstance(tries.trouble, NoChange) and not hope,
    )


def _again(line: Line) -> str:
    return again(line.rules.edit_format, weak=line.model.profile.weak)


def _gated(
    line: Line, tries: Tries, found: Sequence[Candidate], early: Mapping[str, Verdict]
) -> Tries:
    """The candidates at the gate, one after the other, until one passes."""
    for each in found:
        line.log.add_attempt(each.attempt)
    judged: list[Candidate] = []
    for each in found:
        verdict = _verdict(line, tries, each.attempt.tree, early)
        attempt = replace(each.attempt, verdict=verdict)
        line.log.add_attempt(attempt)
        left = _left(line, tries, verdict)
        if left:
            tries = replace(tries, half=(*tries.half, attempt))
        _tell_verdict(line, attempt, verdict, left)
        if verdict.acceptable and not left:
            return replace(_kept(tries, each), accepted=attempt)
        judged.append(replace(each, attempt=attempt))
    best = max(judged, key=lambda each: merit(each.attempt))
    return _failed(line, _kept(tries, best), judged, best)


def _failed(line: Line, tries: Tries, judged: Sequence[Candidate], best: Candidate) -> Tries:
    """All candidates have failed; the model is told what is wrong with the best one."""
    lead = (best.reply.text, best.attempt)
    if tries.lead and len(judged) > 1 and merit(tries.lead[1])[:-1] > merit(best.attempt)[:-1]:
        lead = tries.lead  # of an earlier try
    attempts = tuple(each.attempt for each in judged)
    tries = replace(
        tries,
        seen=tries.seen | {attempt.tree for attempt in attempts},
        failed=(*tries.failed, *(a for a in attempts if not _passes(a))),
        slow=(*tries.slow, *(a for a in attempts if _is_slow(line, tries, a))),
        misfits=(),
        lead=lead,
        failing=(*tries.failing, best.reply.ref),
    )
    if tries.failing.count(best.reply.ref) >= PATIENCE:
        tries = _escalated(line, tries, best.reply.ref, f"failed in {PATIENCE} tries")
    return tries.from_lead(_said_of(line, lead[1]))


def _said_of(line: Line, attempt: Attempt) -> str:
    """What the model is told of an attempt that is not good enough."""
    verdict = attempt.verdict or Verdict("none")
    weak = line.model.profile.weak
    found = failing(verdict.output, reader(line.repo, attempt.tree))
    one = weak and line.rules.to_the_end
    return not_green(verdict, _again(line), found if line.rules.to_the_end else (), one=one)


def _hurry(line: Line, tries: Tries) -> float:
    """Seconds that a tree has at the gate at first; 0 is as long as any.

    What a weak model writes often never ends, and while the gate waits for it nothing is tried.
    """
    if not line.rules.hurry_s or line.rules.candidates == 1:
        return 0.0
    return max(line.rules.hurry_s, HURRY * sum(run.seconds for run in tries.runs))


def _is_slow(line: Line, tries: Tries, attempt: Attempt) -> bool:
    """Whether a tree may pass where the gate has more time."""
    verdict, hurry = attempt.verdict or Verdict("none"), _hurry(line, tries)
    ended = bool(hurry) and verdict.seconds >= hurry
    return ended and not (verdict.acceptable or verdict.broken or verdict.still_failing)


def _hints(line: Line, tries: Tries) -> str:
    """What the best attempt so far got wrong, for a weak model that is not shown it: what it has
    written it writes again."""
    if tries.lead is None or line.rules.candidates == 1 or not line.model.profile.weak:
        return ""
    _, attempt = tries.lead
    output = attempt.verdict.output if attempt.verdict else ""
    return hints(failing(output, reader(line.repo, attempt.tree)))


def _passes(attempt: Attempt) -> bool:
    return attempt.verdict is not None and attempt.verdict.acceptable


def _left(line: Line, tries: Tries, verdict: Verdict) -> int:
    """How many tests that the step is about a tree leaves failing though it passes the gate; which
    step of several they belong to, nobody knows before the last."""
    if not (line.rules.to_the_end and tries.demand and verdict.acceptable):
        return 0
    # what changes nothing for a suite that another attempt has begun with is no better than that
    before = line.log.state.base_runs or ()
    return len(unfinished(verdict, before, every=tries.stub or bool(tries.half)))


def _tell_verdict(line: Line, attempt: Attempt, verdict: Verdict, left: int) -> None:
    which = f"{attempt.label} " if attempt.candidate else ""
    line.tell(News("gate", f"{which}{verdict.said}", warning=not verdict.acceptable))
    if left:
        line.tell(News("gate", f"{which}half done: {left} more tests of the same suites fail"))


def _verdict(line: Line, tries: Tries, tree: str, early: Mapping[str, Verdict]) -> Verdict:
    """The verdict on a tree; one that the log has is not found out again."""
    for known in line.log.state.attempts:
        if known.tree == tree and known.verdict is not None:
            return known.verdict
    if tree in early:
        return early[tree]
    line.tell(News("gate", "runs", passing=True))
    hurry = _hurry(line, tries)
    checks = line.checks.hurried(hurry) if hurry else line.checks
    return checks.verdict(tree, tries.demand, beside(line, tree))
