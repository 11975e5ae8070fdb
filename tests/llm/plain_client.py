"""A model over plain HTTP that loads in no time, so that twenty processes can ask at once.

As a program it asks one server some questions in threads, through the shared limiter and breaker,
and prints how each ended: `python plain_client.py URL FOLDER THREADS SECONDS`.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import gitagent
from gitagent.domain.call import Message, Reply, Request, Usage
from gitagent.errors import ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.llm.breaker import Breaker, BreakerModel
from gitagent.llm.rate_headers import seconds
from gitagent.llm.retry import RetryModel
from gitagent.llm.throttle import Throttle, ThrottledModel
from gitagent.ports import ModelProfile

ASKED = Request("propose", (Message("user", "x"),), 10)
KEY = "FAKEKEY-storm"


class PlainClient:
    """Implements ports.Model; `sent` counts what was sent."""

    def __init__(
        self,
        base_url: str,
        profile: ModelProfile | None = None,
        on_headers: Callable[[Mapping[str, str]], None] = lambda _headers: None,
    ) -> None:
        self.profile = profile or ModelProfile("m", "p", 8000, 1000, "whole")
        self.sent = 0
        self._url = urlsplit(base_url)
        self._on_headers = on_headers

    def complete(self, request: Request) -> Reply:
        self.sent += 1
        link = http.client.HTTPConnection(str(self._url.hostname), self._url.port, timeout=20)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        body = json.dumps({"model": self.profile.name, "messages": messages})
        try:
            link.request("POST", f"{self._url.path}/chat/completions", body)
            answer = link.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ProviderUnavailable(f"p failed: {error!r}.") from error
        finally:
            link.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        self._on_headers(headers)
        if answer.status != 200:
            raise _failure(answer.status, headers)
        text = json.loads(data)["choices"][0]["message"]["content"]
        return Reply(text, "m", self.profile.provider, "stop", Usage(1, 1), 0.0)


def _failure(status: int, headers: Mapping[str, str]) -> ProviderError:
    said = f"p answered {status}."
    if status != 429 and status < 500:
        return ProviderRejected(said, status=status)
    after = seconds(headers.get("retry-after", ""), headers.get("date", ""))
    return ProviderUnavailable(said, retry_after=after, unpaid=status == 429, busy=status == 429)


def stack(url: str, throttle: Throttle, breaker: Breaker, seconds: float = 20.0) -> RetryModel:
    """The client behind everything that shares state, with short waits."""
    client = PlainClient(url, on_headers=throttle.learn)
    calm = ThrottledModel(BreakerModel(client, breaker), throttle, patience_s=seconds)
    return RetryModel(calm, first_wait_s=0.05, seconds=seconds)


def with_package() -> dict[str, str]:
    """The environment for a process that finds the same gitagent as the tests."""
    return {**os.environ, "PYTHONPATH": str(Path(gitagent.__file__).parent.parent)}


def outcome(model: RetryModel) -> str:
    """`ok`, or the class of the error."""
    try:
        return "ok" if model.complete(ASKED).text else "empty"
    except ProviderError as error:
        return type(error).__name__


def ask(url: str, folder: Path, threads: int, seconds: float) -> Counter[str]:
    """How often each outcome was there, of one question a thread."""
    throttle = Throttle(folder, KEY, first_pause_s=0.05)
    breaker = Breaker(folder, KEY)
    with ThreadPoolExecutor(threads) as pool:
        models = [stack(url, throttle, breaker, seconds) for _ in range(threads)]
        return Counter(pool.map(outcome, models))


if __name__ == "__main__":
    began = time.monotonic()
    counted = ask(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    print(json.dumps({"outcomes": counted, "seconds": time.monotonic() - began}))
