"""The chaos server as a process of its own, as another project would start it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

import gitagent
from gitagent.testing.chaos import FAULTS
from gitagent.testing.chaos.__main__ import main


@contextmanager
def running(*options: str, cwd: Path | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "gitagent.testing.chaos", *options]
    source = str(Path(gitagent.__file__).parent.parent)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": source},
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key="FAKEKEY", max_retries=2, timeout=5)


def ask(url: str) -> Any:
    create: Any = client(url).chat.completions.create
    return create(model="m", messages=[{"role": "user", "content": "Hello?"}])


def report(url: str) -> Any:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/chaos/report", timeout=5) as answer:
        return json.loads(answer.read())


def test_it_prints_its_url_answers_and_reports(tmp_path: Path) -> None:
    """A client with retries gets its answer through the faults; the report says what it took."""
    written = tmp_path / "report.json"
    options = ("--say", "Well.", "--at", "1=503", "--at", "2=429-seconds", "--retry-after", "0")
    with running(*options, "--report", str(written), "--models", "a,b") as (process, url):
        assert ask(url).choices[0].message.content == "Well."
        assert [m.id for m in client(url).models.list()] == ["a", "b"]
        told = report(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert told["faults"] == {"503": 1, "429-seconds": 1}
    assert (told["requests"], told["answered"]) == (3, 1)
    assert json.loads(written.read_text()) == told


def test_a_script_or_a_function_answers(tmp_path: Path) -> None:
    """What is said comes from a file or from the user's own code."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["one", {"say": "two"}]))
    (tmp_path / "mine.py").write_text("def loud(asked):\n    return asked['model'].upper()\n")
    with running(str(script)) as (_, url):
        assert [ask(url).choices[0].message.content for _ in "12"] == ["one", "two"]
    with running("--function", "mine:loud", cwd=tmp_path) as (process, url):
        assert ask(url).choices[0].message.content == "M"
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130


@pytest.mark.parametrize(
    "wrong",
    [
        ("--faults", "cutt"),
        ("--at", "first=cut"),
        ("--price", "1"),
        ("--function", "no.such:thing"),
        ("no such script.json",),
        ("--rate", "30"),
    ],
)
def test_a_wrong_option_is_said(wrong: tuple[str, ...]) -> None:
    """Exit code 2, one sentence, no traceback."""
    with running(*wrong) as (process, url):
        assert (url, process.wait(5)) == ("", 2)


def test_the_documentation_has_every_fault_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/chaos.md is written by hand; it may not fall behind."""
    documented = (Path(gitagent.__file__).parent.parent / "docs" / "chaos.md").read_text()
    for fault in FAULTS.values():
        answered = "yes" if fault.intact else ""
        row = f"| `{fault.name}` | {answered} | {fault.says}".replace("|  |", "| |")
        assert row in documented
    with pytest.raises(SystemExit):
        main(["--help"])
    options = re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert len(options) > 15
    assert [option for option in options if f"`{option}" not in documented] == []
