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
from types import TracebackType

from gitagent.errors import AgentError, UsageError
from gitagent.testing import protocol
from gitagent.testing.listener import Listener, Received
from gitagent.testing.protocol import Asked, Wire
from gitagent.testing.script import (
    Answer,
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

__all__ = [
    "Answer",
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

CHAT = "/v1/chat/completions"


class ScriptedServer:
    """Serves a script on 127.0.0.1, each request in its own thread; a context manager.

    `script` is a list of items or a function from the request's JSON to an item; `port` 0 takes
    a free one. Raises UsageError where the port is taken.
    """

    def __init__(
        self,
        script: Iterable[Item] | Answer,
        *,
        port: int = 0,
        models: tuple[str, ...] = ("scripted",),
    ) -> None:
        self._answer: Answer = script if callable(script) else Script(script)
        self._models = models
        try:
            self._listener = Listener(self.wire, port)
        except OSError as error:
            raise UsageError(f"Port {port} cannot be opened: {error}") from error

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """What lets a client find the server; the key is a fake that tests can look for."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": "FAKEKEY-scripted"}

    @property
    def requests(self) -> tuple[Received, ...]:
        """Everything that was received until now."""
        return self._listener.received

    @property
    def calls(self) -> tuple[Received, ...]:
        """The requests that asked the model something."""
        return tuple(r for r in self.requests if r.path == CHAT)

    @property
    def left(self) -> int | None:
        """How many items of the script nobody has asked for; None where a function answers."""
        return self._answer.left if isinstance(self._answer, Script) else None

    @property
    def served(self) -> bool:
        """Whether every item was asked for and nothing is still being written."""
        return self.left == 0 and self._listener.idle

    def stop(self) -> None:
        """Stop listening and wake whoever pauses; answers under way are broken off."""
        self._listener.stop()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wire(self, received: Received) -> Wire:
        """What goes back for a request."""
        match received.method, received.path:
            case "GET", "/health":
                return protocol.document({"status": "ok"})
            case "GET", "/v1/models":
                return protocol.models(self._models)
            case "POST", path if path == CHAT:
                return self._chat(received)
        return protocol.error(404, f"There is no {received.method} {received.path}.")

    def _chat(self, received: Received) -> Wire:
        if not isinstance(received.json, dict):
            return protocol.error(400, "The body is not a JSON object.")
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
