"""Another try, later, for what may pass: a busy or broken provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gitagent.domain.call import Reply, Request
from gitagent.errors import ProviderUnavailable
from gitagent.ports import Model, ModelProfile

if TYPE_CHECKING:
    import tenacity

ATTEMPTS = 4
LONGEST_WAIT = 60.0


class RetryModel:
    """Wraps a model; `on_retry` gets the reason and the seconds until the next try."""

    def __init__(
        self,
        inner: Model,
        *,
        on_retry: Callable[[str, float], None] = lambda _reason, _seconds: None,
        first_wait_s: float = 1.0,
    ) -> None:
        self._inner = inner
        self._on_retry = on_retry
        self._first_wait_s = first_wait_s
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        import tenacity

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            before_sleep=self._tell,
            reraise=True,
        )
        return retrying(self._inner.complete, request)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        import tenacity

        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ProviderUnavailable) and error.retry_after is not None:
            return error.retry_after
        first = self._first_wait_s
        backoff = tenacity.wait_exponential(multiplier=first, max=LONGEST_WAIT)
        return backoff(state) + tenacity.wait_random(0, first)(state)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._on_retry(str(error), state.upcoming_sleep)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ProviderUnavailable) and (error.retry_after or 0) <= LONGEST_WAIT
