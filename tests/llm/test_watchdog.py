"""A reply has three limits in time, whatever signs of life the server sends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from gitagent.domain.call import Message, Request
from gitagent.errors import ProviderUnavailable
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.watchdog import Limits, Watchdog
from gitagent.ports import ModelProfile

ASKED = Request("plan", (Message("user", "Why?"),), 100)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
OH = b"HTTP/1.1 500 Oh\r\n\r\n"
COMMENT = b": OPENROUTER PROCESSING\n\n"
EMPTY = b'data: {"choices": [{"delta": {"content": ""}}]}\n\n'
WORD = b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n'
THOUGHT = b'data: {"choices": [{"delta": {"reasoning_content": "Hm."}}]}\n\n'
STOP = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
PACE = 0.04


@pytest.fixture
def paced() -> Iterator[Callable[[Sequence[bytes]], str]]:
    """`paced(parts)` serves one answer, a part every PACE seconds; the address comes back."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve(parts: Sequence[bytes]) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            for part in parts:
                try:
                    connection.sendall(part)
                except OSError:
                    return
                if over.wait(PACE):
                    return

    def start(parts: Sequence[bytes]) -> str:
        serving = threading.Thread(target=serve, args=(parts,))
        threads.append(serving)
        serving.start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/v1"

    threads: list[threading.Thread] = []
    yield start
    over.set()
    listening.close()
    for thread in threads:
        thread.join()


def asked(url: str, limits: Limits) -> str:
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    client = ChatClient(Endpoint("p", url, "m"), profile, trace_id="a" * 32, limits=limits)
    return client.complete(ASKED).text


@pytest.mark.parametrize(
    ("parts", "limits", "said"),
    [
        ([HEAD, *[COMMENT] * 50], Limits(0.2, 9, 9), "did not begin its answer within 0.2 s"),
        ([HEAD, *[EMPTY] * 50], Limits(0.2, 9, 9), "did not begin its answer within 0.2 s"),
        ([bytes([b]) for b in HEAD * 2], Limits(0.2, 9, 9), "did not begin its answer within"),
        ([HEAD, WORD, *[COMMENT] * 50], Limits(9, 0.2, 9), "wrote nothing for 0.2 s in the"),
        ([HEAD, WORD, *[EMPTY] * 50], Limits(9, 0.2, 9), "wrote nothing for 0.2 s in the"),
        ([HEAD, *[WORD] * 50], Limits(9, 9, 0.2), "did not finish its answer within 0.2 s"),
        ([HEAD, *[WORD] * 50], Limits(0, 0, 0.2), "did not finish its answer within 0.2 s"),
        ([OH, *[b"x"] * 50], Limits(0.2, 9, 9), "did not begin its answer within 0.2 s"),
    ],
    ids=["comments", "empty", "head", "idle comments", "idle empty", "long", "unlimited", "error"],
)
def test_signs_of_life_are_no_answer(
    paced: Callable[[Sequence[bytes]], str], parts: Sequence[bytes], limits: Limits, said: str
) -> None:
    """The limit that was passed is named, and it ends the call at its time."""
    url = paced(parts)
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable, match=said) as caught:
        asked(url, limits)
    assert 0.2 <= time.monotonic() - began < 1
    assert not caught.value.unpaid
    assert "gitagent-watchdog" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("parts", "limits"),
    [
        ([HEAD, *[WORD] * 10, STOP], Limits(0.2, 0.2, 9)),
        ([HEAD, *[THOUGHT] * 10, WORD, STOP], Limits(0.2, 0.2, 9)),
        ([HEAD, *[COMMENT] * 10, WORD, STOP], Limits(9, 0.2, 9)),
        ([HEAD, *[COMMENT] * 10, WORD, STOP], Limits(0, 0, 0)),
    ],
    ids=["words", "thoughts", "late", "unlimited"],
)
def test_who_writes_is_waited_for(
    paced: Callable[[Sequence[bytes]], str], parts: Sequence[bytes], limits: Limits
) -> None:
    """Words count, and so does reasoning; 0 is no limit."""
    assert asked(paced(parts), limits) == "word " * parts.count(WORD)


def test_a_socket_that_is_known_late_is_shut_all_the_same() -> None:
    """On a connection of an earlier call it is known only once headers have come."""
    here, there = socket.socketpair()
    with here, there, Watchdog(Limits(0.01, 0, 0)) as watch:
        time.sleep(0.05)
        assert watch.passed
        watch.holds(here)
        assert here.recv(1) == b""


def test_nothing_is_shut_once_the_call_is_over() -> None:
    """The connection may have another call's answer in it by then."""
    here, there = socket.socketpair()
    with here, there:
        with Watchdog(Limits(0.4, 0, 0)) as watch:
            watch.holds(here)
        time.sleep(0.6)
        there.sendall(b"x")
        assert here.recv(1) == b"x"
        assert not watch.passed


def test_the_clocks_stand_still_while_what_came_is_looked_at() -> None:
    """A pause is longer than every limit and passes none; behind it they hold as before."""
    with Watchdog(Limits(first_s=0.2, idle_s=0.2, total_s=0.4)) as watch:
        watch.word()
        with watch.paused():
            time.sleep(0.6)
        assert watch.passed == ""
        time.sleep(0.5)
        assert "wrote nothing for 0.2 s" in watch.passed
