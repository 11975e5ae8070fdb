"""What one file's part of a diff means as edits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from gitagent.domain.edit import DeleteFile, Edit, RenameFile, Replace, SetExecutable, WriteFile
from gitagent.edits.naming import clean

NOTHING = "/dev/null"
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


@dataclass
class Hunk:
    """One hunk: the line and the counts of its header, where it has them, and its two sides.

    `ended` says per side whether a `\\ No newline at end of file` follows its last line.
    """

    line: int | None
    old_count: int | None
    new_count: int | None
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    unended: set[str] = field(default_factory=set)

    def add(self, line: str) -> None:
        """Take one line of the hunk's body; an empty one is context that lost its space."""
        kind = line[:1] if line[:1] in (" ", "+", "-", "\\") else " "
        if kind == "\\":
            last = self.kinds[-1] if self.kinds else " "
            self.unended |= {"old", "new"} if last == " " else {"old" if last == "-" else "new"}
            return
        text = line[1:] if line[:1] == kind else line
        self.kinds.append(kind if line else "")
        if kind != "+":
            self.old.append(text)
        if kind != "-":
            self.new.append(text)

    @property
    def complete(self) -> bool:
        """Whether the lines are as many as the header says."""
        return (len(self.old), len(self.new)) == (self.old_count, self.new_count)

    def trim(self) -> None:
        """Drop empty lines at the end that the diff was merely followed by."""
        while self.kinds and self.kinds[-1] == "" and not self.complete:
            self.kinds.pop()
            self.old.pop()
            self.new.pop()

    def sides(self) -> tuple[str, str]:
        """The old and the new text; a side that ends without LF says so by having none."""
        return (
            _text(self.old, "old" in self.unended),
            _text(self.new, "new" in self.unended),
        )


@dataclass
class Patch:
    """One file's part of a diff: paths as written, extended header lines by key, hunks.

    `git` marks a part under a `diff --git` line, `exact` paths that carry no `a/` or `b/`.
    """

    old: str | None = None
    new: str | None = None
    git: bool = False
    exact: bool = False
    binary: bool = False
    extended: dict[str, str] = field(default_factory=dict)
    hunks: list[Hunk] = field(default_factory=list)


def edits_of(patch: Patch, known: Collection[str]) -> tuple[list[Edit], list[str]]:
    """The edits that `patch` means, and what is wrong with it."""
    old, new = _paths(patch, known)
    if old is None or new is None:
        return [], ["it names no file: begin it with '--- a/path' and '+++ b/path'"]
    if problem := _unsupported(patch, new if new != NOTHING else old):
        return [], [problem]
    if new == NOTHING or "deleted file mode" in patch.extended:
        return [DeleteFile(old if old != NOTHING else new)], []
    for hunk in patch.hunks:
        hunk.trim()
    hunks = [hunk for hunk in patch.hunks if hunk.kinds]
    if _creates(patch, old, new, hunks, known):
        return _created(patch, new, hunks, known), []
    edits = list(_changed(patch, old, new, hunks, known))
    return edits, [] if edits else [f"it changes nothing in {new}: it has no hunk"]


def halves(names: str) -> tuple[str | None, str | None]:
    """The two paths of a `diff --git` line, which are not separated where they hold spaces."""
    if quoted := re.match(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)\s*\Z', names):
        return unquoted(quoted[1]), unquoted(quoted[2])
    names = names.strip()
    middle = len(names) // 2
    if names[middle : middle + 1] == " " and names[2:middle] == names[middle + 3 :]:
        return names[:middle], names[middle + 1 :]
    return None, None


def unquoted(name: str) -> str:
    """A path as git quotes it (`"a/\\303\\251.py"`), with its escapes undone."""
    if len(name) < 2 or not (name.startswith('"') and name.endswith('"')):
        return name
    raw = bytearray()
    at = 0
    inside = name[1:-1]
    for found in _ESCAPE.finditer(inside):
        raw += inside[at : found.start()].encode("utf-8", "surrogateescape")
        at = found.end()
        escape = found[1]
        if escape.isdigit():
            raw.append(int(escape, 8) & 0xFF)
        else:
            raw += bytes([_LETTERS[escape]]) if escape in _LETTERS else escape.encode()
    raw += inside[at:].encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "surrogateescape")


def _text(lines: list[str], unended: bool) -> str:
    text = "".join(line + "\n" for line in lines)
    return text[:-1] if unended else text


def _paths(patch: Patch, known: Collection[str]) -> tuple[str | None, str | None]:
    """Old and new path without the prefixes that git writes before them."""
    if "rename from" in patch.extended and "rename to" in patch.extended:
        ends = (unquoted(patch.extended[f"rename {end}"]) for end in ("from", "to"))
        return clean(next(ends)), clean(next(ends))
    old, new = patch.old, patch.new
    if old is None or new is None or patch.exact:
        return old and clean(old), new and clean(new)
    prefixed = (old == NOTHING or re.match(r"[aciow]/.", old)) and (
        new == NOTHING or re.match(r"[bciow]/.", new)
    )
    if prefixed and not (old in known and new in known):
        old, new = (name if name == NOTHING else name[2:] for name in (old, new))
    else:
        old, new = (_without_stray_prefix(name, known) for name in (old, new))
    return clean(old), clean(new)


def _without_stray_prefix(name: str, known: Collection[str]) -> str:
    """`a/x` on one side only, or on both: a prefix where only `x` is a file."""
    stray = name not in known and name[:2] in ("a/", "b/") and name[2:] in known
    return name[2:] if stray else name


def _unsupported(patch: Patch, path: str) -> str | None:
    modes = [value for key, value in patch.extended.items() if key.endswith("mode")]
    if any(mode.startswith(("12", "16")) for mode in modes):
        return f"{path} is a symbolic link or a submodule, which cannot be edited here"
    if "copy to" in patch.extended:
        return f"{path} is a copy: write the new file whole"
    return f"{path} is a binary patch, which cannot be read here" if patch.binary else None


def _creates(patch: Patch, old: str, new: str, hunks: list[Hunk], known: Collection[str]) -> bool:
    if old == NOTHING or "new file mode" in patch.extended:
        return True
    if new in known or old in known or "rename to" in patch.extended:
        return False
    return len(hunks) == 1 and not hunks[0].old


def _created(patch: Patch, path: str, hunks: list[Hunk], known: Collection[str]) -> list[Edit]:
    """A new file; where there is one already, a Replace that lands only if that is empty."""
    text = "".join(hunk.sides()[1] for hunk in hunks)
    edits: list[Edit] = [Replace(path, "", text) if path in known else WriteFile(path, text)]
    if patch.extended.get("new file mode", "").endswith("755"):
        edits.append(SetExecutable(path, True))
    return edits


def _changed(
    patch: Patch, old: str, new: str, hunks: list[Hunk], known: Collection[str]
) -> Iterator[Edit]:
    renamed = "rename to" in patch.extended or (old in known and new not in known)
    if renamed and old != new:
        yield RenameFile(old, new)
    for hunk in hunks:
        search, replace = hunk.sides()
        yield Replace(new, search, replace, hunk.line)
    mode = patch.extended.get("new mode")
    if mode is not None:
        yield SetExecutable(new, mode.endswith("755"))
