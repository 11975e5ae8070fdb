"""When the gate runs, guarded or not, and when it is refused: with real namespaces switched off."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FILES, FIX

import gitagent
from gitagent.sandbox.choosing import attended
from gitagent.testing.scripted import Say, ScriptedServer

OFF = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
TASK = ["task", "fix add", "--plan", "never"]


def without_namespaces(argv: list[str]) -> list[str]:
    """A command as it runs where the kernel makes no user namespaces."""
    return ["unshare", "--user", "--map-root-user", "sh", "-c", OFF, "sh", *argv]


@pytest.fixture(autouse=True)
def can_be_switched_off() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare to switch namespaces off")
    if subprocess.run(without_namespaces(["true"]), capture_output=True).returncode != 0:
        pytest.skip("namespaces cannot be switched off here, for there are none")


@pytest.fixture
def calc(repo: Callable[..., Path]) -> Path:
    return repo({**FILES, "test_calc.py": "import calc\n\n\ndef test_it():\n    assert calc\n"})


def ran(
    folder: Path, *words: str, terminal: bool = False, **environ: str
) -> subprocess.CompletedProcess[str]:
    """`git agent …` where there are no namespaces, at a terminal or not."""
    env = {name: value for name, value in os.environ.items() if name != "GITAGENT_GATE_SANDBOX"}
    env.pop("CI", None)
    source = str(Path(gitagent.__file__).parent.parent)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (source, env.get("PYTHONPATH"))))
    argv = without_namespaces([sys.executable, "-m", "gitagent", *words])
    if not terminal:
        return subprocess.run(
            argv, cwd=folder, env=env | environ, text=True, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=90,
        )  # fmt: skip
    above, below = pty.openpty()
    try:
        process = subprocess.Popen(
            argv, cwd=folder, env=env | environ, stdin=below, stdout=subprocess.PIPE, stderr=below
        )
        os.close(below)
        out = process.communicate(timeout=90)[0].decode()
        os.set_blocking(above, False)
        err = os.read(above, 1_000_000).decode()
    finally:
        os.close(above)
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


def paid(model: ScriptedServer) -> list[str]:
    """The requests that cost something; its list of models does not."""
    return [request.path for request in model.requests if request.method != "GET"]


def test_where_nobody_watches_it_is_refused_before_anything_is_spent(
    calc: Path, server: Callable[..., Any]
) -> None:
    """Exit 2, the reason, the ways out; no call, no task, no branch."""
    model = server([Say(FIX)])
    done = ran(calc, *TASK, **model.environment)
    assert done.returncode == 2, done.stderr
    assert "The gate would run unguarded" in done.stderr
    assert "GITAGENT_GATE_SANDBOX=plain" in done.stderr
    assert "on agent/" not in done.stderr
    assert paid(model) == []
    refs = subprocess.check_output(["git", "for-each-ref", "--format=%(refname)"], cwd=calc)
    assert b"agent" not in refs


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        pytest.param((), {"GITAGENT_GATE_SANDBOX": "plain"}, id="allowed by the user"),
        pytest.param(("--no-gate",), {}, id="nothing is run"),
    ],
)
def test_it_runs_where_the_user_said_so(
    calc: Path, server: Callable[..., Any], words: tuple[str, ...], environ: dict[str, str]
) -> None:
    """In as many words, or with nothing to guard."""
    done = ran(calc, *TASK, *words, **server([Say(FIX)]).environment, **environ)
    assert done.returncode == 0, done.stderr


def test_at_a_terminal_it_runs_with_a_warning(calc: Path, server: Callable[..., Any]) -> None:
    """Somebody is there to read it."""
    done = ran(calc, *TASK, terminal=True, **server([Say(FIX)]).environment)
    assert done.returncode == 0, done.stderr
    assert "runs with your rights" in done.stderr.replace("\r\n", " ")


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"GITAGENT_GATE_SANDBOX": "bubblewrap"}])
def test_a_terminal_is_not_enough(
    calc: Path, server: Callable[..., Any], environ: dict[str, str]
) -> None:
    """In CI nobody reads, whatever terminal it has; and who asks for bubblewrap means it."""
    model = server([Say(FIX)])
    done = ran(calc, *TASK, terminal=True, **model.environment, **environ)
    assert done.returncode == 2, done.stderr
    assert paid(model) == []


def test_a_repository_cannot_allow_it(
    repo: Callable[..., Path], server: Callable[..., Any]
) -> None:
    """Its value is ignored, and said; neither its file nor its .git/config opens the door."""
    files = {
        **FILES,
        "gitagent.toml": '[gate]\nsandbox = "plain"\n',
        "test_calc.py": "import calc\n",
    }
    folder = repo(files)
    subprocess.run(["git", "config", "agent.gate.sandbox", "plain"], cwd=folder, check=True)
    done = ran(folder, *TASK, **server([Say(FIX)]).environment)
    assert done.returncode == 2, done.stderr
    assert (
        "`gate.sandbox` is taken from your own side only" in ran(folder, "config", "check").stdout
    )


def test_the_doctor_says_what_is_missing(calc: Path, server: Callable[..., Any]) -> None:
    """And how to get it."""
    done = ran(calc, "doctor", **server([]).environment)
    assert "bubblewrap" in done.stdout
    assert "only at a terminal" in done.stdout


def test_an_accepted_task_is_gated_under_the_same_rule(
    calc: Path, server: Callable[..., Any]
) -> None:
    """What came from a task without a gate is not run unguarded at its end, either."""
    ran(calc, *TASK, "--no-gate", **server([Say(FIX)]).environment)
    task = ran(calc, "list", "--json").stdout.split('"id": "')[1].partition('"')[0]
    before = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=calc)
    done = ran(calc, "accept", task)
    assert done.returncode == 2, done.stderr
    assert subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=calc) == before


def test_somebody_watches_at_terminals_only() -> None:
    """`CI=false` is no CI."""
    assert attended({"CI": "false"}, True, True)
    assert not attended({"CI": "1"}, True, True)
    assert not attended({}, True, False)
