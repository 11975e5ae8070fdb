"""Progress of a long transfer: a bar in a terminal, a line now and then in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click

MB = 1_000_000
LINE_EVERY_S = 5.0
WIDTH = 30


class Bar:
    """Called with bytes done, bytes in all, and a note; a new note gets a line of its own."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._note = ""
        self._last = float("-inf")

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)

    def __call__(self, done: int, total: int, note: str) -> None:
        now = time.monotonic()
        if note != self._note:
            self._note = note
            click.echo(f"{self._clear()}{note}", err=True)
        if now - self._last < (0.1 if self._live else LINE_EVERY_S):
            return
        self._last = now
        figures = f"{done // MB:5} of {total // MB} MB"
        if self._live:
            filled = WIDTH * done // max(total, 1)
            click.echo(f"\r  [{'#' * filled:<{WIDTH}}] {figures}", err=True, nl=False)
        else:
            click.echo(f"  {figures}", err=True)

    def _clear(self) -> str:
        return "\r\x1b[K" if self._live else ""
