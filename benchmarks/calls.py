"""What a model call costs with all that stands around it, beside the bare client and two peers.

    python benchmarks/calls.py [--calls N] [--folder FOLDER] [--litellm PYTHON]

All ask the same scripted model, which answers at once from a process of its own, over the same
streamed protocol, with prompts of 20 KB. They take turns, call by call: the openai package without
retries, which is the floor; the same with its own two retries; our client alone; our whole stack
without a log; our whole stack with the log of a task in a real repository, two events a call,
synced to the disk. PYTHON is the interpreter of an environment that has litellm (`python -m venv
V && V/bin/pip install litellm`): its Router with two retries takes part from a process of its own,
beside the openai package that it brings along.

The figure: the whole stack adds less than 5 ms to a call, as the median of its differences to the
bare client in the same round. Exit code 1 where it is missed. FOLDER is on the disk to be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gitagent.domain.call import Message, Request
from gitagent.domain.event import Kind
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.llm.breaker import Breaker, BreakerModel
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.fallback import FallbackModel, Member
from gitagent.llm.journal import JournalModel, KnownBadModel
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.llm.reask import ReaskModel
from gitagent.llm.redacting import HidingModel, RedactingModel
from gitagent.llm.retry import RetryModel
from gitagent.llm.throttle import Throttle, ThrottledModel
from gitagent.ports import Log, Model, ModelProfile
from gitagent.redaction import Redactor
from gitagent.testing import long_task, synthetic

LIMIT_S = 0.005
WARM_UP = 5
PROMPT_CHARACTERS = 20_000
SAID = "Commit: Check it\n\n" + "x = 1  # a line of code\n" * 40
BARE, STACK = "openai, bare", "gitagent, whole stack"
PROFILE = ModelProfile(
    "scripted", "p", 128_000, 4096, "search-replace", input_price=1.0, output_price=2.0
)

Ask = Callable[[int], None]
"""Makes one call, the N-th, and reads the whole answer."""

CHILD = """
import json, os, sys, time
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
asked = json.loads(sys.stdin.readline())
import litellm, openai
litellm.telemetry = False
bare = openai.OpenAI(base_url=asked["url"], api_key="none", max_retries=0)
at = {"model": "openai/scripted", "api_base": asked["url"], "api_key": "none"}
router = litellm.Router([{"model_name": "scripted", "litellm_params": at}], num_retries=2)
create = {"openai": bare.chat.completions.create, "litellm": router.completion}
print("ready", flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    text = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in create[line.strip()](**asked["body"])
        if chunk.choices
    )
    seconds = time.perf_counter() - began
    assert text == asked["said"], text
    print(seconds, flush=True)
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, usage=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--litellm", metavar="PYTHON", default="")
    asked = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="calls-", dir=asked.folder) as private,
        _server(Path(private)) as url,
        _peers(asked.litellm, url) as peers,
    ):
        _set_up(Path(private))
        contenders = {**_ours(Path(private), url), **peers}
        times = _measured(contenders, asked.calls)
    return int(_reported(times) > LIMIT_S)


def _set_up(private: Path) -> None:
    config = private / ".gitconfig"
    config.write_text("[user]\n\tname = Uma User\n\temail = uma@example.invalid\n")
    os.environ |= {"HOME": str(private), "GIT_CONFIG_GLOBAL": str(config)}


def _measured(
    contenders: Mapping[str, Callable[[int], float]], count: int
) -> dict[str, list[float]]:
    """Seconds of each call; whoever comes behind another one does so by chance."""
    names = list(contenders)
    times: dict[str, list[float]] = {name: [] for name in names}
    for n in range(-WARM_UP, count):
        for name in random.Random(n).sample(names, len(names)):
            seconds = contenders[name](n + WARM_UP)
            if n >= 0:
                times[name].append(seconds)
    return times


def _reported(times: Mapping[str, list[float]]) -> float:
    """Print the table; the median of what our whole stack adds to a call."""
    print(f"{'':<28}{'median':>10}{'p90':>10}{'over bare':>11}{'ratio':>8}")
    added = {}
    for name, each in times.items():
        floor = times["openai of litellm" if name.startswith("litellm") else BARE]
        added[name] = statistics.median(a - b for a, b in zip(each, floor, strict=True))
        ratio = statistics.median(each) / statistics.median(floor)
        slow = sorted(each)[int(len(each) * 0.9)]
        print(
            f"{name:<28}{statistics.median(each) * 1000:7.2f} ms{slow * 1000:7.2f} ms"
            f"{added[name] * 1000:+8.2f} ms{ratio:6.2f} x"
        )
    print(f"limit: {STACK} {LIMIT_S * 1000:+.2f} ms")
    return added[STACK]


# --- The model ----------------------------------------------------------------------------------


@contextmanager
def _server(private: Path) -> Iterator[str]:
    """A scripted model in a process of its own, so that it takes no time from who asks."""
    script = private / "script.json"
    script.write_text(json.dumps([SAID] * 100_000))
    argv = [sys.executable, "-m", "gitagent.testing.scripted", str(script)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()


def _messages(n: int) -> list[dict[str, str]]:
    code = synthetic.source(1)
    code *= PROMPT_CHARACTERS // len(code) + 1
    return [
        {"role": "system", "content": long_task.RULES},
        {"role": "user", "content": f"{code[:PROMPT_CHARACTERS]}\nCall {n}: check it.\n"},
    ]


def _body(n: int) -> dict[str, Any]:
    return {
        "model": "scripted",
        "messages": _messages(n),
        "max_tokens": 4096,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


# --- Who asks -----------------------------------------------------------------------------------


def _ours(private: Path, url: str) -> dict[str, Callable[[int], float]]:
    repo = GitRepo.open(long_task.repository(private / "repository"))
    log = TaskLog.create(repo, long_task.new(repo, "abc123"))
    client = ChatClient(Endpoint("p", url, "scripted", "none"), PROFILE, trace_id=long_task.TRACE)
    unkept = NoLog(log.state)
    return {
        BARE: _timed(_bare(url, 0)),
        "openai, 2 retries": _timed(_bare(url, 2)),
        "gitagent, client alone": _timed(_asking(client)),
        "gitagent, stack without log": _timed(_asking(_stack(url, unkept, private / "one"))),
        STACK: _timed(_asking(_stack(url, log, private / "two"))),
    }


def _timed(ask: Ask) -> Callable[[int], float]:
    def timed(n: int) -> float:
        began = time.perf_counter()
        ask(n)
        return time.perf_counter() - began

    return timed


def _bare(url: str, retries: int) -> Ask:
    import openai

    create: Any = openai.OpenAI(
        base_url=url, api_key="none", max_retries=retries
    ).chat.completions.create

    def ask(n: int) -> None:
        chunks = [chunk for chunk in create(**_body(n)) if chunk.choices]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == SAID

    return ask


def _asking(model: Model) -> Ask:
    def ask(n: int) -> None:
        messages = tuple(Message(m["role"], m["content"]) for m in _messages(n))  # type: ignore[arg-type]
        request = Request("propose", messages, 4096, step=1, attempt=n + 1)
        assert model.complete(request).text == SAID

    return ask


def _stack(url: str, log: Log, shared: Path) -> Model:
    """As a task has it, with one provider, its key limited and watched over as any is."""
    redactor, key = Redactor.of(os.environ), "p and its key"
    throttle, breaker = Throttle(shared, key), Breaker(shared, key)
    ledger = Ledger(log, Budget(1e6, 1_000_000))
    client = ChatClient(
        Endpoint("p", url, "scripted", "none"),
        PROFILE,
        trace_id=long_task.TRACE,
        on_headers=lambda _headers: None,
        hide=redactor.hide,
    )
    paid = LedgerModel(HidingModel(client, redactor), ledger)
    limited = BreakerModel(ThrottledModel(paid, throttle), breaker)
    member = ReaskModel(KnownBadModel(RetryModel(limited), ledger))
    return RedactingModel(JournalModel(FallbackModel([Member(member)]), ledger), redactor)


class NoLog:
    """Implements ports.Log in memory: what the stack costs without the repository."""

    def __init__(self, state: TaskState) -> None:
        self.state = state

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
        self.state = replace(self.state, **changes)

    def note(self, **facts: Any) -> None:
        self.state = replace(self.state, **facts)

    def add_attempt(self, attempt: Attempt) -> None: ...

    def add_checkpoint(self, checkpoint: Checkpoint) -> Checkpoint:
        return checkpoint

    def settle(self) -> str:
        return ""

    def read(self, name: str) -> bytes | None:
        return None


@contextmanager
def _peers(python: str, url: str) -> Iterator[dict[str, Callable[[int], float]]]:
    """litellm's Router and the openai package beside it, in their own environment."""
    if not python:
        print("litellm takes no part: --litellm PYTHON names an environment that has it")
        yield {}
        return
    child = subprocess.Popen(
        [python, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    to, come = child.stdin, child.stdout

    def told(line: str) -> str:
        to.write(f"{line}\n")
        to.flush()
        return come.readline().strip()

    try:
        if told(json.dumps({"url": url, "body": _body(0), "said": SAID})) != "ready":
            sys.exit(f"{python} has no litellm that works")
        yield {
            "openai of litellm": lambda _n: float(told("openai")),
            "litellm Router, 2 retries": lambda _n: float(told("litellm")),
        }
    finally:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
