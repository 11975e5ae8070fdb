"""The Protocols between the pipeline and the world, in the order in which a task meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from gitagent.domain.entry import TreeFile as TreeFile

if TYPE_CHECKING:
    from gitagent.domain.call import Reply, Request
    from gitagent.domain.code import Change, Definition, Links, Mention
    from gitagent.domain.context import Hit
    from gitagent.domain.edit import EditFormat, File, Mistake
    from gitagent.domain.event import Kind
    from gitagent.domain.task import Attempt, Checkpoint, TaskState
    from gitagent.domain.verdict import Bring, CommandRun, Verdict


@dataclass(frozen=True)
class Scores:
    """How good a model is at each job, 0 to 100."""

    plan: float = 50.0
    code: float = 50.0
    repair: float = 50.0
    ask: float = 50.0
    review: float = 50.0


@dataclass(frozen=True)
class ModelProfile:
    """What must be known of a model before it is asked: window and limits in tokens.

    `weak` says that long plans and long prompts do more harm than good. `takes_temperature`,
    `takes_schema` and `takes_tools` say what may be in a request, `cache` how its provider keeps
    the beginning of a prompt: by itself, where the request marks it, or not that we know of.
    `takes_n` is how many answers one request may ask for (0: one), `candidates` how many proposals
    are worth asking for in one try of a step. `counts_along` is the part of a request that has each
    piece of an answer come with the tokens so far.
    Prices are USD per million tokens, None where nobody knows them. `first_token_s` and
    `tokens_per_s` are what an answer usually takes; 0 is unknown.
    """

    name: str
    provider: str
    window: int
    max_output: int
    edit_format: EditFormat
    weak: bool = False
    takes_temperature: bool = True
    takes_schema: bool = False
    input_price: float | None = None
    output_price: float | None = None
    cached_price: float | None = None
    takes_tools: bool = False
    cache: Literal["", "auto", "marks"] = ""
    scores: Scores = Scores()
    first_token_s: float = 0.0
    tokens_per_s: float = 0.0
    takes_n: int = 0
    candidates: int = 1
    counts_along: str = ""

    @property
    def ref(self) -> str:
        """PROVIDER/NAME, as people write it."""
        return f"{self.provider}/{self.name}"


@dataclass(frozen=True)
class Execution:
    """A finished command: exit code (None where it was ended), capped stdout and stderr.

    `ended` names the limit that ended it, where it was another one than that on time.
    """

    exit_code: int | None
    output: str
    seconds: float
    timed_out: bool = False
    ended: str = ""


class Repo(Protocol):
    """Objects and refs of one repository; never its checkout."""

    def resolve(self, revision: str) -> str:
        """The commit id of a revision; UnknownRevision where there is none."""

    def tree_of(self, commit: str) -> str: ...

    def files(self, tree: str) -> Sequence[TreeFile]:
        """All entries of a tree, depth first."""

    def entries(self, tree: str) -> Iterator[TreeFile]:
        """The same one by one, for those who may not need them all."""

    def read(self, blob: str) -> bytes: ...

    def file(self, tree: str, path: str) -> File | None:
        """A regular file of a tree; None where there is none."""

    def mode(self, tree: str, path: str) -> int | None:
        """The git mode of a path in a tree, files and folders alike."""

    def with_files(self, tree: str, changes: Mapping[str, File | None]) -> str:
        """A new tree with these paths written (raw, no filters) or removed."""

    def commit(self, tree: str, parents: Sequence[str], message: str) -> str:
        """A commit by the bot, committed by the user; no ref moves."""

    def ref(self, name: str) -> str | None: ...

    def move_ref(self, name: str, new: str, old: str | None, reason: str) -> None:
        """Compare-and-swap; `old` None creates. Conflict where it stands elsewhere."""

    def changed_paths(self, before: str, after: str) -> Sequence[str]:
        """Paths that differ between two trees."""

    def diff(self, before: str, after: str) -> str:
        """A unified diff between two trees."""


class Log(Protocol):
    """The durable log of one task; what `record` returned from is kept."""

    state: TaskState

    def record(
        self,
        kind: Kind,
        said: str = "",
        *,
        about: str = "",
        lasted: float = 0.0,
        notes: Mapping[str, bytes] | None = None,
        code: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> None:
        """Append one event: fields of the state, further files, and code trees to keep.

        `lasted` is how many seconds that took which ends with the event.
        """

    def note(self, **facts: Any) -> None:
        """Fields of the state that go with the next event; they are not worth one of their own."""

    def add_attempt(self, attempt: Attempt) -> None:
        """An attempt as it stands now; nothing where the log says so already."""

    def add_checkpoint(self, checkpoint: Checkpoint) -> Checkpoint:
        """The step on the branch and in the log, both or neither.

        What comes back names the commit that is really there: an earlier run may have put the
        step on the branch and died. Conflict where the branch stands elsewhere.
        """

    def settle(self) -> str:
        """Put the branch where the log says that it is; what was done, in one sentence.

        Conflict where somebody else's commits are on it.
        """

    def read(self, name: str) -> bytes | None:
        """A further file that an event left; None where there is none."""


class Index(Protocol):
    """Finds the files of a tree that a text is about, and what is where in them.

    What an index leaves out (generated, vendored, secret-looking files) is in no answer.
    """

    def search(self, tree: str, query: str, limit: int) -> Sequence[Hit]:
        """The files that a text is about, best first."""

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        """What a file defines, in the order of its lines; empty where nothing is known of it."""

    def definitions(self, tree: str, name: str, limit: int) -> Sequence[Definition]:
        """What is called so, in whatever case; `name` may be qualified (`Class.method`)."""

    def references(self, tree: str, name: str, limit: int) -> Sequence[Mention]:
        """Lines that use a name, but for those that define it."""

    def links(self, tree: str, path: str) -> Links:
        """What a file has to do with others."""


class Syntax(Protocol):
    """Says whether a text can be read as its language, by the path that it has."""

    def knows(self, path: str) -> bool: ...

    def mistakes(self, path: str, data: bytes) -> Sequence[Mistake]:
        """The first few; none in a language that is not known."""


class Past(Protocol):
    """What led to a commit."""

    def commits(self, tip: str, most: int) -> Sequence[tuple[str, int]]:
        """A commit and its ancestors but for merges, newest first, with their UNIX times."""

    def change(self, commit: str) -> Change: ...

    def roots(self, tip: str) -> Sequence[str]:
        """The ancestors of a commit that have no parent, in order."""


@dataclass(frozen=True)
class Embedded:
    """Vectors of length 1 in the order of their texts; `tokens` is 0 where nobody counted."""

    vectors: tuple[Sequence[float], ...]
    tokens: int = 0


class Embedder(Protocol):
    """Turns texts into vectors that are near each other where the texts are about the same.

    `model` says whose vectors they are; those of different models cannot be compared.
    """

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; 0 as long as nobody knows."""

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Raises ProviderUnavailable, ProviderRejected, BadReply or BudgetExceeded."""


class Model(Protocol):
    """Answers one request; every wrapper around a client is one, too.

    Raises ProviderUnavailable, ProviderRejected, BadReply or BudgetExceeded.
    """

    profile: ModelProfile

    def complete(self, request: Request) -> Reply: ...


class Gate(Protocol):
    """Checks trees."""

    def begun(self, base: str, about: Callable[[], Sequence[str]]) -> tuple[CommandRun, ...]:
        """What commands say of the tree `base` before anything is done.

        Where there is no need for a command's run yet, a run that was left stands for it; `about`
        gives the paths that a task may be about.
        """

    def beside(self, tree: str, base: Sequence[CommandRun]) -> tuple[CommandRun, ...]:
        """The base's runs with all that a verdict on `tree` needs of them."""

    def hurried(self, seconds: float) -> Gate:
        """The same with so much time for a tree at most."""

    def verdict(self, tree: str, demand: str, base: Sequence[CommandRun]) -> Verdict:
        """A tree beside the base's runs; `demand` is the text that it is held against."""


class Sandbox(Protocol):
    """Runs a command in a folder, within limits, and leaves nothing of it behind.

    `keeps_folder` says that not even the folder is another one afterwards, `isolates` that nothing
    of this machine or network which is not brought has a part in what comes out.
    """

    @property
    def keeps_folder(self) -> bool: ...

    @property
    def isolates(self) -> bool: ...

    def seen(self, folder: Path) -> Path:
        """Where a command finds the tree that is in `folder`."""

    def run(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        timeout: float,
        env: Mapping[str, str] = ...,
        inside: str = "",
        brings: Sequence[Bring] = (),
        results: Path | None = None,
    ) -> Execution:
        """Run `argv` below `folder`, in its subfolder `inside`, for at most `timeout` seconds.

        `folder` holds a tree, `brings` are what stands in it or beside it from elsewhere, and what
        is written to the folder `results` can be read there afterwards.
        """
