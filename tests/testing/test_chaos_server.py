"""What the chaos server plays to whom, what it counts, and that both can be repeated."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gitagent.errors import UsageError
from gitagent.testing.chaos import ChaosServer, Fate, Limits, Prices, Say, Times
from gitagent.testing.chaos.fate import weights
from gitagent.testing.scripted import Status

QUICK = Times(slow=0.01, silent=0.01, retry_after=0)


def post(server: ChaosServer, text: str = "Hello?", **options: Any) -> tuple[int, Any]:
    """The status and the JSON of an answer; 0 where no whole one came."""
    asked = {"model": "m", "messages": [{"role": "user", "content": text}], **options}
    request = urllib.request.Request(
        f"{server.base_url}/chat/completions", json.dumps(asked).encode()
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)
    except (OSError, ValueError, EOFError):
        return 0, None
    except Exception as error:
        if type(error).__module__ == "http.client":
            return 0, None
        raise


def faults(server: ChaosServer) -> list[str]:
    return [exchange.fault for exchange in server.exchanges]


def played(fate: Fate, questions: Sequence[str]) -> list[str]:
    with ChaosServer(lambda _: Say("Hello!"), fate=fate, times=QUICK) as server:
        for question in questions:
            post(server, question)
        return faults(server)


# --- Which fault ------------------------------------------------------------------------------


def test_faults_can_be_written_down() -> None:
    """The nth request, and each nth; what is written for one request goes before."""
    fate = Fate(at={1: "500", 6: "cut"}, every={3: "429"})
    assert played(fate, "abcdefg") == ["500", "", "429", "", "", "cut", ""]


def test_the_same_seed_plays_the_same_faults() -> None:
    """Same seed and requests, same faults; another seed, others. The rate is kept."""
    asked = [str(n) for n in range(120)]
    some = dict.fromkeys(("429", "500", "cut", "html"), 1.0)
    first = played(Fate(0.3, 7, weights=some), asked)
    assert first == played(Fate(0.3, 7, weights=some), asked)
    assert first != played(Fate(0.3, 8, weights=some), asked)
    assert 20 <= sum(map(bool, first)) <= 55
    assert {*first} == {"", *some}


def test_by_content_the_order_does_not_matter() -> None:
    """Clients that ask in parallel meet the same faults, each question its own."""
    asked = [str(n % 40) for n in range(120)]
    fate = Fate(0.5, 7, "content", weights={"429": 1.0, "500": 1.0})

    def met(order: Sequence[str], at_once: int) -> list[tuple[str, str]]:
        with ChaosServer(lambda _: Say("Hello!"), fate=fate) as server:
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(lambda question: post(server, question), order))
            return sorted((e.question, e.fault) for e in server.exchanges)

    assert met(asked, 1) == met(asked[::-1], 8)


def test_weights_say_how_often() -> None:
    """A weight of nine is nine times as often; a fault without weight does not come."""
    given = weights(["500=9", "429", "cut=0"])
    met = played(Fate(1.0, 3, weights=given), [str(n) for n in range(100)])
    assert set(met) == {"500", "429"}
    assert met.count("500") > 4 * met.count("429") > 0
    assert len(weights(["all"])) > 30


def test_what_cannot_be_is_said_before_anything_starts() -> None:
    """A fault's name that is none, a rate over one, the request before the first."""
    with pytest.raises(UsageError, match="did you mean `cut`"):
        Fate(at={1: "cutt"})
    with pytest.raises(UsageError, match="between 0 and 1"):
        Fate(rate=30)
    with pytest.raises(UsageError, match="counted from 1"):
        Fate(every={0: "500"})
    with pytest.raises(UsageError, match="NAME=WEIGHT"):
        weights(["500=often"])


def test_an_item_that_did_not_arrive_is_said_again() -> None:
    """A script goes on where the client has got to; its own faults are played as they are."""
    items = [Say("one"), Status(503), Say("two")]
    with ChaosServer(items, fate=Fate(at={1: "500", 2: "cut", 4: "length"})) as server:
        answers = [post(server) for _ in range(6)]
    said = [a["choices"][0]["message"]["content"] for code, a in answers if code == 200]
    assert [code for code, _ in answers] == [500, 0, 200, 503, 200, 200]
    assert said == ["one", "t", "two"]


def test_some_connections_are_closed_before_anything_is_read() -> None:
    """They are no requests, so they are counted apart; the same ones every time."""

    def answers() -> list[int]:
        with ChaosServer(lambda _: Say("Hello!"), drop=0.5, seed=1) as server:
            codes = [post(server)[0] for _ in range(20)]
            assert server.report["dropped"] == codes.count(0)
            assert server.report["requests"] == codes.count(200)
        return codes

    first = answers()
    assert {*first} == {0, 200}
    assert answers() == first


# --- What is counted --------------------------------------------------------------------------


def test_the_report_says_which_question_was_answered_how_often() -> None:
    """A question is model, messages and limits; the prompt leaves out who is asked."""
    with ChaosServer(
        lambda _: Say("Hello to you!"), fate=Fate(at={1: "429", 2: "cut"}), prices=Prices(1, 4)
    ) as server:
        for _ in range(4):
            post(server)
        post(server, model="other")
        post(server, max_tokens=7)
        report = server.report
    first, other, limited = report["questions"]
    assert (first["asked"], first["answered"], first["faults"]) == (4, 2, ["429", "cut"])
    assert first["prompt"] == other["prompt"] == limited["prompt"]
    assert len({q["question"] for q in report["questions"]}) == 3
    assert (report["requests"], report["answered"], report["answered_twice"]) == (6, 4, 1)
    assert report["faults"] == {"429": 1, "cut": 1}
    tokens = len("Hello?") // 4 * 5, len("Hello to you!") // 4 * 5
    assert report["billed"]["usd"] == pytest.approx((tokens[0] + 4 * tokens[1]) / 1e6)


def test_the_report_can_be_had_over_http() -> None:
    """What the program tells is what the object tells."""
    with ChaosServer(lambda _: Say("Hello!")) as server:
        post(server)
        root = server.base_url.removesuffix("/v1")
        with urllib.request.urlopen(f"{root}/chaos/report", timeout=5) as answer:
            assert json.loads(answer.read()) == server.report


def test_an_answer_that_the_client_did_not_read_is_not_answered() -> None:
    """Who hangs up in the middle has no answer, though all of it was sent."""
    body = json.dumps({"model": "m", "messages": [], "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    with ChaosServer(lambda _: Say("word " * 400, delay=0.1)) as server:
        port = int(server.base_url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(head.encode() + body)
            client.recv(100)
        post(server)
        assert [e.state for e in server.exchanges] == ["broken", "delivered"]
        assert server.report["answered"] == 1


# --- Limits -----------------------------------------------------------------------------------


def test_a_limit_of_requests_is_kept_and_told() -> None:
    """So many, then 429 with the time until the next is let in; who waits so long is let in."""
    limits = Limits(rpm=600, burst=2)
    with ChaosServer(lambda _: Say("Hello!"), limits=limits) as server:
        start = time.monotonic()
        codes = [post(server) for _ in range(4)]
        let_in = [code for code, _ in codes].count(200)
        assert let_in - 2 <= (time.monotonic() - start) * 10 + 1
        code, said = post(server)
        while code == 200:  # a slow machine is let in more often
            code, said = post(server)
        assert said["x-ratelimit-remaining-requests"] == "0"
        assert 0 < float(said["Retry-After"]) <= 0.11
        time.sleep(float(said["Retry-After"]))
        assert post(server)[0] == 200
        assert "limit-rpm" in faults(server)


def test_a_bucket_fills_with_time() -> None:
    """Sixty a minute are one a second, and never more at once than the burst."""
    now = [0.0]
    limits = Limits(rpm=60, burst=3, clock=lambda: now[0])

    def let_in() -> int:
        return sum(limits.enter(n) is None for n in range(10))

    assert let_in() == 3
    assert limits.headers["x-ratelimit-reset-requests"] == "3s"
    now[0] += 1.0
    assert let_in() == 1
    now[0] += 100.0
    assert let_in() == 3


def test_so_many_at_once_and_no_more() -> None:
    """Who comes beyond them is refused; who has read an answer may ask again at once."""
    limits = Limits(concurrency=2)
    with ChaosServer(lambda _: Say("Hello!", delay=0.3), limits=limits) as server:
        with ThreadPoolExecutor(4) as pool:
            codes = [code for code, _ in pool.map(lambda _: post(server), range(4))]
        assert sorted(codes) == [200, 200, 429, 429]
    with ChaosServer(lambda _: Say("Hello!"), limits=Limits(concurrency=1)) as server:
        assert {post(server)[0] for _ in range(40)} == {200}


def test_a_prompt_beyond_the_window_is_too_long() -> None:
    """Really so, with the numbers in the message."""
    with ChaosServer(lambda _: Say("Hello!"), window=10) as server:
        assert post(server, "x" * 40)[0] == 200
        assert post(server, "x" * 44)[0] == 400
        assert faults(server) == ["", "window"]
        assert server.report["billed"]["prompt_tokens"] == 10
