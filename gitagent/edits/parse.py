"""What a reply means to change, in whatever format it was written.

One pass over the lines. Each line is offered to the readers of the formats in turn; what none
takes is prose. The state between lines is small: the path that was last named, and the fence that
was opened around SEARCH/REPLACE blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Any

from gitagent.domain.edit import Edit, Proposal, WriteFile
from gitagent.domain.plan import Also
from gitagent.edits import (
    directives,
    fences,
    languages,
    naming,
    orders,
    search_replace,
    thinking,
    udiff,
    widening,
    wrapping,
)
from gitagent.edits.fences import Fence
from gitagent.edits.found import Found
from gitagent.edits.whole import (
    Unnamed,
    in_order,
    is_example,
    is_session,
    label,
    named_block,
    settle,
    without_placeholder,
)

JSON = ("", "json", "jsonc", "json5")
LOOKS = 20
"""How often JSON is looked for outside of fences; each look may read the reply to its end."""


def parse(reply: str, known: Collection[str]) -> Proposal:
    """The edits that `reply` proposes, in the order in which they stand there.

    `known` are the paths that exist, which tell a path from a word; a mapping gives their texts
    too, which tell what a block without a path repeats. Nothing raises: what looks like an edit
    and cannot be read as one is a problem in the proposal.
    """
    text = thinking.dropped(_with_line_ends(reply))
    return _Reader(wrapping.unwrapped(text.split("\n"), known), known).proposal()


def _with_line_ends(reply: str) -> str:
    """`reply` with LF ends, whichever it has."""
    text = reply.replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


class _Reader:
    def __init__(self, lines: list[str], known: Collection[str]) -> None:
        self._lines = lines
        self._known = known
        self._at = 0
        self._path: str | None = None
        self._sentence = ""
        self._block_path: str | None = None
        self._wrapper: Fence | None = None
        self._edits: list[Edit] = []
        self._problems: list[str] = []
        self._remark: list[str] = []
        self._unnamed: list[Unnamed] = []
        self._also: list[Also] = []
        self._looks = LOOKS

    def proposal(self) -> Proposal:
        readers: tuple[Callable[[], bool], ...] = (
            self._reasoning,
            self._widening,
            self._directive,
            self._search_block,
            self._orders,
            self._bare_diff,
            self._fence,
            self._prose,
        )
        while self._at < len(self._lines):
            any(read() for read in readers)
        files, problems = settle(self._unnamed, self._edits, self._known)
        edits, doubts = in_order((*self._edits, *files), self._known)
        return Proposal(
            tuple(edits),
            (*self._problems, *problems, *doubts),
            "\n".join(self._remark).strip(),
            also=tuple(self._also),
        )

    @property
    def _line(self) -> str:
        return self._lines[self._at]

    def _take(self, found: Found) -> bool:
        self._edits += found.edits
        self._problems += found.problems
        self._at = found.end
        self._path = None
        self._sentence = ""
        return True

    def _reasoning(self) -> bool:
        end = thinking.end(self._lines, self._at)
        if end is None:
            return False
        rest = thinking.behind(self._lines[end - 1])
        if rest.strip() and end - 1 >= self._at:
            self._lines[end - 1] = rest
            end -= 1
        return self._take(Found(end))

    def _widening(self) -> bool:
        found = widening.read(self._line, self._known)
        self._also += found
        return bool(found) and self._take(Found(self._at + 1))

    def _directive(self) -> bool:
        edit = directives.read(self._line, self._known)
        return edit is not None and self._take(Found(self._at + 1, (edit,)))

    def _search_block(self) -> bool:
        head = search_replace.head(self._line)
        if head is None:
            return False
        path = self._path or naming.on_line(head.rest, self._known)
        path = path or naming.in_sentence(self._sentence, self._known) or self._block_path
        self._block_path = path
        path = path or search_replace.home(self._lines, self._at, self._known)
        found = search_replace.read(self._lines, self._at, path)
        if search_replace.closes_fence(self._lines[found.end - 1]):
            self._wrapper = None
        return self._take(found)

    def _orders(self) -> bool:
        """Edits as JSON outside any fence."""
        if self._path is not None or not self._looks or not orders.begins(self._line):
            return False
        self._looks -= 1
        found = orders.extent(self._lines, self._at)
        if found is None:
            return orders.look_alike(self._lines, self._at) and self._take(
                Found(len(self._lines), (), (self._about_json("is not valid JSON"),))
            )
        value, end = found
        return self._ordered(value, end)

    def _json_block(self, body: list[str], end: int) -> bool:
        """Edits as JSON in a block that names no file."""
        found = orders.extent(body, 0)
        if found is None:
            broken = orders.look_alike(body, 0)
            problems = (self._about_json("is not valid JSON"),) if broken else ()
            return broken and self._take(Found(end, (), problems))
        value, after = found
        return not any(line.strip() for line in body[after:]) and self._ordered(value, end)

    def _ordered(self, value: Any, end: int) -> bool:
        """Take what a JSON value before index `end` orders, if it orders anything."""
        proposal = orders.read(value, self._known, lambda text: parse(text, self._known))
        if proposal is None:
            return False
        problems = tuple(self._about_json(f"cannot be used: {p}") for p in proposal.problems)
        self._remark += [proposal.remark] if proposal.remark else []
        return self._take(Found(end, proposal.edits if not problems else (), problems))

    def _about_json(self, said: str) -> str:
        return f"the JSON at line {self._at + 1} of the reply {said}"

    def _bare_diff(self) -> bool:
        end = udiff.extent(self._lines, self._at)
        if end is None:
            return False
        body = self._lines[self._at : end]
        if not any(line.strip() for line in self._lines[end:]) and udiff.breaks_off(body):
            problem = f"the diff at line {self._at + 1} of the reply breaks off in its last hunk"
            return self._take(Found(end, (), (problem,)))
        return self._take(self._diff(body, end, self._path))

    def _diff(self, body: list[str], end: int, path: str | None) -> Found:
        edits, problems = udiff.read(body, self._known, path)
        where = f"the diff at line {self._at + 1} of the reply"
        return Found(end, edits, tuple(f"{where}: {problem}" for problem in problems))

    def _fence(self) -> bool:
        if self._wrapper is not None and fences.closes(self._wrapper, self._line):
            self._wrapper = None
            self._at += 1
            return True
        fence = fences.opening(self._line)
        if fence is None:
            return False
        if self._wraps_search_blocks():
            self._wrapper = fence
            self._path = naming.in_info(fence.info, self._known) or self._path
            self._at += 1
            return True
        return self._block(fence)

    def _wraps_search_blocks(self) -> bool:
        """Whether the fence here has a SEARCH block as its first thing, after a path perhaps."""
        written = (n for n in range(self._at + 1, len(self._lines)) if self._lines[n].strip())
        follow = list(islice(written, 2))
        if follow and search_replace.head(self._lines[follow[0]]):
            return True
        return (
            len(follow) == 2
            and search_replace.head(self._lines[follow[1]]) is not None
            and naming.on_line(self._lines[follow[0]], self._known) is not None
        )

    def _block(self, fence: Fence) -> bool:
        above = self._path or naming.announced(self._sentence, self._known)
        start = self._at + 1
        try:
            end = self._closing(fence, naming.in_info(fence.info, self._known) or above)
        except fences.Ambiguous:
            return self._take(Found(len(self._lines), (), (self._nesting(above),)))
        if end is None:
            return self._unclosed(fence, above)
        body = fences.body(self._lines[start:end], fence)
        return self._contents(fence, body, above, end + 1)

    def _closing(self, fence: Fence, path: str | None) -> int | None:
        start = self._at + 1
        if not languages.is_markdown(fence.language, path):
            return fences.closing(self._lines, start, fence)
        return fences.closing_of_markdown(self._lines, start, fence, self._named)

    def _named(self, at: int) -> bool:
        """Whether a path stands above the line with index `at`."""
        above = (line for line in reversed(self._lines[max(at - 3, 0) : at]) if line.strip())
        return naming.on_line(next(above, ""), self._known) is not None

    def _contents(self, fence: Fence, body: list[str], above: str | None, end: int) -> bool:
        """Take the closed block around `body`, which ends before index `end`."""
        if self._holds_diff(fence, body, above):
            return self._take(self._diff(body, end, above))
        if is_session(fence.language):
            return self._take(Found(end))
        if above is None and (path := label(body, self._known)):
            self._take(Found(end))
            self._path = path
            return True
        file = named_block(fence, body, above, self._known)
        if file is not None:
            return self._file(file, fence, body, end)
        if fence.language.lower() in JSON and self._json_block(body, end):
            return True
        if any(search_replace.head(line) for line in body):
            self._wrapper = fence
            self._at += 1
            return True
        lines = [directives.read(line, self._known) for line in body if line.strip()]
        edits = tuple(edit for edit in lines if edit is not None)
        if lines and len(edits) == len(lines):
            return self._take(Found(end, edits))
        if not is_example(fence.language) and any(line.strip() for line in body):
            own = without_placeholder(body, self._known)
            block = Unnamed(fence.language, tuple(own), self._at + 1)
            self._unnamed.append(block)
        return self._take(Found(end))

    def _file(self, file: WriteFile, fence: Fence, body: list[str], end: int) -> bool:
        """Take a whole file, unless it shows that something else was meant."""
        text = self._known.get(file.path) if isinstance(self._known, Mapping) else None
        if languages.is_markdown("", file.path) or not search_replace.torn(file.text):
            return self._take(Found(end, (file,)))
        if text is not None and search_replace.torn(text):
            return self._take(Found(end, (file,)))
        if any(search_replace.head(line) for line in body):
            self._wrapper = fence
            self._block_path = file.path
            self._at += 1
            return True
        problem = (
            f"the block for {file.path} at line {self._at + 1} of the reply has some of the marks "
            "of a SEARCH/REPLACE block, but not all of them"
        )
        return self._take(Found(end, (), (problem,)))

    def _holds_diff(self, fence: Fence, body: list[str], above: str | None) -> bool:
        if above is not None and above.endswith((".diff", ".patch")):
            return False
        return fence.language.lower() in languages.DIFFS or udiff.begins(body)

    def _unclosed(self, fence: Fence, above: str | None) -> bool:
        problem = (
            f"the block for {above or 'a file'} at line {self._at + 1} of the reply has no closing "
            "fence: the reply may have been cut"
        )
        shows = is_example(fence.language) and above is None
        return self._take(Found(len(self._lines), (), () if shows else (problem,)))

    def _nesting(self, above: str | None) -> str:
        return (
            f"the fences in the block for {above or 'a Markdown file'} at line {self._at + 1} of "
            "the reply can be paired in two ways: put the whole file between lines of four or "
            "more backticks"
        )

    def _prose(self) -> bool:
        line = self._line
        if search_replace.is_final(line):
            problem = f"line {self._at + 1} of the reply ends a block that has no SEARCH line"
            return self._take(Found(self._at + 1, (), (problem,)))
        if line.strip():
            self._path = naming.on_line(line, self._known)
            self._sentence = line
            if self._path is None:
                self._remark.append(line)
        elif self._remark:
            self._remark.append("")
        self._at += 1
        return True
