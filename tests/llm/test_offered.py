"""What an endpoint says when it is asked for its models, and what it may say instead."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from gitagent.errors import ProviderRejected, ProviderUnavailable
from gitagent.llm.client import Endpoint
from gitagent.llm.offered import Offer, model_names, offers
from gitagent.testing import protocol
from gitagent.testing.listener import Received
from gitagent.testing.protocol import Wire
from gitagent.testing.scripted import ScriptedServer
from gitagent.testing.server import ModelServer

KEY = "FAKEKEY-offered"


class Answering(ModelServer):
    """An endpoint that answers every request so."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__()

    def wire(self, received: Received) -> Wire:
        return self._wire

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("p", self.base_url, "", KEY)


def offered(**entry: object) -> Offer:
    return Offer.of({"id": "m", **entry})


def test_the_names_come_sorted_and_the_key_goes_along() -> None:
    """The order of an endpoint means nothing."""
    with Answering(protocol.models(["b", "a"])) as server:
        assert model_names(server.endpoint) == ["a", "b"]
        asked = server.requests[0]
    assert (asked.method, asked.path) == ("GET", "/v1/models")
    assert asked.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("wire", "error", "said"),
    [
        (protocol.error(401), ProviderRejected, "answered 401"),
        (protocol.error(503), ProviderUnavailable, "answered 503"),
        (protocol.content(b"<html>Hello</html>", "text/html"), ProviderUnavailable, "OpenAI"),
        (protocol.document(["a"]), ProviderUnavailable, "OpenAI"),
        (protocol.document({"data": [{"name": "a"}]}), ProviderUnavailable, "OpenAI"),
        (protocol.document({"data": ["a"]}), ProviderUnavailable, "OpenAI"),
        (protocol.document({"data": None}), ProviderUnavailable, "OpenAI"),
    ],
)
def test_an_answer_that_names_no_model_is_an_error_in_our_own_words(
    wire: Wire, error: type[Exception], said: str
) -> None:
    """Whatever speaks at the address, the sentence says which and the key stays out of it."""
    with Answering(wire) as server, pytest.raises(error, match=said) as raised:
        model_names(server.endpoint)
    assert KEY not in str(raised.value)


def test_a_port_that_nobody_listens_at_is_unavailable(
    server: Callable[..., ScriptedServer],
) -> None:
    """A server that has stopped is said to be out of reach."""
    stopped = server([])
    stopped.stop()
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        model_names(Endpoint("p", stopped.base_url, "", KEY))


def test_the_question_does_not_load_the_openai_package() -> None:
    """It stands before everything else of a task, and that import takes half a second."""
    program = (
        "import sys\nfrom gitagent.llm.client import Endpoint\n"
        "from gitagent.llm.offered import model_names\n"
        "try:\n    model_names(Endpoint('p', 'http://127.0.0.1:9/v1', ''))\n"
        "except Exception:\n    pass\nsys.exit('openai' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


OPENROUTER = {
    "id": "qwen/qwen3-coder",
    "context_length": 262144,
    "pricing": {"prompt": "0.00000022", "completion": "0.00000095", "input_cache_read": "0"},
    "top_provider": {"context_length": 131072, "max_completion_tokens": 65536},
    "supported_parameters": ["tools", "temperature", "structured_outputs"],
}


def test_what_openrouter_says_of_a_model_is_understood() -> None:
    """Prices per token as texts, the smaller of two windows, abilities as a list."""
    with Answering(protocol.document({"data": [OPENROUTER]})) as server:
        assert offers(server.endpoint) == [
            Offer("qwen/qwen3-coder", 131072, 65536, 0.22, 0.95, 0.0, True, True, True)
        ]


@pytest.mark.parametrize(
    "entry", [{"context_window": 9000}, {"max_model_len": 9000}, {"max_context_length": 9000}]
)
def test_other_servers_have_other_words_for_a_window(entry: dict[str, int]) -> None:
    """Groq, vLLM and Mistral each say it their own way."""
    assert offered(**entry).window == 9000


def test_a_list_of_abilities_says_also_what_is_not_there() -> None:
    """Without a list nothing is known; with one, what is absent is no."""
    assert offered().takes_tools is None
    said = offered(supported_parameters=["temperature"])
    assert (said.takes_temperature, said.takes_tools, said.takes_schema) == (True, False, False)


@pytest.mark.parametrize(
    "price", ["-1", "nan", "inf", "1e999", "", "free", None, True, [], {}, -0.5, "2", 10**400]
)
def test_a_price_that_is_none_is_not_believed(price: object) -> None:
    """A dynamic price is written as -1; a wrong one must not free a call from its budget."""
    said = offered(pricing={"prompt": price, "completion": price})
    assert (said.input_price, said.output_price) == (None, None)


@pytest.mark.parametrize("tokens", [0, -1, True, "9000", 9000.5, None, 10**12, [], {}])
def test_a_window_that_is_none_is_not_believed(tokens: object) -> None:
    """Nor a limit of a reply."""
    said = offered(context_length=tokens, top_provider={"max_completion_tokens": tokens})
    assert (said.window, said.max_output) == (None, None)


@pytest.mark.parametrize("odd", ["x", 5, None, [], True])
def test_an_odd_entry_is_a_model_of_which_nothing_is_known(odd: object) -> None:
    """Whatever stands where a table should."""
    assert offered(pricing=odd, top_provider=odd, supported_parameters=5) == Offer("m")
