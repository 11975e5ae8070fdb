"""Bring weights here: from any source that has them, resumable, and only the right ones."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitagent.errors import ProviderError, ProviderUnavailable, UsageError
from gitagent.llm.local.sources import Progress, Source
from gitagent.llm.local.weights import Weights, path, present, verify

_MARGIN = 64 << 20


def pull(weights: Weights, folder: Path, sources: Sequence[Source], progress: Progress) -> Path:
    """The file of these weights in `folder`, fetched where it is not there yet.

    Sources are asked in order. It may be killed at any instant and run again: what came stays in
    one partial file. ProviderError where no source has them, UsageError where the disk does not
    take them.
    """
    try:
        if not present(weights, folder):
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(weights, folder, progress):
                _settle(weights, folder, sources, progress)
    except OSError as error:
        raise UsageError(
            f"The weights cannot be kept in {folder}: {error.strerror or error}.",
            hint="Make room or make it writable, then run the command again: it goes on.",
        ) from error
    return path(weights, folder)


def _settle(weights: Weights, folder: Path, sources: Sequence[Source], progress: Progress) -> None:
    if present(weights, folder) or _adopt(weights, folder, progress):
        return
    reasons = []
    for source in sources:
        try:
            _obtain(weights, folder, source, progress)
            return
        except ProviderError as error:
            reasons.append(f"{source.name} ({error})")
            progress(_size(_partial(weights, folder)), weights.size, f"{source.name}: {error}")
    raise ProviderUnavailable(
        f"The weights {weights.name} could not be had from {' or '.join(reasons)}.",
        hint=(
            "Run the command again when the network is back, it goes on where it stopped; or put "
            f"the file at {path(weights, folder)} yourself (SHA-256 {weights.sha256})."
        ),
    )


def _adopt(weights: Weights, folder: Path, progress: Progress) -> bool:
    """Accept a file that somebody put there, or that was copied with its folder."""
    file = path(weights, folder)
    return _size(file) == weights.size and verify(
        weights, folder, file, lambda done: progress(done, weights.size, "checking the digest")
    )


def _obtain(weights: Weights, folder: Path, source: Source, progress: Progress) -> None:
    """Complete the partial file from one source and put it in place.

    A wrong digest is held against the source only when every byte was its own.
    """
    partial = _partial(weights, folder)
    if _size(partial) > weights.size:
        partial.unlink()
    inherited = _size(partial) > 0
    _check_space(weights, folder, source)
    source.extend(weights, partial, progress)
    if _land(weights, folder, progress):
        return
    partial.unlink()
    if not inherited:
        raise ProviderError("it has other contents than the digest says; refused")
    progress(0, weights.size, "the first bytes were wrong; once more from the start")
    _obtain(weights, folder, source, progress)


def _land(weights: Weights, folder: Path, progress: Progress) -> bool:
    """Check the finished partial file, make it durable and give it its name, in that order."""
    partial = _partial(weights, folder)
    _sync(partial)
    if not verify(
        weights, folder, partial, lambda done: progress(done, weights.size, "checking the digest")
    ):
        return False
    partial.replace(path(weights, folder))
    _sync(folder)
    return True


def _check_space(weights: Weights, folder: Path, source: Source) -> None:
    lacking = weights.size - _size(_partial(weights, folder))
    needed = lacking + source.scratch(weights) + _MARGIN
    free = shutil.disk_usage(folder).free
    if lacking and free < needed:
        raise UsageError(
            f"{folder} has {free >> 20} MiB free; {weights.name} needs {needed >> 20} MiB more.",
            hint="Make room, then run the command again: it goes on where it stopped.",
        )


@contextmanager
def _alone(weights: Weights, folder: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of these weights; the kernel lets go of it when we are killed."""
    with (folder / f"{weights.file_name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(0, weights.size, "another pull is under way; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _partial(weights: Weights, folder: Path) -> Path:
    return folder / f"{weights.file_name}.partial"


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
