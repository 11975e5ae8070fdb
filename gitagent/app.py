"""The composition root: a command's words become a task, its parts are put together, it is run."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gitagent import models, pipeline
from gitagent.config import Config
from gitagent.domain.edit import EditFormat
from gitagent.domain.task import Delivery, Task, TaskState
from gitagent.domain.verdict import GateCommand
from gitagent.errors import BranchTaken, Conflict, UsageError
from gitagent.gates.detect import configured, detect
from gitagent.gates.python import interpreter
from gitagent.git import patches
from gitagent.git.dirty import commit_dirty
from gitagent.git.dry_run import CallsLog, overlay
from gitagent.git.export import export
from gitagent.git.log import FAMILY, TaskLog, delete
from gitagent.git.repository import GitRepo
from gitagent.index.lexical import LexicalIndex
from gitagent.line import Checks, Line, Rules
from gitagent.llm import warming
from gitagent.llm.choose import Choice
from gitagent.llm.ledger import Budget
from gitagent.names import branch_name, check_branch
from gitagent.ports import Log, Repo
from gitagent.progress import News, Tell
from gitagent.sandbox.plain import PlainSandbox
from gitagent.scratch import private_folder
from gitagent.site import Site, cache_folder

ID_BYTES = 3
ID_TRIES = 20


@dataclass(frozen=True)
class Wish:
    """What the command line asks for; None and empty mean what the configuration says.

    `budget` is in USD. `gate` are command lines that replace what would be found.
    """

    text: str
    base: str = "HEAD"
    branch: str = ""
    model: str = ""
    edit_format: str = "auto"
    plan: str = ""
    budget: float | None = None
    max_calls: int | None = None
    gate: tuple[str, ...] = ()
    no_gate: bool = False
    dry_run: bool = False
    deliver: Delivery = "branch"
    include_dirty: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a task ended, and the changes it made as one diff."""

    state: TaskState
    diff: str


def start(site: Site, wish: Wish, tell: Tell) -> Outcome:
    """Run a new task to its ending. UsageError and NoModel come before anything is spent."""
    if not wish.text.strip():
        raise UsageError("The task has no text.", hint='Say what to do: `git agent task "…"`.')
    choice = models.pick(site.config, site.environ, wish.model)
    task = _new_task(site, wish, tell)
    tell(News("task", f"{task.id} on {task.branch}, with {_named(choice)} ({choice.why})"))
    log = TaskLog.create(site.repo, TaskState(task))
    try:
        with _workplace(site, log, wish.dry_run) as (repo, kept):
            return _run(site, wish, choice, repo, kept, tell)
    except UsageError:
        # a command that was wrong from the start leaves no task behind
        if not log.state.calls:
            delete(site.repo, task.id)
        raise


def commands_for(site: Site, tree: str, wish: Wish) -> tuple[GateCommand, ...]:
    """The gate of a tree: as asked for, else as configured, else as found in the tree."""
    if wish.no_gate:
        return ()
    python = interpreter(site.repo.checkout, site.environ)
    if lines := wish.gate or site.config.gate_commands:
        return configured(lines, python)
    return detect(site.repo.files(tree), site.repo.read, python)


def checks_for(site: Site, repo: Repo, tree: str, wish: Wish) -> Checks:
    """The gate of a tree, ready to run on trees of `repo`."""
    return Checks(
        repo=repo,
        sandbox=PlainSandbox(site.environ),
        export=export,
        commands=commands_for(site, tree, wish),
        scratch=cache_folder() / "gate",
        timeout_s=site.config.gate_timeout_s,
    )


def _run(site: Site, wish: Wish, choice: Choice, repo: GitRepo, log: Log, tell: Tell) -> Outcome:
    task = log.state.task
    budget = _budget(site.config, wish)
    with models.stacked(site.config, choice, log, budget, tell) as model:
        threading.Thread(target=warming.load, daemon=True).start()
        state = pipeline.run(
            Line(
                repo=repo,
                log=log,
                index=LexicalIndex(repo),
                model=model,
                checks=checks_for(site, repo, repo.tree_of(task.base), wish),
                write_patches=lambda base, head: patches.write(repo, base, head, task.id),
                tell=tell,
                rules=_rules(site.config, wish, model.profile.edit_format),
            )
        )
    return Outcome(state, repo.diff(repo.tree_of(task.base), repo.tree_of(state.head)))


@contextmanager
def _workplace(site: Site, log: TaskLog, dry_run: bool) -> Iterator[tuple[GitRepo, Log]]:
    """The repository and the log to work on; for a dry run, ones that leave nothing behind."""
    if not dry_run:
        yield site.repo, log
        return
    with private_folder(cache_folder(), "dry-") as folder:
        yield overlay(site.repo, folder), CallsLog(log)


def _new_task(site: Site, wish: Wish, tell: Tell) -> Task:
    site.repo.check_identity()
    started_at = base = site.repo.resolve(wish.base)
    if wish.include_dirty:
        if wish.base != "HEAD":
            raise UsageError("--include-dirty starts from HEAD; it does not go with --base.")
        base, taken = commit_dirty(site.repo)
        tell(News("task", f"uncommitted work included: {', '.join(taken) or 'there is none'}"))
    task_id = _new_id(site.repo)
    branch = check_branch(wish.branch) if wish.branch else branch_name(wish.text, task_id)
    _check_free(site.repo, branch)
    return Task(
        id=task_id,
        text=wish.text.strip(),
        branch=branch,
        base=base,
        trace_id=secrets.token_hex(16),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        started_at=started_at,
        dry_run=wish.dry_run,
    )


def _check_free(repo: GitRepo, branch: str) -> None:
    heads = repo.refs("refs/heads/")
    if f"refs/heads/{branch}" in heads:
        raise BranchTaken(f"The branch {branch} exists already.")
    for name in (head.removeprefix("refs/heads/") for head in heads):
        if branch.startswith(f"{name}/") or name.startswith(f"{branch}/"):
            raise BranchTaken(
                f"Beside the branch {name}, git cannot have one called {branch}.",
                hint=f"Rename it: `git branch -m {name} …`.",
            )


def _new_id(repo: GitRepo) -> str:
    for _ in range(ID_TRIES):
        task_id = secrets.token_hex(ID_BYTES)
        if repo.ref(FAMILY + task_id) is None:
            return task_id
    raise Conflict("No free task id was found.")


def _rules(config: Config, wish: Wish, best_format: EditFormat) -> Rules:
    asked: Any = wish.edit_format if wish.edit_format != "auto" else config.edit_format
    plan: Any = wish.plan or config.plan
    return Rules(
        plan=plan,
        max_steps=max(1, config.max_steps),
        attempts=max(1, config.attempts),
        edit_format=best_format if asked == "auto" else asked,
        context_tokens=config.context_tokens,
        ignore=config.ignore,
        allow=config.allow,
        deliver=wish.deliver,
    )


def _budget(config: Config, wish: Wish) -> Budget:
    return Budget(
        config.budget_usd if wish.budget is None else wish.budget,
        config.max_calls if wish.max_calls is None else wish.max_calls,
    )


def _named(choice: Choice) -> str:
    return f"{choice.profile.provider}/{choice.profile.name}"
