"""What every test stands on: an empty home, no way out, real repositories and real processes."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gitagent
from gitagent.sandbox.probe import Bubblewrap, probe
from gitagent.testing import repositories
from gitagent.testing.scripted import Answer, Item, ScriptedServer

WEIGHTS = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"

_REMOVED_PREFIXES = ("OPENAI", "OPENROUTER", "ANTHROPIC", "GITAGENT_", "GIT_", "XDG_", "OTEL_")
_REMOVED_SUFFIXES = ("_API_KEY", "_API_BASE", "_BASE_URL", "_PROXY")
_weights = pytest.StashKey[Path]()
_guarded = pytest.StashKey[bool]()


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


# --- The home ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> Path:
    """An empty home, no keys, no configuration but a git identity: no model can be paid from it."""
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        upper = name.upper()
        if upper.startswith(_REMOVED_PREFIXES) or upper.endswith(_REMOVED_SUFFIXES):
            monkeypatch.delenv(name)
    config = folder / ".gitconfig"
    config.write_text(
        "[user]\n\tname = Uma User\n\temail = uma@example.invalid\n[init]\n\tdefaultBranch = main\n"
    )
    for name, value in _home_variables(folder, config).items():
        monkeypatch.setenv(name, value)
    if not pytestconfig.stash[_guarded]:
        # what a user must say, too, on a machine without namespaces
        monkeypatch.setenv("GITAGENT_GATE_SANDBOX", "plain")
    if pytestconfig.stash[_weights].is_file():
        monkeypatch.setenv("GITAGENT_TEST_WEIGHTS", str(pytestconfig.stash[_weights]))
    return folder


def _home_variables(home: Path, config: Path) -> dict[str, str]:
    xdg = {f"XDG_{kind}_HOME": home / ".local" / kind.lower() for kind in ("DATA", "STATE")}
    xdg |= {"XDG_CONFIG_HOME": home / ".config", "XDG_CACHE_HOME": home / ".cache"}
    xdg["XDG_RUNTIME_DIR"] = home / ".run"
    for folder in xdg.values():
        folder.mkdir(mode=0o700, parents=True)
    return {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(config),
        **{name: str(folder) for name, folder in xdg.items()},
    }


# --- The network ------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test that looks up or connects to anything but this machine."""
    resolve, connect, connect_ex = (
        socket.getaddrinfo,
        socket.socket.connect,
        socket.socket.connect_ex,
    )

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        _only_loopback(host)
        return resolve(host, *args, **kwargs)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _only_loopback(_host(self, address))
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _only_loopback(_host(self, address))
        return connect_ex(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)
    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


def _host(connecting: socket.socket, address: Any) -> Any:
    internet = connecting.family in (socket.AF_INET, socket.AF_INET6)
    return address[0] if internet else None


def _only_loopback(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(name).is_loopback:
            return
    pytest.fail(f"A test tried to reach {name}: only loopback is allowed.")


# --- Repositories and models ------------------------------------------------------------------


class RepositoryMaker:
    """Makes repositories in the test's folder: the sample, or one out of given files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, files: Mapping[str, repositories.Content] | None = None, *, name: str = "repo"
    ) -> Path:
        folder = self._folder / name
        if files is None:
            return repositories.sample(folder)
        return repositories.build(folder, files)


@pytest.fixture
def repo(tmp_path: Path) -> RepositoryMaker:
    """`repo()` makes the sample repository, `repo({path: content})` one of these files."""
    return RepositoryMaker(tmp_path)


@pytest.fixture
def server() -> Iterator[Callable[[Sequence[Item] | Answer], ScriptedServer]]:
    """`server(script)` starts a scripted model; the test's end stops it."""
    with contextlib.ExitStack() as stack:
        yield lambda script: stack.enter_context(ScriptedServer(script))


# --- The command ------------------------------------------------------------------------------


class Agent:
    """Runs the real command as a process of its own, in its own process group."""

    def __call__(
        self,
        *args: str,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        input: str = "",
        timeout: float = 60.0,
    ) -> Ran:
        process = self.start(*args, cwd=cwd, env=env)
        try:
            out, err = process.communicate(input.encode(), timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f"{args} took over {timeout} s:\n{_text(out)}\n{_text(err)}")
        return Ran(process.returncode, _text(out), _text(err))

    def start(
        self, *args: str, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """The command while it runs, for tests that kill it; the caller waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "gitagent", *args],
            cwd=cwd,
            env=_with_package({**os.environ, **(env or {})}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


def _with_package(env: dict[str, str]) -> dict[str, str]:
    """The same gitagent as the tests', from whatever folder the command runs in."""
    source = str(Path(gitagent.__file__).parent.parent)
    return {**env, "PYTHONPATH": os.pathsep.join(filter(None, (source, env.get("PYTHONPATH"))))}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


@pytest.fixture
def agent() -> Agent:
    """`agent(*args, cwd=…, env=…)` runs the command and returns code, out, err and json()."""
    return Agent()


@pytest.fixture
def agent_inline(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """As `agent`, in this process: faster, and a debugger can step into it."""

    def run_inline(
        *args: str, cwd: Path, env: Mapping[str, str] | None = None, input: str = ""
    ) -> Ran:
        from gitagent.cli.main import run

        printed = io.BytesIO(), io.BytesIO()
        streams = [io.TextIOWrapper(data, "utf-8", write_through=True) for data in printed]
        with monkeypatch.context() as patch:
            patch.chdir(cwd)
            patch.setattr(sys, "argv", ["git-agent", *args])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input.encode())))
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            code = _exit_code(run)
        return Ran(code, *(_text(data.getvalue()) for data in printed))

    return run_inline


def _exit_code(run: Callable[[], Any]) -> int:
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


# --- The local model --------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Find the weights before any test gets another home, and what the gate can be guarded by."""
    config.stash[_weights] = _weights_path()
    with tempfile.TemporaryDirectory() as scratch:
        config.stash[_guarded] = isinstance(probe(os.environ, Path(scratch)), Bubblewrap)


def _weights_path() -> Path:
    if named := os.environ.get("GITAGENT_TEST_WEIGHTS"):
        return Path(named).resolve()
    from platformdirs import user_data_path

    return user_data_path("gitagent") / "models" / WEIGHTS


@pytest.fixture
def weights(pytestconfig: pytest.Config) -> Path:
    """The local model's file, for tests marked `local_model`."""
    return pytestconfig.stash[_weights]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs the weights where they are absent, and say where they were looked for."""
    if config.stash[_weights].is_file():
        return
    absent = pytest.mark.skip(reason=f"no weights at {config.stash[_weights]}")
    for item in items:
        if item.get_closest_marker("local_model"):
            item.add_marker(absent)
