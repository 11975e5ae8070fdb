"""What a reply's edits make of the files, for the step that they were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitagent import planned
from gitagent.contest import Candidate
from gitagent.domain.call import Reply
from gitagent.domain.edit import Proposal
from gitagent.domain.task import Attempt
from gitagent.edits import paths
from gitagent.edits.seen import only_seen
from gitagent.errors import NotApplied, Refused
from gitagent.line import Line
from gitagent.stages.apply import apply
from gitagent.stages.asking import may_remove
from gitagent.tries import Tries

NOTHING_CHANGED = "it has no edit in it that changes a file"


def landed(
    line: Line, tries: Tries, n: int, candidate: int, reply: Reply, proposal: Proposal
) -> Candidate:
    """A reply to try `n` of a step, with the tree that it makes or why there is none."""
    attempt = Attempt(
        tries.step,
        n,
        f"{reply.provider}/{reply.model}",
        subject=line.hide(proposal.subject),
        candidate=candidate,
        also=planned.added(line, proposal),
    )
    paths = tuple(edit.path for edit in proposal.edits)
    try:
        tree = land(line, tries, proposal)
    except (NotApplied, Refused) as error:
        problems = tuple(map(line.hide, problems_of(error)))
        return Candidate(replace(attempt, problems=problems), reply, error, paths=paths)
    size = len(line.repo.diff(tries.start, tree)) if candidate else 0
    return Candidate(replace(attempt, tree=tree), reply, size=size, paths=paths)


def land(line: Line, tries: Tries, proposal: Proposal) -> str:
    """The tree that the edits make of the files as the last attempt left them or, where they do
    not fit there, as the step found them."""
    if not proposal.edits and not proposal.problems:
        raise NotApplied(problems=[NOTHING_CHANGED])
    proposal = _only_seen(line, tries, proposal)
    try:
        tree = _applied(line, tries, tries.tree, proposal)
    except (NotApplied, Refused) as first:
        if tries.tree == tries.start:
            raise
        tree = _from_the_start(line, tries, proposal, first)
    if tree == tries.start:
        raise NotApplied(problems=[NOTHING_CHANGED])
    return tree


def _applied(line: Line, tries: Tries, tree: str, proposal: Proposal) -> str:
    return apply(
        line.repo,
        tree,
        proposal,
        allow=line.rules.allow,
        hidden=line.rules.ignore,
        beyond=planned.beyond(line, tries.step, tries.n, tries.start, proposal),
        syntax=line.syntax,
        start=tries.start,
        believed=tries.unread,
    )


def _from_the_start(
    line: Line, tries: Tries, proposal: Proposal, first: NotApplied | Refused
) -> str:
    """The tree where the edits fit as the step found the files; else what is wrong with them where
    they were meant to be, if no less is wrong there."""
    try:
        return _applied(line, tries, tries.start, proposal)
    except NotApplied as error:
        if isinstance(first, NotApplied) and len(first.problems) <= len(error.problems):
            raise first from error
        raise


def _only_seen(line: Line, tries: Tries, proposal: Proposal) -> Proposal:
    """The proposal as one who saw what this model saw can mean it."""
    edits, problems = only_seen(
        proposal.edits,
        lambda path: _text(line, tries, path),
        tries.eyes,
        in_parts=_in_parts(line),
    )
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


def problems_of(error: NotApplied | Refused) -> Sequence[str]:
    """What is wrong with edits, in sentences."""
    return error.problems if isinstance(error, NotApplied) else (str(error),)
