"""One log file a task, for whoever has to find out later what happened: all that was told, every
event and every error, a JSON object a line, each with the trace id.

It is a report and no state: a task goes on without it, so a disk that takes no more only ends the
file. It is the user's own, not the repository's.
"""

from __future__ import annotations

import json
import logging
import os
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from gitagent.domain.event import Event, Kind
from gitagent.domain.span import call_span, event_span, run_span
from gitagent.domain.task import Task
from gitagent.errors import AgentError
from gitagent.progress import News, Tell

LARGEST = 5_000_000
"""Bytes that a task's log may take: half of it in use, half of it the lines before."""
PASSING_EVERY_S = 1.0
EARLIER = ".1"


def place(task_id: str) -> Path:
    """Where the log of a task is, or would be."""
    import platformdirs

    return platformdirs.user_log_path("gitagent") / "tasks" / f"{task_id}.jsonl"


def remove(task_id: str) -> None:
    """The task is gone; so is what was written of it. Nothing where there is no log."""
    path = place(task_id)
    for found in (path, path.with_name(path.name + EARLIER)):
        with suppress(OSError):
            found.unlink()


class TaskLines:
    """Writes the log of one task. `hide` takes the secrets out of a text.

    News that is soon out of date is written once a second for each stage. A dry run has no log: it
    leaves nothing behind.
    """

    def __init__(self, task: Task, hide: Callable[[str], str]) -> None:
        self._task = task
        self._hide = hide
        self._epoch = 0
        self._span = ""
        self._passed: dict[str, float] = {}
        self._logger = logging.Logger("gitagent.task", logging.DEBUG)
        self._handler = None if task.dry_run else _handler(place(task.id))
        if self._handler is not None:
            self._handler.setFormatter(_JsonLine())
            self._logger.addHandler(self._handler)

    def around(self, tell: Tell) -> Tell:
        """Tells the same, and writes it down first."""

        def told(news: News) -> None:
            self._news(news)
            tell(news)

        return told

    def event(self, event: Event) -> None:
        """Something that is in the task's log now."""
        self._epoch = event.epoch
        self._write(
            logging.INFO,
            f"{event.kind} {event.said}".rstrip(),
            span=event_span(self._task, event),
            stage="log",
            event=event.n,
            kind=str(event.kind),
            seconds=event.seconds,
        )
        asked = event.kind is Kind.RESERVED
        self._span = call_span(self._task, event.about) if asked else self._run

    def failed(self, error: BaseException) -> None:
        """What ended the run. Of an error that nobody expected, the traceback; it carries the
        place of this log as a note from here on."""
        expected = isinstance(error, AgentError | KeyboardInterrupt | SystemExit)
        text = "" if expected else "".join(traceback.format_exception(error))
        if not expected and self._handler is not None:
            error.add_note(f"Log: {place(self._task.id)}")
        self._write(
            logging.WARNING if expected else logging.ERROR,
            f"{type(error).__name__}: {error}",
            stage="task",
            **({"exception": self._hide(text)} if text else {}),
        )

    def close(self) -> None:
        if self._handler is not None:
            with suppress(OSError):
                self._handler.close()

    @property
    def _run(self) -> str:
        return run_span(self._task, self._epoch) if self._epoch else ""

    def _news(self, news: News) -> None:
        if news.passing and not self._due(news.stage):
            return
        level = logging.DEBUG if news.passing else logging.INFO
        self._write(logging.WARNING if news.warning else level, news.text, stage=news.stage)

    def _due(self, stage: str) -> bool:
        now = time.monotonic()
        if now - self._passed.get(stage, -PASSING_EVERY_S) < PASSING_EVERY_S:
            return False
        self._passed[stage] = now
        return True

    def _write(self, level: int, message: str, *, span: str = "", **more: Any) -> None:
        line = {
            "trace_id": self._task.trace_id,
            "span_id": span or self._span,
            "task": self._task.id,
            "run": self._epoch,
            **more,
        }
        self._logger.log(level, "%s", self._hide(message), extra={"line": line})


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": at, "level": record.levelname.lower(), **vars(record)["line"]}
        return json.dumps(line | {"message": record.getMessage()})


class _Bounded(RotatingFileHandler):
    """Nobody else can read the file, and what cannot be written is not."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding="utf-8", opener=_private)

    def handleError(self, record: logging.LogRecord) -> None:
        """The standard one prints a traceback in the middle of what people read."""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _handler(path: Path) -> logging.Handler | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _Bounded(path, maxBytes=LARGEST // 2, backupCount=1)
    except OSError:
        return None
