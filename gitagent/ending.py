"""Every run of a task or a question comes to a named ending, which its log keeps."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import replace

from gitagent.domain.event import Kind
from gitagent.domain.task import TaskState
from gitagent.errors import AgentError, Conflict, Ending, Interrupted, Unwritable
from gitagent.ports import Log

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def to_an_end(log: Log, hide: Callable[[str], str], work: Callable[[], None]) -> TaskState:
    """Do the work of a run and record how it ended; `hide` takes secrets out of what is kept.

    Raises UsageError, and what is a bug; both leave the task as far as it came.
    """
    began = time.monotonic()
    try:
        work()
        ending, message = Ending.DONE, ""
    except KeyboardInterrupt:
        ending, message = Ending.INTERRUPTED, str(Interrupted())
    except AgentError as error:
        if error.ending is None:
            raise
        ending, message = error.ending, _sentences(str(error), error.hint)
    except Exception as error:
        if not isinstance(error, OSError) or error.errno not in DISK:
            said = hide(f"{type(error).__name__}: {error}")
            _ended(log, Ending.INTERNAL, said, began)
            raise
        ending, message = Ending.INTERRUPTED, _sentences(str(error), Unwritable.hint)
    return _ended(log, ending, hide(message), began)


def _ended(log: Log, ending: Ending, message: str, began: float) -> TaskState:
    """The state with its ending; recorded, unless the task goes on in another run's hands."""
    seconds = log.state.seconds + time.monotonic() - began
    try:
        log.record(
            Kind.ENDED,
            ending,
            lasted=seconds - log.state.seconds,
            ending=ending,
            message=message,
            seconds=seconds,
        )
    except (Conflict, Unwritable) as error:
        sentence = _sentences(str(error), error.hint)
        return replace(log.state, ending=error.ending, message=sentence)
    return log.state


def _sentences(message: str, hint: str) -> str:
    end = "" if message.endswith((".", "!", "?", ":")) else "."
    return f"{message}{end} {hint}".strip()
