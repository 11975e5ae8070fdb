"""Where models write the name of a file, and how they dress it.

A name is taken from a line of its own, from the fence's info string, or from a comment that opens
the block. Names that a path rule will refuse (`../x`, `.git/config`) are read like any other: what
is refused has to be seen first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from gitagent.edits.languages import BARE_NAMES, EXTENSIONS

_LONGEST = 6000
PLACEHOLDER = "path/to/"

_LABEL = re.compile(
    r"(?:(?:full |new |updated |modified |complete )?(?:file|filename|file ?path|path)"
    r"|create|created|update|updated|modify|modified|edit|new)(?: file)?\s*:\s*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?:#{1,6}\s+|[-*+]\s+|\d{1,3}[.)]\s+|>\s+)+")
_NOTE = re.compile(
    r"\s*[(\[](?:new|new file|updated?|modified|changed|complete|full|created?|existing|edited)"
    r"(?: file)?[)\]]\Z",
    re.IGNORECASE,
)
_QUOTES = ("***", "**", "__", "`", '"', "'", "*")
_COMMENT = re.compile(
    r"\s*(?:#+|//+|--+|;+|%+|/\*+|<!--|\{/\*)\s*(?P<text>.*?)\s*(?:\*/\}?|-->)?\s*\Z"
)
_TICKED = re.compile(r"`([^`\n]+)`")
_ATTRIBUTE = re.compile(r"(?:path|file|filename|filepath|title|name)\s*[=:]\s*", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"\b(?:updated?|new|full|complete|whole|entire|revised|modified|corrected|fixed|final|rewritten"
    r"|create|add)\s+(?:the\s+)?(?:new\s+)?(?:file\s+)?(?:(?:version|contents?)\s+(?:of|for)\s+)?"
    r"(?:the\s+)?[`*\"']*(?P<path>[^\s`*\"':]+)[`*\"']*(?:\s+file)?\s*:[*\s]*\Z",
    re.IGNORECASE,
)


def clean(name: str) -> str:
    """`name` without the leading `./` that says nothing."""
    while name.startswith("./") and len(name) > 2:
        name = name[2:]
    return name


def meant(name: str, known: Collection[str]) -> str:
    """The path that a name stands for; empty for a placeholder that nobody knows a file by.

    A weak model copies `path/to/` from what it was told, alone or before the path itself.
    """
    name = clean(name)
    if name in known or not name.startswith(PLACEHOLDER):
        return name
    rest = name.removeprefix(PLACEHOLDER)
    found = [path for path in known if path == rest or path.endswith(f"/{rest}")]
    return found[0] if len(found) == 1 else ""


def is_placeholder(line: str, known: Collection[str]) -> bool:
    """Whether a comment names a file only in the way in which a prompt did."""
    comment = _COMMENT.match(line) if len(line) <= _LONGEST else None
    name = clean(_undressed(comment["text"])[0]) if comment else ""
    return name.startswith(PLACEHOLDER) and not meant(name, known)


def on_line(line: str, known: Collection[str]) -> str | None:
    """The path, where `line` is nothing but a path and its dress."""
    if len(line) > _LONGEST:
        return None
    bare = clean(line.strip())
    if bare in known:
        return bare
    bare, labelled = _undressed(line)
    bare = meant(bare, known)
    return bare if bare in known or plausible(bare, labelled=labelled) else None


def in_info(info: str, known: Collection[str]) -> str | None:
    """The path in a fence's info string: `python src/x.py`, `path=x.py`, `python:x.py`."""
    words = info.strip("{}").split()
    for n, word in enumerate(words):
        labelled = _ATTRIBUTE.match(word) is not None
        name = _ATTRIBUTE.sub("", word, count=1).strip("\"'`(),")
        if not labelled and n == 0 and (glued := re.match(r"[\w+#-]+:(?=[^:/\\])(.+)", name)):
            name = glued[1]
        name = meant(name, known)
        if name in known or plausible(name, labelled=labelled):
            return name
    return None


def in_comment(body: Sequence[str], known: Collection[str]) -> str | None:
    """The path in the first line of a block, where that is a comment with nothing else in it."""
    if not body or len(body[0]) > _LONGEST:
        return None
    comment = _COMMENT.match(body[0])
    if comment is None:
        return None
    name, labelled = _undressed(comment["text"])
    name = meant(name, known)
    if name in known or (labelled and plausible(name, labelled=True)):
        return name
    return name if plausible(name) and PurePosixPath(name).suffix else None


def in_sentence(line: str, known: Collection[str]) -> str | None:
    """The one path of `known` that a sentence speaks of; None where it speaks of several."""
    if len(line) > _LONGEST:
        return None
    names = {clean(word) for word in _TICKED.findall(line)}
    names |= {clean(word.strip("\"'`*.,:;()")) for word in line.split()}
    found = [name for name in names if name in known]
    return found[0] if len(found) == 1 else None


def announced(line: str, known: Collection[str]) -> str | None:
    """The path in a sentence that says that the file follows: `Here is the new x.py:`.

    "The updated function in x.py:" announces a part of a file, so the words must stand together.
    """
    found = _ANNOUNCED.search(line) if len(line) <= _LONGEST else None
    if found is None:
        return None
    name = meant(found["path"], known)
    return name if name in known or (plausible(name) and PurePosixPath(name).suffix) else None


def plausible(name: str, *, labelled: bool = False) -> bool:
    """Whether `name` looks like a path, though nobody knows a file of that name."""
    if not name or "://" in name or re.search(r"[\s<>|\"*?`]", name) or not name.strip("./\\"):
        return False
    if labelled or "/" in name or "\\" in name:
        return re.search(r"[\w~]", name) is not None
    last = name.lower()
    extension = last.rpartition(".")[2] if "." in last else ""
    return last in BARE_NAMES or extension in EXTENSIONS or re.match(r"\.[a-z]", last) is not None


def _undressed(line: str) -> tuple[str, bool]:
    """A line without list marks, headings, bold, quotes, labels and colons; whether labelled."""
    text = _BULLET.sub("", line.strip(), count=1).strip()
    labelled = False
    while True:
        before = text
        text = _NOTE.sub("", text.rstrip(":").strip())
        for quote in _QUOTES:
            if len(text) > 2 * len(quote) and text.startswith(quote) and text.endswith(quote):
                text = text[len(quote) : -len(quote)].strip()
        if label := _LABEL.match(text.lstrip("*_`")):
            text = text.lstrip("*_`")[label.end() :].lstrip("*_ ")
            labelled = True
        if text == before:
            return text, labelled
