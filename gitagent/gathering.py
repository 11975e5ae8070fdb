"""What of the repository a model is shown, for the task and for each step of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Context, Excerpt, StepContext, is_test
from gitagent.domain.event import Kind
from gitagent.domain.plan import PlanStep
from gitagent.domain.verdict import CommandRun
from gitagent.edits.stubs import is_stub
from gitagent.gates.evidence import places
from gitagent.gates.failures import failures
from gitagent.line import Line
from gitagent.looking import with_looked
from gitagent.packing.tests import told
from gitagent.progress import News
from gitagent.reading import reader
from gitagent.stages import material
from gitagent.stages.ranking import LARGEST_READ
from gitagent.stages.retrieve import (
    LARGEST_WHOLE,
    LISTED,
    clues,
    retrieve,
    with_texts,
)

SHARE_OF_WINDOW, SHARE_FOR_WEAK = 0.5, 0.2
FOCUS_FOR_WEAK, LISTED_FOR_WEAK = 0.35, 0
# a weak model that sees a longer file writes all of it, slowly and from memory
WHOLE_FOR_WEAK = 3000
FAILING_CHARACTERS = 3000
MOST_OF_FOLDERS = 6000
"""Characters that are told of folders, two thousand tokens at most."""
TESTS_FOR_WEAK = 4500
"""Characters of tests that say what is to be written: twenty seconds of reading on two cores."""
MOST_SUITES = 2
NAMED_IN_NEWS = 4
GITLINK = 0o160000


def gathered(line: Line, runs: Sequence[CommandRun]) -> Context:
    """What the task is about in its base; what the log says of it is not looked for again."""
    tree = line.repo.tree_of(line.task.base)
    if line.log.state.context is None:
        _tell_unread(line)
        failing = failures(runs, FAILING_CHARACTERS)
        text = f"{line.task.text}\n{failing}\n{clues(line.repo, tree, failing)}"
        began = time.monotonic()
        whole = _with_folders(line, tree, found(line, tree, text))
        said = f"{len(whole.excerpts)} files"
        lasted = time.monotonic() - began
        line.log.record(Kind.GATHERED, said, lasted=lasted, context=whole.without_texts())
    kept = line.log.state.context or Context()
    context = with_texts(line.repo, tree, kept, line.rules.ignore)
    shown = [excerpt.path for excerpt in context.excerpts]
    more = f" and {len(shown) - NAMED_IN_NEWS} more" if len(shown) > NAMED_IN_NEWS else ""
    line.tell(News("context", ", ".join(shown[:NAMED_IN_NEWS]) + more or "no file fits the words"))
    return context


def _with_folders(line: Line, tree: str, context: Context) -> Context:
    """With what was said of folders, in the room that the files leave; in the log, so that a plan
    is asked for in the same words whatever is said of folders meanwhile."""
    if line.rules.plan == "never" or line.models["plan"].profile.weak:
        return context
    shown = sum(len(excerpt.text) for excerpt in context.excerpts)
    left = line.rules.context_tokens * CHARACTERS_PER_TOKEN - shown
    paths = [excerpt.path for excerpt in context.excerpts]
    return replace(context, folders=line.folders(tree, paths, min(left, MOST_OF_FOLDERS)))


def _tell_unread(line: Line) -> None:
    """Say what of the base nobody looks into."""
    files = line.repo.files(line.repo.tree_of(line.task.base))
    large = [f"{f.path} ({f.size >> 20} MB)" for f in files if f.size > LARGEST_READ]
    unread = large + [f"{f.path} (a submodule)" for f in files if f.mode == GITLINK]
    if unread:
        more = f" and {len(unread) - NAMED_IN_NEWS} more" if len(unread) > NAMED_IN_NEWS else ""
        line.tell(News("context", f"not read: {', '.join(unread[:NAMED_IN_NEWS])}{more}"))


def found(
    line: Line, tree: str, text: str, first: Sequence[str] = (), most: int | None = None
) -> Context:
    """What a text is about in a tree, as far as the model that writes code may be shown it, in
    `most` tokens."""
    profile = line.model.profile
    of_window = SHARE_FOR_WEAK if profile.weak else SHARE_OF_WINDOW
    room = int((profile.window - profile.max_output) * of_window)
    return retrieve(
        line.repo,
        line.index,
        tree,
        text,
        tokens=min(line.rules.context_tokens, room, *([] if most is None else [most])),
        task=line.task.text,
        first=first,
        focus=FOCUS_FOR_WEAK if profile.weak else 0.0,
        listed=LISTED_FOR_WEAK if profile.weak else LISTED,
        whole=WHOLE_FOR_WEAK if profile.weak else LARGEST_WHOLE,
        ignore=line.rules.ignore,
    )


def for_step(
    line: Line, step: PlanStep, tree: str, first: Context, most: int | None = None
) -> Context:
    """What a step is shown, in the order in which the first prompt of the task began; what the log
    says of it is not looked for again."""
    known = line.log.state.shown
    if known and (known.step, known.tree, known.most) == (step.n, tree, most):
        context = with_texts(line.repo, tree, known.context, line.rules.ignore)
    else:
        text = f"{step.title}\n{step.detail}\n{line.task.text}"
        context = with_looked(line, tree, found(line, tree, text, first=step.paths, most=most))
        line.log.note(shown=StepContext(step.n, tree, most, context.without_texts()))
    return context if line.model.profile.weak else context.after(first)


def to_be_written(context: Context) -> Excerpt | None:
    """The file that most likely changes, where there is nothing in it yet."""
    likely = next((e for e in context.excerpts if e.whole and not is_test(e.path)), None)
    return likely if likely and is_stub(likely.path, likely.text) else None


def wanted_tests(line: Line, tree: str, context: Context, failing: str) -> str:
    """The tests of the file that a weak model is most likely to change, where that file is still to
    be written; `failing` is what failing tests say. Empty where there are none."""
    likely = to_be_written(context)
    if not line.rules.to_the_end or likely is None:
        return ""
    read = reader(line.repo, tree)
    named = [*places(failing), *(hit.path for hit in context.hits)]
    suites = {path: text for path in named if is_test(path) and (text := read(path))}
    stem = PurePosixPath(likely.path).stem
    about = [(path, text) for path, text in suites.items() if stem in text][:MOST_SUITES]
    room = TESTS_FOR_WEAK // max(1, len(about))
    excerpts = [Excerpt(path, told(path, text, room), whole=True) for path, text in about]
    return "\n\n".join(material.file(e) for e in excerpts if e.text)
