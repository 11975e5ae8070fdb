"""Which edits are within a step of the plan, and what a model is told of the others.

A plan is what people read before they read the change, so what it does not name must not come
along unsaid. Nobody is asked about what goes without saying: a test of a file that is planned, a
new file that one of them uses. Where a plan names nothing that there is, it says nothing about
scope.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from gitagent.domain.context import is_test
from gitagent.domain.edit import Edit, RenameFile, Replace, WriteFile
from gitagent.domain.plan import Also, PlanStep
from gitagent.ports import Repo
from gitagent.stages.prompts import render

TOLD = 8
_AFFIX = re.compile(r"^(?:test_|spec_)|(?:[._-](?:test|tests|spec))$", re.IGNORECASE)
_NAMELESS = ("__init__", "index", "mod", "lib", "main", "init")


def told(step: PlanStep) -> str:
    """What the model is told of the scope before it writes; empty where the plan names no path."""
    if not step.paths:
        return ""
    return render("scope", paths=", ".join(step.paths[:TOLD]))


def beyond(
    repo: Repo, tree: str, step: PlanStep, also: Collection[Also], edits: Sequence[Edit]
) -> dict[str, str]:
    """Why an edit has to wait for the plan to be changed, in words for the model, by its path.

    `also` is what was added to the plan in this step.
    """
    paths = list(dict.fromkeys(path for edit in edits for path in _paths(edit)))
    planned = [path.removeprefix("./").rstrip("/") for path in step.paths if path.strip("./ ")]
    if not any(_is_there(repo, tree, path) or path in paths for path in planned):
        return {}
    inside = {path for path in paths if _within(path, planned)} | {each.path for each in also}
    inside |= _follow(repo, tree, edits, [path for path in paths if path not in inside], inside)
    named = ", ".join(step.paths[:TOLD])
    return {
        path: f"{path} is not in the plan of this step, which changes {named}. Leave it as it is; "
        f"or, if it must change, send its edit with a line `PLAN: also {path} because …`"
        for path in paths
        if path not in inside
    }


def widened(step: PlanStep, files: Iterable[str], said: Collection[Also]) -> PlanStep:
    """The step with each changed file that its plan does not name, and the reason where there is
    one; as it was where it names none."""
    why = {each.path: each.because for each in said}
    planned = [path.removeprefix("./").rstrip("/") for path in step.paths]
    more = [path for path in files if planned and not _within(path, planned)]
    unsaid = [path for path in more if path in why or not _tests(path, planned)]
    also = tuple(Also(path, why.get(path, "")) for path in unsaid)
    return replace(step, also=also)


def _paths(edit: Edit) -> tuple[str, ...]:
    return (edit.path, edit.to) if isinstance(edit, RenameFile) else (edit.path,)


def _is_there(repo: Repo, tree: str, path: str) -> bool:
    return "*" in path or repo.mode(tree, path) is not None


def _within(path: str, planned: Iterable[str]) -> bool:
    """Whether a path is one of those planned, lies in one, or fits one with stars."""
    return any(
        path == each or path.startswith(f"{each}/") or ("*" in each and fnmatchcase(path, each))
        for each in planned
    )


def _follow(
    repo: Repo, tree: str, edits: Sequence[Edit], paths: Sequence[str], inside: Collection[str]
) -> set[str]:
    """What goes without saying: tests of files that are inside, new files that these name."""
    found = {path for path in paths if _tests(path, inside)}
    new = [path for path in paths if path not in found and repo.mode(tree, path) is None]
    for _ in new:
        text = _text_of(edits, {*inside, *found})
        more = {path for path in new if path not in found and _is_named(path, text)}
        if not more:
            break
        found |= more
    return found


def _tests(path: str, inside: Iterable[str]) -> bool:
    """Whether a path is that of a test for one of these files, by its name."""
    stem = _stem(path)
    return is_test(path) and any(_stem(each) == stem for each in inside)


def _stem(path: str) -> str:
    """What a file is called without the marks of a test: `x` of `test_x.py` or `x.test.ts`."""
    name = PurePosixPath(path).name.partition(".")[0]
    if (rest := PurePosixPath(path).name[len(name) :]) and ".test" in rest:
        return name.lower()
    return _AFFIX.sub("", name).lower()


def _text_of(edits: Sequence[Edit], paths: Collection[str]) -> str:
    """What the edits of some paths write."""
    written = [edit.text for edit in edits if isinstance(edit, WriteFile) and edit.path in paths]
    put = [edit.replace for edit in edits if isinstance(edit, Replace) and edit.path in paths]
    return "\n".join([*written, *put])


def _is_named(path: str, text: str) -> bool:
    """Whether a text names a file as an import or a path would."""
    place = PurePosixPath(path)
    stem = place.name.partition(".")[0]
    name = place.parent.name if stem in _NAMELESS else stem
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
