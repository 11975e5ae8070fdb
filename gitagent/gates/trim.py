"""Cuts a command's output down to what tells a person or a model how to repair the tree.

A repair prompt is paid for by the token, and a weak model drowns in what does not matter: passing
tests, warnings, progress. What is left is bounded and free of terminal control.
"""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # a title or a link, to its end
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # other strings for the terminal
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?!\n|$)", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")

_PYTEST_SECTION = re.compile(r"^=+ (?P<title>[^=\n]+?) =+$", re.MULTILINE)
_PYTEST_BLOCK = re.compile(r"^(?=_{3,} .* _{3,}$)", re.MULTILINE)
_UNITTEST_BLOCK = re.compile(r"^={70}\n(?=(?:ERROR|FAIL|UNEXPECTED SUCCESS): )", re.MULTILINE)
_UNITTEST_SUMMARY = re.compile(r"^-{70}\nRan \d+ tests? in ", re.MULTILINE)
_BROKEN = ("ERRORS", "FAILURES")
_SUMMARY = "short test summary info"
_LEAST_BLOCK = 400


def trim(output: str, budget_chars: int) -> str:
    """The part of an output worth reading, in at most `budget_chars` characters."""
    text = plain_text(output).strip("\n")
    blocks, end = _pytest_parts(text) or _unittest_parts(text) or ([], "")
    if not blocks:
        return shorten(text, budget_chars)
    end = shorten(end, budget_chars // 3)
    return f"{_fit(blocks, budget_chars - len(end) - 1)}\n{end}"


def blocks(output: str) -> list[str]:
    """What an output says of each failing test by itself; empty where that cannot be told."""
    text = plain_text(output).strip("\n")
    return (_pytest_parts(text) or _unittest_parts(text) or ([], ""))[0]


def plain_text(output: str) -> str:
    """Text without terminal escapes and control characters; hidden characters are spelled out."""
    text = _ESCAPES.sub("", output.replace("\r\n", "\n"))
    text = _CONTROL.sub("", _OVERWRITTEN.sub("", text))
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shorten(text: str, budget: int) -> str:
    """The head and the tail of a text, with a line that says how much is left out."""
    if len(text) <= budget:
        return text
    note = f"\n[… {len(text)} characters cut down …]\n"
    room = budget - len(note)
    if room < 2:
        return text[: max(0, budget)]
    head = room // 3
    note = f"\n[… {len(text) - room} characters left out …]\n"
    return text[:head] + note + text[len(text) - (room - head) :]


def _pytest_parts(text: str) -> tuple[list[str], str] | None:
    """The failing tests' own blocks, and the summary with the last line."""
    titles = list(_PYTEST_SECTION.finditer(text))
    ends = [*(title.start() for title in titles[1:]), len(text)]
    blocks: list[str] = []
    tail: list[str] = []
    for title, end in zip(titles, ends, strict=False):
        section = text[title.start() : end].strip("\n")
        if title["title"] in _BROKEN:
            blocks += [block.strip("\n") for block in _PYTEST_BLOCK.split(section)[1:]]
        elif title["title"] == _SUMMARY or end == len(text):
            tail.append(section)
    return (blocks, "\n".join(tail)) if blocks else None


def _unittest_parts(text: str) -> tuple[list[str], str] | None:
    summary = _UNITTEST_SUMMARY.search(text)
    body = text[: summary.start()] if summary else text
    blocks = [block.strip("\n") for block in _UNITTEST_BLOCK.split(body)[1:]]
    return (blocks, text[summary.start() :] if summary else "") if blocks else None


def _fit(blocks: list[str], budget: int) -> str:
    """As many blocks as can say something, each with its share of the room."""
    shown = blocks[: max(1, budget // _LEAST_BLOCK)]
    left = len(blocks) - len(shown)
    note = f"\n[… {left} more failures left out …]" if left else ""
    room = budget - len(note)
    parts: list[str] = []
    for n, block in enumerate(shown):
        # What a short block does not use, the next ones may.
        share = (room - sum(len(part) + 1 for part in parts)) // (len(shown) - n)
        parts.append(shorten(block, max(0, share - 1)))
    return "\n".join(parts) + note
