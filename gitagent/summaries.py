"""Makes the summaries of folders that are not there yet: at somebody's expense, so only when told.

They have a log as a task has, so all that holds of a task's calls holds of theirs: each is
reserved, journaled and settled, and none that was answered is paid for again, whoever is killed
meanwhile. There is one such log a clone, which every further run goes on with; since each has an id
of its own, nobody's pushing of one meets another's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from gitagent import models
from gitagent.app import now, run_of
from gitagent.domain.code import Definition
from gitagent.domain.event import Kind
from gitagent.domain.folder import Folder
from gitagent.domain.leading import leading, top
from gitagent.domain.task import Task, TaskState
from gitagent.errors import AgentError, BadReply, Ending, Interrupted
from gitagent.folders import local_logs, mapped, shown
from gitagent.git.log import SUMMARIES, TaskLog
from gitagent.holder import check_free
from gitagent.llm.day import DaySpend
from gitagent.llm.ledger import Budget, Ledger
from gitagent.models import Means, Routes
from gitagent.observing import watched
from gitagent.ports import Model
from gitagent.progress import News, Tell
from gitagent.site import Site, spent_folder
from gitagent.stages import summarise as question
from gitagent.stages.summarise import Inside

TEXT = "Summaries of the folders"
ID_BYTES, TRACE_BYTES = 3, 16
NAMES_OF_A_FILE = 6
READMES = ("readme.md", "readme.rst", "readme.txt", "readme")

Outline = Callable[[str], Sequence[Definition]]


@dataclass(frozen=True)
class Summarised:
    """How many folders a run wrote summaries for, how many had theirs already, how many of those
    that were wanted have none; USD of this run."""

    made: int
    known: int
    left: int
    usd: float


def summarise(
    site: Site,
    outline: Outline,
    tell: Tell,
    *,
    base: str = "HEAD",
    model: Sequence[str] = (),
    budget: float | None = None,
    max_calls: int | None = None,
    most: int | None = None,
) -> Summarised:
    """Two sentences about each folder of a commit that has none, `most` of the largest at most.

    `budget` is in USD and, as `max_calls`, for this run; None is the configuration's. Raises
    BudgetExceeded, ProviderUnavailable and the like with what was made kept: the same call goes on.
    UsageError and NoModel come before anything is spent, Conflict where another process is at it.
    """
    tree = site.repo.tree_of(commit := site.repo.resolve(base))
    folders = mapped(site.repo, tree, outline, ignore=site.config.ignore)
    largest = sorted(folders, key=lambda f: (-f.size, f.path))[:most]
    wanted = [folder for folder in largest if not folder.summary]
    if not wanted:
        return Summarised(0, len(largest), 0, 0.0)
    heard: list[News] = []
    chosen = _chosen(site, model, budget, heard.append)
    site.repo.check_identity()
    log = _log(site, commit, chosen)
    with watched(site, log.state.task, tell) as watch:
        log.on_event = watch.event
        for news in heard:
            watch.tell(news)
        maker = _Maker(site, outline, tree, {f.path: f for f in folders}, watch.tell)
        spent = log.state.spent
        with _ending(log, site), _ready(site, log, chosen, budget, max_calls, watch.tell) as ask:
            made = maker.make(wanted, ask)
    return Summarised(made, len(largest) - len(wanted), len(wanted) - made, log.state.spent - spent)


class _Maker:
    """Goes through folders from the bottom up, since what is said of one rests on those in it."""

    def __init__(
        self, site: Site, outline: Outline, tree: str, folders: dict[str, Folder], tell: Tell
    ) -> None:
        self._site = site
        self._outline = outline
        found = site.repo.files(tree)
        self._files = [file.path for file in found if shown(file, site.config.ignore)]
        self._tree = tree
        self._folders = folders
        self._tell = tell

    def make(self, wanted: Sequence[Folder], model: Model) -> int:
        made = 0
        for n, folder in enumerate(sorted(wanted, key=lambda f: (-f.depth, f.path)), 1):
            name = folder.path or "the whole"
            self._tell(News("context", f"{n} of {len(wanted)} folders: {name}", passing=True))
            try:
                said = question.summarise(model, self._inside(folder))
            except BadReply as error:
                said = ""
                self._tell(News("context", f"{name}: {error}", warning=True))
            self._folders[folder.path] = replace(folder, summary=said)
            made += bool(said)
        return made

    def _inside(self, folder: Folder) -> Inside:
        prefix = f"{folder.path}/" if folder.path else ""
        own = [path for path in self._files if self._home(path) == folder.path]
        files = [(path[len(prefix) :], self._names(path)) for path in own]
        below = [each for each in self._folders.values() if self._directly(each, folder)]
        return Inside(folder, files, below, self._readme(prefix, own))

    def _home(self, path: str) -> str:
        """The smallest folder of the map that a path is in."""
        parents = (str(parent) for parent in PurePosixPath(path).parents)
        return next((p for p in parents if p in self._folders), "")

    def _directly(self, inner: Folder, folder: Folder) -> bool:
        return inner.within(folder) and self._home(inner.path) == folder.path

    def _names(self, path: str) -> list[str]:
        found = [d for d in top(self._outline(path)) if d.kind != "section"]
        return [d.qualified for d in leading(found, NAMES_OF_A_FILE)]

    def _readme(self, prefix: str, own: Sequence[str]) -> str:
        named = {path[len(prefix) :].lower(): path for path in own}
        path = next((named[name] for name in READMES if name in named), None)
        file = self._site.repo.file(self._tree, path) if path else None
        return "" if file is None or b"\0" in file.data else file.data.decode(errors="replace")


@contextmanager
def _ready(
    site: Site,
    log: TaskLog,
    chosen: Routes,
    budget: float | None,
    max_calls: int | None,
    tell: Tell,
) -> Iterator[Model]:
    """The model for the job, under the caps of this run: what earlier ones spent is not its."""
    config, state = site.config, log.state
    usd = config.budget_usd if budget is None else budget
    calls = config.max_calls if max_calls is None else max_calls
    ledger = Ledger(
        log,
        Budget(state.spent + usd if usd else 0.0, len(state.calls) + calls),
        day=DaySpend(spent_folder(), config.budget_day_usd, f"{site.repo.folder}#{state.task.id}"),
        on_call=models.alerting(tell),
    )
    with models.stacked(Means(config, ledger, None, site.redactor, tell), chosen) as using:
        yield using["ask"]


@contextmanager
def _ending(log: TaskLog, site: Site) -> Iterator[None]:
    """The log says how the run ended, also where it is raised further."""
    try:
        yield
    except KeyboardInterrupt:
        _ended(log, Ending.INTERRUPTED, str(Interrupted()))
        raise
    except AgentError as error:
        _ended(log, error.ending or Ending.INTERNAL, site.redactor.hide(str(error)))
        raise
    _ended(log, Ending.DONE, "")


def _ended(log: TaskLog, ending: Ending, message: str) -> None:
    try:
        log.record(Kind.ENDED, ending, ending=ending, message=message)
    except AgentError:
        # the run is over, whoever has the log or the disk now
        if ending is Ending.DONE:
            raise


def _log(site: Site, commit: str, chosen: Routes) -> TaskLog:
    """The log of this clone, taken over, or a new one."""
    for log in local_logs(site.repo):
        check_free(log.state)
        log.begin(run_of(log.state.epoch + 1, chosen["ask"]))
        return log
    log_id = SUMMARIES + secrets.token_hex(ID_BYTES)
    task = Task(
        id=log_id,
        text=TEXT,
        branch=f"agent/{log_id}",
        base=commit,
        trace_id=secrets.token_hex(TRACE_BYTES),
        created=now(),
        started_at=commit,
    )
    return TaskLog.create(site.repo, TaskState(task, runs=(run_of(1, chosen["ask"]),)))


def _chosen(site: Site, model: Sequence[str], budget: float | None, tell: Tell) -> Routes:
    return models.route(
        site.config,
        site.environ,
        model,
        jobs=("ask",),
        text=TEXT,
        usd=site.config.budget_usd if budget is None else budget,
        tell=tell,
    )
