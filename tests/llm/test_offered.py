"""What an endpoint says when it is asked for its models, and what it may say instead."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gitagent.errors import ProviderRejected, ProviderUnavailable
from gitagent.llm.client import Endpoint
from gitagent.llm.offered import model_names
from gitagent.testing import protocol
from gitagent.testing.listener import Listener, Received
from gitagent.testing.protocol import Wire
from gitagent.testing.scripted import ScriptedServer

KEY = "FAKEKEY-offered"


@contextmanager
def answering(wire: Wire) -> Iterator[tuple[Listener, Endpoint]]:
    """An endpoint that answers every request so."""
    listener = Listener(lambda _request: wire)
    try:
        yield listener, Endpoint("p", f"http://127.0.0.1:{listener.server_port}/v1", "", KEY)
    finally:
        listener.stop()


def test_the_names_come_sorted_and_the_key_goes_along() -> None:
    """The order of an endpoint means nothing."""
    with answering(protocol.models(["b", "a"])) as (listener, endpoint):
        assert model_names(endpoint) == ["a", "b"]
        asked: Received = listener.received[0]
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
    ],
)
def test_an_answer_that_names_no_model_is_an_error_in_our_own_words(
    wire: Wire, error: type[Exception], said: str
) -> None:
    """Whatever speaks at the address, the sentence says which and the key stays out of it."""
    with answering(wire) as (_listener, endpoint), pytest.raises(error, match=said) as raised:
        model_names(endpoint)
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
