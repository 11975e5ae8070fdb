"""Reads many blobs at once, on as many processes as there is work for.

The blobs are read here and sent over, since an object database is best read by one. A worker that
dies takes its batch with it, which is then done blob by blob; the one that kills a worker again is
read as text only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Lock, Thread, Timer

from gitagent.errors import Internal
from gitagent.index import worker
from gitagent.index.document import Document, document
from gitagent.index.spawned import environment

BATCH_BYTES = 256 * 1024
BATCH_BLOBS = 200
AT_ONCE_FROM = 1024 * 1024
"""Bytes in all from which on starting processes is worth their start, some 0.1 s each."""
LARGEST_HERE = 32 * 1024
MOST_WORKERS = 4
PATIENCE_S = 30.0
"""For one batch. Work is bounded by length, but for what a grammar does within one step."""

Read = Callable[[str], bytes]


@dataclass(frozen=True)
class Wanted:
    """A blob that is to be read, in a language; `size` is in bytes."""

    blob: str
    language: str
    size: int


def harvest(wanted: Sequence[Wanted], read: Read, workers: int | None = None) -> Iterator[Document]:
    """The document of each blob, in any order; what `read` raises comes through.

    `read` is called from several threads, one at a time. Without `workers`, as many as there are
    processors, and none where there is little to do.
    """
    total = sum(each.size for each in wanted)
    if workers is None:
        workers = min(len(os.sched_getaffinity(0)), MOST_WORKERS)
        if total < AT_ONCE_FROM:
            # a large file may keep its parser busy for good, which only a process can be rid of
            workers = int(any(each.size > LARGEST_HERE for each in wanted))
    if not workers:
        for each in wanted:
            yield document(each.blob, each.language, read(each.blob))
        return
    yield from _shared_out(_batches(wanted), read, workers)


def _batches(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Large blobs first, so that none is left for the end."""
    batch: list[Wanted] = []
    size = 0
    for each in sorted(wanted, key=lambda w: -w.size):
        batch.append(each)
        size += each.size
        if size >= BATCH_BYTES or len(batch) >= BATCH_BLOBS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Work:
    """What is shared between the threads that each feed one worker."""

    def __init__(self, batches: Iterator[list[Wanted]], read: Read) -> None:
        self._batches = batches
        self._read = read
        self._lock = Lock()
        self.stopped = Event()
        self.done: SimpleQueue[list[Document] | Exception | None] = SimpleQueue()

    def next(self) -> list[tuple[Wanted, bytes]] | None:
        with self._lock:
            batch = None if self.stopped.is_set() else next(self._batches, None)
            return [(each, self._read(each.blob)) for each in batch] if batch else None


def _shared_out(batches: Iterator[list[Wanted]], read: Read, workers: int) -> Iterator[Document]:
    work = _Work(batches, read)
    threads = [Thread(target=_feed, args=(work,), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        running = workers
        while running:
            made = work.done.get()
            if made is None:
                running -= 1
            elif isinstance(made, Exception):
                raise made
            else:
                yield from made
    finally:
        work.stopped.set()
        for thread in threads:
            thread.join()


def _feed(work: _Work) -> None:
    process = _Process()
    try:
        while batch := work.next():
            work.done.put(list(_made(process, batch)))
    except Exception as error:  # noqa: BLE001 - it is raised where they are waited for
        work.done.put(error)
    finally:
        process.end()
        work.done.put(None)


def _made(process: _Process, batch: Sequence[tuple[Wanted, bytes]]) -> Iterator[Document]:
    answer = process.ask([(each.blob, each.language, data) for each, data in batch])
    if answer is not None:
        yield from answer
    elif len(batch) > 1:
        for one in batch:
            yield from _made(process, [one])
    else:
        (each, data) = batch[0]
        yield document(each.blob, each.language, data, parsed=False)


class _Process:
    """A worker, started anew whenever it has died."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None

    def ask(self, blobs: worker.Blobs) -> list[Document] | None:
        """The documents of these; None where the worker died over them."""
        import msgspec

        running = self._running = self._running or _start()
        assert running.stdin
        assert running.stdout
        frame = None
        late = Timer(PATIENCE_S, running.kill)
        late.start()
        with suppress(BrokenPipeError):
            worker.send(running.stdin, msgspec.msgpack.encode(blobs))
            frame = worker.received(running.stdout)
        late.cancel()
        if frame is None:
            # a signal is the doing of a grammar, an exit code that of a broken installation
            if self.end() > 0:
                raise Internal("The process that reads files for the index failed to run.")
            return None
        return worker.documents(frame)

    def end(self) -> int:
        """Its exit code, below zero where a signal ended it."""
        running, self._running = self._running, None
        if running is None:
            return 0
        with suppress(BrokenPipeError):
            running.communicate()
        return running.wait()


def _start() -> subprocess.Popen[bytes]:
    """In a folder where nothing of the user's lies, and without the keys in the environment.

    In a session of its own: what is typed at the terminal to interrupt us is not for it.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "gitagent.index.worker"],
        cwd="/",
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
