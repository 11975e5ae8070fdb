"""The few words of Postgres's protocol in which a search asks our own server.

A search asks some fifteen questions, of a millisecond each; psycopg takes seventy to be loaded. It
is still what everything larger goes through (see `session`): COPY, vectors and any DSN. Here are
no password, no TLS and no types but those of the columns that a search reads.

https://www.postgresql.org/docs/current/protocol.html, version 3.0.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

VERSION = 196608
TEXT, BINARY = 0, 1
LARGEST = 1 << 30
"""Bytes of a message: Postgres makes none that is larger."""
_PLACE = re.compile(r"%\((\w+)\)s")
_QUOTED = re.compile(r'([\\"])')
_HEAD = struct.Struct("!cI")

Row = tuple[Any, ...]


class NotHere(Exception):
    """What cannot be said or heard in these few words; nothing was done."""


class Gone(Exception):
    """The server does not answer, or no longer."""


class Wire:
    """A session at a Unix socket, in autocommit mode. Every method raises NotHere or Gone.

    `connect_s` is how long the server may take to let us in, `answer_s` how long to say a word.
    """

    def __init__(
        self, path: str, user: str, database: str, *, connect_s: float, answer_s: float
    ) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._from = self._socket.makefile("rb", 1 << 16)
        self._socket.settimeout(connect_s)
        try:
            self._socket.connect(path)
            said = {"user": user, "database": database, "application_name": "gitagent"}
            said["client_encoding"] = "UTF8"
            words = b"".join(_text(part) for pair in said.items() for part in pair)
            self._socket.sendall(struct.pack("!II", 9 + len(words), VERSION) + words + b"\0")
            self._heard()
            self._socket.settimeout(answer_s)
        except OSError as error:
            self.close()
            raise Gone(str(error)) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._from.close()
        self._socket.close()

    def ask(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        """The rows of a statement with `%(name)s` in it."""
        text, arguments = numbered(sql, values)
        try:
            self._socket.sendall(_asked(text, arguments))
            return self._heard()
        except OSError as error:
            raise Gone(str(error)) from error

    def _heard(self) -> list[Row]:
        """All rows until the server is ready for the next question."""
        readers: Sequence[Callable[[bytes], Any]] = ()
        rows: list[Row] = []
        refused = ""
        for kind, body in self._messages():
            if kind == b"D" and not refused:
                rows.append(_row(body, readers))
            elif kind == b"T":
                found = [_READERS.get(number) for number in _types(body)]
                readers = [reader for reader in found if reader]
                refused = refused or ("" if len(readers) == len(found) else "a type")
            elif kind == b"E":
                refused = _message_of(body)
            elif kind == b"R" and body != b"\0\0\0\0":
                raise NotHere("The server wants to know who we are.")
            elif kind == b"Z":
                break
        if refused:
            raise NotHere(refused)
        return rows

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        while True:
            kind, length = _HEAD.unpack(self._read(_HEAD.size))
            if not 4 <= length <= LARGEST:
                raise Gone("The server does not speak as Postgres does.")
            yield kind, self._read(length - 4)

    def _read(self, length: int) -> bytes:
        found: bytes = self._from.read(length)
        if len(found) < length:
            raise Gone("The server has closed the connection.")
        return found


def numbered(sql: str, values: Mapping[str, Any]) -> tuple[str, list[tuple[int, bytes]]]:
    """A statement with $1 in place of `%(name)s`, and its arguments, each with its format."""
    order: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        return f"${order.setdefault(found[1], len(order) + 1)}"

    text = _PLACE.sub(place, sql)
    return text, [_argument(values[name]) for name in order]


def _argument(value: Any) -> tuple[int, bytes]:
    if isinstance(value, bytes):
        return BINARY, value
    if isinstance(value, list):
        return TEXT, ("{" + ",".join(map(_element, value)) + "}").encode()
    return TEXT, _plain(value).encode()


def _element(value: Any) -> str:
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return '"' + _QUOTED.sub(r"\\\1", _plain(value)) + '"'


def _plain(value: Any) -> str:
    if type(value) not in (int, str):
        raise NotHere(f"an argument of type {type(value).__name__}")
    return str(value)


def _asked(text: str, arguments: Sequence[tuple[int, bytes]]) -> bytes:
    """The unnamed statement: parse, bind, describe, execute, and be told when it is done."""
    count = struct.pack("!H", len(arguments))
    formats = b"".join(struct.pack("!H", form) for form, _ in arguments)
    values = b"".join(struct.pack("!I", len(value)) + value for _, value in arguments)
    binary = struct.pack("!HH", 1, BINARY)
    return b"".join(
        [
            _message(b"P", b"\0" + _text(text) + b"\0\0"),
            _message(b"B", b"\0\0" + count + formats + count + values + binary),
            _message(b"D", b"P\0"),
            _message(b"E", b"\0\0\0\0\0"),
            _message(b"S", b""),
        ]
    )


def _message(kind: bytes, body: bytes) -> bytes:
    return _HEAD.pack(kind, len(body) + 4) + body


def _text(words: str) -> bytes:
    return words.encode() + b"\0"


def _message_of(body: bytes) -> str:
    """What an error says to people, out of its fields."""
    fields = (field.decode(errors="replace") for field in body.split(b"\0"))
    return next((field[1:] for field in fields if field[:1] == "M"), "it did not say why")


def _types(body: bytes) -> Iterator[int]:
    """The types of the columns by their number, out of a description of rows."""
    at = 2
    for _ in range(int.from_bytes(body[:2], "big")):
        at = body.index(b"\0", at) + 1
        yield int.from_bytes(body[at + 6 : at + 10], "big")
        at += 18


def _row(body: bytes, readers: Sequence[Callable[[bytes], Any]]) -> Row:
    at, found = 2, []
    for reader in readers:
        length = int.from_bytes(body[at : at + 4], "big", signed=True)
        at += 4
        found.append(None if length < 0 else reader(body[at : at + length]))
        at += max(length, 0)
    return tuple(found)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


_READERS: Mapping[int, Callable[[bytes], Any]] = {
    16: lambda data: data != b"\0",
    17: bytes,
    20: _number,
    21: _number,
    23: _number,
    25: bytes.decode,
}
"""By the number of the type: bool, bytea, int8, int2, int4, text."""
