"""Runs a command in namespaces of its own, by bubblewrap.

It sees the system's programs, a tree, and what it was brought: no network but its own loopback, no
home, no process of anybody else, nothing of the environment but a few names. What it writes is
thrown away. It is ended where it uses too much, and nothing that it started outlives it.
"""

from __future__ import annotations

import json
import os
import posixpath
import resource
import secrets
import selectors
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from gitagent.domain.verdict import Bring
from gitagent.errors import AgentError, Unwritable
from gitagent.ports import Execution
from gitagent.sandbox import seccomp, system
from gitagent.sandbox.bringing import Bringing
from gitagent.sandbox.inherited import inherited
from gitagent.sandbox.limits import Limits, amount
from gitagent.sandbox.mounts import MEMORY_FOLDERS, Mounts
from gitagent.sandbox.probe import ISOLATED, Bubblewrap
from gitagent.sandbox.usage import Usage
from gitagent.sandbox.watch import MARKER, Watched
from gitagent.scratch import private_folder

_NOTHING: Mapping[str, str] = MappingProxyType({})
_SIGNALLED = 128
_STARTING = 10.0
_CHUNK = 65_536
_ROOM = 2
_NOT_STARTED = "bwrap: execvp "
_TAKEN = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/tmp",
          system.HOME)  # fmt: skip
_OTHERS = ("/proc", "/dev", "/sys")
PLACE = "/checkout"
"""Where a tree is seen that belongs to no checkout."""


def place_for(checkout: Path | None) -> str:
    """Where a tree is seen: at the checkout's own path, which scripts and caches know by heart,
    unless the sandbox needs that path for itself."""
    if checkout is None:
        return PLACE
    place = os.path.normpath(checkout)
    taken = any(need == place or need.startswith(place.rstrip("/") + "/") for need in _TAKEN)
    other = any(place == need or place.startswith(f"{need}/") for need in _OTHERS)
    return PLACE if taken or other else place


@dataclass(frozen=True)
class BwrapSandbox:
    """A Sandbox made of bubblewrap, a filter of calls, limits and the reaper.

    The tree is seen at `at`. `checkout` is the folder that the user works in. Nothing brought may
    open one of the `closed` folders, the user's own; the `covered` ones, of the repository, are not
    to be seen either. What a command writes goes below `scratch`, a folder of ours. `grace` is how
    many seconds a command has between being asked to end and being ended.
    """

    tool: Bubblewrap
    scratch: Path
    at: str = PLACE
    checkout: str = ""
    closed: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    limits: Limits = field(default_factory=Limits.of_this_machine)
    grace: float = 0.5
    isolates: ClassVar[bool] = True

    @property
    def keeps_folder(self) -> bool:
        """Whether a folder is after a run what it was before."""
        return self.tool.overlay != "none"

    def seen(self, folder: Path) -> Path:
        """Where a command finds the tree that is in `folder`."""
        return Path(self.at)

    def run(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        timeout: float,
        env: Mapping[str, str] = _NOTHING,
        inside: str = "",
        brings: Sequence[Bring] = (),
        results: Path | None = None,
    ) -> Execution:
        """Run `argv` in the tree of `folder` for at most `timeout` seconds; see ports.Sandbox.

        Raises AgentError where the folder is not there or no sandbox can be made, Unwritable where
        there is no room for one.
        """
        try:
            return self._run(argv, folder, timeout, env, inside, brings, results)
        except OSError as error:
            raise Unwritable(f"{self.scratch} cannot be written to: {error.strerror}.") from error

    def _run(
        self,
        argv: Sequence[str],
        folder: Path,
        timeout: float,
        env: Mapping[str, str],
        inside: str,
        brings: Sequence[Bring],
        results: Path | None,
    ) -> Execution:
        if not (folder / inside).is_dir():
            raise AgentError(
                f"No command can be run in {folder / inside}: there is no such folder."
            )
        started = time.monotonic()
        with private_folder(self.scratch, "gate-") as private:
            etc, overlay = system.etc_in(self.scratch), self.tool.overlay
            mounts = Mounts(folder, self.at, private, etc, overlay, self.limits)
            checkout = self.checkout or self.at
            bringing = Bringing(self.at, folder, checkout, self.closed, self.covered)
            bringing.take(brings)
            there = mounts.arguments(bringing, results)
            options = [*self._isolated(), *there, *self._started(inside, env)]
            with _Run.of(self, options, argv) as run:
                ended = run.to_the_end(started + timeout, private, self.grace)
        done = run.execution(time.monotonic() - started, *ended)
        said = "".join(f"{note}\n" for note in mounts.notes) if done.exit_code != 0 else ""
        return replace(done, output=said + done.output)

    def _isolated(self) -> list[str]:
        user, group = (str(number) for number in system.identity())
        closed = ["--disable-userns"] if self.tool.closes else []
        return [*ISOLATED, *closed, "--uid", user, "--gid", group, "--hostname", system.HOST]

    def _started(self, inside: str, env: Mapping[str, str]) -> list[str]:
        names = inherited(self.environ, system.HOME, "/tmp") | dict(env)
        told = [part for item in names.items() for part in ("--setenv", *item)]
        return [*told, "--chdir", posixpath.normpath(posixpath.join(self.at, inside))]


@dataclass
class _Run:
    """One bubblewrap below the reaper: held until its limits are set, looked at, ended."""

    watched: Watched
    token: str
    status: int
    limits: Limits
    init: int = 0
    handle: int = -1
    said: bytes = b""

    @classmethod
    @contextmanager
    def of(
        cls, sandbox: BwrapSandbox, options: Sequence[str], argv: Sequence[str]
    ) -> Iterator[_Run]:
        """A command that has begun; on the way out it is ended with all that it started."""
        token = secrets.token_hex(16)
        with ExitStack() as opened:
            status, status_in = _pipe(opened)
            gate, gate_in = _pipe(opened)
            calls = _filled(opened, seccomp.program())
            held = ["--json-status-fd", str(status_in), "--block-fd", str(gate)]
            held += ["--seccomp", str(calls)] if seccomp.program() else []
            told = _filled(opened, b"".join(os.fsencode(each) + b"\0" for each in options))
            watched = Watched.start(
                [sandbox.tool.program, *held, "--args", str(told), "--", *argv],
                Path("/"),
                {"PATH": os.defpath, MARKER: token},
                limits=(0, None, sandbox.limits.file_size),
                grace=0.0,
                cap=sandbox.limits.output,
                passed=(status_in, gate, calls, told),
            )
            run = cls(watched, token, status, sandbox.limits)
            try:
                run._begin(gate_in)
                yield run
            finally:
                watched.end(token)
                run._listen()
                if run.init:
                    os.close(run.handle)

    def _begin(self, gate: int) -> None:
        """Set the limits of the first process, which hands them on, and let it go on."""
        with selectors.DefaultSelector() as ready:
            ready.register(self.status, selectors.EVENT_READ)
            ready.register(self.watched.status, selectors.EVENT_READ)
            while not self.said.endswith(b"}\n"):
                if self.status not in {key.fd for key, _ in ready.select(_STARTING)}:
                    return  # it ended, or it hangs: the reason is in its output
                self.said += os.read(self.status, _CHUNK)
        init = int(json.loads(self.said)["child-pid"])
        # opened while the process waits for us: a short command is over before anybody looks
        self.handle, self.init = os.pidfd_open(init), init
        with suppress(OSError, ValueError):
            # The kernel's own bound, which does not hold for root, is behind ours, which is named.
            most = _ROOM * self.limits.tasks
            resource.prlimit(self.init, resource.RLIMIT_NPROC, (most, most))
        os.write(gate, b"\n")

    def to_the_end(self, deadline: float, disk: Path, grace: float) -> tuple[bool, str]:
        """Whether the time was up, and which other limit was passed."""
        if not self.init:
            return False, ""
        with closing(Usage(self.init, self.limits, MEMORY_FOLDERS, disk)) as usage:
            passed = self.watched.until(deadline, usage.passed)
            if passed:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            elif self.watched.report is None and usage.ask_to_end():
                self.watched.until(time.monotonic() + grace, usage.passed)
                return True, ""
        return not passed and self.watched.report is None, passed

    def _listen(self) -> None:
        os.set_blocking(self.status, False)
        with suppress(BlockingIOError):
            self.said += os.read(self.status, _CHUNK)

    def execution(self, seconds: float, timed_out: bool, passed: str) -> Execution:
        """What became of the command; AgentError where it could not even begin."""
        output = self.watched.capture.text()
        if timed_out or passed:
            said = f"{output}\n[ended: {passed}]\n" if passed else output
            return Execution(None, said, seconds, timed_out, passed)
        code = self._exit_code()
        if code is None and output.startswith(_NOT_STARTED):
            reason = output.removeprefix(_NOT_STARTED)
            return Execution(None, f"The command cannot be started: {reason}", seconds)
        if code is None:
            raise AgentError(f"The sandbox cannot be made: {output.strip() or 'it gave no reason'}")
        if code == -signal.SIGXFSZ:
            passed = f"it wrote a file of more than {amount(self.limits.file_size)}"
        return Execution(code, output, seconds, False, passed)

    def _exit_code(self) -> int | None:
        """That of the command, a signal's being negative; None where it did not begin."""
        documents = [json.loads(line) for line in self.said.splitlines() if b"exit-code" in line]
        code = documents[0]["exit-code"] if documents else None
        return code if code is None or code <= _SIGNALLED else _SIGNALLED - code


def _pipe(opened: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        opened.callback(os.close, end)
    return ends


def _filled(opened: ExitStack, data: bytes) -> int:
    """A file without a name that holds `data`, to be read from its beginning."""
    file = os.memfd_create("given")
    opened.callback(os.close, file)
    with os.fdopen(os.dup(file), "wb") as writing:
        writing.write(data)
    os.lseek(file, 0, os.SEEK_SET)
    return file
