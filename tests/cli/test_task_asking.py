"""A task whose file no word leads to is done by asking, with the index that a task has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import Bench, block, every_object

from gitagent.testing.repositories import Content, git
from gitagent.testing.scripted import Item, Raw, Say

TOKEN = "ghp_" + "aB3" * 12
ROOM = f'TOKEN = "{TOKEN}"\nTAX = 0.19\n\n\ndef gross(net):\n    return net * TAX\n'
HIDDEN = "accounting/engine_room.py"
LONG = "# What an invoice total is: the sum of all that is billed, and the duty.\n"
FILES: dict[str, Content] = {
    **{f"billing_{n:02}.py": LONG * 90 + f"x = {n}\n" for n in range(20)},
    HIDDEN: ROOM,
}
TEXT = "an invoice total must hold what is billed and the duty, not the duty alone"
GREEN = f"grep -q '1 + TAX' {HIDDEN}"
RIGHT = block(HIDDEN, "    return net * TAX", "    return net * (1 + TAX)", "Add the duty")


def clever(body: dict[str, Any]) -> Item:
    """Edits what it sees, asks where it may, and says so where it cannot."""
    text = "\n".join(message["content"] for message in body["messages"])
    if "def gross(net):\n    return net * TAX" in text:
        return Say(RIGHT)
    return Say("SYMBOLS: gross" if "SYMBOLS: a name" in text else "I do not see it.")


@pytest.mark.parametrize("model", ["openai/gpt-4.1-mini", "openai/unheard-of"])
def test_a_task_is_done_by_asking(bench: Bench, repo: Callable[..., Path], model: str) -> None:
    """With two calls; without rounds the same model has nothing to say."""
    folder = repo(FILES)
    done = bench.task(folder, "--gate", GREEN, "--model", model, says=clever, text=TEXT)
    assert done.code == 0, done.err
    assert "context asked for: SYMBOLS: gross" in done.err
    assert len(done.server.calls) == 2
    off = {"GITAGENT_CONTEXT_ROUNDS": "0"}
    failed = bench.task(folder, "--gate", GREEN, says=clever, text=TEXT, env=off)
    assert failed.code == 4


def test_a_tool_call_is_an_ask(bench: Bench, repo: Callable[..., Path]) -> None:
    """It is journaled as the line that it means."""
    call = {"function": {"name": "read", "arguments": json.dumps({"path": HIDDEN})}}
    message = {"content": None, "tool_calls": [call]}
    body = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    asks = Raw(json.dumps(body).encode())
    ways = ("--gate", GREEN, "--model", "openai/gpt-4.1-mini")
    done = bench.task(repo(FILES), *ways, says=[asks, RIGHT], text=TEXT)
    assert done.code == 0, done.err
    first, second = (call.json for call in done.server.calls)
    assert next(tool["function"]["name"] for tool in first["tools"]) == "search"
    assert second["messages"][-2] == {"role": "assistant", "content": f"READ: {HIDDEN}"}
    assert f"READ: {HIDDEN}" in done.state("exchange/0001.reply.json")


def test_a_key_in_what_was_asked_for_does_not_leave(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """The file is shown with a placeholder, and keeps its key."""
    wider = block(
        HIDDEN, ROOM.rstrip("\n"), ROOM.rstrip("\n").replace("net * TAX", "net * (1 + TAX)")
    )

    def answer(body: dict[str, Any]) -> Item:
        text = body["messages"][-1]["content"]
        if "def gross" not in text:
            return Say(f"READ: {HIDDEN}\nREFERENCES: TOKEN\nSEARCH: TOKEN {TOKEN}")
        shown = text.partition('TOKEN = "')[2].partition('"')[0]
        return Say(wider.replace(TOKEN, shown))

    folder = repo(FILES)
    done = bench.task(folder, "--gate", GREEN, says=answer, text=TEXT)
    assert done.code == 0, done.err
    sent = b"".join(request.body for request in done.server.requests)
    assert TOKEN.encode() not in sent
    assert TOKEN not in done.err
    assert TOKEN in git(folder, "show", f"{done.branch}:{HIDDEN}")
    notes = [done.state(name) for name in done.state_names() if "exchange" in name]
    assert TOKEN not in "".join(notes)
    assert every_object(folder).count(TOKEN.encode()) == 2, "the file before, and after"


def test_more_than_five_rounds_are_five(bench: Bench, repo: Callable[..., Path]) -> None:
    """A model that only asks ends the task after so many answers, and as many tries."""
    env = {"GITAGENT_CONTEXT_ROUNDS": "9", "GITAGENT_REPAIR_ATTEMPTS": "1"}
    done = bench.task(
        repo(FILES), "--gate", GREEN, says=lambda _body: Say("SEARCH: more"), text=TEXT, env=env
    )
    assert done.code != 0
    assert len(done.server.calls) == 6
