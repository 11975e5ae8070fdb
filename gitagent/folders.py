"""A map of a commit's folders: how large they are, what they define, what was said of them.

Summaries stand in logs of their own below `refs/gitagent/`: the replies that models gave, by the id
of the folder's tree. So they hold for every commit, branch and task that has the same folder, are
there as long as git is, and nothing has to be kept in step with them. Only logs that were written
here are read: what was fetched may say anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from gitagent.domain.call import Call, Reply
from gitagent.domain.code import Definition
from gitagent.domain.codec import from_json
from gitagent.domain.context import is_test
from gitagent.domain.folder import Folder
from gitagent.domain.leading import leading, top
from gitagent.edits.hidden import why_hidden
from gitagent.errors import AgentError
from gitagent.git.folder_ids import folder_ids
from gitagent.git.log import TaskLog, kept_logs
from gitagent.git.repository import GitRepo
from gitagent.index import left_out
from gitagent.llm.exchange import reply_name
from gitagent.ports import TreeFile
from gitagent.stages.summarise import cleaned

FEWEST_FILES = 3
"""Of a folder that is worth a line of its own."""
MOST_NAMES, NAMES_OF_A_FILE = 8, 2
SMALL = ("section", "constant", "field")
REGULAR = (0o100644, 0o100755)
QUESTION = re.compile("ask:0\\.[0-9]+:([0-9a-f]{40})")

Outline = Callable[[str], Sequence[Definition]]
"""What the file at a path defines."""


def mapped(
    repo: GitRepo, tree: str, outline: Outline, *, ignore: Sequence[str] = ()
) -> list[Folder]:
    """The folders of some size, the whole first, with the summaries that there are.

    One whose files all lie in a single folder of it is passed over: that folder stands for it.
    What no model is shown counts for nothing.
    """
    files = [file for file in repo.files(tree) if shown(file, ignore)]
    ids = folder_ids(repo, tree)
    within = _within(files)
    worth = [path for path in ids if path.isprintable() and _is_worth(path, within)]
    texts = summaries(repo, {ids[path] for path in worth})
    return [
        Folder(
            path,
            ids[path],
            len(within[path]),
            sum(file.size for file in within[path]),
            _names(within[path], outline),
            texts.get(ids[path], ""),
        )
        for path in sorted(worth)
    ]


def told(repo: GitRepo, tree: str, ignore: Sequence[str] = ()) -> list[Folder]:
    """The folders that something was said of; nothing is read where nobody was asked."""
    if not any(local_logs(repo)):
        return []
    found = mapped(repo, tree, lambda _path: (), ignore=ignore)
    return [folder for folder in found if folder.summary]


def summaries(repo: GitRepo, trees: Collection[str]) -> dict[str, str]:
    """What was said of these folders, by the ids of their trees."""
    found: dict[str, str] = {}
    for log in local_logs(repo):
        for call in log.state.calls:
            tree = tree_of(call)
            if tree in trees and tree not in found and (text := _text(log, call)):
                found[tree] = text
    return found


def local_logs(repo: GitRepo) -> Iterator[TaskLog]:
    """The logs of summaries that were written here."""
    for log_id in kept_logs(repo):
        # what cannot be read came from elsewhere, too
        with suppress(AgentError):
            log = TaskLog.load(repo, log_id)
            if log.local:
                yield log


def tree_of(call: Call) -> str:
    """The folder's tree of an answered question about one; empty of any other."""
    asked = QUESTION.fullmatch(call.key) if call.status in ("ok", "length") else None
    return asked[1] if asked else ""


def _text(log: TaskLog, call: Call) -> str:
    data = log.read(reply_name(call.seq))
    return cleaned(from_json(data, Reply).text) if data else ""


def shown(file: TreeFile, ignore: Sequence[str]) -> bool:
    """Whether a model may see a file, and is helped by it."""
    if file.mode not in REGULAR or why_hidden(file.path, ignore):
        return False
    return not left_out.by_path(file.path, file.size)


def _within(files: Sequence[TreeFile]) -> Mapping[str, list[TreeFile]]:
    """The files of each folder, at any depth."""
    found: dict[str, list[TreeFile]] = {}
    for file in files:
        for parent in PurePosixPath(file.path).parents:
            found.setdefault("" if str(parent) == "." else str(parent), []).append(file)
    return found


def _is_worth(path: str, within: Mapping[str, list[TreeFile]]) -> bool:
    own = within.get(path, ())
    if not path or len(own) < FEWEST_FILES:
        return not path and bool(own)
    start = len(path) + 1
    below = {file.path[start:].partition("/")[0] for file in own}
    return len(below) > 1


def _names(files: Sequence[TreeFile], outline: Outline) -> tuple[str, ...]:
    """The main definitions of the largest files near the top, code before tests, none twice."""
    names: dict[str, None] = {}
    nearest = sorted(files, key=lambda f: (is_test(f.path), f.path.count("/"), -f.size))
    for file in nearest[: 2 * MOST_NAMES]:
        telling = [d for d in top(outline(file.path)) if _says_much(d)]
        names |= dict.fromkeys(d.qualified for d in leading(telling, NAMES_OF_A_FILE))
    return tuple(names)[:MOST_NAMES]


def _says_much(found: Definition) -> bool:
    """Not a heading or a value, nor what nobody else calls."""
    return found.kind not in SMALL and not found.name.lower().startswith(("_", "test"))
