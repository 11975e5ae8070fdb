"""What vectors cost counts against the day like any call, reserved at its worst before it is sent.

No task's log has them: what they buy is kept in the index, for all tasks.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Sequence
from functools import cached_property

from gitagent.errors import BudgetExceeded, ProviderError, ProviderRejected
from gitagent.llm.charge import BYTES_PER_TOKEN, DIGITS
from gitagent.llm.day import DaySpend
from gitagent.llm.prices import cost, priced
from gitagent.ports import Embedded, Embedder, ModelProfile

BEYOND_BELIEF = 8
"""Times the worst that was reckoned with; who counts so many tokens counts something else."""


class BilledEmbedder:
    """Wraps an embedder; where there is a cap for the day, a batch that does not fit is not sent.

    With a cap and no known price nothing is sent at all: BudgetExceeded says so. `tokens` is what
    was counted until now, `usd` what it came to, None where nobody knows.
    """

    def __init__(self, inner: Embedder, profile: ModelProfile, day: DaySpend) -> None:
        self._inner = inner
        self._profile = profile
        self._day = day
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.tokens = 0

    @property
    def model(self) -> str:
        return self._inner.model

    @property
    def dimensions(self) -> int:
        return self._inner.dimensions

    @property
    def usd(self) -> float | None:
        return self._cost(self.tokens) if self._known else None

    def embed(self, texts: Sequence[str]) -> Embedded:
        worst = sum(map(_tokens, texts))
        number, charge = next(self._numbers), 0.0
        if self._day.cap_usd:
            charge = self._worst(worst)
        with self._day.reserved(number, charge):
            pass
        try:
            found = self._inner.embed(texts)
        except ProviderError as error:
            if isinstance(error, ProviderRejected) or getattr(error, "unpaid", False):
                charge = 0.0
            self._day.settle(number, charge)
            raise
        counted = found.tokens if 0 < found.tokens <= BEYOND_BELIEF * worst else worst
        with self._lock:
            self.tokens += counted
        if self._day.cap_usd:
            self._day.settle(number, self._cost(counted))
        return found

    def _worst(self, tokens: int) -> float:
        if not self._known:
            raise BudgetExceeded(
                f"Nobody knows what {self.model} costs, so a budget cannot be kept.",
                hint=f'Set `input_price` under [models."{self.model}"] in your own configuration.',
            )
        return self._cost(tokens)

    def _cost(self, tokens: int) -> float:
        """Each text is a prompt by itself, so none is a long one, whose tokens cost more."""
        return cost(self._priced, 1_000, 0) / 1_000 * tokens

    @property
    def _known(self) -> bool:
        return self._priced.input_price is not None

    @cached_property
    def _priced(self) -> ModelProfile:
        """Looked up when it is first needed: the price tables are slow to load."""
        return priced(self._profile)


def owner() -> str:
    """A name for one run's vectors in the file of the day's spending."""
    return f"vectors {secrets.token_hex(8)}"


def _tokens(text: str) -> int:
    """An upper estimate, before a tokenizer has seen it."""
    return (len(text.encode("utf-8", "surrogatepass")) + len(DIGITS.findall(text))) // (
        BYTES_PER_TOKEN
    ) + 2
