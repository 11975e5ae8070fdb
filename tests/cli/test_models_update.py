"""`git agent models update`: what endpoints say, as a change that is looked at first."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench import Bench

import gitagent
from gitagent.testing import protocol
from gitagent.testing.listener import Received
from gitagent.testing.protocol import Wire
from gitagent.testing.server import ModelServer

CODER: dict[str, Any] = {
    "id": "qwen/qwen3-coder",
    "context_length": 262144,
    "pricing": {"prompt": "0.00000022", "completion": "0.00000095"},
    "top_provider": {"max_completion_tokens": 65536},
    "supported_parameters": ["tools", "temperature"],
}
MINE = """\
# mine
[providers.router]  # the team's
base_url = "URL"
key_env = "ROUTER_KEY"

[models."router/qwen/qwen3-coder"]
window = 1000  # by hand
edit_format = "whole"
"""
ENV = {"ROUTER_KEY": "FAKEKEY-router"}


class Offering(ModelServer):
    """Lists models with all that a router says of them."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self._entries = entries
        super().__init__()

    def wire(self, received: Received) -> Wire:
        return protocol.document({"data": list(self._entries)})


@pytest.fixture
def offering() -> Iterator[Offering]:
    other = {"id": "qwen/qwen3-max", "context_length": 100_000}
    with Offering(CODER, other, {"id": "bare"}) as server:
        yield server


@pytest.fixture
def place(home: Path, offering: Offering) -> Path:
    found = home / ".config" / "gitagent" / "gitagent.toml"
    found.parent.mkdir(parents=True)
    found.write_text(MINE.replace("URL", offering.base_url))
    return found


def update(bench: Bench, folder: Path, *args: str) -> Any:
    return bench.run("models", "update", *args, cwd=folder, env=ENV)


def test_without_consent_the_change_is_only_shown(
    bench: Bench, tmp_path: Path, place: Path
) -> None:
    """A diff on stdout, and the way to make it so on stderr; outside of a repository, too."""
    before = place.read_bytes()
    ran = update(bench, tmp_path)
    assert ran.code == 0, ran.err
    assert "-window = 1000  # by hand\n+window = 262144  # by hand\n" in ran.out
    assert "+input_price = 0.22\n" in ran.out
    assert "--yes" in ran.err
    assert place.read_bytes() == before


def test_the_diff_is_one_that_patch_understands(bench: Bench, tmp_path: Path, place: Path) -> None:
    """Applied by another program it gives what --yes writes."""
    place.write_text(place.read_text().rstrip("\n"))
    copy = tmp_path / "copy.toml"
    copy.write_bytes(place.read_bytes())
    diff = update(bench, tmp_path).out
    subprocess.run(["patch", "-s", str(copy)], input=diff.encode(), check=True)
    assert update(bench, tmp_path, "--yes").code == 0
    assert copy.read_bytes() == place.read_bytes()


def test_what_is_written_is_what_was_offered(bench: Bench, tmp_path: Path, place: Path) -> None:
    """What the endpoint knows nothing of stays; comments stay; a second time there is nothing."""
    ran = update(bench, tmp_path, "--yes")
    assert ran.code == 0, ran.err
    text = place.read_text()
    assert "# mine\n[providers.router]  # the team's\n" in text
    assert tomllib.loads(text)["models"] == {
        "router/qwen/qwen3-coder": {
            "window": 262144,
            "edit_format": "whole",
            "max_output": 32000,
            "input_price": 0.22,
            "output_price": 0.95,
            "takes_temperature": True,
            "takes_schema": False,
            "takes_tools": True,
        }
    }
    again = update(bench, tmp_path, "--yes")
    assert (again.code, again.out) == (0, "")
    assert "nothing to change" in again.err
    assert place.read_text() == text


def test_new_models_are_added_by_a_pattern(bench: Bench, tmp_path: Path, place: Path) -> None:
    """All that fit, and what was not found or not known is said."""
    ran = update(bench, tmp_path, "router/qwen/*", "router/bare", "router/none", "--yes")
    assert ran.code == 0, ran.err
    rows = tomllib.loads(place.read_text())["models"]
    assert set(rows) == {"router/qwen/qwen3-coder", "router/qwen/qwen3-max"}
    assert "router/none" in ran.err
    assert "Of router/bare" in ran.err


def test_no_key_comes_into_the_file_or_onto_the_screen(
    bench: Bench, tmp_path: Path, place: Path, offering: Offering
) -> None:
    """It goes to its endpoint and nowhere else."""
    ran = update(bench, tmp_path, "--yes")
    assert "FAKEKEY" not in ran.out + ran.err + place.read_text()
    assert offering.requests[0].headers["authorization"] == "Bearer FAKEKEY-router"


def test_a_task_can_use_what_was_written(bench: Bench, tmp_path: Path, place: Path) -> None:
    """The file is valid, and its figures are the model's."""
    update(bench, tmp_path, "--yes")
    assert bench.run("config", "check", cwd=tmp_path, env=ENV).code == 0
    rows = bench.run("models", "list", "--json", cwd=tmp_path, env=ENV).json()
    row = next(row for row in rows if row["model"] == "router/qwen/qwen3-coder")
    assert (row["window"], row["input_price"], row["json"]) == (262144, 0.22, False)


def test_a_file_that_names_nothing_is_wrong_usage(
    bench: Bench, tmp_path: Path, home: Path, offering: Offering
) -> None:
    """With what could be written instead; no file is made."""
    env = {"OPENAI_BASE_URL": offering.base_url, "OPENAI_API_KEY": "FAKEKEY"}
    ran = bench.run("models", "update", cwd=tmp_path, env=env)
    assert ran.code == 2
    assert "names no model yet" in ran.err
    assert not (home / ".config" / "gitagent").exists()
    made = bench.run("models", "update", "openai/qwen/*", "--yes", cwd=tmp_path, env=env)
    assert made.code == 0, made.err
    text = (home / ".config" / "gitagent" / "gitagent.toml").read_text()
    assert set(tomllib.loads(text)["models"]) == {
        "openai/qwen/qwen3-coder",
        "openai/qwen/qwen3-max",
    }


def test_an_endpoint_that_does_not_answer_leaves_the_file_alone(
    bench: Bench, tmp_path: Path, place: Path, offering: Offering
) -> None:
    """Exit 6, and which one it was."""
    before = place.read_bytes()
    offering.stop()
    ran = update(bench, tmp_path, "--yes")
    assert ran.code == 6
    assert "router" in ran.err
    assert place.read_bytes() == before


@pytest.mark.parametrize(("said", "written"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_in_a_terminal_somebody_is_asked(
    tmp_path: Path, place: Path, said: str, written: bool
) -> None:
    """Nothing but a yes is one."""
    before = place.read_text()
    shown = in_terminal(tmp_path, said)
    assert "Write this?" in shown
    assert (place.read_text() != before) is written


def in_terminal(folder: Path, said: str) -> str:
    """What the command shows in a terminal in which somebody types this."""
    controller, terminal = pty.openpty()
    source = str(Path(gitagent.__file__).parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-m", "gitagent", "models", "update"],
        cwd=folder,
        env={**os.environ, **ENV, "PYTHONPATH": source},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown, ends, typed = b"", time.monotonic() + 30, False
    with contextlib.suppress(OSError):  # the terminal is closed with its last process
        while time.monotonic() < ends:
            if select.select([controller], [], [], 0.1)[0]:
                data = os.read(controller, 4096)
                if not data:
                    break
                shown += data
            if b"Write this?" in shown and not typed:
                os.write(controller, said.encode())
                typed = True
    os.close(controller)
    assert process.wait(10) == 0
    return shown.decode(errors="replace")
