"""A person takes commits of a task onto a branch: decided and gated in memory, then done at once.

Until everything is known to fit and to pass, no ref, no file and no index has moved.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass

from gitagent import gating
from gitagent.domain.task import BRANCHES, Checkpoint, TaskState
from gitagent.domain.verdict import Verdict
from gitagent.errors import Conflict, GateFailed, UnknownRevision, UsageError
from gitagent.gates.decided import leave
from gitagent.git.branches import check_steps
from gitagent.git.checkout import advance
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.progress import News, Tell
from gitagent.site import Site


@dataclass(frozen=True)
class Picked:
    """What is to be done: the branch, its tip before and after, the steps taken and left."""

    branch: str
    before: str
    after: str
    taken: tuple[int, ...]
    left: tuple[int, ...]


@dataclass(frozen=True)
class Accepted:
    picked: Picked
    verdict: Verdict


def accept(
    site: Site, log: TaskLog, *, steps: Collection[int], onto: str, no_gate: bool, tell: Tell
) -> Accepted:
    """Cherry-pick the steps (all where none is named) onto a branch, if the result is green.

    Raises Conflict where a step does not fit or local changes stand in the way, GateFailed where
    the result breaks something; nothing has changed then.
    """
    check_steps(site.repo, log.state)
    picked = pick(site.repo, log.state, steps=steps, onto=onto)
    verdict = _gate(site, log, picked, no_gate, tell)
    if not verdict.acceptable:
        raise GateFailed(
            f"{picked.branch} would not pass the gate: {verdict.reason}.",
            hint="Nothing was changed. Take fewer steps, or insist with --no-gate."
            + leave(verdict, log.state.task.id),
        )
    reason = f"gitagent: accept {log.state.task.id}"
    advance(site.repo, picked.branch, picked.after, picked.before, reason)
    return Accepted(picked, verdict)


def pick(repo: GitRepo, state: TaskState, *, steps: Collection[int], onto: str) -> Picked:
    """The commits that an acceptance would make. They are written, but no ref moves."""
    chosen = _chosen(state, steps)
    branch = onto or _current_branch(repo)
    before = repo.ref(BRANCHES + branch)
    if before is None:
        raise UnknownRevision(f"There is no branch {branch} here.")
    tip = before
    for checkpoint in chosen:
        tip = _apply(repo, checkpoint.commit, tip, branch)
    left = tuple(c.step for c in state.checkpoints if c not in chosen)
    return Picked(branch, before, tip, tuple(c.step for c in chosen), left)


def _chosen(state: TaskState, steps: Collection[int]) -> Sequence[Checkpoint]:
    if not state.checkpoints:
        raise UsageError(f"Task {state.task.id} has no commit to accept.")
    if unknown := set(steps) - {c.step for c in state.checkpoints}:
        raise UsageError(f"Task {state.task.id} has no step {min(unknown)}.")
    return [c for c in state.checkpoints if not steps or c.step in steps]


def _current_branch(repo: GitRepo) -> str:
    branch = repo.head_branch()
    if branch is None:
        raise UsageError("HEAD is not on a branch.", hint="Name one with --onto BRANCH.")
    return branch


def _apply(repo: GitRepo, commit: str, tip: str, branch: str) -> str:
    parent = repo.parents_of(commit)[0]
    if parent == tip:
        return commit
    tree, conflicts = repo.merge(*map(repo.tree_of, (parent, tip, commit)))
    if conflicts:
        subject = repo.message_of(commit).partition("\n")[0]
        raise Conflict(
            f"`{subject}` does not fit onto {branch}: conflicts in {', '.join(conflicts)}.",
            hint="Nothing was changed. Merge it by hand: "
            f"`git cherry-pick {commit[:10]}`, or start the task again from there.",
        )
    return tip if tree == repo.tree_of(tip) else repo.copy_commit(commit, tree, tip)


def _gate(site: Site, log: TaskLog, picked: Picked, no_gate: bool, tell: Tell) -> Verdict:
    """The verdict on the result; that of a step where it is on this tree and was found here."""
    repo = site.repo
    before, after = repo.tree_of(picked.before), repo.tree_of(picked.after)
    for checkpoint in log.state.checkpoints if log.local and not no_gate else ():
        # what weakened the tests may be allowed by now
        known = checkpoint.tree == after and checkpoint.verdict.kind in ("pass", "fail")
        if known and checkpoint.step in picked.taken:
            return checkpoint.verdict
    tell(News("gate", "runs on the result", passing=True))
    gate = gating.found(site, before, gating.Asked(none=no_gate))
    with closing(gating.checks(site, repo, picked.before, gate, tell)) as checks:
        begun = checks.begun(before, lambda: repo.changed_paths(before, after))
        return checks.verdict(after, "", checks.beside(after, begun))
