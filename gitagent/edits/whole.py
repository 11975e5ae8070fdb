"""Whole files in fences: which path a block has, and which blocks are no files at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitagent.domain.edit import Edit, Replace, WriteFile
from gitagent.edits import languages, naming
from gitagent.edits.definitions import forgets_docstring, is_part, placed, replacements
from gitagent.edits.fences import Fence, opening
from gitagent.edits.search_replace import joined

MOSTLY = 0.6
NO_PLACE = (
    "has only a part of the file, and it is not clear where that belongs: write complete functions "
    "only, each once, and a method inside its `class` line"
)


@dataclass(frozen=True)
class Unnamed:
    """A block that names no file, and the 1-based line of the reply where it begins."""

    language: str
    body: tuple[str, ...]
    line: int


def named_block(
    fence: Fence, body: Sequence[str], above: str | None, known: Collection[str]
) -> WriteFile | None:
    """The file in a block whose path is `above`, in the info string or in its first comment."""
    path = naming.in_info(fence.info, known) or above
    said = naming.in_comment(body, known)
    if path is not None and not (said and path not in known and _is_end(path, said, known)):
        return WriteFile(path, joined(_without_fence(body, path)))
    if fence.language.lower() in languages.DIFFS:
        return None
    return WriteFile(said, joined(_without_fence(_without_label(body), said))) if said else None


def label(body: Sequence[str], known: Collection[str]) -> str | None:
    """The known path that is all that a block holds: the file stands in the next one."""
    written = [line for line in body if line.strip()]
    if len(written) != 1:
        return None
    path = naming.clean(written[0].strip())
    path = path if path in known else naming.in_comment(written, known) or ""
    return path if path in known else None


def is_example(language: str) -> bool:
    """Whether a block without a path shows something rather than changes it."""
    return language.lower() in languages.EXAMPLES


def is_session(language: str) -> bool:
    """Whether a block is no file even where a path stands above it."""
    return language.lower() in languages.SESSIONS


def settle(
    unnamed: Sequence[Unnamed], edits: Sequence[Edit], known: Collection[str]
) -> tuple[list[Edit], list[str]]:
    """What to make of the blocks without a path, once the whole reply has been read.

    A single one with a single candidate is that file, one that repeats most of a file whose text
    is known is that one (`completed` sees to what either leaves out), and one that defines again
    what a known file defines changes those definitions. One that only quotes the reply's own edits
    is none. The others are problems.
    """
    if len(unnamed) == 1 and not edits:
        path = _only_candidate(unnamed[0], known)
        if path is not None:
            return [WriteFile(path, joined(unnamed[0].body))], []
    quoted = _lines_of(edits)
    texts = known if isinstance(known, Mapping) else {}
    repeats = {block: path for block in unnamed if (path := repeated(block.body, texts))}
    if len(set(repeats.values())) == len(unnamed):
        return [WriteFile(path, joined(block.body)) for block, path in repeats.items()], []
    parts = {block: replacements(joined(block.body), texts) for block in unnamed}
    if not edits and unnamed and all(parts.values()):
        return [edit for part in parts.values() for edit in part], []
    return [], [
        f"the block at line {block.line} of the reply names no file: write its path on the line "
        "above it"
        for block in unnamed
        if not {line.strip() for line in block.body} <= quoted
    ]


def in_order(edits: Sequence[Edit], known: Collection[str]) -> tuple[list[Edit], list[str]]:
    """The edits, each block that is but a part of its file put into what those before it made of
    the file; one that only says the last again is left out. What is in doubt are problems."""
    texts: Collection[str] = dict(known) if isinstance(known, Mapping) else known
    last: dict[str, Edit] = {}
    found: list[Edit] = []
    problems: list[str] = []
    for edit in edits:
        parts, problem = completed(edit, texts)
        problems += [problem] if problem else []
        for part in parts:
            if last.get(part.path) == part:
                continue
            last[part.path] = part
            found.append(part)
            if isinstance(texts, dict) and isinstance(part, WriteFile):
                texts[part.path] = part.text
            elif isinstance(texts, dict) and isinstance(part, Replace):
                text = texts.get(part.path, "")
                texts[part.path] = part.replace if part.search == text else text
    return found, problems


def completed(edit: Edit, known: Collection[str]) -> tuple[Sequence[Edit], str]:
    """The edit itself; for a block that is but a part of its file, what puts it into its place.

    Where it has no clear place, the second value is the problem.
    """
    text = known.get(edit.path) if isinstance(known, Mapping) else None
    if not isinstance(edit, WriteFile) or not text:
        return [edit], ""
    if is_part(edit.text, text):
        parts = placed(edit.text, edit.path, text)
        problem = f"the block for {edit.path} {NO_PLACE}"
        return (parts, "") if parts is not None else ([], problem)
    if forgets_docstring(edit.text, text):
        return placed(edit.text, edit.path, text) or [edit], ""
    return [edit], ""


def repeated(body: Sequence[str], texts: Mapping[str, str]) -> str | None:
    """The known file that stands for the most part in a block, where no other comes near."""
    lines = {line.strip() for line in body if line.strip()}
    shares = sorted(
        (
            (len(lines & own) / len(own), path)
            for path, text in texts.items()
            if (own := {line.strip() for line in text.split("\n") if line.strip()})
        ),
        reverse=True,
    )
    if not shares or shares[0][0] < MOSTLY:
        return None
    second = shares[1][0] if len(shares) > 1 else 0.0
    return shares[0][1] if second < shares[0][0] / 2 else None


def without_placeholder(body: Sequence[str], known: Collection[str]) -> Sequence[str]:
    """The block without a first line that only repeats the path of an example."""
    labelled = bool(body) and naming.is_placeholder(body[0], known)
    return _without_label(body) if labelled else body


def _is_end(name: str, path: str, known: Collection[str]) -> bool:
    """Whether a name is only the end of a known path."""
    return path in known and path.endswith(f"/{name}")


def _without_fence(body: Sequence[str], path: str) -> Sequence[str]:
    """The block without a fence that was opened a second time inside of it."""
    again = bool(body) and opening(body[0]) is not None
    return body[1:] if again and not languages.is_markdown("", path) else body


def _without_label(body: Sequence[str]) -> Sequence[str]:
    """The block without its first line, which only said the path, and a blank line after it."""
    rest = body[1:]
    return rest[1:] if rest and not rest[0].strip() else rest


def _only_candidate(block: Unnamed, known: Collection[str]) -> str | None:
    if not block.language:
        return None
    candidates = [path for path in known if languages.fits(block.language, path)]
    return candidates[0] if len(candidates) == 1 else None


def _lines_of(edits: Iterable[Edit]) -> set[str]:
    texts = [""]
    for edit in edits:
        if isinstance(edit, WriteFile):
            texts.append(edit.text)
        elif isinstance(edit, Replace):
            texts += [edit.search, edit.replace]
    return {line.strip() for text in texts for line in text.split("\n")}
