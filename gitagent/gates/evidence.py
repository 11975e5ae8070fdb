"""What a failing test wants and what it got instead: its source, its assertion, its own frames.

An output says where a test failed and seldom all that the test does. A model that repairs the code
gets the test's lines with it, out of the tree that was checked. A weak one gets one failing test,
the simplest: of ten it makes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitagent.domain.context import is_test
from gitagent.edits.source import DEFINITIONS, FUNCTIONS, parsed
from gitagent.gates.trim import blocks, shorten

LONGEST_SOURCE = 30
"""Lines of a test that are shown, up to the one that fails."""
LONGEST_SAID, LONGEST_SENTENCE = 900, 300
MOST_PLACES = 12
SIMPLE = 200
"""Characters by which one test is simpler than another; within that, the first one is."""
ENDING = r"\.(?:py|jsx?|tsx?|mjs|cjs|mts|cts|rs|go|exs?)"
PLACE = re.compile(
    rf'File "(?P<quoted>[^"\n]+)", line (?P<line>\d+)|(?P<path>[\w@./-]+{ENDING}):(?P<number>\d+)'
)
OPENS = re.compile(
    r"""^\s*(?:(?:async\s+)?def\s|(?:test|it|specify)(?:\.\w+)*\s*\(|test\s+["']|func\s+Test"""
    r"""|(?:pub\s+)?(?:async\s+)?fn\s)"""
)
NOISE = re.compile(
    r"^(?:=+|-+|(?:FAIL|ERROR): .*|_{3,} .* _{3,}|Traceback \(most recent.*)$\n?", re.M
)
TOLD = re.compile(r"^E\s{2,}\S.*$", re.MULTILINE)
"""What pytest says beside the lines that it shows."""
BEGUN = re.compile(r"^\w+ \((?P<id>\w+(?:\.\w+)+)\)(?:\n.*)? \.\.\. *\n?\Z", re.MULTILINE)
ENDLESS = "Your code did not come to an end in this test: a loop or a recursion in it never stops."
TRIMMED = re.compile(r"^(?=(?:FAIL|ERROR): \S+ \()", re.MULTILINE)
"""Where a test's part begins in what is left of an output of unittest."""
SENTENCE = re.compile(
    r"^(?:E\s+)?((?:[\w.]*(?:Error|Exception|Warning)\b|assert\b).*)$", re.MULTILINE
)
HEADING = re.compile(r"^(?:(?:FAIL|ERROR): (\S+)|_{3,} (.*?) _{3,})", re.MULTILINE)

Read = Callable[[str], str | None]
"""The text of a file of the tree; None where there is none."""


@dataclass(frozen=True)
class Failure:
    """One failing test: what the runner says of it, and its lines up to the one that fails.

    `line` is where that one stands in `path`; `name` is as the runner writes it, empty where nobody
    knows.
    """

    name: str
    said: str
    source: str
    path: str
    line: int

    @property
    def sentence(self) -> str:
        """What went wrong, in one line: the exception, or whatever is said first."""
        found = SENTENCE.findall(self.said) or self.said.splitlines()[:1]
        return str(found[-1]).strip()[:LONGEST_SENTENCE]

    @property
    def weight(self) -> tuple[int, int]:
        """Orders failures: the simple before the long, then as they stand in the file."""
        return (len(self.source) + len(self.said)) // SIMPLE, self.line


def failing(output: str, read: Read) -> list[Failure]:
    """The failing tests of an output whose lines can be found, the simplest first."""
    whole = blocks(output) or [part for part in TRIMMED.split(output) if part]
    found = [each for block in whole for each in _of(block, read)]
    return sorted(found, key=lambda each: each.weight) or _endless(output, read)


def places(output: str) -> list[str]:
    """The files that an output names, each once."""
    found = (place["quoted"] or place["path"] for place in PLACE.finditer(output))
    return list(dict.fromkeys(found))


def sources(found: Sequence[Failure], output: str, characters: int) -> str:
    """The lines of as many failing tests as there is room for, but for those in the output."""
    parts: list[str] = []
    for each in found:
        before = [line.strip() for line in each.source.splitlines()[:-1]]
        if before and before[-1] in output:
            continue
        part = f"{each.path}\n```\n{each.source.rstrip()}\n```\n"
        if part in parts or len("".join(parts)) + len(part) > characters:
            continue
        parts.append(part)
    return "\n".join(parts)


def _endless(output: str, read: Read) -> list[Failure]:
    """The test that unittest had begun, and not ended, when its time was up."""
    begun = BEGUN.search(output)
    if begun is None:
        return []
    *module, _owner, name = begun["id"].split(".")
    path = "/".join(module) + ".py"
    text = read(path) if is_test(path) else None
    lines = text.splitlines() if text else []
    at = next((n for n, line in enumerate(lines, 1) if f"def {name}(" in line), 0)
    if not text or not at:
        return []
    last = at + len(_body(text, at)) - 1
    source = lines_of_test(path, text, last)
    return [Failure(name, ENDLESS, source, path, last)] if source else []


def _body(text: str, at: int) -> list[str]:
    """The lines of the Python function that begins at one."""
    lines = text.splitlines()[at - 1 :]
    inside = len(lines[0]) - len(lines[0].lstrip())
    told = [lines[0]]
    for line in lines[1:]:
        if line.strip() and len(line) - len(line.lstrip()) <= inside:
            break
        told.append(line)
    while not told[-1].strip():
        told.pop()
    return told


def _of(block: str, read: Read) -> list[Failure]:
    """The failure of a block, at the first place in it that is a test's."""
    named = HEADING.search(block)
    name = next(filter(None, named.groups()), "") if named else ""
    for place in list(PLACE.finditer(block))[:MOST_PLACES]:
        path, line = place["quoted"] or place["path"], int(place["line"] or place["number"])
        text = read(path) if is_test(path) else None
        if text is None or not 0 < line <= len(text.splitlines()):
            continue
        source = lines_of_test(path, text, line)
        if source:
            told = "\n".join(TOLD.findall(block)) or NOISE.sub("", block).strip("\n")
            said = shorten(told, LONGEST_SAID)
            return [Failure(name, said, source, path, line)]
    return []


def lines_of_test(path: str, text: str, line: int) -> str:
    """The test around a line, from where it begins to that line; empty where it is in none."""
    lines = text.splitlines()
    begins = _begins(path, text, line) or _opens(lines, line)
    if not begins:
        return ""
    ends = _ends(path, text, line) or line
    told = lines[begins - 1 : ends]
    if len(told) > LONGEST_SOURCE:
        told = [told[0], "    …", *told[-(LONGEST_SOURCE - 2) :]]
    return "\n".join(told) + "\n"


def _begins(path: str, text: str, line: int) -> int:
    """The line of the innermost Python function around another one; 0 where there is none."""
    source = parsed(path, text) if path.endswith(".py") else None
    found, body = 0, source.body if source else ()
    while True:
        around = [n for n in body if n.lineno <= line <= (n.end_lineno or n.lineno)]
        inner = next((n for n in around if isinstance(n, DEFINITIONS)), None)
        if inner is None:
            return found
        found = inner.lineno if isinstance(inner, FUNCTIONS) else found
        body = tuple(inner.body)


def _ends(path: str, text: str, line: int) -> int:
    """The last line of the Python statement at a line; an assertion may go over several."""
    source = parsed(path, text) if path.endswith(".py") else None
    body = source.body if source else ()
    last = 0
    while around := [n for n in body if n.lineno <= line <= (n.end_lineno or n.lineno)]:
        last = around[0].end_lineno or 0
        body = tuple(getattr(around[0], "body", ()))
    return last


def _opens(lines: Sequence[str], line: int) -> int:
    """The line above at which a test of another language begins; 0 where none is near."""
    for n in range(line, max(0, line - 3 * LONGEST_SOURCE), -1):
        if OPENS.match(lines[n - 1]):
            return n
    return 0
