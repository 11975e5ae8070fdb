"""What all tasks of a user spend in a day, so that a cap holds over processes that know nothing of
each other.

One file a day (UTC), private and append-only: a line for what is reserved, a later one for what it
came to; the last one of each call counts. Reading and adding happen under the file's lock. A
process that is killed leaves its call reserved until its task is resumed. The file is no state:
where it is lost, the logs of the tasks still say what each has spent, and the day begins anew.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gitagent.domain.call import Call
from gitagent.domain.codec import from_json
from gitagent.errors import BudgetExceeded, Conflict, Unwritable

KEPT = timedelta(days=40)
PATIENCE_S, PAUSE_S = 10.0, 0.002
ENDING = ".jsonl"
HINT = "Raise `budget.day_usd` in your own configuration, or `git agent resume` tomorrow (UTC)."


@dataclass(frozen=True)
class Entry:
    """What one call is charged, in USD, as far as is known; `owner` is the task that made it."""

    owner: str
    seq: int
    usd: float
    settled: bool = False


class DaySpend:
    """The spend of today, over all processes of a user, against a cap in USD; 0 is no cap, and
    then no file is touched.

    `owner` names a task, and its repository, among all of the user's. Raises Unwritable where the
    file cannot be read or written: a cap that cannot be kept is none.
    """

    def __init__(
        self,
        folder: Path,
        cap_usd: float,
        owner: str,
        *,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.cap_usd = cap_usd
        self._folder = folder
        self._owner = owner
        self._today = today
        self._files: dict[date, _DayFile] = {}
        self._reserved: dict[int, date] = {}

    @property
    def spent(self) -> float:
        """USD of today, with what is reserved; 0 where there is no cap."""
        if not self.cap_usd:
            return 0.0
        with self._file(self._today()).held() as kept:
            return kept.total

    @contextmanager
    def reserved(self, seq: int, usd: float) -> Iterator[None]:
        """Around what puts a call on record: it is charged from here on, unless the block fails.

        Raises BudgetExceeded where it does not fit.
        """
        if not self.cap_usd:
            yield
            return
        self._reserve(seq, usd)
        try:
            yield
        except BaseException:
            self.settle(seq, 0.0)
            raise

    def settle(self, seq: int, usd: float) -> None:
        """What a reserved call came to. Where that cannot be written it stays as it was reserved:
        it is over, and nobody is to lose its answer for this."""
        day = self._reserved.pop(seq, None)
        if day is not None:
            with suppress(Unwritable, Conflict), self._file(day).held() as kept:
                kept.add(Entry(self._owner, seq, usd, settled=True))

    def resume(self, calls: Sequence[Call]) -> None:
        """Put right what earlier runs of the task have left of today, by what its log says.

        What is not in the log was never sent; what is only reserved there stays charged.
        """
        if not self.cap_usd:
            return
        day = self._today()
        with self._file(day).held() as kept:
            for seq, usd in self._unlike(kept, day, calls).items():
                kept.add(Entry(self._owner, seq, usd, settled=True))

    def _unlike(self, kept: _DayFile, day: date, calls: Sequence[Call]) -> dict[int, float]:
        """What today's file has otherwise than the log: the right USD, by the call's number."""
        own = {e.seq: e for e in kept.entries.values() if e.owner == self._owner}
        known = {call.seq: call for call in calls}
        right = {seq: 0.0 for seq, e in own.items() if not e.settled and seq not in known}
        for seq, call in known.items():
            if seq in own and not own[seq].settled and call.status != "reserved":
                right[seq] = max(0.0, call.cost_usd)
            if seq not in own and call.started[:10] == day.isoformat():
                right[seq] = max(0.0, call.cost_usd)
        return right

    def _reserve(self, seq: int, usd: float) -> None:
        day = self._today()
        with self._file(day).held() as kept:
            if kept.total + usd > self.cap_usd:
                raise BudgetExceeded(
                    f"The next call could cost ${usd:.4f}; ${kept.total:.4f} of "
                    f"${self.cap_usd:.4f} for {day} (UTC) are spent, over all tasks.",
                    hint=HINT,
                )
            kept.add(Entry(self._owner, seq, usd))
            kept.sync()
        self._reserved[seq] = day

    def _file(self, day: date) -> _DayFile:
        if day not in self._files:
            self._files[day] = _DayFile(self._folder / f"{day}{ENDING}")
            _remove_old(self._folder, day)
        return self._files[day]


class _DayFile:
    """The entries of one day: read to the end, and added to, while the lock is held."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()
        self._handle = -1
        self._inode = self._read_to = 0
        self._half_line = False
        self.entries: dict[tuple[str, int], Entry] = {}

    @property
    def total(self) -> float:
        return math.fsum(entry.usd for entry in self.entries.values())

    @contextmanager
    def held(self) -> Iterator[_DayFile]:
        """Conflict where somebody else keeps the lock."""
        with self._thread, _writing(self._path):
            self._handle = _opened(self._path)
            try:
                _lock(self._handle, self._path)
                self._read()
                yield self
            finally:
                os.close(self._handle)

    def add(self, entry: Entry) -> None:
        line = f"{json.dumps(asdict(entry))}\n".encode()
        # what a process has left that died while it wrote ends here
        data = b"\n" + line if self._half_line else line
        written = os.write(self._handle, data)
        self._half_line = written < len(data)
        self._read_to += written
        if self._half_line:
            raise OSError(f"only {written} of {len(data)} bytes were written")
        self._take(entry)

    def sync(self) -> None:
        os.fsync(self._handle)

    def _read(self) -> None:
        """What was added since; all of it where this is another file than the last time."""
        status = os.fstat(self._handle)
        if status.st_ino != self._inode or status.st_size < self._read_to:
            self._inode, self._read_to, self._half_line = status.st_ino, 0, False
            self.entries = {}
        data = os.pread(self._handle, status.st_size - self._read_to, self._read_to)
        if not data:
            return
        self._read_to += len(data)
        self._half_line = not data.endswith(b"\n")
        for line in data.splitlines():
            with suppress(Conflict):  # half a line, or what somebody else has written
                self._take(from_json(line, Entry))

    def _take(self, entry: Entry) -> None:
        if 0 <= entry.usd < math.inf:
            self.entries[entry.owner, entry.seq] = entry


NO_CAP = DaySpend(Path(), 0.0, "")
"""Touches no file and stops nothing."""


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(
            f"What was spent today cannot be kept in {path}: {error}.",
            hint="Make room, or make it writable; without `budget.day_usd` it is not needed.",
        ) from error


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags, 0o600)


def _lock(handle: int, path: Path) -> None:
    """Not for ever: whoever has it may have been stopped."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                raise Conflict(f"{path} is locked by another process for too long.") from None
            time.sleep(PAUSE_S)
        else:
            return


def _remove_old(folder: Path, day: date) -> None:
    for path in folder.glob(f"*{ENDING}"):
        with suppress(ValueError, OSError):
            if date.fromisoformat(path.stem) < day - KEPT:
                path.unlink()
