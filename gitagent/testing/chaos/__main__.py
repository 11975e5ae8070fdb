"""The chaos server as a program, for whoever wants to see a client of theirs on a bad day."""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gitagent.errors import AgentError, UsageError
from gitagent.testing.chaos.catalogue import FAULTS, named
from gitagent.testing.chaos.fate import Fate, weights
from gitagent.testing.chaos.fault import Times
from gitagent.testing.chaos.limits import Limits
from gitagent.testing.chaos.server import ChaosServer
from gitagent.testing.chaos.tally import Prices
from gitagent.testing.script import Answer, Item, Say, read

SAYS = "All is well that ends well."
OWN = {
    "close-on-accept": "--drop: the connection is closed before anything is read.",
    "limit-rpm": "--rpm: more requests a minute than allowed; 429 with honest headers.",
    "limit-concurrency": "--concurrency: more at once than allowed; 429 with honest headers.",
    "window": "--window: the prompt is really too long; 400 context_length_exceeded.",
}
"""What happens by a flag of its own, and not by dice."""


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C (130) or SIGTERM (0); 2 where an option is wrong."""
    options = _parser().parse_args(argv)
    if options.list:
        print(catalogue())
        return 0
    try:
        return _serve(options)
    except KeyboardInterrupt:
        return 130
    except AgentError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def catalogue() -> str:
    """The table of faults, a line each: name, whether an answer arrives, sentence."""
    rows = [(f.name, "answered" if f.intact else "", f.says) for f in FAULTS.values()]
    rows += [(name, "", says) for name, says in OWN.items()]
    return "\n".join(f"{name:<18}{whole:<10}{says}" for name, whole, says in rows)


def _serve(options: argparse.Namespace) -> int:
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: over.set())
    with _server(options) as server:
        print(server.base_url, flush=True)
        try:
            over.wait()
        finally:
            if options.report:
                _write(options.report, server.report)
    return 0


def _server(options: argparse.Namespace) -> ChaosServer:
    fate = Fate(
        rate=options.rate,
        seed=options.seed,
        by=options.by,
        weights=weights(options.faults.split(",")),
        every=_numbered(options.every),
        at=_numbered(options.at),
    )
    return ChaosServer(
        _answer(options),
        fate=fate,
        seed=options.seed,
        drop=options.drop,
        times=Times(options.slow, options.silent, options.retry_after),
        limits=Limits(options.rpm, options.concurrency, burst=options.burst),
        window=options.window,
        prices=_prices(options.price),
        models=tuple(options.models.split(",")),
        port=options.port,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gitagent.testing.chaos",
        description="A server that speaks the OpenAI protocol and has a bad day. It prints its "
        "base URL on the first line; GET /chaos/report tells what it did.",
    )
    add = parser.add_argument
    add("script", nargs="?", help="a JSON list of items that are said in turn; - for stdin")
    add("--say", default=SAYS, help="without a script: what is always said")
    add("--function", default="", help="MODULE:NAME, called with a request's JSON: what is said")
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--models", default="scripted", help="what /v1/models lists, with commas")
    add("--rate", type=float, default=0.0, help="share of the answers that meet a fault")
    add("--seed", type=int, default=0)
    add("--by", choices=("order", "content"), default="order", help="what the dice depend on")
    add("--faults", default="all", help="NAME or NAME=WEIGHT, with commas; all")
    add("--every", action="append", default=[], metavar="N=NAME", help="each Nth meets NAME")
    add("--at", action="append", default=[], metavar="N=NAME", help="the Nth meets NAME")
    add("--drop", type=float, default=0.0, help="share of connections closed at once")
    add("--rpm", type=float, default=0.0, help="requests a minute that are let in")
    add("--burst", type=int, default=0, help="how many of them at once; as many as --rpm")
    add("--concurrency", type=int, default=0, help="answers at once that are let in")
    add("--window", type=int, default=0, help="tokens of a prompt that are let in")
    add("--price", default="0/0", metavar="IN/OUT", help="USD per million tokens")
    times = Times()
    add("--slow", type=float, default=times.slow, help="seconds of the slow faults")
    add("--silent", type=float, default=times.silent, help="seconds of the silent ones")
    add("--retry-after", type=float, default=times.retry_after, help="seconds in Retry-After")
    add("--report", type=Path, default=None, help="where the report is written at the end")
    add("--list", action="store_true", help="print the faults and end")
    return parser


def _answer(options: argparse.Namespace) -> Iterable[Item] | Answer:
    if options.function:
        return _function(options.function)
    if options.script is None:
        return lambda _request: Say(options.say)
    try:
        path = options.script
        return read(sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The script cannot be read: {error}") from error


def _function(name: str) -> Answer:
    """A function by its name; a text that it gives is said."""
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"There is no function {name}: {error}") from error

    def answer(request: dict[str, Any]) -> Item:
        said: Item | str = found(request)
        return Say(said) if isinstance(said, str) else said

    return answer


def _numbered(words: Iterable[str]) -> Mapping[int, str]:
    try:
        pairs = [(int(n), named(name).name) for n, _, name in (w.partition("=") for w in words)]
    except ValueError as error:
        raise UsageError(f"{error}: --every and --at take N=NAME.") from error
    return dict(pairs)


def _prices(word: str) -> Prices:
    try:
        given, taken = map(float, word.split("/"))
    except ValueError as error:
        raise UsageError(f"--price takes IN/OUT, not {word}.") from error
    return Prices(given, taken)


def _write(path: Path, report: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(report, indent=2) + "\n")
    except OSError as error:
        raise UsageError(f"The report cannot be written: {error}") from error


if __name__ == "__main__":
    raise SystemExit(main())
