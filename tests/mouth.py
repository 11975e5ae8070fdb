"""A model of a few words, for tests of what stands between it and the log."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitagent.domain.call import Reply, Request, Usage
from gitagent.ports import ModelProfile

PROFILE = ModelProfile("m", "p", 32000, 4000, "search-replace")


@dataclass
class Mouth:
    """A model that says one thing after another, or raises it."""

    says: list[str | BaseException]
    profile: ModelProfile = PROFILE
    asked: list[Request] = field(default_factory=list)

    def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        said = self.says.pop(0)
        if isinstance(said, BaseException):
            raise said
        return Reply(said, "m", "p", "stop", Usage(10, 5), 0.1)

    def prompt(self, n: int) -> str:
        """All that the model was told the n-th time."""
        return "\n".join(message.content for message in self.asked[n].messages)
