"""A small HTTP server on loopback that keeps every request and plays wires back.

It knows nothing of scripts: any function from a request to a wire can stand behind it.
"""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

from gitagent.testing import protocol
from gitagent.testing.protocol import Head, Pause, Reset, Wire

CLOSING_SECONDS = 1.0
"""How long a client may take to close a connection of which it has everything."""


@dataclass(frozen=True)
class Received:
    """One request as it came in, the `n`th from 1.

    Header names are in lower case; `json` is None where the body is none.
    """

    n: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    json: Any = None

    def __contains__(self, text: str) -> bool:
        """Whether the text stands anywhere: path, headers or body, escaped or not."""
        parts = (self.path, *_strings(self.headers), *_strings(self.json))
        return text.encode() in self.body or any(text in part for part in parts)


class Ended(Protocol):
    """Is told that an answer was written; `delivered` where the client has read all of it."""

    def __call__(self, received: Received, *, delivered: bool) -> None: ...


class Listener(ThreadingHTTPServer):
    """Listens on 127.0.0.1, one thread a request; `port` 0 takes a free one.

    `ended`, where it is given, is told how each answer went. A connection that `admits` does not
    let in is closed with nothing read from it. Raises OSError where the port is taken.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        answer: Callable[[Received], Wire],
        port: int = 0,
        *,
        ended: Ended | None = None,
        admits: Callable[[], bool] = lambda: True,
    ) -> None:
        self.answer = answer
        self.ended = ended
        self._admits = admits
        self.stopping = threading.Event()
        self._received: list[Received] = []
        self._open = 0
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def received(self) -> tuple[Received, ...]:
        with self._lock:
            return tuple(self._received)

    @property
    def idle(self) -> bool:
        """Whether no answer is under way."""
        with self._lock:
            return self._open == 0

    def stop(self) -> None:
        """Stop listening and wake whoever pauses; answers under way are broken off."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def begin(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Received:
        """Keep a request."""
        decoded = _decoded(body)
        with self._lock:
            self._open += 1
            n = len(self._received) + 1
            self._received.append(Received(n, method, path, headers, body, decoded))
            return self._received[-1]

    def end(self) -> None:
        """One request is done with, however it ended."""
        with self._lock:
            self._open -= 1

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return self._admits()

    def server_bind(self) -> None:
        """Bind without the base class's reverse look-up of the name, which may ask a network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    """One request a connection: a closed connection is the end of a stream."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _serve(self, body: bytes) -> None:
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = self.server.begin(self.command, urlsplit(self.path).path, headers, body)
        delivered = False
        try:
            written = self._write(self.server.answer(received), received.n)
            delivered = written and self.server.ended is not None and self._was_read()
        except ConnectionError:
            pass  # the client was killed or gave up: its right
        finally:
            if self.server.ended is not None:
                self.server.ended(received, delivered=delivered)
            self.server.end()

    def _write(self, wire: Wire, n: int) -> bool:
        """Whether all of it was written."""
        for part in wire:
            match part:
                case Head(status, headers):
                    self._head(status, {**headers, "x-request-id": f"req-{n}"})
                case bytes():
                    self.wfile.write(part)
                case Pause(seconds):
                    if self.server.stopping.wait(seconds):
                        return False
                case Reset():
                    self._reset()
                    return False
        return True

    def _was_read(self) -> bool:
        """Whether the client took all: who closes a socket with bytes left in it sends a reset."""
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(CLOSING_SECONDS)
            while self.connection.recv(4096):
                pass
        except TimeoutError:
            return True  # it keeps its side open, and has not complained
        except OSError:
            return False
        return True

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status, protocol.phrase(status))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def _reset(self) -> None:
        """Close with a reset; the reading side must go first, it keeps the socket open."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are kept, not printed."""


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
