"""The process that serves the local model: one per folder, and gone when nobody needs it.

Started by `server.ensure`. It holds server.lock from before the weights are loaded until it ends,
so there are never two; the kernel lets go of the lock even when it is killed.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib
import os
import resource
import runpy
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from gitagent.leases import lock_within, until_idle
from gitagent.llm.local.room import Room, State

LOST = 3
"""Exit code of a process that found another one serving."""

_LOG_BYTES = 1 << 20
_LOCK_PATIENCE_S = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Take the lock, let the starter go on, and serve until nobody needs it.

    The starter's child ends as soon as the lock is held; its own child serves, and so is nobody's
    zombie. The lock is inherited over the fork.
    """
    asked = _arguments(argv)
    room = Room(asked.folder)
    lock = room.open_lock("server")
    # Others look for a moment whether the lock is free, by taking it; hence some patience.
    if not lock_within(lock, fcntl.LOCK_EX, _LOCK_PATIENCE_S):
        return LOST
    room.clear()
    if os.fork():
        os._exit(0)
    lease = room.open_lock("lease")
    _serve(room, lease, asked)
    # llama.cpp's threads are not worth waiting for: nothing of theirs is kept.
    os._exit(0)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gitagent.llm.local.serve")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--n-ctx", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--idle-s", type=float, required=True)
    parser.add_argument("--engine", required=True)
    return parser.parse_args(argv)


def _serve(room: Room, lease: IO[bytes], asked: argparse.Namespace) -> None:
    # A write past the limit fails (Python ignores SIGXFSZ), so the log ends there and we do not.
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LOG_BYTES, _LOG_BYTES))
    state = State(
        pid=os.getpid(),
        weights=str(asked.weights),
        model=asked.model,
        n_ctx=asked.n_ctx,
        api_key=secrets.token_urlsafe(32),
    )
    room.write(state)
    try:
        running = _engine(asked.engine)(
            asked.weights, asked.model, asked.n_ctx, asked.threads, state.api_key
        )
        room.write(replace(state, port=running.port))
        until_idle(lease, asked.idle_s, goes_on=lambda: room.written_by(os.getpid()))
    finally:
        if room.written_by(os.getpid()):
            room.clear()


def _engine(name: str) -> Callable[..., Any]:
    """The `start` of a module, or of a Python file where the name ends so."""
    if name.endswith(".py"):
        return runpy.run_path(name)["start"]  # type: ignore[no-any-return]
    return importlib.import_module(name).start  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main())
