"""A task of many model calls, made up event by event: what benchmarks and tests of the log need.

No model and no gate take part, only what they would have left: prompts of some 20 KB in which
neighbouring steps share files, replies, verdicts with the names of 200 tests, code trees.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from gitagent.domain.call import Call, Message, Reply, Request, Usage
from gitagent.domain.codec import to_json
from gitagent.domain.context import Context, Excerpt, Hit
from gitagent.domain.edit import File
from gitagent.domain.event import Kind
from gitagent.domain.plan import Plan, PlanStep
from gitagent.domain.run import Process, Run
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import CommandRun, Verdict
from gitagent.errors import Ending
from gitagent.ports import Log, Repo
from gitagent.testing import repositories, synthetic

FILES, SHOWN, TESTS, TRIES = 60, 8, 200, 4
TRACE = "0af7651916cd43dd8448eb211c80319c"
AT = "2026-01-01T00:00:00.000+00:00"
RULES = "You change code. Answer with SEARCH/REPLACE blocks, each under the path of its file.\n" * 8

Act = Callable[[Log], None]
"""Records one event on a log."""


def repository(folder: Path) -> Path:
    """A repository for such tasks to stand on."""
    return repositories.build(folder, dict(synthetic.files(FILES)))


def new(repo: Repo, task_id: str, created: str = AT) -> TaskState:
    """A task that has just begun."""
    run = Run(1, Process("example", "boot", "pid:[1]", 4711, "1"), AT, "openai/scripted")
    text = f"Let every module say what its limits are and check them; request {task_id}"
    branch = f"agent/let-every-module-say-{task_id}"
    base = repo.resolve("HEAD")
    return TaskState(Task(task_id, text, branch, base, TRACE, created, base), runs=(run,))


def acts(repo: Repo, calls: int) -> Iterator[tuple[Kind, Act]]:
    """The events of a task with about so many calls, in order; each act is one event."""
    steps = max(1, calls // TRIES)
    yield Kind.BASE_GATED, lambda log: log.record(Kind.BASE_GATED, base_runs=(_base_run(),))
    yield Kind.GATHERED, lambda log: log.record(Kind.GATHERED, context=_context())
    yield Kind.PLANNED, lambda log: log.record(Kind.PLANNED, plan=_plan(steps))
    for step in range(1, steps + 1):
        yield from _step(repo, step)
    yield Kind.DELIVERED, lambda log: log.record(Kind.DELIVERED, delivery={"kind": "branch"})
    yield Kind.ENDED, lambda log: log.record(Kind.ENDED, ending=Ending.DONE, seconds=1.0)


def _step(repo: Repo, step: int) -> Iterator[tuple[Kind, Act]]:
    for n in range(1, TRIES + 1):
        dice = random.Random(f"{step}.{n}")
        yield Kind.RESERVED, _reserving(step, n)
        yield Kind.ANSWERED, _answering(step, n)
        yield Kind.APPLIED, _applying(repo, step, n, dice)
        yield Kind.JUDGED, _judging(n, dice)
    yield Kind.CHECKPOINT, lambda log: _checkpoint(repo, log, step)


def _reserving(step: int, n: int) -> Act:
    def act(log: Log) -> None:
        calls = log.state.calls
        messages = _messages(step, n)
        request = Request("propose", messages, 4096, step=step, attempt=n, tree=log.state.head)
        call = Call(
            len(calls) + 1,
            "propose",
            step,
            n,
            "scripted",
            "openai",
            "reserved",
            request.key,
            request.key * 2,
            TRACE,
            AT,
        )
        notes = {f"exchange/{call.seq:04}.request.json": to_json(request)}
        log.record(Kind.RESERVED, about=str(call.seq), notes=notes, calls=(*calls, call))

    return act


def _answering(step: int, n: int) -> Act:
    def act(log: Log) -> None:
        *before, call = log.state.calls
        usage = Usage(6000, 500)
        reply = Reply(_reply(step, n), call.model, call.provider, "stop", usage, 4.2, f"id-{n}")
        notes = {f"exchange/{call.seq:04}.reply.json": to_json(reply)}
        answered = replace(
            call, status="ok", prompt_tokens=6000, completion_tokens=500, cost_usd=0.01, seconds=4.2
        )
        log.record(Kind.ANSWERED, about=str(call.seq), notes=notes, calls=(*before, answered))

    return act


def _applying(repo: Repo, step: int, n: int, dice: random.Random) -> Act:
    def act(log: Log) -> None:
        path, text = _file(dice.randrange(FILES))
        changed = f"{text}\n\nCHECKED_IN_{step}_{n} = {dice.random()}\n"
        tree = repo.with_files(repo.tree_of(log.state.head), {path: File(changed.encode())})
        log.add_attempt(Attempt(step, n, "openai/scripted", tree, f"Check step {step}"))

    return act


def _judging(n: int, dice: random.Random) -> Act:
    def act(log: Log) -> None:
        log.add_attempt(replace(log.state.attempts[-1], verdict=_verdict(n, dice)))

    return act


def _checkpoint(repo: Repo, log: Log, step: int) -> None:
    made = log.state.attempts[-1]
    commit = repo.commit(made.tree, [log.state.head], f"Check step {step}\n\nAgent-Step: {step}\n")
    verdict = made.verdict or Verdict("none")
    files = tuple(repo.changed_paths(repo.tree_of(log.state.head), made.tree))
    log.add_checkpoint(
        Checkpoint(step, made.subject, commit, made.tree, "scripted", "openai", 4, files, verdict)
    )


def _file(n: int) -> tuple[str, str]:
    return f"src/module_{n}.py", synthetic.source(n)


def _shown(step: int) -> list[tuple[str, str]]:
    """The files of one step: some stay from step to step, some are its own."""
    always = range(SHOWN // 2)
    own = random.Random(step).sample(range(SHOWN, FILES), SHOWN - len(always))
    return [_file(n) for n in (*always, *own)]


def _messages(step: int, n: int) -> tuple[Message, ...]:
    files = "".join(f"{path}\n```python\n{text}```\n\n" for path, text in _shown(step))
    opening = (Message("system", RULES), Message("user", f"{files}\nStep {step}: check it.\n"))
    if n == 1:
        return opening
    told = f"The gate failed.\n\n{_output(random.Random(f'{step}.{n - 1}'))}"
    return (*opening, Message("assistant", _reply(step, n - 1)), Message("user", told))


def _reply(step: int, n: int) -> str:
    dice = random.Random(f"reply {step}.{n}")
    path, text = dice.choice(_shown(step))
    lines = text.splitlines()
    start = dice.randrange(len(lines) // 2)
    old = "\n".join(lines[start : start + 15])
    new = old.replace("return", f"check_{n}()\n    return")
    return f"Commit: Check it\n\n{path}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


def _verdict(n: int, dice: random.Random) -> Verdict:
    names = _tests()
    if n == TRIES:
        return Verdict("pass", passed=names, seconds=2.0)
    broken = tuple(dice.sample(names, 2))
    passed = tuple(name for name in names if name not in broken)
    return Verdict("fail", "2 broken", passed, broken=broken, output=_output(dice), seconds=2.0)


def _output(dice: random.Random) -> str:
    name = dice.choice(_tests())
    frames = [
        f'  File "src/module_{dice.randrange(FILES)}.py", line {dice.randrange(90)}, in check\n'
        f"    assert total == {dice.randrange(10**6)}, (total, {dice.random()})\n"
        for _ in range(12)
    ]
    return f"FAIL: {name}\nTraceback (most recent call last):\n{''.join(frames)}AssertionError\n"


def _tests() -> tuple[str, ...]:
    return tuple(f"tests.test_module_{n // 4}.ModuleTest.test_limit_{n}" for n in range(TESTS))


def _base_run() -> CommandRun:
    return CommandRun("unittest", 0, "ok\n" * 40, 2.0, tests=dict.fromkeys(_tests(), "passed"))


def _context() -> Context:
    hits = tuple(Hit(_file(n)[0], 1.0 / (n + 1), ("text",)) for n in range(FILES))
    return Context(hits, tuple(Excerpt(path, text, True) for path, text in _shown(1)))


def _plan(steps: int) -> Plan:
    each = (PlanStep(n, f"Check step {n}", "Check it, " * 10) for n in range(1, steps + 1))
    return Plan(tuple(each), planned=True)
