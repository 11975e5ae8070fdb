"""Vectors from an endpoint: what is sent, what comes back, what it costs, and what may go wrong."""

from __future__ import annotations

import math
import subprocess
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from gitagent.config import Config
from gitagent.embedding import embedder
from gitagent.errors import (
    AgentError,
    BadReply,
    BudgetExceeded,
    ContextOverflow,
    ProviderRejected,
    ProviderUnavailable,
    UsageError,
)
from gitagent.llm.choose import World
from gitagent.llm.client import Endpoint
from gitagent.llm.day import DaySpend
from gitagent.llm.embedding_bill import BilledEmbedder
from gitagent.llm.embeddings import LONGEST, EndpointEmbedder
from gitagent.ports import ModelProfile
from gitagent.redaction import Redactor
from gitagent.rows import Provider
from gitagent.testing import protocol
from gitagent.testing.embedding import EmbeddingServer, embeddings, vector
from gitagent.testing.protocol import Head, Pause, Reset, Wire

KEY = "FAKEKEY-embeddings"
MONDAY = date(2026, 3, 2)
PRICED = ModelProfile("small", "p", 8000, 1, "whole", input_price=1000.0)
UNKNOWN = ModelProfile("nobody-knows-it", "p", 8000, 1, "whole")


def at(server: EmbeddingServer, **more: object) -> EndpointEmbedder:
    return EndpointEmbedder(Endpoint("p", server.base_url, "small", KEY), **more)  # type: ignore[arg-type]


def spend(folder: Path, cap: float) -> DaySpend:
    return DaySpend(folder, cap, "vectors", today=lambda: MONDAY)


def test_texts_become_vectors_in_their_order() -> None:
    """Of length 1 each, with the model's name, its dimensions and the tokens it counted."""
    with EmbeddingServer(dimensions=16) as server:
        made = at(server)
        found = made.embed(["parse price", "the weather"])
        asked = server.requests[0]
    assert (made.model, made.dimensions, found.tokens) == ("p/small", 16, 20)
    plain = vector("parse price", 16)
    assert found.vectors[0] == pytest.approx([n / math.hypot(*plain) for n in plain])
    assert [math.hypot(*v) for v in found.vectors] == pytest.approx([1.0, 1.0])
    assert asked.json == {"model": "small", "input": ["parse price", "the weather"]}
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_an_order_of_its_own_is_put_right() -> None:
    """The number of a vector counts, not where it stands."""
    wire = protocol.document(
        {"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 0]}]}
    )
    with EmbeddingServer([wire]) as server:
        assert at(server).embed(["a", "b"]).vectors == ((1.0, 0.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("wire", "error", "said"),
    [
        (protocol.error(401, f"bad key {KEY}"), ProviderRejected, "answered 401"),
        (protocol.error(404), ProviderRejected, "no model `small`"),
        (protocol.error(429), ProviderUnavailable, "answered 429"),
        (protocol.error(500), ProviderUnavailable, "answered 500"),
        (protocol.content(b"<html>", "text/html", status=502), ProviderUnavailable, "502"),
        (protocol.content(b"<html>Hello</html>", "text/html"), ProviderRejected, "OpenAI"),
        (protocol.document({"error": {"message": "no", "code": 500}}), ProviderUnavailable, "no"),
        (protocol.document(["a"]), BadReply, "no vectors"),
        (embeddings([[1, 0]]), BadReply, "no vectors"),
        (embeddings([[1, 0], [1, 0], [1, 0]]), BadReply, "no vectors"),
        (embeddings([[1, 0], [1, 0, 0]]), BadReply, "no vectors"),
        (embeddings([[1, 0], [0, 0]]), BadReply, "no vectors"),
        (embeddings([[1, 0], [float("nan"), 0]]), BadReply, "no vectors"),
        (embeddings([[], []]), BadReply, "no vectors"),
        (
            protocol.document({"data": [{"embedding": "AAAA"}, {"embedding": "AAAA"}]}),
            BadReply,
            "no vectors",
        ),
        ([Head(200, {"Content-Length": "900"}), b'{"data": ['], ProviderUnavailable, "broke off"),
        ([Reset()], ProviderUnavailable, "broke off"),
        ([Pause(3)], ProviderUnavailable, "in time"),
        ([Head(), *[part for _ in range(20) for part in (b" ", Pause(0.1))]], AgentError, "time"),
    ],
)
def test_what_goes_wrong_is_said_in_our_own_words(
    wire: Wire, error: type[Exception], said: str
) -> None:
    """Whatever speaks at the address, the sentence says which, and the key stays out of it."""
    with EmbeddingServer([wire]) as server, pytest.raises(error, match=said) as raised:
        at(server, seconds=1.0).embed(["a", "b"])
    assert KEY not in str(raised.value)


def test_an_endpoint_that_is_not_there_charges_nothing() -> None:
    """A closed port is out of reach; nobody saw the texts."""
    with EmbeddingServer() as server:
        made = at(server)
    with pytest.raises(ProviderUnavailable, match="cannot be reached") as raised:
        made.embed(["a"])
    assert raised.value.unpaid


def test_texts_that_are_too_long_are_cut() -> None:
    """To what nearly every model takes; where one takes less, to the half of it, and a quarter."""
    too_long = protocol.error(400, "maximum context length is 512 tokens")
    with EmbeddingServer([too_long]) as server:
        at(server).embed(["x" * 3 * LONGEST])
        assert [len(text) for text in server.texts] == [LONGEST, LONGEST // 2]
    with EmbeddingServer([too_long] * 9) as server:
        with pytest.raises(ContextOverflow):
            at(server).embed(["x" * 3 * LONGEST])
        assert len(server.texts) == 3


def test_no_secret_is_sent() -> None:
    """Neither one that is known here nor one by its shape, and the key is in no text."""
    shaped = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    known = Redactor.of({"MY_TOKEN": "hunter2-hunter2-hunter2"}).also(KEY)
    with EmbeddingServer() as server:
        at(server, hide=known.hide).embed([f"a = '{shaped}'", "b = hunter2-hunter2-hunter2", KEY])
        body = server.requests[0].body.decode()
    assert "redacted" in body
    assert not any(secret in body for secret in (shaped, "hunter2", KEY))


def test_what_it_costs_counts_against_the_day(tmp_path: Path) -> None:
    """Reserved at its worst, settled at what was counted; what does not fit is not sent."""
    with EmbeddingServer() as server:
        day = spend(tmp_path, 0.05)
        paid = BilledEmbedder(at(server), PRICED, day)
        paid.embed(["parse the price"])
        assert (paid.tokens, paid.usd) == (10, pytest.approx(0.01))
        assert day.spent == pytest.approx(0.01)
        with pytest.raises(BudgetExceeded):
            paid.embed(["x" * 200])
        assert len(server.texts) == 1
    assert day.spent == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("wire", "usd"),
    [
        (protocol.error(400), 0.0),
        (protocol.error(429), 0.0),
        (protocol.error(500), 0.004),
        ([Reset()], 0.004),
        (embeddings([[0, 0]]), 0.004),
        (embeddings([[1, 0]]), 0.004),
        (embeddings([[1, 0]], tokens=10**9), 0.004),
    ],
)
def test_an_outcome_that_nobody_knows_stays_charged(tmp_path: Path, wire: Wire, usd: float) -> None:
    """What was rejected cost nothing; the rest, and what nobody counts credibly, its worst."""
    day = spend(tmp_path, 1.0)
    refused = suppress(ProviderUnavailable, ProviderRejected, BadReply)
    with EmbeddingServer([wire]) as server, refused:
        BilledEmbedder(at(server), PRICED, day).embed(["abcd"])
    assert day.spent == pytest.approx(usd)


def test_without_a_price_a_cap_lets_nothing_through(tmp_path: Path) -> None:
    """A cap that cannot be kept is none; without a cap nobody asks for a price."""
    with EmbeddingServer() as server:
        with pytest.raises(BudgetExceeded, match="Nobody knows"):
            BilledEmbedder(at(server), UNKNOWN, spend(tmp_path, 1.0)).embed(["a"])
        assert server.texts == []
        free = BilledEmbedder(at(server), UNKNOWN, spend(tmp_path, 0.0))
        assert len(free.embed(["a"]).vectors) == 1
    assert (free.tokens, free.usd) == (10, None)


def test_the_configuration_names_who_makes_vectors() -> None:
    """PROVIDER/NAME of an endpoint of the user's; anything else is said before it is used."""
    with EmbeddingServer() as server:
        own = Provider("mine", server.base_url, "MINE_KEY")
        world = World({"MINE_KEY": KEY}, lambda _at: [], lambda: False)
        config = Config(providers=(own,))
        made = embedder(config, world, "mine/small", Redactor())
        assert made.model == "mine/small"
        assert len(made.embed(["a"]).vectors) == 1
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        for wrong in ("mine", "mine/", "local/small", "nobody/small"):
            with pytest.raises(UsageError):
                embedder(config, world, wrong, Redactor())


def test_asking_loads_no_heavy_package() -> None:
    """The vector of a query has to be there in less time than the openai package takes."""
    code = (
        "from gitagent.llm.client import Endpoint; "
        "from gitagent.llm.embeddings import EndpointEmbedder; "
        "from gitagent.testing.embedding import EmbeddingServer; import sys\n"
        "with EmbeddingServer() as server:\n"
        "    EndpointEmbedder(Endpoint('p', server.base_url, 'm')).embed(['a'])\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert not {"openai", "genai_prices", "numpy"} & set(loaded.stdout.split())
