"""A scripted model and the command at one bench: what every end-to-end test begins with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Answer, Item, Say, ScriptedServer

CALC = "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n"
"""A file with a mistake in its second line."""

FILES = {"calc.py": CALC, "README.md": "# calc\n\nAdds and subtracts.\n"}
TEXT = "add in calc.py must add its two numbers"
GREEN = "grep -q 'return a + b' calc.py"
"""A gate that the right fix, and only that, passes."""


def block(
    path: str, search: str, replace: str, subject: str = "Add in place of subtracting"
) -> str:
    """A reply with one SEARCH/REPLACE block."""
    fenced = f"```\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n```\n"
    return f"Commit: {subject}\n\n{path}\n{fenced}"


def whole(path: str, text: str) -> str:
    """A reply with one whole file."""
    return f"Commit: Write {path}\n\n{path}\n```\n{text}```\n"


def plan_of(*titles: str) -> str:
    """A reply with a plan of these steps."""
    steps = [{"title": title, "detail": title, "paths": []} for title in titles]
    return json.dumps({"steps": steps})


def line_of(sign: str) -> str:
    """A reply that makes the mistaken line `return a SIGN b`."""
    return block(
        "calc.py", "def add(a, b):\n    return a - b", f"def add(a, b):\n    return a {sign} b"
    )


FIX = line_of("+")

SAMPLE_FIX = block(
    "daybook/intervals.py",
    "            merged[-1] = (merged[-1][0], end)",
    "            merged[-1] = (merged[-1][0], max(merged[-1][1], end))",
    "Keep the longer end when spans are merged",
)


@dataclass(frozen=True)
class Done:
    """How a task's command ended, and the server that it talked to."""

    code: int
    out: str
    err: str
    folder: Path
    server: ScriptedServer
    new: tuple[str, ...]

    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def id(self) -> str:
        """The id of the task, which the command has made."""
        return self.new[0].rpartition("/")[2]

    @property
    def branch(self) -> str:
        """The one branch of the task; empty where it made none."""
        found = [name for name in refs(self.folder, "refs/heads/agent/") if self.id in name]
        return found[0].removeprefix("refs/heads/") if found else ""

    @property
    def asked(self) -> list[str]:
        """The last message of every call, in order."""
        return [call.json["messages"][-1]["content"] for call in self.server.calls]

    def state(self, name: str) -> str:
        """A file of the task's state."""
        return git(self.folder, "show", f"refs/gitagent/{self.id}:{name}")

    def state_names(self) -> list[str]:
        return git(self.folder, "ls-tree", "-r", "--name-only", f"refs/gitagent/{self.id}").split()


class Bench:
    """Runs `git agent` in this process beside a scripted model."""

    def __init__(
        self,
        serve: Callable[[Sequence[Item] | Answer], ScriptedServer],
        run: Callable[..., Any],
    ) -> None:
        self._serve = serve
        self.run = run

    def task(
        self,
        folder: Path,
        *args: str,
        says: Sequence[str | Item] | Answer = (FIX,),
        text: str | None = TEXT,
        env: Mapping[str, str] | None = None,
        git_dir: Path | None = None,
    ) -> Done:
        """`git agent task TEXT ARGS` in `folder`, the model answering with `says`.

        `git_dir` is the root of the repository where `folder` is not.
        """
        root = git_dir or folder
        script = says if callable(says) else [Say(s) if isinstance(s, str) else s for s in says]
        server = self._serve(script)
        before = refs(root, "refs/gitagent/")
        words = ("task", *([] if text is None else [text]), *args)
        ran = self.run(*words, cwd=folder, env={**server.environment, **(env or {})})
        new = [name for name in refs(root, "refs/gitagent/") if name not in before]
        return Done(ran.code, ran.out, ran.err, root, server, tuple(new))


def refs(folder: Path, *patterns: str) -> dict[str, str]:
    """Every ref and what it points to."""
    lines = git(folder, "for-each-ref", "--format=%(refname) %(objectname)", *patterns)
    return dict(line.split() for line in lines.splitlines())


def trailers(folder: Path, commit: str) -> dict[str, str]:
    said = git(folder, "log", "-1", "--format=%(trailers:only,unfold)", commit)
    return dict(line.split(": ", 1) for line in said.splitlines() if line)


def every_object(folder: Path) -> bytes:
    """The content of all objects that the repository has, reachable or not."""
    batch = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
    return subprocess.run(batch, cwd=folder, capture_output=True, check=True).stdout


def alive(marker: str) -> list[str]:
    """The command lines of running processes that hold a marker."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in line:
            found.append(line)
    return found
