"""The fixtures that every test leans on keep what they promise."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say, ScriptedServer

TESTS = Path(__file__).parent.parent


def inner_run(folder: Path, code: str, **env: str) -> str:
    """Run a test file of its own under the project's conftest, with more in its environment."""
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = local_model: needs the weights\n")
    (folder / "test_inner.py").write_text(code)
    path = os.pathsep.join([str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", str(folder)]
    bare = {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **bare, **env}, capture_output=True
    )
    return done.stdout.decode()


def test_no_key_or_endpoint_reaches_a_test(tmp_path: Path) -> None:
    """A developer with keys in the environment cannot pay for a test by accident."""
    code = """
import os
def test_inner(home):
    assert not [v for v in os.environ.values() if "FAKEKEY" in v]
    assert os.environ["HOME"] == str(home) and os.environ["XDG_CONFIG_HOME"].startswith(str(home))
    assert "GIT_DIR" not in os.environ and os.environ["GIT_CONFIG_NOSYSTEM"] == "1"
"""
    keys = "OPENAI_API_KEY OPENAI_BASE_URL OPENROUTER_API_KEY ANTHROPIC_API_KEY GITAGENT_MODEL"
    more = "GEMINI_API_KEY GIT_DIR https_proxy"
    planted = dict.fromkeys(f"{keys} {more}".split(), "FAKEKEY")
    assert "1 passed" in inner_run(tmp_path, code, **planted)


def test_the_home_is_empty_but_for_an_identity(home: Path, tmp_path: Path) -> None:
    """Git finds a committer; nothing else of a person is there."""
    said = subprocess.run(["git", "var", "GIT_COMMITTER_IDENT"], cwd=tmp_path, capture_output=True)
    assert said.stdout.startswith(b"Uma User <uma@example.invalid>")
    assert Path.home() == home
    assert [p for p in home.rglob("*") if p.is_file()] == [home / ".gitconfig"]


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(("api.openai.com", 443), timeout=1),
        lambda: socket.getaddrinfo("example.com", 80),
        lambda: socket.socket().connect(("192.0.2.1", 80)),
        lambda: socket.socket(socket.AF_INET6).connect_ex(("2001:db8::1", 80)),
    ],
)
def test_the_way_out_is_closed(reach: Callable[[], Any]) -> None:
    """Names and addresses beyond this machine fail the test at once, by name."""
    with pytest.raises(pytest.fail.Exception, match="only loopback"):
        reach()


def test_loopback_and_local_sockets_stay_open(
    server: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    """Real servers on this machine are what tests are made of."""
    port = int(server([]).base_url.split(":")[2].split("/")[0])
    for host in ("127.0.0.1", "localhost"):
        socket.create_connection((host, port), timeout=5).close()
    with socket.socket(socket.AF_UNIX) as local, socket.socket(socket.AF_UNIX) as peer:
        local.bind(str(tmp_path / "s"))
        local.listen()
        peer.connect(str(tmp_path / "s"))


def test_repo_makes_the_sample_or_what_is_asked_for(repo: Callable[..., Path]) -> None:
    """One fixture, any number of repositories."""
    assert (repo() / "daybook" / "intervals.py").is_file()
    assert git(repo({"a": "1"}, name="other"), "ls-files") == "a\n"


def test_servers_stop_with_their_test(tmp_path: Path) -> None:
    """A factory's servers do not outlive the test that started them."""
    code = """
import socket
ports = []
def test_first(server):
    ports.append(int(server([]).base_url.split(":")[2].split("/")[0]))
def test_second():
    assert socket.socket().connect_ex(("127.0.0.1", ports[0])) != 0
"""
    assert "2 passed" in inner_run(tmp_path, code)


def test_agent_runs_the_real_command_and_kills_what_hangs(tmp_path: Path) -> None:
    """`python -m gitagent` in the folder and environment given; its whole group ends in time."""
    code = """
import pytest, gitagent
from pathlib import Path
@pytest.fixture(autouse=True)
def stand_in(tmp_path, monkeypatch):
    package = tmp_path / "stand" / "gitagent"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text('''
import json, os, subprocess, sys, time
if "hang" in sys.argv:
    print("begun", flush=True)
    subprocess.run(["sleep", "60"])
print(json.dumps([sys.argv[1:], os.getcwd(), os.environ.get("EXTRA"), sys.stdin.read()]))
sys.exit(7)
''')
    monkeypatch.setattr(gitagent, "__file__", str(package / "__init__.py"))
def test_runs(agent, tmp_path):
    ran = agent("a", "b", cwd=tmp_path, env={"EXTRA": "e"}, input="in")
    assert ran.json() == [["a", "b"], str(tmp_path), "e", "in"]
    assert (ran.code, ran.err) == (7, "")
def test_hangs(agent, tmp_path):
    with pytest.raises(pytest.fail.Exception, match="begun"):
        agent("hang", cwd=tmp_path, timeout=1)
"""
    assert "2 passed" in inner_run(tmp_path, code)


def test_agent_inline_runs_the_entry_in_this_process(tmp_path: Path) -> None:
    """Arguments, streams, folder and exit code are the command's own, and are put back."""
    code = """
import os, sys, types
def run():
    print(sys.argv, os.path.basename(os.getcwd()), os.environ["EXTRA"], sys.stdin.read())
    sys.stdout.buffer.write(b"\\xff")
    sys.stderr.write("progress")
    sys.exit(4)
def test_inner(agent_inline, tmp_path, monkeypatch):
    for name in ("gitagent.cli", "gitagent.cli.main"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["gitagent.cli.main"].run = run
    ran = agent_inline("x", cwd=tmp_path, env={"EXTRA": "e"}, input="in")
    assert (ran.code, ran.err) == (4, "progress")
    assert ran.out == f"['git-agent', 'x'] {tmp_path.name} e in\\n\\\\xff"
    assert "EXTRA" not in os.environ
"""
    assert "1 passed" in inner_run(tmp_path, code)


def test_local_model_tests_run_only_where_the_weights_are(tmp_path: Path) -> None:
    """The weights are found before the home is changed, and named where they are absent."""
    code = """
import os, pytest
@pytest.mark.local_model
def test_inner(weights):
    assert weights.read_text() == "w" and os.environ["GITAGENT_TEST_WEIGHTS"] == str(weights)
"""
    absent = inner_run(tmp_path, code, GITAGENT_TEST_WEIGHTS=str(tmp_path / "none"))
    assert "1 skipped" in absent
    assert "no weights at" in absent
    (tmp_path / "w.gguf").write_text("w")
    assert "1 passed" in inner_run(tmp_path, code, GITAGENT_TEST_WEIGHTS=str(tmp_path / "w.gguf"))


def test_a_served_answer_reaches_a_client(server: Callable[..., ScriptedServer]) -> None:
    """The environment a server offers is all that a client needs."""
    running = server([Say("hello")])
    assert running.environment["OPENAI_BASE_URL"] == running.base_url
    assert running.environment["OPENAI_API_KEY"].startswith("FAKEKEY")
