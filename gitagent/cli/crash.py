"""An error that nobody expected: all of it in a log, one sentence on the screen."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path


def report(error: BaseException) -> tuple[str, str]:
    """The sentence and the hint; the traceback is in the log that the hint names, and what led to
    it in that of the task, where there is one."""
    from gitagent.redaction import Redactor

    sentence = f"This is a bug in gitagent ({type(error).__name__})."
    text = Redactor.of(os.environ).hide("".join(traceback.format_exception(error)))
    try:
        place = _write(text)
    except OSError:
        return sentence, text
    said = f"The details are in {place}; nothing of yours was changed."
    return sentence, "\n  ".join([said, *getattr(error, "__notes__", ())])


def _write(text: str) -> Path:
    import platformdirs

    folder = platformdirs.user_log_path("gitagent")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.log"
    place.touch(mode=0o600)
    place.write_text(text, errors="backslashreplace")
    return place
