"""A model that says what a script tells it, behind a real HTTP server on loopback.

What a test runs against it is the whole client: sockets, streams, timeouts, broken answers. It
keeps every request, so that a test can look for what must not have left.

    with ScriptedServer([Say("Hello"), Status(429, headers={"Retry-After": "1"})]) as server:
        ...  # a client of server.base_url

As a program: `python -m gitagent.testing.scripted SCRIPT.json [--port N] [--once]` prints its base
URL on the first line; `--once` ends it when the last item of the script was served.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from gitagent.errors import AgentError, UsageError
from gitagent.testing.listener import Received
from gitagent.testing.protocol import Asked, Wire
from gitagent.testing.script import (
    Answer,
    Choices,
    Cut,
    Empty,
    Hang,
    Html,
    Item,
    Raw,
    Refuse,
    Say,
    Script,
    Status,
    overflow,
    play,
    read,
)
from gitagent.testing.server import CHAT, ModelServer

__all__ = [
    "CHAT",
    "Answer",
    "Choices",
    "Cut",
    "Empty",
    "Hang",
    "Html",
    "Item",
    "Raw",
    "Received",
    "Refuse",
    "Say",
    "Script",
    "ScriptedServer",
    "Status",
    "overflow",
]


class ScriptedServer(ModelServer):
    """Serves a script: a list of items, or a function from the request's JSON to an item."""

    def __init__(
        self,
        script: Iterable[Item] | Answer,
        *,
        port: int = 0,
        models: tuple[str, ...] = ("scripted",),
    ) -> None:
        self._answer: Answer = script if callable(script) else Script(script)
        super().__init__(port=port, models=models)

    @property
    def left(self) -> int | None:
        """How many items of the script nobody has asked for; None where a function answers."""
        return self._answer.left if isinstance(self._answer, Script) else None

    @property
    def served(self) -> bool:
        """Whether every item was asked for and nothing is still being written."""
        return self.left == 0 and self.idle

    def chat(self, received: Received) -> Wire:
        asked = Asked.of(received.json, f"chatcmpl-{received.n}")
        return play(self._answer(received.json), asked)


def main(argv: list[str] | None = None) -> int:
    """Serve a script file until it is exhausted (`--once`) or the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m gitagent.testing.scripted")
    parser.add_argument("script", type=Path, help="a JSON list of items; - for stdin")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--once", action="store_true", help="end when the script is served")
    options = parser.parse_args(argv)
    try:
        with ScriptedServer(_script(options.script), port=options.port) as server:
            print(server.base_url, flush=True)
            _wait(server, once=options.once)
    except KeyboardInterrupt:
        return 130
    except AgentError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _script(path: Path) -> tuple[Item, ...]:
    if str(path) == "-":
        return read(sys.stdin.read())
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The script cannot be read: {error}") from error


def _wait(server: ScriptedServer, *, once: bool) -> None:
    while not (once and server.served):
        time.sleep(0.02 if once else 60)


if __name__ == "__main__":
    raise SystemExit(main())
