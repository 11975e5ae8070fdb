"""Many tasks on two providers' bad day: how each is run, and what must hold of it.

What is said to have been answered is what the servers say.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bench import FILES, GREEN
from forking import Forks, forks
from story import environment, room
from tickets import ENOUGH, MANY, Kind, answer, kind_of, ticket_in

from gitagent.domain.call import Call
from gitagent.domain.task import TaskState
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.testing import repositories
from gitagent.testing.chaos import ChaosServer, Exchange, Prices, Say, Times
from gitagent.testing.chaos.fate import Decides
from gitagent.testing.repositories import git
from gitagent.testing.snapshot import snapshot

PROVIDERS = ("east", "west")
PRICE = Prices(1.0, 4.0)
RESUMES = 6
CENT = 1e-9
TIMES = Times(slow=0.05, silent=1.5, retry_after=0.05)
CODES = {0: "done", 3: "gate-failed", 4: "no-change", 5: "budget", 6: "provider"}
"""The exit codes that a bad day may bring; any other is ours to answer for."""

SETTINGS = """\
[route]
models = [{models}]

[retry]
first_wait_s = 0.02

[call]
idle_s = 1.0
"""
PROVIDER = """\
[providers.{name}]
base_url = "{url}"
key_env = "{key}"
model = "m-{name}"

[models."m-{name}"]
window = 32000
max_output = 2000
edit_format = "search-replace"
input_price = {input}
output_price = {output}

"""


# --- One task ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """A task as it went: the exit codes of the task and of its resumes, its ledger, and what was
    wrong by then. `budget` is the last that it was given."""

    ticket: int
    codes: tuple[int, ...]
    state: TaskState | None
    budget: float
    problems: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        return kind_of(self.ticket)

    @property
    def ending(self) -> str:
        return CODES.get(self.codes[-1], str(self.codes[-1]))

    @property
    def calls(self) -> Sequence[Call]:
        return self.state.calls if self.state else ()

    @property
    def charged(self) -> float:
        return self.state.spent if self.state else 0.0


class Day:
    """Two providers that have a bad day, and a place where tasks are run; `servers` in the order
    in which they are asked."""

    def __init__(self, folder: Path, run: Forks, servers: Mapping[str, ChaosServer]) -> None:
        self.servers = servers
        self._folder = folder
        self._run = run
        self._template = repositories.build(folder / "template", FILES)

    def task(self, ticket: int) -> Ran:
        """Run a task, and resume it until it is where it can come to."""
        folder = self._folder / str(ticket)
        shutil.copytree(self._template, folder, symlinks=True)
        try:
            return self._walked(folder, ticket)
        finally:
            shutil.rmtree(folder)

    def _walked(self, folder: Path, ticket: int) -> Ran:
        kind, before = kind_of(ticket), snapshot(folder)
        ways = ("--plan", "always" if kind.planned else "never", "--gate", GREEN, "-q")
        text = f"add in calc.py must add its two numbers, says ticket {ticket:04}"
        words: tuple[str, ...] = ("task", text)
        codes: list[int] = []
        problems: list[str] = []
        budget, calls, state = kind.budget, kind.calls, None
        while len(codes) <= RESUMES:
            caps = ("--budget", str(budget), "--max-calls", str(calls))
            ended = self._run(*words, *ways, *caps, cwd=folder, env=self._keys)
            codes.append(ended.code)
            state = _state(folder)
            problems += _wrong(ended.code, ended.err, state, budget)
            if problems or state is None or CODES[ended.code] in ("done", kind.ending):
                break
            budget, calls = (ENOUGH, MANY) if ended.code == 5 else (budget, calls)
            words = ("resume", state.task.id)
        problems += before.diff(snapshot(folder))
        if state is not None and not problems:
            problems += _misshapen(folder, kind, state, codes[-1])
        return Ran(ticket, tuple(codes), state, budget, tuple(problems))

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        return {_key(name): f"FAKEKEY-{name}" for name in self.servers}

    @cached_property
    def exchanges(self) -> Mapping[int, list[tuple[str, Exchange]]]:
        """By ticket: what each provider was asked, and what became of it. To be read at the end."""
        found: dict[int, list[tuple[str, Exchange]]] = {}
        for name, server in self.servers.items():
            requests = server.requests
            for exchange in server.exchanges:
                ticket = ticket_in(requests[exchange.n - 1].json)
                found.setdefault(ticket, []).append((name, exchange))
        return found

    def judged(self, ran: Ran) -> list[str]:
        """What did not hold of a task, from both sides."""
        asked = self.exchanges.get(ran.ticket, [])
        problems = [*ran.problems, *_twice(asked), *_lost(asked, ran.calls)]
        if (billed := self.billed(ran)) > ran.charged + CENT:
            problems.append(f"billed ${billed:.6f}, but only ${ran.charged:.6f} on the ledger")
        if ran.ending != ran.kind.ending and not self.unlucky(ran):
            said = ran.state.message if ran.state else ""
            problems.append(f"could have come to {ran.kind.ending}, ended {ran.codes}: {said}")
        return problems

    def unlucky(self, ran: Ran) -> bool:
        """Whether it still has a question, which never got a whole answer however often asked."""
        asked = self.exchanges.get(ran.ticket, [])
        if ran.ending != "provider" or not asked:
            return False
        last = {name: e.prompt for name, e in asked}
        return not any(e.answered for name, e in asked if e.prompt == last[name])

    def billed(self, ran: Ran) -> float:
        asked = self.exchanges.get(ran.ticket, [])
        return sum(PRICE.usd(exchange.billed) for _, exchange in asked)

    def faults(self, ran: Ran) -> Counter[str]:
        """The faults that a task met, and how often."""
        return Counter(e.fault for _, e in self.exchanges.get(ran.ticket, []) if e.fault)


@contextmanager
def day(
    folder: Path,
    fates: Sequence[Decides],
    *,
    answers: Callable[[dict[str, Any]], Say] = answer,
    times: Times = TIMES,
) -> Iterator[Day]:
    """A day with a provider for each fate, in a folder for its home and its repositories."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(
                ChaosServer(answers, fate=fate, times=times, prices=PRICE, models=(f"m-{name}",))
            )
            for name, fate in zip(PROVIDERS, fates, strict=False)
        }
        environ = environment(folder / "home")
        settings = folder / "home" / ".config" / "gitagent" / "gitagent.toml"
        settings.write_text(_settings({name: s.base_url for name, s in servers.items()}))
        yield Day(folder, stack.enter_context(forks(environ)), servers)


def _settings(urls: Mapping[str, str]) -> str:
    models = ", ".join(f'"{name}/m-{name}"' for name in urls)
    providers = [
        PROVIDER.format(name=name, url=url, key=_key(name), input=PRICE.input, output=PRICE.output)
        for name, url in urls.items()
    ]
    return "".join(providers) + SETTINGS.format(models=models)


def _key(name: str) -> str:
    return f"{name.upper()}_KEY"


def _state(folder: Path) -> TaskState | None:
    found = (folder / ".git" / "refs" / "gitagent").glob("*")
    ids = [ref.name for ref in found if ref.is_file() and not ref.suffix]
    return TaskLog.load(GitRepo.open(folder), ids[0]).state if ids else None


# --- What must hold -----------------------------------------------------------------------------


def _wrong(code: int, err: str, state: TaskState | None, budget: float) -> Iterator[str]:
    """What is wrong with one run of a task."""
    if code not in CODES or state is None:
        yield f"ended with {code}: {err[-300:]}"
    elif state.ending != CODES[code]:
        yield f"exit code {code}, but the log says {state.ending}"
    elif state.spent > budget + CENT:
        yield f"${state.spent:.6f} spent of ${budget:.6f}"


def _misshapen(folder: Path, kind: Kind, state: TaskState, code: int) -> Iterator[str]:
    """What is wrong with the branch of a task that has come to its end."""
    if CODES[code] != "done":
        return
    calc = git(folder, "show", f"{state.task.branch}:calc.py")
    if calc != kind.calc:
        yield f"calc.py on the branch is {calc!r}"
    changed = git(folder, "diff", "--name-only", "main", state.task.branch).split()
    if changed != ["calc.py"]:
        yield f"changed on the branch: {changed}"
    if len(state.checkpoints) not in (1, 1 + kind.planned):
        yield f"{len(state.checkpoints)} commits"


def _twice(asked: Sequence[tuple[str, Exchange]]) -> Iterator[str]:
    """Questions that got more than one whole answer, at one provider or at both."""
    answered = Counter(exchange.prompt for _, exchange in asked if exchange.answered)
    for prompt, count in answered.items():
        if count > 1:
            who = [f"{n} {e.n} {e.fault}" for n, e in asked if e.prompt == prompt and e.answered]
            yield f"answered {count} times: {', '.join(who)}"


def _lost(asked: Sequence[tuple[str, Exchange]], calls: Sequence[Call]) -> Iterator[str]:
    """Whole answers that the task's ledger does not know as answers."""
    kept = {(call.provider, call.request_id) for call in calls if call.status in ("ok", "length")}
    for name, exchange in asked:
        if exchange.answered and (name, f"req-{exchange.n}") not in kept:
            yield f"answer {exchange.n} of {name} ({exchange.fault or 'whole'}) was not kept"


__all__ = ["CODES", "TIMES", "Day", "Ran", "day", "room"]
