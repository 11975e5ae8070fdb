"""What a person gets wrong is one clear sentence and the right exit code; nothing is lost."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FILES, FIX, TEXT, Bench, block, line_of, refs, whole

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Cut, Empty, Html, Refuse, Say, Status, overflow
from gitagent.testing.snapshot import snapshot

PRICES = '[models."scripted"]\ninput_price = 1.0\noutput_price = 1000.0\n'


def one_sentence(err: str) -> None:
    """What every error has to be: short, and no traceback."""
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) <= 12


def test_outside_of_a_repository(bench: Bench, tmp_path: Path) -> None:
    """There is nothing to work on, and it is said how to make it."""
    ran = bench.run("task", TEXT, cwd=tmp_path)
    assert ran.code == 2
    assert "git init" in ran.err
    one_sentence(ran.err)


def test_without_a_commit(bench: Bench, repo: Callable[..., Path]) -> None:
    """A branch needs something to grow from."""
    folder = repo({})
    done = bench.task(folder)
    assert (done.code, done.server.calls, refs(folder)) == (2, (), {})
    assert "Commit something first" in done.err


def test_without_a_model(bench: Bench, calc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ways to a model are named, and nothing was written."""
    from gitagent.llm import places

    monkeypatch.setattr(places, "SERVERS", ())  # whoever runs the tests may have one running
    before = refs(calc)
    ran = bench.run("task", TEXT, cwd=calc)
    assert ran.code == 2
    assert "OPENAI_API_KEY" in ran.err
    assert "models pull" in ran.err
    assert refs(calc) == before


def test_an_endpoint_that_nobody_answers_at(bench: Bench, calc: Path) -> None:
    """Exit 6 with the address, after a few tries; the task is on record."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        env = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "FAKEKEY"}
        before = snapshot(calc)
        ran = bench.run("task", TEXT, "--model", "openai/x", "--no-gate", cwd=calc, env=env)
    assert ran.code == 6
    assert url in ran.err
    one_sentence(ran.err)
    assert before.diff(snapshot(calc)) == []


@pytest.mark.parametrize(
    ("item", "said", "calls"),
    [
        (Status(401, {"error": {"message": "Incorrect API key: FAKEKEY-scripted"}}), "401", 1),
        (Status(402), "402", 1),
        (Status(404), "no model", 1),
        (Html(), "check the base URL", 1),
        (Refuse("I will not."), "refused", 2),
        (overflow(), "context", 3),
    ],
)
def test_a_provider_that_says_no(
    bench: Bench, calc: Path, item: Any, said: str, calls: int
) -> None:
    """Exit 6 with what the provider said but never the key: after one call or, where other words
    or fewer may help, one more with the reason, or two with less to read."""
    done = bench.task(calc, "--no-gate", says=[item] * calls)
    assert done.code == 6, done.err
    assert said in done.err
    assert "FAKEKEY" not in done.err
    assert len(done.server.calls) == calls
    assert done.branch == ""
    one_sentence(done.err)


@pytest.mark.parametrize("item", [Empty(), Cut("Commit: x")])
def test_a_provider_that_stumbles_is_asked_again(bench: Bench, calc: Path, item: Any) -> None:
    """What may pass is tried again, and said."""
    done = bench.task(calc, "--no-gate", says=[item, FIX])
    assert done.code == 0, done.err
    assert "Next try in" in done.err
    assert len(done.server.calls) == 2


def test_replies_without_an_edit(bench: Bench, calc: Path) -> None:
    """Exit 4 when the model only talks; it is asked once more, not for ever."""
    done = bench.task(calc, "--no-gate", says=["It looks fine to me."] * 9)
    assert done.code == 4
    assert len(done.server.calls) == 2
    assert done.branch == ""
    assert "Say more precisely" in done.err
    one_sentence(done.err)


def test_replies_that_never_fit(bench: Bench, calc: Path) -> None:
    """Exit 4 after as many proposals as are allowed."""
    wrong = block("calc.py", "no such line", "x")
    done = bench.task(calc, "--no-gate", says=[wrong] * 9)
    assert (done.code, len(done.server.calls), done.branch) == (4, 4, "")
    one_sentence(done.err)


def test_a_reply_that_was_cut_off_is_never_applied(bench: Bench, calc: Path) -> None:
    """`finish_reason` length applies nothing; the model is told."""
    cut = Say(whole("calc.py", "def add(a, b):\n"), finish_reason="length")
    done = bench.task(calc, "--no-gate", says=[cut, FIX])
    assert done.code == 0, done.err
    assert "cut off" in done.asked[1]


def test_a_binary_file_asked_to_be_edited(bench: Bench, repo: Callable[..., Path]) -> None:
    """It keeps its bytes, and the model is told why."""
    folder = repo({**FILES, "art/logo.png": b"\x00\x01add\x02"})
    edits = [block("art/logo.png", "add", "sub"), whole("art/logo.png", "text\n")]
    done = bench.task(folder, "--no-gate", text="change art/logo.png", says=edits * 2)
    assert done.code == 4
    assert "binary file" in done.asked[1]
    assert done.branch == ""


def test_a_branch_that_is_taken(bench: Bench, calc: Path) -> None:
    """Exit 8 before a call is made; the branch is as it was."""
    git(calc, "branch", "agent/mine")
    done = bench.task(calc, "--branch", "agent/mine")
    assert (done.code, done.server.calls, done.new) == (8, (), ())
    assert "--branch" in done.err


@pytest.mark.parametrize("text", ["", "   ", "\u3000\n"])
def test_an_empty_text(bench: Bench, calc: Path, text: str) -> None:
    """Nothing to do is a usage error."""
    done = bench.task(calc, text=text)
    assert (done.code, done.server.calls, done.new) == (2, (), ())
    assert "no text" in done.err


@pytest.mark.parametrize(
    "args",
    [
        ("--base", "nowhere"),
        ("--base", "HEAD:calc.py"),
        ("--branch", "../evil"),
        ("--branch", "--upload-pack=x"),
        ("--model", "nobody/model"),
        ("--edit-format", "telepathy"),
        ("--budget", "-1"),
        ("--max-calls", "0"),
        ("--file", "no-such-file"),
        ("--include-dirty", "--base", "HEAD~0"),
        ("--no-such-flag",),
    ],
)
def test_a_wrong_flag(bench: Bench, calc: Path, args: tuple[str, ...]) -> None:
    """Exit 2, nothing spent, nothing written."""
    done = bench.task(calc, *args)
    assert (done.code, done.server.calls, done.new) == (2, (), ())
    one_sentence(done.err)


def test_without_an_identity(bench: Bench, calc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who would be the committer is asked for before anything is spent."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    done = bench.task(calc)
    assert (done.code, done.server.calls, done.new) == (2, (), ())
    assert "user.email" in done.err


def test_a_budget_that_the_next_call_would_pass(bench: Bench, calc: Path, home: Path) -> None:
    """Exit 5 before the call is sent."""
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True)
    (place / "gitagent.toml").write_text(PRICES)
    done = bench.task(calc, "--no-gate", "--budget", "0.0001")
    assert (done.code, done.server.calls) == (5, ())
    assert "--budget" in done.err
    one_sentence(done.err)


def test_a_budget_for_a_model_without_a_price(bench: Bench, calc: Path) -> None:
    """A cap that cannot be kept is refused as wrong configuration, before anything is spent."""
    done = bench.task(calc, "--no-gate", "--budget", "1")
    assert (done.code, done.server.calls, done.new) == (2, (), ())
    assert "input_price" in done.err


def test_max_calls_ends_the_task(bench: Bench, calc: Path) -> None:
    """Exit 5; what was paid for is in the log."""
    done = bench.task(calc, "--gate", "false", "--max-calls", "2", says=[line_of(s) for s in "*/%"])
    assert (done.code, len(done.server.calls)) == (5, 2)
    assert {"attempts/1.1.json", "attempts/1.2.json"} <= set(done.state_names())


def test_going_in_circles_ends_the_task(bench: Bench, calc: Path) -> None:
    """A, B, A, B: the third reply is the last one that is paid for."""
    done = bench.task(calc, "--gate", "false", says=[line_of("*"), line_of("/")] * 4)
    assert (done.code, len(done.server.calls)) == (3, 3)
    assert "same tree as before" in done.err
