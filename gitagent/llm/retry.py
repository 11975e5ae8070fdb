"""Another try, later, for what may pass: a busy or broken provider.

Bounded three ways, by attempts, by time and by what failed attempts may have cost, and no sooner
than the provider said.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

from gitagent.domain.call import Reply, Request
from gitagent.errors import ProviderUnavailable, Resting
from gitagent.ports import Model, ModelProfile

ATTEMPTS = 4
LONGEST_BACKOFF_S = 60.0
LATER = 0.1
"""What is added to a time that a provider named, at most, as a share of it: not all at once."""


class RetryModel:
    """Wraps a model; `on_retry` gets the reason and the seconds until the next try.

    No try begins when `seconds` are over, or when the failed ones were charged so much that one
    more could pass `usd` (0 is no cap). A wait over `longest_wait_s` is not begun: there may be
    somebody else to ask.
    """

    def __init__(
        self,
        inner: Model,
        *,
        attempts: int = ATTEMPTS,
        first_wait_s: float = 1.0,
        seconds: float = 600.0,
        usd: float = 0.0,
        longest_wait_s: float = math.inf,
        on_retry: Callable[[str, float], None] = lambda _reason, _seconds: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner = inner
        self._attempts = attempts
        self._first_wait_s = first_wait_s
        self._seconds = seconds
        self._usd = usd
        self._longest_wait_s = longest_wait_s
        self._on_retry = on_retry
        self._clock = clock
        self._sleep = sleep
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        import tenacity

        course = _Course(self._clock)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(course.may_pass),
            stop=lambda state: self._over(course, state.upcoming_sleep),
            wait=lambda _state: self._wait(course),
            before_sleep=lambda state: self._on_retry(str(course.error), state.upcoming_sleep),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._inner.complete, request)

    def _wait(self, course: _Course) -> float:
        """Backoff with full jitter, but no sooner than the provider said."""
        doubled = self._first_wait_s * 2.0 ** min(32, max(0, course.asked - 1))
        backoff = random.uniform(0, min(LONGEST_BACKOFF_S, doubled))
        said = course.error.retry_after
        if said is None or math.isnan(said):
            return backoff
        later = random.uniform(0, min(1.0, LATER * max(0.0, said)))
        return said + later if isinstance(course.error, Resting) else max(backoff, said + later)

    def _over(self, course: _Course, wait: float) -> bool:
        return (
            course.asked >= self._attempts
            or wait > self._longest_wait_s
            or course.lasted + wait > self._seconds
            or (self._usd > 0 and course.charged + course.dearest > self._usd)
        )


class _Course:
    """How one request went until now. What was never sent is no attempt."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self.error = ProviderUnavailable()
        self.asked = 0
        self.charged = 0.0
        self.dearest = 0.0

    @property
    def lasted(self) -> float:
        return self._clock() - self._began

    def may_pass(self, error: BaseException) -> bool:
        """Whether it is worth another try; it counts from now on."""
        if not isinstance(error, ProviderUnavailable):
            return False
        self.error = error
        self.asked += not isinstance(error, Resting)
        self.charged += error.charged
        self.dearest = max(self.dearest, error.charged)
        return True
