"""What edits have made unreadable, told as a compiler would before a gate is spent on it."""

from __future__ import annotations

from gitagent.domain.edit import Mistake
from gitagent.ports import Repo, Syntax

AROUND = 2
MOST_FILES = 4
WIDTH = 160


class NoSyntax:
    """Knows no language."""

    def knows(self, path: str) -> bool:
        return False

    def mistakes(self, path: str, data: bytes) -> tuple[Mistake, ...]:
        return ()


def unread(repo: Repo, before: str, after: str, syntax: Syntax) -> dict[str, str]:
    """What is wrong, in words for a model, by the path of each file that could be read in the tree
    `before`, or was not there, and cannot be read in `after`."""
    found: dict[str, str] = {}
    for path in repo.changed_paths(before, after):
        file, old = repo.file(after, path), repo.file(before, path)
        wrong = syntax.mistakes(path, file.data) if file else ()
        if file and wrong and not (old and syntax.mistakes(path, old.data)):
            found[path] = "\n".join(_told(path, file.data, each) for each in wrong)
    return found


def listed(found: dict[str, str]) -> list[str]:
    """The problems of so many files as a prompt has room for."""
    told = list(found.values())[:MOST_FILES]
    left = len(found) - len(told)
    return [*told, f"{left} more files cannot be read"] if left else told


def _told(path: str, data: bytes, wrong: Mistake) -> str:
    """The place, what is wrong there, and the lines around it with their numbers."""
    lines = data.decode(errors="replace").removesuffix("\n").split("\n")
    first = max(wrong.line - 1 - AROUND, 0)
    shown = lines[first : wrong.line + AROUND]
    quoted = "\n".join(f"{n}: {_cut(line)}" for n, line in enumerate(shown, first + 1))
    return f"{path}:{wrong.line}: {wrong.why}. There it says:\n{quoted}"


def _cut(line: str) -> str:
    line = line.rstrip("\r")
    return line if len(line) <= WIDTH else f"{line[:WIDTH]}…"
