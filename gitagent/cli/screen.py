"""Text for people: progress on stderr, nothing that a terminal could take for a command."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterable
from typing import Any

import click

from gitagent.progress import News

KEEP = "\n\t"
WIDTH_OF_STAGE = 8
ELAPSED_AFTER_S = 2.0


def printable(text: str) -> str:
    """The text with control, format and private characters as visible escapes."""
    if text.isprintable():
        return text
    return "".join(c if c in KEEP or _plain(c) else _escaped(c) for c in text)


def amount(size: int) -> str:
    """Bytes as people read them: `834 B`, `12.0 KB`, `3.1 MB`."""
    figure, unit = float(size), "B"
    for larger in ("KB", "MB", "GB"):
        if figure < 1000:
            break
        figure, unit = figure / 1000, larger
    return f"{size} B" if unit == "B" else f"{figure:.1f} {unit}"


def print_json(document: Any) -> None:
    """One document on stdout."""
    click.echo(json.dumps(document, indent=2, default=list))


def print_rows(rows: Iterable[Any]) -> None:
    """One document on stdout, a list with a line for each row: many rows are written fast."""
    click.echo("[" + ",\n ".join(json.dumps(row, default=list) for row in rows) + "]")


def page(text: str, first: str = "") -> None:
    """Long text: through a pager in a terminal, straight into a pipe.

    What is to be read `first` stands in front of it, but is no part of what goes into a pipe.
    """
    if sys.stdout.isatty():
        click.echo_via_pager(first + text)
        return
    click.echo(first, err=True, nl=False)
    click.echo(text, nl=False)


def colored_diff(diff: str) -> str:
    """A diff with git's usual colours; click drops them where stdout is no terminal."""
    return "".join(_colored(_line(line)) for line in re.split(r"(?<=\n)", diff))


class Progress:
    """Prints news as it comes. A terminal sees passing news on one line that is overwritten."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._live = sys.stderr.isatty() and not quiet
        self._began = time.monotonic()

    def __call__(self, news: News) -> None:
        text = f"{news.stage:<{WIDTH_OF_STAGE}}{printable(news.text)}"
        if self._live and news.passing:
            self._overwrite(text)
            return
        self._began = time.monotonic()
        if (self._quiet and not news.warning) or (news.passing and not self._verbose):
            return
        self._clear()
        click.secho(text, err=True, fg="yellow" if news.warning else None)

    def close(self) -> None:
        self._clear()

    def _overwrite(self, text: str) -> None:
        waited = time.monotonic() - self._began
        tail = f"  {waited:.0f} s" if waited >= ELAPSED_AFTER_S else ""
        width = shutil.get_terminal_size().columns
        click.echo(f"\r\x1b[K{text[: width - len(tail) - 1]}{tail}", err=True, nl=False)

    def _clear(self) -> None:
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)


def _line(line: str) -> str:
    """A CR before the line's end moves no cursor anywhere, and `git apply` needs it."""
    return printable(line[:-2]) + "\r\n" if line.endswith("\r\n") else printable(line)


def _plain(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def _colored(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ", "new file", "deleted file", "rename ")):
        return click.style(line, bold=True)
    color = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=color) if color else line
