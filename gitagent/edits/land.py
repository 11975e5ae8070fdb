"""What edits make of the files they name; each edit is carried out whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType

from gitagent.domain.edit import (
    DeleteFile,
    Edit,
    File,
    Landing,
    RenameFile,
    Replace,
    SetExecutable,
    WriteFile,
)
from gitagent.edits import matching, nearest
from gitagent.edits.elision import elisions
from gitagent.edits.lines import Text, spliced, split, text_of, with_last_end
from gitagent.edits.matching import Haystack, Place

_NAMED_PLACES = 8
NOTHING: Mapping[str, str] = MappingProxyType({})


def land(
    edits: Sequence[Edit], read: Callable[[str], File | None], but: Mapping[str, str] = NOTHING
) -> Landing:
    """What `edits`, applied in order, make of the files that they name.

    `read` gives the file at a path, or None where there is none; it is asked once a path. Paths
    are taken as they are: `paths` is who judges them. Lines that no edit changes keep their exact
    bytes. What is wrong with an edit stands in `problems`, in words for a model; edits of the paths
    `but` are wrong for the reasons given there. The others are carried out, unless one of them
    deletes, renames or makes executable: such edits belong together, all or none.
    """
    files = _Files(read)
    problems: dict[str, None] = {}
    failed: set[str] = set()
    for edit in edits:
        waits = but.get(edit.path) or (but.get(edit.to) if isinstance(edit, RenameFile) else None)
        wrong = [waits] if waits else files.apply(edit)
        problems |= dict.fromkeys(wrong)
        failed |= {edit.path} if wrong else set()
    together = not all(isinstance(edit, Replace | WriteFile) for edit in edits)
    changes = {} if together and problems else files.changes()
    return Landing(changes, tuple(problems), frozenset(failed))


class _Unfit(Exception):
    """An edit that cannot be applied; the message says why."""


class _Files:
    """The files as the edits so far have left them."""

    def __init__(self, read: Callable[[str], File | None]) -> None:
        self._read = read
        self._before: dict[str, File | None] = {}
        self._now: dict[str, File | None] = {}
        self._texts: dict[str, Text] = {}
        self._fates: dict[str, str] = {}
        self._shifts: dict[str, list[tuple[int, int]]] = {}

    def changes(self) -> dict[str, File | None]:
        return {path: file for path, file in self._now.items() if file != self._before[path]}

    def apply(self, edit: Edit) -> list[str]:
        """Apply one edit; what is wrong with it."""
        try:
            match edit:
                case WriteFile():
                    self._write(edit)
                case Replace():
                    self._replace(edit)
                case DeleteFile():
                    self._existing(edit.path)
                    self._put(edit.path, None, "was deleted by an edit before")
                case RenameFile():
                    self._rename(edit)
                case SetExecutable():
                    file = self._existing(edit.path)
                    self._put(edit.path, File(file.data, edit.executable))
        except _Unfit as unfit:
            return [f"{edit.path}: {unfit}"]
        return []

    def _file(self, path: str) -> File | None:
        if path not in self._now:
            self._before[path] = self._now[path] = self._read(path)
        return self._now[path]

    def _existing(self, path: str) -> File:
        file = self._file(path)
        if file is None:
            raise _Unfit(self._fates.get(path, "there is no such file"))
        return file

    def _text(self, path: str, file: File) -> Text:
        """The lines of a file; a diff with many hunks must not split it for each."""
        if path not in self._texts:
            if b"\0" in file.data:
                raise _Unfit("is a binary file")
            self._texts[path] = text_of(file.data)
        return self._texts[path]

    def _put_text(self, path: str, text: Text, *, executable: bool) -> None:
        self._put(path, File(text.data, executable))
        self._texts[path] = text

    def _put(self, path: str, file: File | None, fate: str = "") -> None:
        self._now[path] = file
        self._texts.pop(path, None)
        if fate:
            self._fates[path] = fate
        if file is None:
            self._shifts.pop(path, None)

    def _write(self, edit: WriteFile) -> None:
        _sound(edit.text)
        file = self._file(edit.path)
        if file is None:
            _complete(split(edit.text), (), "the file")
            self._put(edit.path, File(edit.text.replace("\r\n", "\n").encode()))
            return
        old = self._text(edit.path, file)
        _complete(split(edit.text), old.views, "the file")
        new = rewritten(old, edit.text)
        _representable(old, new)
        self._put_text(edit.path, new, executable=file.executable)

    def _replace(self, edit: Replace) -> None:
        _sound(edit.search + edit.replace)
        if not edit.search:
            self._create(edit)
            return
        file = self._existing(edit.path)
        old = self._text(edit.path, file)
        _complete(split(edit.replace), chain(old.views, split(edit.search)), "the replacement")
        place = _place(old, edit, self._hint(edit))
        new = _replaced(old, place, edit)
        _representable(old, new)
        if edit.line is not None:
            shift = len(place.new) - (place.stop - place.start)
            self._shifts.setdefault(edit.path, []).append((edit.line, shift))
        self._put_text(edit.path, new, executable=file.executable)

    def _create(self, edit: Replace) -> None:
        file = self._file(edit.path)
        if file is not None and file.data:
            raise _Unfit(
                "the file exists and is not empty, so an edit without any line to search for "
                "cannot be placed: repeat a few lines from around the place"
            )
        self._put(
            edit.path,
            File(edit.replace.replace("\r\n", "\n").encode(), file is not None and file.executable),
        )

    def _rename(self, edit: RenameFile) -> None:
        file = self._existing(edit.path)
        if edit.to == edit.path:
            return
        if self._file(edit.to) is not None:
            raise _Unfit(f"it cannot be renamed to {edit.to}, which exists")
        self._put(edit.path, None, f"was renamed to {edit.to} by an edit before")
        self._put(edit.to, file)

    def _hint(self, edit: Replace) -> int | None:
        """The line of the hunk header, moved by what the hunks above it added and took away."""
        if edit.line is None:
            return None
        shifts = self._shifts.get(edit.path, ())
        return edit.line + sum(shift for line, shift in shifts if line < edit.line)


def rewritten(old: Text, text: str) -> Text:
    """`old` made into `text`, with the bytes of the lines that stay.

    Whether the file ends in a line end stays too where its last line does: a fence always ends
    in one, so it says nothing about that.
    """
    lines = split(text.removeprefix(old.bom) if old.bom else text)
    new = spliced(old, 0, len(old.lines), lines)
    if not text.endswith("\n"):
        return with_last_end(new, ended=False)
    kept = bool(old.views and lines) and old.views[-1] == lines[-1]
    return new if kept else with_last_end(new, ended=True)


def _replaced(old: Text, place: Place, edit: Replace) -> Text:
    new = spliced(old, place.start, place.stop, place.new)
    ended = edit.replace.endswith("\n")
    marked = bool(edit.replace) and ended != edit.search.endswith("\n")
    if place.stop < len(old.lines):
        return new
    if marked:
        return with_last_end(new, ended=ended)
    same = bool(old.lines and new.lines) and old.lines[-1] == new.lines[-1]
    return with_last_end(new, ended=bool(old.ends[-1])) if same else new


def _place(old: Text, edit: Replace, hint: int | None) -> Place:
    """Where in `old` the edit is meant; raises _Unfit where that is nowhere or not certain."""
    haystack = Haystack(old.views)
    search, new = split(edit.search), split(edit.replace)
    found = matching.places(haystack, search, new)
    place = matching.choice(found, hint)
    if place is not None:
        return place
    if found:
        at = ", ".join(str(place.start + 1) for place in found[:_NAMED_PLACES])
        more = " and more" if len(found) > _NAMED_PLACES else ""
        raise _Unfit(
            f"the lines to replace fit more than one place (lines {at}{more}): repeat more of the "
            f"lines around the one that is meant. They begin: {search[0][:200]}"
        )
    raise _Unfit(_nowhere(haystack, search, new))


def _nowhere(haystack: Haystack, search: Sequence[str], new: Sequence[str]) -> str:
    standing = haystack.find(new, str.rstrip) if any(line.strip() for line in new) else []
    if standing:
        return (
            "the lines to replace are not in the file; the replacement already stands there, at "
            f"line {standing[0] + 1}"
        )
    first = next((line for line in search if line.strip()), "")
    return (
        f"the lines to replace, which begin {first.strip()[:200]!r}, are not in the file. The "
        f"nearest that it has:\n{nearest.quotation(haystack.lines, search)}"
    )


def _sound(text: str) -> None:
    """Raise _Unfit where `text` cannot be the text of a file."""
    if "\0" in text:
        raise _Unfit("the new text has a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Unfit("the new text has half a surrogate pair, which is no character") from None


def _complete(new: Sequence[str], old: Iterable[str], what: str) -> None:
    left_out = elisions(new, old)
    if left_out:
        raise _Unfit(f"something is left out at {left_out[0]!r}: write {what} whole")


def _representable(old: Text, new: Text) -> None:
    """Raise _Unfit where changed lines of a file that is no UTF-8 hold what cannot be written.

    A replacement character stands for bytes that only the file knows. In a file without any
    other UTF-8, a new character beyond ASCII would be a second encoding.
    """
    if not old.foreign:
        return
    known = set(old.lines)
    added = [line for line in new.lines if line not in known and not line.isascii()]
    if any("\ufffd" in line for line in added):
        raise _Unfit(
            "the file is not UTF-8, and a changed line holds bytes that cannot be shown: leave "
            "those lines as they are"
        )
    if added and not _has_utf8(old):
        raise _Unfit("the file is not UTF-8: a changed line may hold ASCII only")


def _has_utf8(text: Text) -> bool:
    return any(
        ord(char) > 127 and not 0xDC80 <= ord(char) <= 0xDCFF for char in "".join(text.lines)
    )
