"""From a proposal to a tree, without a working file.

A tree for the gate holds the whole proposal. Where some of it does not fit, what is sound of the
rest is kept for the next reply to go on from, if all of it can still be read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatch

from gitagent.domain.edit import Edit, File, Landing, Proposal, RenameFile
from gitagent.edits import paths
from gitagent.edits.hidden import why_hidden
from gitagent.edits.land import NOTHING, land
from gitagent.edits.text import smuggled
from gitagent.errors import NotApplied, Refused, Unread
from gitagent.ports import Repo, Syntax
from gitagent.redaction import placeholders
from gitagent.stages.unread import NoSyntax, listed, unread

NO_SYNTAX = NoSyntax()


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
    beyond: Mapping[str, str] = NOTHING,
    syntax: Syntax = NO_SYNTAX,
    start: str = "",
    believed: Collection[str] = (),
) -> str:
    """The tree that the edits make of `tree`; the same id where they change nothing.

    `allow` are patterns of control files that may be edited, `hidden` patterns of files that no
    model is shown: what is wrong with an edit of them would quote them. `beyond` says by path why
    an edit of it has to wait, in words for a model. What could be read in the tree `start` (where
    none is named, in `tree`) must be readable after, unless this tree is one of those `believed`.

    Raises Refused for a path or a content that is against the rules, NotApplied for edits that do
    not fit, with the tree that the others made where that is sound, and Unread, with the tree.
    """
    if proposal.problems:
        raise _not_applied(proposal.problems)
    for edit in proposal.edits:
        _check(repo, tree, edit, allow, hidden)
    landing = land(proposal.edits, lambda path: repo.file(tree, path), beyond)
    _check_new(repo, tree, landing.changes)
    _check_lifted(repo, tree, landing.changes)
    if landing.problems:
        raise _not_applied(landing.problems, _sound(repo, tree, landing, syntax))
    made = repo.with_files(tree, landing.changes)
    wrong = {} if made in believed else unread(repo, start or tree, made, syntax)
    if wrong:
        told = listed(wrong)
        raise Unread(f"The edits leave an error: {brief(told[0])}", problems=told, tree=made)
    return made


def _sound(repo: Repo, tree: str, landing: Landing, syntax: Syntax) -> str:
    """What the edits that fit make of `tree`; empty where that is not to be relied on.

    A file in which some fit and some do not has to be in a language that is known, or nobody could
    say whether it is still one.
    """
    torn = landing.failed & landing.changes.keys()
    if not landing.changes or not all(map(syntax.knows, torn)):
        return ""
    made = repo.with_files(tree, landing.changes)
    return "" if made == tree or unread(repo, tree, made, syntax) else made


def _not_applied(problems: Sequence[str], tree: str = "") -> NotApplied:
    said = "; ".join(map(brief, problems))
    message = f"The model's edits do not fit the files: {said}"
    return NotApplied(message, problems=problems, tree=tree)


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
