"""The real model: it answers, keeps its prompt, drafts from it, and lets nobody else in."""

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gitagent.llm.local.engine import SLOTS
from gitagent.llm.local.server import ensure, stop
from gitagent.llm.local.settings import Settings

pytestmark = pytest.mark.local_model

LISTING = "\n".join(f"def area_{n}(width, height):\n    return width * height\n" for n in range(12))
EDIT = "Write this file again, with every `height` renamed to `depth`. Reply with the file only.\n"


@pytest.fixture
def endpoint(weights, tmp_path):
    with ensure(weights, Settings(n_ctx=4096), tmp_path / "room") as held:
        yield held
    stop(tmp_path / "room")


def ask(endpoint, text, most, key=None, **more):
    address = urlsplit(endpoint.base_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=180)
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": text}],
        "temperature": 0,
        "max_tokens": most,
        **more,
    }
    headers = {"Authorization": f"Bearer {key or endpoint.api_key}"}
    connection.request("POST", f"{address.path}/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_the_model_answers_warm_and_only_to_us(endpoint):
    """A shared beginning is read from the cache, an edit is drafted, a wrong key is refused."""
    _, first = ask(endpoint, LISTING + EDIT, 120)
    assert "depth" in first["choices"][0]["message"]["content"]
    assert first["timings"]["draft_n_accepted"] > 0
    _, second = ask(endpoint, LISTING + "How many functions are there?", 5)
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] > 150
    refused, _ = ask(endpoint, "Hello", 5, key="FAKEKEY")
    assert refused == 401


def test_one_question_has_several_answers_and_is_read_once(endpoint):
    """They differ, share one reading of the prompt, and leave it in the cache for the next."""
    _, said = ask(endpoint, LISTING + EDIT, 24, n=SLOTS, temperature=1.5, seed=7)
    texts = {choice["message"]["content"] for choice in said["choices"]}
    assert len(said["choices"]) == SLOTS
    assert len(texts) > 1
    assert said["timings"]["prompt_n"] <= said["usage"]["prompt_tokens"]
    _, again = ask(endpoint, LISTING + EDIT, 4, n=2, temperature=1.5)
    assert again["usage"]["prompt_tokens_details"]["cached_tokens"] > 150


def test_the_server_listens_on_loopback_only(endpoint):
    """No other machine can reach the model."""
    port = f"{urlsplit(endpoint.base_url).port:04X}"
    tables = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    listening = [
        line.split()[1]
        for line in tables.splitlines()[1:]
        if f":{port} " in line and " 0A " in line
    ]
    assert listening == [f"0100007F:{port}"]
