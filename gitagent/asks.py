"""A question about the repository, from the command's words to an answer that its log keeps.

It has a log as a task has, so all that holds of a task's calls holds of its own: each is reserved,
journaled and settled, and none that was answered is paid for again. Its id follows from what is
asked, of which tree, how and of whom: whoever asks the same again goes on with it, or has the
answer at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gitagent import caches, models
from gitagent.answering import looked_up
from gitagent.app import Manner, kept_answers, now, run_of, trace_of
from gitagent.domain.ask import PREFIX, Ask
from gitagent.domain.call import Usage
from gitagent.domain.event import Kind
from gitagent.domain.task import Task, TaskState
from gitagent.ending import to_an_end
from gitagent.errors import Conflict, Ending, UnknownTask, UsageError
from gitagent.git.log import TaskLog, delete
from gitagent.holder import check_free
from gitagent.index import left_out
from gitagent.inquiry import Inquiry
from gitagent.library import Library
from gitagent.llm.charge import charge
from gitagent.llm.day import DaySpend
from gitagent.llm.ledger import Budget, Ledger
from gitagent.llm.prices import priced
from gitagent.models import Means, Routes
from gitagent.observing import Watch, watched
from gitagent.ports import Model
from gitagent.progress import News, Tell
from gitagent.redaction import Redactor
from gitagent.searching import index_of
from gitagent.site import Site, cache_folder, spent_folder
from gitagent.surveying import surveyed

ID_DIGITS = 10
ELSEWHERE = "its log was not written here: the answer is made anew out of its replies"
AGAIN = "answered before; nothing is asked or paid again"


@dataclass(frozen=True)
class Question:
    """What the command line asks. `whole` reads everything; None and empty are the
    configuration's. `budget` is in USD."""

    text: str
    base: str = "HEAD"
    whole: bool = False
    model: tuple[str, ...] = ()
    budget: float | None = None
    max_calls: int | None = None


def ask(site: Site, question: Question, tell: Tell) -> TaskState:
    """The state of the question once its run has ended; its ending says how.

    UsageError and NoModel come before anything is spent. Conflict where a living process is at it.
    """
    text = site.redactor.hide(question.text.strip())
    if not text:
        raise UsageError("The question has no text.", hint='Ask: `git agent ask "…?"`.')
    base = site.repo.resolve(question.base)
    site.repo.check_identity()
    heard: list[News] = []
    chosen = _chosen(site, question, text, 0.0, heard.append)
    names = sorted(ranked.choice.profile.ref for ranked in chosen["ask"])
    how = Ask(question.whole, tuple(names))
    task_id = _id(text, site.repo.tree_of(base), how)
    if (log := _log(site, task_id)) is not None:
        _check_same(site, log, text, base)
        return _gone_on(site, question, log, tell)
    trace_id, parent_span = trace_of(site.environ)
    task = Task(
        id=task_id,
        text=text,
        branch="",
        base=base,
        trace_id=trace_id,
        created=now(),
        started_at=base,
        parent_span=parent_span,
        ask=how,
    )
    with watched(site, task, tell) as watch:
        for news in heard:
            watch.tell(news)
        if text != question.text.strip():
            said = "the question holds what looks like a secret; it was left out"
            watch.tell(News("ask", said, warning=True))
        return _begun(site, question, chosen, task, watch)


def resume(site: Site, task_id: str, question: Question, tell: Tell) -> TaskState:
    """Go on with a question by its id; how it is asked is the log's, of whom is `question`'s."""
    return _gone_on(site, question, TaskLog.load(site.repo, task_id), tell)


def _begun(site: Site, question: Question, chosen: Routes, task: Task, watch: Watch) -> TaskState:
    watch.tell(News("ask", f"{task.id}, of {task.base[:10]}, {_said(chosen)}"))
    state = TaskState(task, runs=(run_of(1, chosen["ask"]),))
    try:
        log = TaskLog.create(site.repo, state, watch.event)
    except Conflict:
        check_free(TaskLog.load(site.repo, task.id).state)
        raise
    try:
        return _run(site, question, chosen, log, watch.tell)
    except UsageError:
        # a command that was wrong from the start leaves nothing behind
        if not log.state.calls:
            delete(site.repo, task.id)
            watch.forget()
        raise


def _gone_on(site: Site, question: Question, log: TaskLog, tell: Tell) -> TaskState:
    """The answer that is there, or a further run that makes it."""
    state = log.state
    if state.ending is Ending.DONE and state.answer is not None and log.local:
        tell(News("ask", f"{state.task.id} {AGAIN}"))
        return state
    notice = check_free(state)
    site.repo.check_identity()
    heard: list[News] = []
    chosen = _chosen(site, question, state.task.text, state.spent, heard.append)
    with watched(site, state.task, tell) as watch:
        log.on_event = watch.event
        for news in heard:
            watch.tell(news)
        notices = [*filter(None, (notice, "" if log.local else ELSEWHERE))]
        _take_over(log, chosen)
        answered = sum(call.status in ("ok", "length") for call in state.calls)
        known = f"{answered} answered calls (${state.spent:.4f}) are known already"
        watch.tell(News("ask", f"{state.task.id} goes on, {_said(chosen)}; {known}"))
        for said in notices:
            watch.tell(News("ask", said, warning=True))
        return _run(site, question, chosen, log, watch.tell)


def _take_over(log: TaskLog, chosen: Routes) -> None:
    """Begin the next run; an answer from elsewhere is made anew out of the replies behind it."""
    state = log.state
    changes = {} if log.local else {"context": None, "answer": None}
    try:
        log.begin(run_of(state.epoch + 1, chosen["ask"]), **changes)
    except Conflict:
        check_free(TaskLog.load(log.repo, state.task.id).state)
        raise


def _run(site: Site, question: Question, chosen: Routes, log: TaskLog, tell: Tell) -> TaskState:
    caches.sweep(cache_folder())
    config, task = site.config, log.state.task
    most_calls = config.max_calls if question.max_calls is None else question.max_calls
    usd = config.budget_usd if question.budget is None else question.budget
    ledger = Ledger(
        log,
        Budget(usd, most_calls),
        day=DaySpend(spent_folder(), config.budget_day_usd, f"{site.repo.folder}#{task.id}"),
        on_call=models.alerting(tell),
    )
    means = Means(config, ledger, kept_answers(site, Manner()), site.redactor, tell)
    with (
        models.stacked(means, chosen) as using,
        index_of(site, site.repo, task.base, tell) as index,
    ):
        inquiry = Inquiry(
            repo=site.repo,
            log=log,
            index=index,
            model=using["ask"],
            library=_library(site, task.base, chosen),
            tell=tell,
            ignore=config.ignore,
            context_tokens=config.context_tokens,
            most_calls=most_calls,
            why_not=_why_not,
            too_dear=lambda tokens: _too_dear(ledger, using["ask"], tokens),
        )
        return to_an_end(log, site.redactor.hide, lambda: _answer(inquiry))


def _answer(inquiry: Inquiry) -> None:
    """What is asked is answered, and the answer is in the log."""
    if not inquiry.library.paths:
        raise UsageError("There is no file in this commit that may be shown.")
    how = inquiry.log.state.task.ask or Ask()
    answer = surveyed(inquiry) if how.whole else looked_up(inquiry)
    inquiry.log.record(Kind.DELIVERED, "answer", answer=answer)


def _library(site: Site, base: str, chosen: Routes) -> Library:
    endpoints = [ranked.choice.endpoint for ranked in chosen["ask"]]
    redactor = site.redactor.also(*(at.api_key for at in endpoints if at))
    tree = site.repo.tree_of(base)
    return Library(site.repo, tree, site.config.ignore, lambda text: _veiled(redactor, text))


def _veiled(redactor: Redactor, text: str) -> str:
    """Without secrets and with all its lines, so that their numbers stay what they are."""
    veil = redactor.veil([text])
    return veil.name(veil.texts[0])


def _why_not(path: str, data: bytes) -> str:
    return left_out.by_path(path, len(data)) or left_out.by_content(data)


def _too_dear(ledger: Ledger, model: Model, tokens: int) -> str:
    """What is to be said where reading so many tokens costs more than is left."""
    if ledger.left is None:
        return ""
    usd = charge(priced(model.profile), Usage(prompt=tokens))
    if usd <= ledger.left:
        return ""
    return f"Reading everything costs ${usd:.4f} at least; ${max(0.0, ledger.left):.4f} are left."


def _chosen(site: Site, question: Question, text: str, spent: float, tell: Tell) -> Routes:
    usd = site.config.budget_usd if question.budget is None else question.budget
    return models.route(
        site.config,
        site.environ,
        question.model,
        jobs=("ask",),
        text=text,
        usd=usd - spent,
        tell=tell,
    )


def _log(site: Site, task_id: str) -> TaskLog | None:
    try:
        return TaskLog.load(site.repo, task_id)
    except UnknownTask:
        return None


def _check_same(site: Site, log: TaskLog, text: str, base: str) -> None:
    """Conflict where a log of this id is about something else: it came from elsewhere."""
    task = log.state.task
    if task.text != text or site.repo.tree_of(task.base) != site.repo.tree_of(base):
        raise Conflict(
            f"refs/gitagent/{task.id} is the log of another question.",
            hint=f"Remove it: `git agent drop {task.id}`.",
        )


def _id(text: str, tree: str, how: Ask) -> str:
    parts: Sequence[str] = (text, tree, "whole" if how.whole else "", *how.models)
    data = "\0".join(parts).encode("utf-8", "surrogatepass")
    return PREFIX + hashlib.sha256(data).hexdigest()[:ID_DIGITS]


def _said(chosen: Routes) -> str:
    first, *others = (ranked.choice for ranked in chosen["ask"])
    more = f", else {', '.join(other.profile.ref for other in others)}" if others else ""
    return f"with {first.profile.ref} ({first.why}){more}"
