"""Nobody writes a file whole who has not seen it whole: the rest of it would be gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from gitagent.domain.edit import Edit, Replace, WriteFile
from gitagent.edits.definitions import placed

UNSEEN = "you did not see it whole; change it with SEARCH/REPLACE blocks"
UNSEEN_CODE = (
    "you saw only a part of it; write only the functions that change, each complete, under a "
    "comment with the path, and a method inside its `class` line"
)


@dataclass(frozen=True)
class Eyes:
    """What a model has seen: the text of each file as it was shown, and which of them are whole."""

    shown: Mapping[str, str]
    whole: Collection[str] = ()

    def overlooks(self, old: str, new: str, path: str) -> bool:
        """Whether a line of `old` is gone in `new` that was not shown."""
        if path in self.whole:
            return False
        seen = {line.strip() for line in self.shown.get(path, "").split("\n")}
        left = Counter(line.strip() for line in new.split("\n"))
        for line in map(str.strip, old.split("\n")):
            left[line] -= 1
            if left[line] < 0 and line not in seen:
                return True
        return False


def only_seen(
    edits: Iterable[Edit],
    text_of: Callable[[str], str | None],
    eyes: Eyes,
    *,
    in_parts: bool = False,
) -> tuple[list[Edit], list[str]]:
    """The edits without one that writes more than was seen, and what is wrong with the others.

    What such a file defines is put into the file that there is, where it has a clear place and
    nothing unseen goes with it. So it is, `in_parts`, for a model that was asked for functions
    only: what it leaves out stays. `text_of` gives what stands in a file now, None where it is new
    or empty.
    """
    found: list[Edit] = []
    problems: list[str] = []
    put: dict[str, str] = {}
    for edit in edits:
        text = put.get(edit.path) or text_of(edit.path)
        if isinstance(edit, Replace) and edit.search == text:
            # a part of the file that was put into the whole of it when the reply was read
            if eyes.overlooks(edit.search, edit.replace, edit.path):
                problems.append(_unseen(edit.path))
                continue
            put[edit.path] = edit.replace
        if not isinstance(edit, WriteFile) or text is None:
            found.append(edit)
            continue
        whole = edit.path in eyes.whole
        parts = _parts(edit, text, eyes) if in_parts or not whole else None
        if parts is not None:
            found += parts
            put |= {part.path: part.replace for part in parts}
        elif whole:
            found.append(edit)
        else:
            problems.append(_unseen(edit.path))
    return found, problems


def _unseen(path: str) -> str:
    advice = UNSEEN_CODE if path.endswith(".py") else UNSEEN
    return f"{path} cannot be written whole: {advice}"


def _parts(edit: WriteFile, text: str, eyes: Eyes) -> list[Replace] | None:
    """What a block defines, put into its file; None where that is in doubt."""
    if edit.path not in eyes.shown:
        return None
    found = placed(edit.text, edit.path, text)
    if found is None:
        return None
    parts = [part for part in found if isinstance(part, Replace)]
    overlooked = any(eyes.overlooks(part.search, part.replace, edit.path) for part in parts)
    return None if overlooked else parts
