#!/usr/bin/env python
"""Record tasks anew, as bundles beside this file, for `git agent replay` to be tested with.

Whoever changes what a prompt says or what the log keeps does this once, on purpose, and commits
what comes out. The tasks run as they do for anybody, by the real command, but for a person, a
host and a process that are nobody's: what is recorded is published.

    python tests/recorded/make.py              all; five need the local model
    python tests/recorded/make.py two-steps    one of them
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE.parent), str(HERE)]

import samples  # noqa: E402
from bench import FILES, FIX, GREEN, TEXT, line_of, plan_of  # noqa: E402

from gitagent.errors import Ending  # noqa: E402
from gitagent.git import log  # noqa: E402
from gitagent.git.repository import GitRepo  # noqa: E402
from gitagent.testing import repositories  # noqa: E402
from gitagent.testing.scripted import Item, Say, ScriptedServer, Status  # noqa: E402

LOCAL = "local/qwen2.5-coder-1.5b"
MOST_BYTES = 30_000
KILLED = -9
WHATEVER_IT_SAYS = tuple(
    ending.exit_code
    for ending in (Ending.DONE, Ending.GATE_FAILED, Ending.NO_CHANGE, Ending.REFUSED)
)

# the kernel's own words for this machine and process would tell whose they are
AS_NOBODY = """
from gitagent import app
from gitagent.domain.run import Process
app.this_process = lambda: Process("example", "boot", "pid:[1]", 4711, "1")
from gitagent.cli.main import run
run()
"""
SUB = line_of("+").replace("def add", "def sub")
TWO_STEPS = plan_of("Add in add", "Turn sub")

Recording = Callable[[Path], None]


def daybook(folder: Path) -> None:
    repositories.sample(folder)
    _agent(folder, "task", repositories.SAMPLE_TASK, "--model", LOCAL)


def slug(folder: Path) -> None:
    repositories.build(folder, samples.SLUG)
    _agent(folder, "task", samples.SLUG_TASK, "--model", LOCAL)


def roman(folder: Path) -> None:
    repositories.build(folder, samples.ROMAN)
    _agent(folder, "task", samples.ROMAN_TASK, "--model", LOCAL)


def bank(folder: Path) -> None:
    repositories.build(folder, samples.BANK)
    _agent(folder, "task", samples.BANK_TASK, "--model", LOCAL)


def duration(folder: Path) -> None:
    """More than the model gets right at its first try."""
    repositories.build(folder, samples.DURATION)
    _agent(folder, "task", samples.DURATION_TASK, "--model", LOCAL)


def two_steps(folder: Path) -> None:
    """A plan of two steps; the first is right at the second try."""
    _scripted(folder, [TWO_STEPS, line_of("*"), FIX, SUB], "task", TEXT, "--plan", "always")


def resumed(folder: Path) -> None:
    """Killed after the first step's first verdict; another model goes on, and fails once."""
    says = [TWO_STEPS, line_of("*")]
    dies = {"GITAGENT_FAILPOINT": "verdict: kept"}
    _scripted(folder, says, "task", TEXT, "--plan", "always", env=dies, code=KILLED)
    again = [Status(503), FIX, SUB]
    _scripted(folder, again, "resume", "--plan", "always", "--model", "openai/another")


BY_SCRIPT: dict[str, Recording] = {"two-steps": two_steps, "resumed": resumed}
BY_MODEL: dict[str, Recording] = {
    "daybook": daybook,
    "slug": slug,
    "roman": roman,
    "bank": bank,
    "duration": duration,
}


def main(names: list[str]) -> int:
    every = BY_SCRIPT | BY_MODEL
    for name in names or every:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place, name)
            every[name](folder)
            print(name, _bundle(folder, HERE / f"{name}.bundle"))
    return 0


def _scripted(
    folder: Path,
    says: list[str | Item],
    *words: str,
    env: Mapping[str, str] | None = None,
    code: int = 0,
) -> None:
    """With the scripted model, on the repository that is there or on a new one."""
    if not folder.exists():
        repositories.build(folder, FILES)
    with ScriptedServer([Say(s) if isinstance(s, str) else s for s in says]) as server:
        asked = {**server.environment, **(env or {})}
        _agent(folder, *words, "--gate", GREEN, env=asked, codes=(code,))


def _agent(
    folder: Path,
    *words: str,
    env: Mapping[str, str] | None = None,
    codes: tuple[int, ...] = WHATEVER_IT_SAYS,
) -> None:
    """The real command, in a clean environment; the local model's files are the caller's."""
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words],
        cwd=folder,
        env={**_environment(folder.parent), **(env or {})},
        capture_output=True,
        text=True,
    )
    if done.returncode not in codes:
        raise SystemExit(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _environment(place: Path) -> dict[str, str]:
    (place / "config").mkdir(exist_ok=True)
    kept = ("HOME", "PATH", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "TMPDIR")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "XDG_CONFIG_HOME": str(place / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_COMMITTER_NAME": "Ada Example",
        "GIT_COMMITTER_EMAIL": "ada@example.invalid",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "TZ": "UTC",
    }


def _bundle(folder: Path, target: Path) -> str:
    """Write the task's refs and its base; how it ended, how many calls it took, how big it is."""
    [ref] = repositories.git(folder, "for-each-ref", "--format=%(refname)", "refs/gitagent").split()
    (said,) = log.summaries(GitRepo.open(folder))
    repositories.git(folder, "bundle", "create", "--quiet", str(target), "--branches", ref)
    size = target.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{target.name} has {size} bytes; {MOST_BYTES} are the most.")
    tries = _tries(folder, ref)
    return f"{said.ending}: {said.totals.calls} calls, {tries} tries, {size} bytes"


def _tries(folder: Path, ref: str) -> int:
    names = repositories.git(folder, "ls-tree", "--name-only", f"{ref}:attempts")
    return len(names.split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
