"""Weights over HTTP, from where a broken transfer stopped.

Written on the standard library: a transfer is one GET with a Range, and its clients for models are
told not to follow redirects to other hosts, which is just what a model hub does.
"""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gitagent import __version__
from gitagent.errors import ProviderUnavailable
from gitagent.llm.local.sources import Progress
from gitagent.llm.local.weights import CHUNK, Weights

_RANGE_NOT_SATISFIABLE = 416


class _CutError(Exception):
    """The connection ended before the file did."""


@dataclass(frozen=True)
class HttpSource:
    """The address in `Weights.url`.

    `timeout_s` bounds connecting and every single read. A source that does not answer at all is
    given up at once; one that did is tried again after a cut, `tries` times without a new byte.
    """

    timeout_s: float = 10.0
    tries: int = 4
    pause_s: float = 1.0

    @property
    def name(self) -> str:
        return "the model's home"

    def scratch(self, weights: Weights) -> int:
        return 0

    def extend(self, weights: Weights, partial: Path, progress: Progress) -> None:
        misses, answered = 0, False
        while (done := _size(partial)) < weights.size:
            try:
                self._once(weights, partial, progress)
            except _CutError as error:
                answered = answered or _size(partial) > done
                misses = 0 if _size(partial) > done else misses + 1
                if not answered or misses >= self.tries:
                    raise ProviderUnavailable(f"{_host(weights)}: {error}") from error
                progress(_size(partial), weights.size, f"{_host(weights)} stopped; trying again")
                time.sleep(self.pause_s * misses)

    def _once(self, weights: Weights, partial: Path, progress: Progress) -> None:
        done = _size(partial)
        progress(done, weights.size, f"asking {_host(weights)}")
        with self._open(weights, done, partial) as response:
            resumed = _check(response, weights, done)
            with partial.open("ab" if resumed else "wb") as stream:
                _copy(response, stream.write, weights, progress, done if resumed else 0)

    def _open(self, weights: Weights, done: int, partial: Path) -> http.client.HTTPResponse:
        headers = {"User-Agent": f"gitagent/{__version__}", "Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
        try:
            response: http.client.HTTPResponse = urllib.request.urlopen(
                urllib.request.Request(weights.url, headers=headers), timeout=self.timeout_s
            )
            return response
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == _RANGE_NOT_SATISFIABLE:
                partial.unlink()
            if error.code >= 500 or error.code == _RANGE_NOT_SATISFIABLE:
                raise _CutError(f"it answered {error.code}") from error
            raise ProviderUnavailable(f"{_host(weights)} answered {error.code}") from error
        except (OSError, http.client.HTTPException) as error:
            raise _CutError(_reason(error)) from error


def _check(response: http.client.HTTPResponse, weights: Weights, done: int) -> bool:
    """True where the answer goes on from `done`, False where it starts at the first byte.

    A login page or another file tells itself by its size, before a byte of ours is overwritten.
    """
    length = response.headers.get("Content-Length")
    if response.status == http.client.PARTIAL_CONTENT:
        matched = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "")
        )
        if matched and int(matched[1]) == done and matched[2] in ("*", str(weights.size)):
            return True
    elif length is None or int(length) == weights.size:
        return False
    raise ProviderUnavailable(f"{_host(weights)} answered with another file")


def _copy(
    response: http.client.HTTPResponse,
    write: Callable[[bytes], object],
    weights: Weights,
    progress: Progress,
    done: int,
) -> None:
    while done < weights.size:
        chunk = _read(response, min(CHUNK, weights.size - done))
        write(chunk)
        done += len(chunk)
        progress(done, weights.size, f"from {_host(weights)}")


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """What has arrived, at least one byte; apart from writing, whose errors are the disk's."""
    try:
        chunk = response.read1(most)
    except (OSError, http.client.HTTPException) as error:
        raise _CutError(_reason(error)) from error
    if not chunk:
        raise _CutError("the connection was cut")
    return chunk


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _host(weights: Weights) -> str:
    return urlsplit(weights.url).hostname or weights.url


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
