"""How much of what a model is asked repeats the beginning of what it was asked before.

    python benchmarks/prefix.py [LOG_OF_A_REPOSITORY]

Providers charge less, and local servers read nothing twice, where a prompt begins as an earlier one
did. Measured are the prompts that the logs of tasks hold: those that were recorded for the tests,
with a real local model, and those of a long task that is made up here, by the real command, with
four planned steps of which two are repaired and one does not fit at first. A folder that is named
is a repository whose own tasks are measured instead.

A prompt is its messages one after the other; tokens are its characters by four. The columns, by
job: how many prompts, their tokens, and the share of these that repeat the beginning of any
earlier prompt of the same task to the same model; of the one right before; and what is left of the
first where only whole blocks of 128 tokens from 1,024 on count, as at most providers. The first
prompt of a task cannot repeat anything, so the last line leaves those out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitagent.domain.call import Request
from gitagent.domain.codec import from_json
from gitagent.git.log import TaskLog, tips
from gitagent.git.repository import GitRepo
from gitagent.testing import repositories, synthetic
from gitagent.testing.scripted import Item, Say, ScriptedServer

RECORDED = Path(__file__).resolve().parent.parent / "tests" / "recorded"
CHARACTERS = 4
BLOCK, LEAST = 128, 1024
"""Tokens that a provider's cache counts by, and from which on."""
FILES, STEPS = 60, 4
JOBS = ("plan", "code", "repair")


@dataclass(frozen=True)
class Prompt:
    """One prompt in tokens: all of it, and how much of its beginning repeats what."""

    job: str
    first: bool
    tokens: float
    earlier: float
    previous: float

    @property
    def cached(self) -> float:
        """What a cache by blocks would have of it."""
        return self.earlier // BLOCK * BLOCK if self.earlier >= LEAST else 0.0


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="prefix-") as private:
        if arguments:
            _print("tasks of the repository", _of(Path(arguments[0])))
            return 0
        recorded = [_unbundled(b, Path(private)) for b in sorted(RECORDED.glob("*.bundle"))]
        _print("recorded tasks", [prompt for folder in recorded for prompt in _of(folder)])
        _print("a long task", _of(_long_task(Path(private))))
    return 0


def _print(what: str, prompts: Sequence[Prompt]) -> None:
    print(f"\n{what}")
    print(f"{'':<18}{'prompts':>8}{'tokens':>9}{'earlier':>9}{'previous':>9}{'by blocks':>10}")
    rows: dict[str, Iterable[Prompt]] = {
        job: [prompt for prompt in prompts if prompt.job == job] for job in JOBS
    }
    rows["all"] = prompts
    rows["all but the first"] = [prompt for prompt in prompts if not prompt.first]
    for name, found in rows.items():
        each = list(found)
        if tokens := sum(prompt.tokens for prompt in each):
            shares = [
                sum(getattr(prompt, of) for prompt in each) / tokens
                for of in ("earlier", "previous", "cached")
            ]
            print(
                f"{name:<18}{len(each):>8}{tokens:>9.0f}"
                f"{shares[0]:>9.0%}{shares[1]:>9.0%}{shares[2]:>10.0%}"
            )


def _of(folder: Path) -> list[Prompt]:
    """The prompts of all tasks of a repository."""
    repo = GitRepo.open(folder)
    return [prompt for task in sorted(tips(repo)) for prompt in _of_task(TaskLog.load(repo, task))]


def _of_task(log: TaskLog) -> Iterator[Prompt]:
    before: dict[str, list[str]] = {}
    for call in log.state.calls:
        data = log.read(f"exchange/{call.seq:04}.request.json")
        if data is None:
            continue
        request = from_json(data, Request)
        text = "".join(f"{message.role}\n{message.content}\n" for message in request.messages)
        # a name that only the answer gives would set failed calls apart
        asked = str(json.loads(data).get("asked", f"{call.provider}/{call.model}"))
        earlier = before.setdefault(asked, [])
        yield Prompt(
            request.job,
            not earlier,
            len(text) / CHARACTERS,
            max((_common(text, other) for other in earlier), default=0) / CHARACTERS,
            (_common(text, earlier[-1]) if earlier else 0) / CHARACTERS,
        )
        earlier.append(text)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _unbundled(bundle: Path, private: Path) -> Path:
    """A bare repository with what a bundle holds."""
    folder = private / bundle.stem
    repositories.git(private, "init", "--quiet", "--bare", str(folder))
    repositories.git(folder, "fetch", "--quiet", str(bundle), "refs/*:refs/*")
    return folder


# --- A long task --------------------------------------------------------------------------------


def _long_task(private: Path) -> Path:
    """A repository with one task of planned steps, done by the real command."""
    files = dict(synthetic.files(FILES))
    parts = [_part(n, files) for n in range(STEPS)]
    folder = repositories.build(private / "long", files)
    home = private / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Uma User\n\temail = uma@example.invalid\n")
    text = "Raise the limits: " + "; ".join(f"{part.name} to 77 in {part.path}" for part in parts)
    with ScriptedServer(lambda body: _answer(parts, body)) as server:
        argv = [sys.executable, "-m", "gitagent", "task", text, "--plan", "always"]
        env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(RECORDED.parent.parent),
            **server.environment,
        }
        done = subprocess.run(
            [*argv, "--gate", "! grep -rq '= 666$' src"],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        sys.exit(f"the task ended with {done.returncode}:\n{done.stderr}")
    return folder


@dataclass(frozen=True)
class Part:
    """One step: a constant of a file becomes 77."""

    n: int
    path: str
    name: str
    line: str

    @property
    def title(self) -> str:
        return f"Raise {self.name} to 77"

    def edit(self, value: int, line: str = "") -> str:
        new = f"{self.name} = {value}"
        return (
            f"Commit: {self.title}\n\n{self.path}\n<<<<<<< SEARCH\n{line or self.line}\n=======\n"
            f"{new}\n>>>>>>> REPLACE\n"
        )


def _part(n: int, files: dict[str, Any]) -> Part:
    paths = [path for path in files if re.search(r"(?m)^DEFAULT_\w+ = \d+$", str(files[path]))]
    path = paths[n * len(paths) // STEPS]
    line = re.findall(r"(?m)^DEFAULT_\w+ = \d+$", str(files[path]))[0]
    return Part(n, path, line.split()[0], line)


def _answer(parts: Sequence[Part], body: dict[str, Any]) -> Item:
    """The plan; then, by turns, a step that is right, red at first, or misses its line."""
    messages = body["messages"]
    asked = messages[1]["content"]
    step = re.search(r"(?m)^# Your step now \((\d+) of", asked)
    if step is None:
        rows = [{"title": p.title, "detail": f"In {p.path}.", "paths": [p.path]} for p in parts]
        return Say(json.dumps({"steps": rows}))
    part = parts[int(step.group(1)) - 1]
    if len(messages) > 2 or part.n == 0:
        return Say(part.edit(77))
    return Say(part.edit(77, "NO_SUCH_LINE = 1") if part.n == 2 else part.edit(666))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
