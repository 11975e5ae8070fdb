"""What any stand-in of a provider has: an address, its requests, a beginning and an end.

A subclass answers chat requests; the paths that clients probe for are answered here.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from gitagent.errors import UsageError
from gitagent.testing import protocol
from gitagent.testing.listener import Listener, Received
from gitagent.testing.protocol import Wire

CHAT = "/v1/chat/completions"


class ModelServer:
    """Serves on 127.0.0.1, each request in its own thread; a context manager.

    `port` 0 takes a free one. Raises UsageError where the port is taken.
    """

    def __init__(self, *, port: int = 0, models: tuple[str, ...] = ("scripted",)) -> None:
        self._models = models
        try:
            self._listener = Listener(self.wire, port, ended=self.ended, admits=self.admits)
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
    def idle(self) -> bool:
        """Whether no answer is under way."""
        return self._listener.idle

    def stop(self) -> None:
        """Stop listening and wake whoever pauses; answers under way are broken off."""
        self._listener.stop()

    def __enter__(self) -> Self:
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
                if not isinstance(received.json, dict):
                    return protocol.error(400, "The body is not a JSON object.")
                return self.chat(received)
        return self.other(received)

    def chat(self, received: Received) -> Wire:
        """The answer to a chat request, whose body is a JSON object."""
        raise NotImplementedError

    def other(self, received: Received) -> Wire:
        """The answer to what no client of a provider asks for."""
        return protocol.error(404, f"There is no {received.method} {received.path}.")

    def ended(self, received: Received, *, delivered: bool) -> None:
        """The answer was written; `delivered` where the client has read all of it."""

    def admits(self) -> bool:
        """Whether the next connection is served; else it is closed with nothing read from it."""
        return True
