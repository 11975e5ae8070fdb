"""The composition root: a command's words become a task, its parts are put together, it is run."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from gitagent import caches, gating, models, pipeline
from gitagent.config import Config
from gitagent.contest import in_threads
from gitagent.domain.ask import is_ask
from gitagent.domain.call import Job
from gitagent.domain.rules import Delivery, Rules, Settings
from gitagent.domain.run import Run
from gitagent.domain.task import Task, TaskState
from gitagent.domain.verdict import GateCommand
from gitagent.errors import BranchTaken, Conflict, Ending, UnknownTask, UsageError
from gitagent.folders import told
from gitagent.gates.detect import Found
from gitagent.git import patches
from gitagent.git.branches import check_steps
from gitagent.git.dirty import commit_dirty
from gitagent.git.dry_run import CallsLog, overlay
from gitagent.git.log import FAMILY, SUMMARIES, TaskLog, delete, summaries, tips
from gitagent.git.repository import GitRepo
from gitagent.holder import check_free
from gitagent.index.mistakes import Grammars
from gitagent.line import Line
from gitagent.llm import warming
from gitagent.llm.answers import AnswerStore
from gitagent.llm.day import DaySpend
from gitagent.llm.ledger import Budget, Ledger
from gitagent.llm.routing import Ranked, ladder
from gitagent.models import Means, Routes
from gitagent.names import branch_name, check_branch
from gitagent.observing import Watch, watched
from gitagent.ports import Log, Model, ModelProfile
from gitagent.processes import this_process
from gitagent.progress import News, Tell
from gitagent.scratch import private_folder
from gitagent.searching import index_of
from gitagent.site import Site, cache_folder, spent_folder
from gitagent.stages.overview import overview
from gitagent.takeover import unlearned

ANSWERS, SHORT = "answers", 16
MOST_ROUNDS = 5
ATTEMPTS, PATIENT = 4, 12
"""Tries of a step, and those of a model that is weak and costs nothing but time."""
ROUND_S = 60
"""Seconds that the candidates of one try take to write, about."""
MOST_BESIDE = 16
"""Candidates of one try."""
ID_BYTES = 3
ID_TRIES = 20
TRACEPARENT = "00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}"
OVER = (Ending.DONE, Ending.GATE_FAILED, Ending.NO_CHANGE, Ending.REFUSED)
"""Endings that another run would come to again, out of the same answers."""
ELSEWHERE = "its log was not written here: what its gate said is found out again"


@dataclass(frozen=True)
class Manner:
    """How a task is to be worked on; None and empty mean what the configuration says.

    `model` are as `--model` takes them, one for all jobs or one for one. `budget` is in USD. `gate`
    are command lines that replace what would be found. It is asked for anew in each run: a task's
    log, which may come from elsewhere, supplies no settings.
    """

    model: tuple[str, ...] = ()
    edit_format: str = "auto"
    plan: str = ""
    candidates: int | None = None
    budget: float | None = None
    max_calls: int | None = None
    cache: bool = False
    gate: tuple[str, ...] = ()
    no_gate: bool = False
    deliver: Delivery = "branch"


@dataclass(frozen=True)
class Wish:
    """What the command line asks for."""

    text: str
    base: str = "HEAD"
    branch: str = ""
    dry_run: bool = False
    include_dirty: bool = False
    manner: Manner = Manner()


@dataclass(frozen=True)
class Outcome:
    """How a task ended, and the changes it made as one diff."""

    state: TaskState
    diff: str


def start(site: Site, wish: Wish, tell: Tell) -> Outcome:
    """Run a new task to its ending. UsageError and NoModel come before anything is spent."""
    if not wish.text.strip():
        raise UsageError("The task has no text.", hint='Say what to do: `git agent task "…"`.')
    heard: list[News] = []
    chosen = _chosen(site, wish.manner, wish.text, 0.0, heard.append)
    task = _new_task(site, wish, heard.append)
    gate = _gate(site, task, wish.manner)
    with watched(site, task, tell) as watch:
        for news in heard:
            watch.tell(news)
        return _started(site, wish, chosen, task, gate, watch)


def _gate(site: Site, task: Task, manner: Manner) -> Found:
    """What checks the trees of a task; UsageError where it may not be run here."""
    asked = gating.Asked(manner.gate, manner.no_gate)
    gate = gating.found(site, site.repo.tree_of(task.base), asked)
    gating.check_sandbox(site, gate.commands)
    return gate


def _started(
    site: Site, wish: Wish, chosen: Routes, task: Task, gate: Found, watch: Watch
) -> Outcome:
    watch.tell(News("task", f"{task.id} on {task.branch}, {_said(chosen)}"))
    log = TaskLog.create(site.repo, TaskState(task, runs=(run_of(1, chosen["code"]),)), watch.event)
    try:
        with _workplace(site, log, wish.dry_run) as (repo, kept):
            return _walked(site, wish.manner, chosen, gate, repo, kept, watch.tell)
    except UsageError:
        # a command that was wrong from the start leaves no task behind
        if not log.state.calls:
            delete(site.repo, task.id)
            watch.forget()
        raise


def resume(site: Site, task_id: str, manner: Manner, tell: Tell) -> Outcome:
    """Go on with a task where its last run stopped; one that is over is given back as it is.

    Raises Conflict where a living process works on it. UsageError and NoModel come before
    anything is spent or taken over.
    """
    log = TaskLog.load(site.repo, task_id)
    if task_id.startswith(SUMMARIES):
        raise UsageError(
            f"{task_id} holds what was said of folders.",
            hint="`git agent index --summaries` goes on with it.",
        )
    if is_ask(task_id):
        raise UsageError(f"{task_id} is a question.", hint="Ask it again: `git agent ask`.")
    if log.state.task.dry_run:
        raise UsageError(f"Task {task_id} was a dry run; there is nothing to go on with.")
    check_steps(site.repo, log.state)
    if log.state.ending in OVER and (log.local or log.state.ending is not Ending.DONE):
        return _outcome(site.repo, log.state if log.local else replace(log.state, delivery={}))
    notice = check_free(log.state)
    site.repo.check_identity()
    site.repo.check_index()
    heard: list[News] = []
    chosen = _chosen(site, manner, log.state.task.text, log.state.spent, heard.append)
    gate = _gate(site, log.state.task, manner)
    with watched(site, log.state.task, tell) as watch:
        log.on_event = watch.event
        for news in heard:
            watch.tell(news)
        if not log.local:
            watch.tell(News("task", ELSEWHERE, warning=True))
        _take_over(log, chosen, gate.commands)
        watch.tell(News("task", f"{task_id} goes on, {_said(chosen)}"))
        if notice:
            watch.tell(News("task", notice, warning=True))
        watch.tell(News("task", f"known already: {_known(log.state)}"))
        return _walked(site, manner, chosen, gate, site.repo, log, watch.tell)


def resumable(repo: GitRepo) -> str:
    """The id of the newest task that is not over."""
    for found in summaries(repo):
        if not found.dry_run and not is_ask(found.id) and found.ending not in OVER:
            return found.id
    raise UnknownTask("There is no task here that was interrupted.")


def _take_over(log: TaskLog, chosen: Routes, commands: Sequence[GateCommand]) -> None:
    """Begin the next run, without what it cannot believe of the log."""
    state = log.state
    changes = unlearned(state, [command.name for command in commands], local=log.local)
    try:
        log.begin(run_of(state.epoch + 1, chosen["code"]), **changes)
    except Conflict:
        check_free(TaskLog.load(log.repo, state.task.id).state)
        raise


def run_of(epoch: int, ranked: Sequence[Ranked]) -> Run:
    """The run of this process, which asks the first of these models."""
    return Run(epoch, this_process(), now(), ranked[0].choice.profile.ref)


def _shaped_by(runs: Sequence[Run], rules: Rules, using: Mapping[Job, Model]) -> tuple[Run, ...]:
    """The runs with what a replay of the last one will need to know."""
    profile, planner = using["code"].profile, using["plan"].profile
    weak_planner = None if planner is profile else planner.weak
    settings = Settings(
        rules,
        profile.window,
        profile.max_output,
        profile.weak,
        weak_planner,
        takes_n=profile.takes_n,
    )
    return (*runs[:-1], replace(runs[-1], settings=settings))


def _known(state: TaskState) -> str:
    """What this run need not do again."""
    answered = sum(call.status in ("ok", "length") for call in state.calls)
    parts = [
        "the base's gate" if state.base_runs is not None else "",
        "context" if state.context else "",
        "plan" if state.plan else "",
        f"{len(state.checkpoints)} of {len(state.plan.steps)} steps" if state.plan else "",
        f"{answered} answered calls (${state.spent:.4f})" if answered else "",
    ]
    return ", ".join(filter(None, parts)) or "nothing; it stopped before its first step"


def _walked(
    site: Site,
    manner: Manner,
    chosen: Routes,
    gate: Found,
    repo: GitRepo,
    log: Log,
    tell: Tell,
) -> Outcome:
    task = log.state.task
    caches.sweep(cache_folder())
    ledger = Ledger(
        log,
        _budget(site.config, manner),
        day=DaySpend(spent_folder(), site.config.budget_day_usd, f"{site.repo.folder}#{task.id}"),
        on_call=models.alerting(tell),
    )
    means = Means(site.config, ledger, kept_answers(site, manner), site.redactor, tell)
    with (
        models.stacked(means, chosen) as using,
        index_of(site, repo, task.base, tell) as index,
        closing(gating.checks(site, repo, task.base, gate, tell)) as checks,
    ):
        threading.Thread(target=warming.load, daemon=True).start()
        rules = _rules(site.config, manner, using["code"].profile, ladder(chosen["repair"]))
        log.note(runs=_shaped_by(log.state.runs, rules, using))
        state = pipeline.run(
            Line(
                repo=repo,
                log=log,
                index=index,
                models=using,
                others=[job for job, ranked in chosen.items() if len(ranked) > 1],
                checks=checks,
                write_patches=lambda base, head: patches.write(repo, base, head, task.id),
                tell=tell,
                rules=rules,
                hide=site.redactor.hide,
                side_by_side=in_threads,
                syntax=Grammars(),
                folders=lambda tree, paths, room: overview(
                    told(site.repo, tree, site.config.ignore), paths, room
                ),
            )
        )
    return _outcome(repo, state)


def _outcome(repo: GitRepo, state: TaskState) -> Outcome:
    return Outcome(state, repo.diff(repo.tree_of(state.task.base), repo.tree_of(state.head)))


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
    site.repo.check_index()
    started_at = base = site.repo.resolve(wish.base)
    if wish.include_dirty:
        if wish.base != "HEAD":
            raise UsageError("--include-dirty starts from HEAD; it does not go with --base.")
        base, taken = commit_dirty(site.repo)
        tell(News("task", f"uncommitted work included: {', '.join(taken) or 'there is none'}"))
    task_id, text = _new_id(site.repo), site.redactor.hide(wish.text.strip())
    if text != wish.text.strip():
        tell(News("task", "the text holds what looks like a secret; it was left out", warning=True))
    branch = check_branch(wish.branch) if wish.branch else branch_name(text, task_id)
    _check_free(site.repo, branch)
    trace_id, parent_span = trace_of(site.environ)
    return Task(
        id=task_id,
        text=text,
        branch=branch,
        base=base,
        trace_id=trace_id,
        created=now(),
        started_at=started_at,
        dry_run=wish.dry_run,
        parent_span=parent_span,
    )


def trace_of(environ: Mapping[str, str]) -> tuple[str, str]:
    """Trace id and parent span: of whoever called us, if it says so as W3C asks, else new ones."""
    told = re.fullmatch(TRACEPARENT, environ.get("TRACEPARENT", ""))
    if told and set(told[1]) != {"0"} and set(told[2]) != {"0"}:
        return told[1], told[2]
    return secrets.token_hex(16), ""


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


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


def _rules(config: Config, manner: Manner, profile: ModelProfile, better: Sequence[str]) -> Rules:
    asked: Any = manner.edit_format if manner.edit_format != "auto" else config.edit_format
    plan: Any = manner.plan or config.plan
    asked_beside = manner.candidates or config.candidates
    return Rules(
        plan=plan,
        max_steps=max(1, config.max_steps),
        attempts=config.attempts or (PATIENT if profile.candidates > 1 else ATTEMPTS),
        edit_format=profile.edit_format if asked == "auto" else asked,
        context_tokens=config.context_tokens,
        rounds=min(config.rounds, MOST_ROUNDS),
        to_the_end=True,
        hurry_s=config.hurry_s,
        ladder=tuple(better),
        candidates=min(asked_beside or profile.candidates, MOST_BESIDE),
        # who says how many there are to be means it
        round_tokens=0 if asked_beside else round(ROUND_S * profile.tokens_per_s),
        ignore=config.ignore,
        allow=config.allow,
        deliver=manner.deliver,
    )


def _budget(config: Config, manner: Manner) -> Budget:
    return Budget(
        config.budget_usd if manner.budget is None else manner.budget,
        config.max_calls if manner.max_calls is None else manner.max_calls,
    )


def _chosen(site: Site, manner: Manner, text: str, spent: float, tell: Tell) -> Routes:
    """The models for each job, as asked for, configured, or found."""
    return models.route(
        site.config,
        site.environ,
        manner.model,
        text=text,
        usd=_budget(site.config, manner).usd - spent,
        tell=tell,
    )


def _said(chosen: Routes) -> str:
    """Who does what, in words."""
    code, *others = (ranked.choice for ranked in chosen["code"])
    said = f"with {code.profile.ref} ({code.why})"
    if others:
        said += f", else {', '.join(other.profile.ref for other in others)}"
    named = {job: chosen[job][0].choice.profile.ref for job in ("plan", "repair")}
    return said + "".join(
        f"; {job}: {ref}" for job, ref in named.items() if ref != code.profile.ref
    )


def kept_answers(site: Site, manner: Manner) -> AnswerStore | None:
    """The answers of the repository's other tasks, where they may be used."""
    if not (manner.cache or site.config.cache):
        return None
    repo = site.repo
    name = hashlib.sha256(str(repo.folder).encode(errors="surrogateescape")).hexdigest()
    folder = cache_folder() / ANSWERS / name[:SHORT]
    return AnswerStore(folder, lambda: tips(repo), lambda task_id: TaskLog.load(repo, task_id))
