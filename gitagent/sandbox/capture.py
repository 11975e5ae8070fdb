"""Keeps the head and the tail of a stream, so that a flood of output costs a bounded memory."""

from __future__ import annotations

from collections import deque


class Capture:
    """Takes bytes; keeps the first and the last `cap // 2` of them."""

    def __init__(self, cap: int) -> None:
        self._half = cap // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._held = 0
        self._lost = 0

    def add(self, data: bytes) -> None:
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail.append(data)
            self._held += len(data)
            self._forget()

    def _forget(self) -> None:
        while self._tail and self._held - len(self._tail[0]) >= self._half:
            gone = self._tail.popleft()
            self._held -= len(gone)
            self._lost += len(gone)

    def text(self) -> str:
        """What was kept, with a line that says how much was not."""
        tail = b"".join(self._tail)
        cut = max(0, len(tail) - self._half)
        lost = self._lost + cut
        gap = f"\n[{lost} bytes of output left out]\n".encode() if lost else b""
        return (bytes(self._head) + gap + tail[cut:]).decode("utf-8", "replace")
