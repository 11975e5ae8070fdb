"""Whoever watches a run besides the person in front of it: the task's log file and, where the
environment asks for it, a collector of traces. Neither can stop or change what it watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gitagent.domain.event import Event
from gitagent.domain.task import Task
from gitagent.errors import AgentError
from gitagent.git.log import TaskLog, history
from gitagent.progress import News, Tell
from gitagent.site import Site
from gitagent.trace import spans, unsent
from gitagent.tracing.asked import asked


@dataclass(frozen=True)
class Watch:
    """What a run tells its news and its events to; `forget` is for a task that is none."""

    tell: Tell
    event: Callable[[Event], None]
    forget: Callable[[], None]


@contextmanager
def watched(site: Site, task: Task, tell: Tell) -> Iterator[Watch]:
    """All that the block tells is told on, and kept; at its end the trace is exported."""
    from gitagent import logs

    hide = site.redactor.hide
    lines = logs.TaskLines(task, hide)
    seen: list[Event] = []

    def event(happened: Event) -> None:
        seen[:] = [happened]
        lines.event(happened)

    told = lines.around(tell)
    try:
        yield Watch(told, event, lambda: logs.remove(task.id))
    except BaseException as error:
        lines.failed(error)
        raise
    finally:
        if seen and asked(site.environ) and (why := _exported(site, task, seen[0].epoch, hide)):
            told(News("task", why, warning=True))
        lines.close()


def _exported(site: Site, task: Task, epoch: int, hide: Callable[[str], str]) -> str:
    """Export what this run and those that were killed before it did; why not, where not."""
    from gitagent.tracing.export import export

    try:
        state = TaskLog.load(site.repo, task.id).state
        found = spans((event for event, _ in history(site.repo, task.id)), state)
    except AgentError:
        return ""  # the task is gone, or in other hands
    if state.epoch != epoch:
        return ""
    return export(unsent(found), task.trace_id, site.environ, hide)
