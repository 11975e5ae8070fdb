"""A provider that has a bad day, and counts what it did: a real HTTP server on loopback.

It speaks the OpenAI protocol, answers what it is told to, and plays faults on its answers, written
down beforehand or thrown with dice that can be repeated.

    with ChaosServer(lambda request: Say("Hello"), rate=0.3, seed=7) as server:
        ...  # a client of server.base_url
        assert server.report["answered_twice"] == 0

As a program: `python -m gitagent.testing.chaos --rate 0.3 --seed 7`; docs/chaos.md says the rest.
"""

from gitagent.testing.chaos.catalogue import FAULTS
from gitagent.testing.chaos.fate import Fate
from gitagent.testing.chaos.fault import Fault, Times
from gitagent.testing.chaos.limits import Limits
from gitagent.testing.chaos.server import ChaosServer
from gitagent.testing.chaos.tally import Exchange, Prices
from gitagent.testing.script import Say

__all__ = [
    "FAULTS",
    "ChaosServer",
    "Exchange",
    "Fate",
    "Fault",
    "Limits",
    "Prices",
    "Say",
    "Times",
]
