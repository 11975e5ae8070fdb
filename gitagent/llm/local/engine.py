"""llama.cpp inside this process, by way of xllamacpp.

Greedy answers are not the same to the bit between a fresh and a cached prompt, nor with and
without drafts: batches of another shape round differently, which tips a close call now and then.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_CACHE_MIB = 1024

SLOTS = 4
"""Answers that can be written at once; the prompt is read once for those to the same words (`n`).

On two cores four at a time come to 18 or 19 tokens a second where one comes to 13 to 16: the matrix
products of a few rows are not bound by memory there. More slots give no more. What is saved is the
reading, 30 seconds for 1,100 tokens beside other work.
"""


@dataclass(frozen=True)
class Running:
    """A server that listens on loopback; it lives as long as this object."""

    port: int
    server: Any


def start(
    weights: Path, model: str, n_ctx: int, threads: int, api_key: str, port: int = 0
) -> Running:
    """Load the weights and listen, on any free port for 0; returns once requests are answered."""
    import xllamacpp

    server = xllamacpp.Server(_parameters(weights, model, n_ctx, threads, api_key, port))
    listening = urlsplit(server.listening_address).port
    if not listening:
        raise RuntimeError(f"llama.cpp listens at {server.listening_address!r}")
    return Running(listening, server)


def _parameters(
    weights: Path, model: str, n_ctx: int, threads: int, api_key: str, port: int
) -> Any:
    import xllamacpp

    chosen = xllamacpp.CommonParams()
    chosen.model.path = str(weights)
    chosen.model_alias = {model}
    chosen.n_ctx = n_ctx
    chosen.n_parallel = SLOTS
    # Answers to one prompt share its cells: a window is not cut into as many as there are slots.
    chosen.kv_unified = True
    chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = threads
    chosen.hostnames = ["127.0.0.1"]
    chosen.port = port
    chosen.api_keys = [api_key]
    chosen.cache_prompt = True
    chosen.cache_ram_mib = _CACHE_MIB
    chosen.sampling.temp = 0.0
    chosen.ui = chosen.endpoint_slots = False
    chosen.verbosity = 1
    # An edit repeats much of its prompt: drafts are copied out of it and checked in one batch.
    # On two cores, writing a file again with a small change: 22 to 27 tokens a second, 15 to 21
    # without. Shorter drafts, the other n-gram kinds and a quantised cache were slower.
    kinds = xllamacpp.common_speculative_type
    chosen.speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
    return chosen
