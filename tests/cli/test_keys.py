"""Where keys are found is said; the keys themselves never are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench import FILES, FIX, GREEN, TEXT, every_object

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say, ScriptedServer

KEY = "FAKEKEY-of-the-ring"
BACKEND = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
CONFIG = """
[keys]
keyring = true
[providers.work]
base_url = "URL"
key_env = "WORK_KEY"
model = "scripted"
[models.scripted]
input_price = 1.0
"""


@pytest.fixture
def at_work(home: Path, repo: Any, agent: Any, tmp_path: Path) -> Any:
    """Runs commands where the key of the one provider lies in a real keyring, and nowhere else."""
    put = f"import keyring; keyring.set_password('gitagent', 'work', '{KEY}')"
    folder = repo(FILES)
    subprocess.run([sys.executable, "-c", put], check=True, env={**os.environ, **BACKEND})
    place = home / ".config" / "gitagent" / "gitagent.toml"
    place.parent.mkdir(parents=True)
    with ScriptedServer([Say(FIX)]) as server:
        place.write_text(CONFIG.replace("URL", server.base_url))

        def run(*args: str, **env: str) -> Any:
            return agent(*args, cwd=folder, env={**BACKEND, **env}), server

        yield run


@pytest.mark.parametrize(
    "command",
    [
        ("doctor",),
        ("models", "list"),
        ("models", "route", "Fix it"),
        ("models", "update", "work/*"),
        ("config", "show", "--json"),
    ],
)
def test_a_key_of_the_keyring_is_used_and_never_shown(
    at_work: Any, home: Path, command: tuple[str, ...]
) -> None:
    """It goes to its endpoint; not to the screen, nor into any file but the keyring's own."""
    ran, server = at_work(*command)
    assert ran.code == 0, ran.err
    assert KEY not in ran.out + ran.err
    sent = [request.headers.get("authorization") for request in server.requests]
    assert set(sent) <= {f"Bearer {KEY}"}
    assert bool(sent) is (command[0] == "doctor" or command[1] in ("list", "update"))
    files = [p for p in home.rglob("*") if p.is_file() and "python_keyring" not in p.parts]
    assert files
    assert not [p for p in files if KEY.encode() in p.read_bytes()]


def test_a_task_uses_a_key_of_the_keyring_and_hands_it_to_nobody(
    at_work: Any, home: Path, tmp_path: Path
) -> None:
    """Not to the gate, nor into an object, a log or a cache; the model gets it as its key alone."""
    gate = f"env; cat /proc/$PPID/environ; {GREEN}"
    ran, server = at_work("task", TEXT, "--gate", gate, "-v")
    assert ran.code == 0, ran.err
    assert len(server.calls) == 1
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY.encode() not in server.calls[0].body
    assert KEY not in ran.out + ran.err
    assert KEY.encode() not in every_object(tmp_path / "repo")
    files = [*home.rglob("*"), *(tmp_path / "repo").rglob("*")]
    files = [p for p in files if p.is_file() and "python_keyring" not in p.parts]
    assert not [p for p in files if KEY.encode() in p.read_bytes()]


def test_the_doctor_says_where_each_key_was_found(at_work: Any, home: Path) -> None:
    """The keyring, the user's .env, the environment; and for whom there is none."""

    def keys(**env: str) -> tuple[str, str]:
        rows = at_work("doctor", "--json", **env)[0].json()
        row = next(row for row in rows if row["subject"] == "keys")
        return row["text"], row["hint"]

    assert keys()[0] == "work: the system keyring"
    assert "openai (OPENAI_API_KEY)" in keys()[1]
    (home / ".config" / "gitagent" / ".env").write_text("WORK_KEY=FAKEKEY-file\n")
    assert keys()[0] == "work: WORK_KEY in your own .env"
    text, hint = keys(WORK_KEY="FAKEKEY-env", OPENROUTER_API_KEY="FAKEKEY-router")
    assert (
        text
        == "work: WORK_KEY in the environment; openrouter: OPENROUTER_API_KEY in the environment"
    )
    assert "FAKEKEY" not in text + hint


def test_a_repository_cannot_open_the_keyring(at_work: Any, home: Path, tmp_path: Path) -> None:
    """Without the user's own `keys.keyring` it stays closed, whatever a commit says."""
    place = home / ".config" / "gitagent" / "gitagent.toml"
    place.write_text(place.read_text().replace("keyring = true", ""))
    (tmp_path / "repo" / "gitagent.toml").write_text("[keys]\nkeyring = true\n")
    git(tmp_path / "repo", "add", "gitagent.toml")
    git(tmp_path / "repo", "commit", "-qm", "Ask for the keys")
    git(tmp_path / "repo", "config", "agent.keys.keyring", "true")
    ran, server = at_work("models", "list")
    assert all("authorization" not in request.headers for request in server.requests)
    assert KEY not in ran.out + ran.err


def test_a_keyring_of_no_use_is_one_sentence(at_work: Any) -> None:
    """No traceback, and the command says what it can."""
    ran, _ = at_work("models", "list", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert ran.code == 0
    assert ran.err.count("The keyring could not be read") == 1
    assert "Traceback" not in ran.err
