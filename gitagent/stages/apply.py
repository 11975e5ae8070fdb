"""From a proposal to a tree, whole or not at all, without a working file."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from gitagent.domain.edit import Edit, File, Proposal, RenameFile
from gitagent.edits import paths
from gitagent.edits.hidden import why_hidden
from gitagent.edits.land import land
from gitagent.edits.text import smuggled
from gitagent.errors import NotApplied, Refused
from gitagent.ports import Repo
from gitagent.redaction import placeholders


def _not_applied(problems: Sequence[str]) -> NotApplied:
    said = "; ".join(map(brief, problems))
    return NotApplied(f"The model's edits do not fit the files: {said}", problems=problems)


def brief(problem: str) -> str:
    """A problem for a person, without the lines of the file that it quotes for the model."""
    first = problem.partition("\n")[0]
    return first.rpartition(". ")[0] + "." if first.endswith(":") else first


def apply(
    repo: Repo,
    tree: str,
    proposal: Proposal,
    *,
    allow: Sequence[str] = (),
    hidden: Sequence[str] = (),
) -> str:
    """The tree that the edits make of `tree`; the same id where they change nothing.

    `allow` are patterns of control files that may be edited, `hidden` patterns of files that no
    model is shown: what is wrong with an edit of them would quote them. Raises Refused for a path
    or a content that is against the rules, NotApplied for edits that do not fit.
    """
    if proposal.problems:
        raise _not_applied(proposal.problems)
    for edit in proposal.edits:
        _check(repo, tree, edit, allow, hidden)
    landing = land(proposal.edits, lambda path: repo.file(tree, path))
    if landing.problems:
        raise _not_applied(landing.problems)
    _check_new(repo, tree, landing.changes)
    _check_lifted(repo, tree, landing.changes)
    return repo.with_files(tree, landing.changes)


def _check(repo: Repo, tree: str, edit: Edit, allow: Sequence[str], hidden: Sequence[str]) -> None:
    for path in (edit.path, edit.to) if isinstance(edit, RenameFile) else (edit.path,):
        paths.check(path)
        paths.against_tree(path, lambda name: repo.mode(tree, name))
        reason = paths.control_file(path) or _unseen(repo, tree, path, hidden)
        if reason and not _fits(path, allow):
            raise Refused(f"The reply edits {path}: {reason}.")


def _unseen(repo: Repo, tree: str, path: str, hidden: Sequence[str]) -> str | None:
    unseen = why_hidden(path, hidden) and repo.mode(tree, path)
    return "no model may see what is in it" if unseen else None


def _fits(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def _check_new(repo: Repo, tree: str, changes: dict[str, File | None]) -> None:
    present = {file.path for file in repo.files(tree)}
    new = [path for path, file in changes.items() if file is not None and path not in present]
    paths.collisions(new, present - {path for path, file in changes.items() if file is None})
    for path, file in changes.items():
        before = repo.file(tree, path)
        if file is not None:
            found = smuggled(_text(before), _text(file))
            if found:
                raise Refused(f"The reply puts invisible characters into {path}: {found[0]}.")


def _check_lifted(repo: Repo, tree: str, changes: dict[str, File | None]) -> None:
    """A placeholder that stands for no secret of this prompt must not become code."""
    for path, file in changes.items():
        if invented := placeholders(_text(file)) - placeholders(_text(repo.file(tree, path))):
            raise _not_applied([f"{path}: {min(invented)} stands for nothing that was shown"])


def _text(file: File | None) -> str:
    return file.data.decode(errors="replace") if file else ""
