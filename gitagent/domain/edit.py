"""What a model proposes: edits by path, before anybody has looked at the files."""

from __future__ import annotations

from dataclasses import dataclass

from gitagent.domain.form import EditFormat as EditFormat
from gitagent.domain.plan import Also
from gitagent.domain.want import Want


@dataclass(frozen=True)
class WriteFile:
    """The whole new content of a file, new or not; `text` has LF line ends."""

    path: str
    text: str


@dataclass(frozen=True)
class Replace:
    """Replace one run of lines by another; LF line ends on both sides.

    An empty `search` makes a new file. `line` is the 1-based line where a diff's hunk header
    says that the run starts: a hint, not a fact.
    """

    path: str
    search: str
    replace: str
    line: int | None = None


@dataclass(frozen=True)
class DeleteFile:
    path: str


@dataclass(frozen=True)
class RenameFile:
    path: str
    to: str


@dataclass(frozen=True)
class SetExecutable:
    path: str
    executable: bool


Edit = WriteFile | Replace | DeleteFile | RenameFile | SetExecutable


@dataclass(frozen=True)
class Proposal:
    """The edits of one reply, in the order in which they were written.

    `problems` names what looked like an edit but could not be read; `remark` is the prose around
    the edits, `subject` the subject line that it proposes for the commit. `wants` is what it asks
    to see in place of edits, `also` the paths by which it widens the plan.
    """

    edits: tuple[Edit, ...]
    problems: tuple[str, ...] = ()
    remark: str = ""
    subject: str = ""
    wants: tuple[Want, ...] = ()
    also: tuple[Also, ...] = ()


@dataclass(frozen=True)
class File:
    """The exact bytes of a file and its executable bit."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True)
class Mistake:
    """A line (1-based) of a text at which its language cannot be read, and why, in a few words."""

    line: int
    why: str


@dataclass(frozen=True)
class Landing:
    """What edits make of the files they name: new content by path, None for a deleted file.

    `problems` says what is wrong with those that do not fit, `failed` are the paths that they name;
    `changes` are what the others make.
    """

    changes: dict[str, File | None]
    problems: tuple[str, ...] = ()
    failed: frozenset[str] = frozenset()
