"""Walks the line again for a recorded task, offline, to see whether it still makes the same trees.

Everything that is ours runs as it does in a task: retrieval, prompts, plans, edits, commits. What
is not, the model and the gate, is stood in for by what the task's log says of it. So a task that
was recorded once is a test of the code that came after it.
"""

from gitagent.replay.document import document
from gitagent.replay.walk import Replay, replay

__all__ = ["Replay", "document", "replay"]
