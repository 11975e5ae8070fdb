"""One tree of exceptions; each class knows the ending, the exit code and the next step.

    AgentError
    ├── UsageError                 2   found before anything was spent
    │   ├── ConfigError
    │   ├── NotARepository
    │   ├── NoCommits
    │   ├── UnknownRevision
    │   ├── MissingObject              the repository is not whole
    │   ├── UnknownTask
    │   ├── NoModel
    │   └── NoDatabase                 the index does without
    ├── GateFailed                 3
    ├── NoChange                   4
    │   └── NotApplied                 edits that do not fit the files
    │       └── Unread                     a file that cannot be read any more
    ├── BudgetExceeded             5
    ├── ProviderError              6
    │   ├── ProviderUnavailable        worth another try
    │   │   └── Resting                    not asked: it failed too often just now
    │   ├── ProviderRejected           not worth another try
    │   │   └── ContextOverflow            the prompt is longer than the model's window
    │   └── BadReply                   the reply cannot be used
    │       └── EmptyReply                 there is nothing in it
    ├── Refused                    7
    ├── Conflict                   8
    │   └── BranchTaken
    ├── Internal                   9
    └── Interrupted              130
        └── Unwritable                 the repository takes no more

A class's docstring is its default message.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from gitagent.domain.call import Reply


class Ending(StrEnum):
    """The closed set of ways in which a run ends."""

    DONE = "done"
    GATE_FAILED = "gate-failed"
    NO_CHANGE = "no-change"
    BUDGET = "budget"
    PROVIDER = "provider"
    REFUSED = "refused"
    CONFLICT = "conflict"
    INTERNAL = "internal"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Ending.DONE: 0,
    Ending.GATE_FAILED: 3,
    Ending.NO_CHANGE: 4,
    Ending.BUDGET: 5,
    Ending.PROVIDER: 6,
    Ending.REFUSED: 7,
    Ending.CONFLICT: 8,
    Ending.INTERNAL: 9,
    Ending.INTERRUPTED: 130,
}

USAGE_EXIT_CODE = 2


class AgentError(Exception):
    """Something went wrong in gitagent."""

    ending: ClassVar[Ending | None] = Ending.INTERNAL
    hint: str = ""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])
        if hint:
            self.hint = hint

    @property
    def exit_code(self) -> int:
        return USAGE_EXIT_CODE if self.ending is None else self.ending.exit_code


class UsageError(AgentError):
    """The command or its configuration is wrong."""

    ending = None


class ConfigError(UsageError):
    """The configuration is wrong."""

    hint = "`git agent config check` names every problem and where it comes from."


class NotARepository(UsageError):
    """This is not a git repository."""

    hint = "Change into one, or make one with `git init`."


class NoCommits(UsageError):
    """The repository has no commit yet."""

    hint = "Commit something first: a task needs a base to branch from."


class UnknownRevision(UsageError):
    """No such revision."""


class MissingObject(UsageError):
    """An object of the repository is not here."""

    hint = "`git fsck` says what is missing; fetch it again, or clone anew."


class UnknownTask(UsageError):
    """No such task in this repository."""

    hint = "`git agent list` shows the tasks that there are."


class NoModel(UsageError):
    """No language model is configured."""

    hint = (
        "Set OPENAI_API_KEY (and OPENAI_BASE_URL for another endpoint) or OPENROUTER_API_KEY, "
        "or start Ollama or llama.cpp, or run it here: `pip install 'gitagent[local]'`, then "
        "`git agent models pull qwen2.5-coder-1.5b`."
    )


class NoDatabase(UsageError):
    """The database of the index cannot be used.

    What asks the index goes on without it: it is a cache of what the repository says.
    """

    hint = "`git agent doctor` says which database is used and whether it answers."


class GateFailed(AgentError):
    """The gate failed on the best attempt."""

    ending = Ending.GATE_FAILED


class NoChange(AgentError):
    """The model proposed nothing that changes the tree."""

    ending = Ending.NO_CHANGE
    hint = "Say more precisely what should change and where, or try another model with --model."


class NotApplied(NoChange):
    """The model's edits do not fit the files.

    `problems` says why, in words that the model can act on. `tree` is what the sound ones of them
    made, where they are kept for the model to go on from; empty where they are not.
    """

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        problems: Sequence[str] = (),
        tree: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)
        self.tree = tree


class Unread(NotApplied):
    """The model's edits fit, but leave a file that cannot be read as its language."""


class BudgetExceeded(AgentError):
    """The next model call would pass the budget."""

    ending = Ending.BUDGET
    hint = "Raise it with --budget or --max-calls."


class ProviderError(AgentError):
    """No model could answer.

    `charged` is what the ledger holds against the failed call, in USD, `request_id` the provider's
    own name for it, where there is one.
    """

    ending = Ending.PROVIDER
    hint = "`git agent doctor` shows the configured endpoint and whether it answers."
    charged: float = 0.0
    request_id: str = ""


class ProviderUnavailable(ProviderError):
    """The provider did not answer, or asked to come back later.

    `retry_after` is in seconds, where the provider named a time. `unpaid` says that no model has
    seen the request, so that nobody will charge for it, `busy` that the provider is well and has
    had too many requests of ours (429).
    """

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        retry_after: float | None = None,
        unpaid: bool = False,
        busy: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.unpaid = unpaid
        self.busy = busy


class Resting(ProviderUnavailable):
    """The provider failed too often just now and is left alone for a while.

    `retry_after` is when it will be tried again, in seconds. Nothing was sent.
    """


class ProviderRejected(ProviderError):
    """The provider rejected the request.

    `status` is the HTTP status, 0 where there was none.
    """

    def __init__(self, message: str = "", *, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class ContextOverflow(ProviderRejected):
    """The prompt is longer than the model's window."""


class BadReply(ProviderError):
    """The reply of the model cannot be used.

    `reply` is what came, with its usage, where anything did: it was paid for.
    """

    def __init__(self, message: str = "", *, hint: str = "", reply: Reply | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


class EmptyReply(BadReply):
    """The model sent an empty reply."""


class Refused(AgentError):
    """The edits broke a path or safety rule."""

    ending = Ending.REFUSED
    hint = "Nothing was applied. Allow a path for your own side with `paths.allow` if you meant it."


class Conflict(AgentError):
    """The branch or the state moved under us; nothing was overwritten."""

    ending = Ending.CONFLICT


class BranchTaken(Conflict):
    """A branch of that name exists already."""

    hint = "Choose another name with --branch."


class Internal(AgentError):
    """A bug in gitagent."""

    ending = Ending.INTERNAL


class Interrupted(AgentError):
    """The run was interrupted."""

    ending = Ending.INTERRUPTED


class Unwritable(Interrupted):
    """The repository cannot be written to."""

    hint = "Nothing of it is lost. Make room, or make it writable, then `git agent resume`."
