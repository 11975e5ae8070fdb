"""The trace of a task, read out of its log: what was done when, over all processes and resumes.

Nothing is measured or kept for it. Each event says when something was over and, where it can, how
long it took; the work between two events of a run belongs to the later one, since a run does one
thing after another.
"""

from gitagent.trace.spans import spans, unsent

__all__ = ["spans", "unsent"]
