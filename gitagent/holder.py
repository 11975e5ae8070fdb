"""Who has a task: the process of its last run, as long as that is at work."""

from __future__ import annotations

from gitagent.domain.run import named
from gitagent.domain.task import TaskState
from gitagent.errors import Conflict
from gitagent.processes import standing


def check_free(state: TaskState) -> str:
    """Raises Conflict, which names the holder, where a living process works on the task.

    What is to be said of a holder that is not at work but may wake up; empty where there is none.
    """
    if state.ending is not None or not state.runs:
        return ""
    run = state.runs[-1]
    match standing(run.process):
        case "alive":
            raise Conflict(
                f"Task {state.task.id} is being worked on by {named(run)}.",
                hint="Wait for it, or end that process first.",
            )
        case "stopped":
            return f"taken over from {named(run)}, which is stopped; it will change nothing more"
        case "elsewhere":
            return f"taken over from {named(run)}; if it is still at work, it will stop"
        case _:
            return ""
