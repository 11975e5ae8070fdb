"""Unified diffs as models write them: headers that lie, counts that are wrong.

Read by our own state machine rather than by `unidiff`: that library wants exactly the headers,
counts and unquoted paths that models get wrong, and once they have been put right nothing is left
for it to do. A hunk's extent is taken from its lines; its counts only decide what the lines leave
open. The headers of OpenAI's patch format (`*** Update File: x`) are understood as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import islice

from gitagent.domain.edit import Edit
from gitagent.edits import patches
from gitagent.edits.patches import Hunk, Patch, unquoted

FAR = 20
"""Blank lines of a hunk, their spaces lost, that are believed one after the other."""

_HUNK = re.compile(
    r"@@+[ \t]*(?:-(?P<line>\d+)(?:,(?P<old>\d+))?[ \t]+\+\d+(?:,(?P<new>\d+))?(?:[ \t]*@@+)?)?"
)
_GIT = re.compile(r"diff --git (?P<names>.+)\Z")
_EXTENDED = re.compile(
    r"(?P<key>new file mode|deleted file mode|old mode|new mode|rename from|rename to|copy from"
    r"|copy to) (?P<value>.+?)\s*\Z"
)
_NOISE = re.compile(
    r"index [0-9a-f]+\.\.|(?:dis)?similarity index |Index: |\*\*\* (?:Begin|End) (?:Patch|of File)"
)
_STARRED = re.compile(
    r"\*\*\* (?P<key>Update File|Add File|Delete File|Move to): *(?P<value>.+?)\s*\Z"
)
_BINARY = re.compile(r"GIT binary patch|Binary files? .* differ")


@dataclass
class _State:
    """The patches read so far; the last one is open, and its last hunk."""

    default: str | None
    patches: list[Patch] = field(default_factory=list)
    in_hunk: bool = False

    def start(self, patch: Patch) -> Patch:
        self.patches.append(patch)
        self.in_hunk = False
        return patch

    @property
    def patch(self) -> Patch:
        return self.patches[-1] if self.patches else self.start(Patch(self.default, self.default))

    def hunk(self, hunk: Hunk) -> None:
        self.patch.hunks.append(hunk)
        self.in_hunk = True


def begins(body: Sequence[str]) -> bool:
    """Whether a block is a diff, going by its first lines."""
    for at, line in enumerate(body):
        if line.strip():
            return _opens(body, at) or _HUNK.match(line) is not None
    return False


def extent(lines: Sequence[str], at: int) -> int | None:
    """Where a diff that stands outside any fence and starts at `at` ends; None if none starts."""
    if not _opens(lines, at):
        return None
    state = _State(None)
    end = at
    while end < len(lines):
        line = lines[end]
        if _header(lines, end):
            end += 2 if _is_pair(lines, end) else 1
            if _HUNK.match(line) or _STARRED.match(line):
                state.hunk(_hunk(line))
            else:
                state.in_hunk = False
        elif state.in_hunk and _continues(lines, end, state.patch.hunks[-1]):
            state.patch.hunks[-1].add(line)
            end += 1
        elif not line.strip() and end + 1 < len(lines) and _header(lines, end + 1):
            end += 1
        else:
            break
    return end


def breaks_off(body: Sequence[str]) -> bool:
    """Whether a diff that nothing closes ends before its last hunk has all that it promises.

    Counts are often wrong, so only a hunk that takes lines away and puts nothing there is judged.
    """
    state = _State(None)
    at = 0
    while at < len(body):
        at += _step(body, at, state)
    hunk = next((hunk for patch in reversed(state.patches) for hunk in patch.hunks[-1:]), None)
    if hunk is None or "+" in hunk.kinds or "-" not in hunk.kinds:
        return False
    open_patch = any(line.startswith("*** Begin Patch") for line in body) and not any(
        line.startswith("*** End Patch") for line in body
    )
    return open_patch or (hunk.new_count is not None and len(hunk.new) < hunk.new_count)


def read(
    body: Sequence[str], known: Collection[str], default: str | None
) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """The edits and problems of a diff; `default` is the path where it names none itself."""
    state = _State(default)
    at = 0
    while at < len(body):
        at += _step(body, at, state)
    if not state.patches:
        return (), ("it has no hunk",)
    edits: list[Edit] = []
    problems: list[str] = []
    for patch in state.patches:
        found, wrong = patches.edits_of(patch, known)
        edits += found
        problems += wrong
    return tuple(edits), tuple(problems)


def _step(body: Sequence[str], at: int, state: _State) -> int:
    """Read what stands at `at` into `state`; how many lines that was."""
    line = body[at]
    if _is_pair(body, at):
        _pair(state, _name(line), _name(body[at + 1]))
        return 2
    if found := _GIT.match(line):
        state.start(Patch(*patches.halves(found["names"]), git=True))
    elif found := _STARRED.match(line):
        _starred(state, found["key"], found["value"])
    elif _BINARY.match(line):
        state.patch.binary = True
    elif found := _HUNK.match(line):
        state.hunk(_hunk(line))
    elif not state.in_hunk and (found := _EXTENDED.match(line)):
        state.patch.extended[found["key"]] = found["value"]
    elif _NOISE.match(line):
        state.in_hunk = False
    else:
        _body_line(state, line)
    return 1


def _body_line(state: _State, line: str) -> None:
    if not state.in_hunk:
        # A diff may come without any @@ line, which leaves only the prefixes to go by.
        loose = line[:1] in ("+", "-") and not line.startswith(("--- ", "+++ "))
        if not loose or not (state.patches or state.default):
            return
        state.hunk(Hunk(None, None, None))
    state.patch.hunks[-1].add(line)


def _pair(state: _State, old: str, new: str) -> None:
    """The `---` and `+++` lines; under a `diff --git` line they belong to its patch."""
    patch = state.patches[-1] if state.patches else None
    if patch is None or not patch.git or patch.hunks:
        patch = state.start(Patch())
    patch.old, patch.new = old, new


def _starred(state: _State, key: str, value: str) -> None:
    if key == "Move to":
        state.patch.extended.update({"rename from": state.patch.old or "", "rename to": value})
        return
    patch = state.start(Patch(value, value, exact=True))
    if key == "Add File":
        patch.old = patches.NOTHING
    elif key == "Delete File":
        patch.new = patches.NOTHING
    state.hunk(Hunk(None, None, None))


def _hunk(line: str) -> Hunk:
    found = _HUNK.match(line)
    if found is None or found["line"] is None:
        return Hunk(None, None, None)
    old, new = (int(found[key]) if found[key] else 1 for key in ("old", "new"))
    return Hunk(int(found["line"]), old, new)


def _name(line: str) -> str:
    """The path on a `---` or `+++` line: without its time stamp, unquoted."""
    return unquoted(line[4:].partition("\t")[0].rstrip())


def _is_pair(lines: Sequence[str], at: int) -> bool:
    return (
        re.match(r"--- \S", lines[at]) is not None
        and at + 1 < len(lines)
        and re.match(r"\+\+\+ \S", lines[at + 1]) is not None
    )


def _opens(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    return (
        _is_pair(lines, at)
        or line.startswith(("diff --git ", "*** Begin Patch"))
        or (_STARRED.match(line) is not None and not line.startswith("*** Move"))
    )


def _header(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    return _opens(lines, at) or any(
        form.match(line) for form in (_HUNK, _EXTENDED, _NOISE, _STARRED, _BINARY)
    )


def _continues(lines: Sequence[str], at: int, hunk: Hunk) -> bool:
    """Whether the line at `at`, outside any fence, still belongs to `hunk`."""
    if lines[at]:
        return lines[at][0] in " +-\\"
    following = next((line for line in islice(lines, at + 1, at + FAR) if line), "")
    return not hunk.complete and following[:1] in (" ", "+", "-", "\\")
