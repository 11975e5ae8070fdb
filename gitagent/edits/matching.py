"""Where in a file a search fits, exactly first and then in a few known ways.

Each way is one small function that gives all places where the search fits. The first way that
fits anywhere decides; whether one of several places is meant is `choice`'s question. Nothing is
matched by resemblance: a wrong place is worse than another round with the model.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from gitagent.edits.align import equal_blocks

_MOST = 1000
_NEAR = 3
_FAR = 10
_LONG_LINE = 1000
_SIGNS, _OPEN = ",;", "([{:"


@dataclass(frozen=True)
class Place:
    """Lines `start` to `stop` (0-based, half open) of the file become `new`."""

    start: int
    stop: int
    new: tuple[str, ...]


class Haystack:
    """The lines of a file, searched as one string: that is linear and runs in C."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._texts: dict[Callable[[str], str], tuple[str, list[int]]] = {}

    def find(self, search: Sequence[str], key: Callable[[str], str] = str) -> list[int]:
        """The indexes at which `search` stands when lines are compared by `key`."""
        text, offsets = self._text(key)
        needle = "\n" + "".join(key(line) + "\n" for line in search)
        found: list[int] = []
        at = text.find(needle)
        while at >= 0 and len(found) < _MOST:
            found.append(bisect_left(offsets, at))
            at = text.find(needle, at + 1)
        return found

    def _text(self, key: Callable[[str], str]) -> tuple[str, list[int]]:
        if key not in self._texts:
            keyed = self.lines if key is str else [key(line) for line in self.lines]
            offsets = list(accumulate((len(line) + 1 for line in keyed), initial=0))
            self._texts[key] = ("\n".join(["", *keyed, ""]), offsets)
        return self._texts[key]


Way = Callable[[Haystack, list[str], list[str]], list[Place]]


def places(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """Where `search` fits and what would stand there instead, by the first way that fits."""
    if not search:
        return []
    for way in _WAYS:
        if found := way(haystack, search, new):
            return found
    return []


def choice(found: Sequence[Place], hint: int | None) -> Place | None:
    """The one place that is meant; `hint` is a 1-based line. None where that would be a guess."""
    if len(found) == 1:
        return found[0]
    if hint is None or not found:
        return None
    by_distance = sorted(found, key=lambda place: abs(place.start + 1 - hint))
    first, second = (abs(place.start + 1 - hint) for place in by_distance[:2])
    decisive = first == 0 or (first <= _NEAR and second >= _FAR + first)
    return by_distance[0] if decisive else None


def exact(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """The very lines."""
    return [Place(at, at + len(search), tuple(new)) for at in haystack.find(search)]


def trailing_space(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """The lines, but for white space at their ends."""
    if not any(line.strip() for line in search):
        return []
    return [
        Place(at, at + len(search), _carried(haystack.lines[at : at + len(search)], search, new))
        for at in haystack.find(search, str.rstrip)
    ]


def indented(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """The lines, all shifted right or left by the same white space; what is new shifts along."""
    if not any(line.strip() for line in search):
        return []
    found = []
    for at in haystack.find(search, str.strip):
        there = haystack.lines[at : at + len(search)]
        shift = _shift(there, search)
        shifted = _shifted(new, *shift) if shift else None
        if shifted is not None:
            found.append(Place(at, at + len(search), _carried(there, search, new, shifted)))
    return found


def first_line_unindented(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """The lines, but the first has lost its indentation, as when a block was stripped."""
    if not new or not search[0].strip() or search[0][:1].isspace() or new[0][:1].isspace():
        return []
    found = []
    for at in haystack.find(search, str.strip):
        there = haystack.lines[at : at + len(search)]
        rest = zip(there[1:], search[1:], strict=True)
        if len(search) > 1 and all(a.rstrip() == b.rstrip() for a, b in rest):
            pad = there[0][: len(there[0]) - len(there[0].lstrip())]
            shifted = [pad + new[0], *new[1:]]
            found.append(Place(at, at + len(search), _carried(there, search, new, shifted)))
    return found


def blank_ends(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """The lines without the blank ones before and after them, which the file does not have."""
    lead, trail = _blanks(search), _blanks(search[::-1])
    if not lead + trail or lead == len(search):
        return []
    lead_new = min(lead, _blanks(new))
    trail_new = min(trail, _blanks(new[lead_new:][::-1]))
    core = search[lead : len(search) - trail]
    return _first(_PLAIN_WAYS, haystack, core, new[lead_new : len(new) - trail_new])


def without_outer_context(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """The lines without a first or last context line that the file does not have there."""
    for first, last in ((1, 0), (0, 1), (1, 1)):
        core = search[first : len(search) - last]
        if sum(bool(line.strip()) for line in core) < 2 or len(new) < first + last:
            continue
        if (first and search[0] != new[0]) or (last and search[-1] != new[-1]):
            continue
        if found := _first(_PLAIN_WAYS, haystack, core, new[first : len(new) - last]):
            return found
    return []


def without_last_sign(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """The lines, but the last lacks the comma or semicolon that it ends with in the file.

    What takes its place keeps the sign, where it is a line that can have one.
    """
    last = search[-1].rstrip()
    ends = new[-1].rstrip()[-1:] if new else ""
    if not last or (new and (len(new) != len(search) or not ends or ends in _SIGNS + _OPEN)):
        return []
    for sign in _SIGNS:
        signed = [*new[:-1], new[-1].rstrip() + sign] if new else []
        if found := _first(_PLAIN_WAYS, haystack, [*search[:-1], last + sign], signed):
            return found
    return []


def inside_long_line(haystack: Haystack, search: list[str], new: list[str]) -> list[Place]:
    """Part of a line that is too long to be repeated whole, as in minified files."""
    if len(search) != 1 or len(new) != 1 or not search[0].strip():
        return []
    part = search[0]
    long = [n for n, line in enumerate(haystack.lines) if len(line) > _LONG_LINE and part in line]
    found = []
    for n in long:
        line = haystack.lines[n]
        if line.count(part) == 1:
            found.append(Place(n, n + 1, (line.replace(part, new[0]),)))
        else:
            found += [Place(n, n + 1, (line,))] * 2
    return found


_PLAIN_WAYS: tuple[Way, ...] = (exact, trailing_space, indented)
_WAYS: tuple[Way, ...] = (
    *_PLAIN_WAYS,
    first_line_unindented,
    blank_ends,
    without_outer_context,
    inside_long_line,
    without_last_sign,
)


def _first(
    ways: Sequence[Way], haystack: Haystack, search: list[str], new: list[str]
) -> list[Place]:
    return next((found for way in ways if (found := way(haystack, search, new))), [])


def _carried(
    there: Sequence[str], search: Sequence[str], new: Sequence[str], shaped: Sequence[str] = ()
) -> tuple[str, ...]:
    """`new` (as `shaped` for this place), but with the file's own lines where nothing changes."""
    result = list(shaped or new)
    for i, j, size in equal_blocks(search, new):
        result[j : j + size] = there[i : i + size]
    return tuple(result)


def _blanks(lines: Sequence[str]) -> int:
    return next((n for n, line in enumerate(lines) if line.strip()), len(lines))


def _shift(there: Sequence[str], search: Sequence[str]) -> tuple[str, str] | None:
    """The white space to add to and to take from each line, where all lines agree on it."""
    shifts = {_line_shift(a, b) for a, b in _written(there, search)}
    return shifts.pop() if len(shifts) == 1 else None


def _written(there: Sequence[str], search: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((a, b) for a, b in zip(there, search, strict=True) if b.strip())


def _line_shift(there: str, searched: str) -> tuple[str, str] | None:
    has = there[: len(there) - len(there.lstrip())]
    said = searched[: len(searched) - len(searched.lstrip())]
    if has.endswith(said):
        return has[: len(has) - len(said)], ""
    return ("", said[: len(said) - len(has)]) if said.endswith(has) else None


def _shifted(lines: Sequence[str], add: str, take: str) -> list[str] | None:
    if any(line.strip() and not line.startswith(take) for line in lines):
        return None
    return [add + line.removeprefix(take) if line.strip() else line for line in lines]
