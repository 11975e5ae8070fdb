"""When a model gives up, the next one that fits goes on, and one line says so."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gitagent.domain.call import Reply, Request
from gitagent.errors import (
    BudgetExceeded,
    ContextOverflow,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    Resting,
)
from gitagent.llm.fitting import fitted, misfit
from gitagent.ports import Model, ModelProfile

KEY_REFUSED, OF_NO_USE_TO_OTHERS = (401, 402), (401, 402, 403)
"""Statuses that are about the key, and those that the provider's other models would answer, too."""
ASKED_AGAIN = 2
"""How often a model is asked in one call that said when to come back."""
LATER_S = 0.05

Fits = Callable[[ModelProfile, Request], str]


@dataclass(frozen=True)
class Member:
    """A model, and for how many seconds its provider will not be asked: 0 while it is well."""

    model: Model
    rests: Callable[[], float] = lambda: 0.0

    @property
    def profile(self) -> ModelProfile:
        return self.model.profile

    @property
    def ref(self) -> str:
        return self.profile.ref


class FallbackModel:
    """Asks the first of its members that fits, and the next where it gives up.

    What is asked was written for the first. `fits` says why a model does not fit, empty where it
    does. `on_fallback` gets a sentence for people. Where all gave up and some said when to come
    back, they are asked again, as long as that is within `patience_s`.

    Raises ContextOverflow where a shorter prompt may help and BudgetExceeded where a higher budget
    may, else what the first member raised.
    """

    def __init__(
        self,
        members: Sequence[Member],
        *,
        fits: Fits | None = None,
        on_fallback: Callable[[str], None] = lambda _said: None,
        patience_s: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._members = tuple(members)
        self._fits = fits or (lambda profile, request: misfit(self.profile, profile, request))
        self._on_fallback = on_fallback
        self._patience_s = patience_s
        self._sleep = sleep
        self._refused: set[str] = set()
        self.profile: ModelProfile = self._members[0].profile

    def complete(self, request: Request) -> Reply:
        if len(self._members) == 1:
            return self._members[0].model.complete(request)
        walk = _Walk()
        ends = time.monotonic() + self._patience_s
        left = self._order(request)
        while True:
            if reply := self._first_answer(request, left, walk):
                return reply
            left, wait = walk.coming_back()
            if not left or time.monotonic() + wait > ends:
                raise walk.verdict(self._members[0])
            self._on_fallback(f"No model answers now; the next try is in {wait:.0f} s.")
            self._sleep(wait + random.uniform(0, LATER_S))

    def _first_answer(self, request: Request, left: Sequence[Member], walk: _Walk) -> Reply | None:
        while left:
            member, *rest = left
            try:
                return member.model.complete(fitted(self.profile, member.profile, request))
            except (ProviderError, BudgetExceeded) as error:
                walk.gave_up(member, error)
                self._remember(member, error)
                left = list(_still_of_use(rest, member, error))
                if left:
                    self._on_fallback(
                        f"{member.ref} gave up: {_sentence(error)} {left[0].ref} goes on."
                    )
        return None

    def _order(self, request: Request) -> list[Member]:
        """Who is asked, in this order; members that are not well go behind those that are."""
        fitting = [m for m in self._members if not self._fits(m.profile, request)]
        behind = {m.ref: self._behind(m, request) for m in fitting}
        order = sorted(fitting, key=lambda m: behind[m.ref][0]) or [self._members[0]]
        chosen = self._members[0]
        if order[0] is not chosen:
            why = self._fits(chosen.profile, request) or behind[chosen.ref][1]
            self._on_fallback(f"{chosen.ref} {why}. {order[0].ref} goes on.")
        return order

    def _behind(self, member: Member, request: Request) -> tuple[int, str]:
        """How far behind the others a member stands, and why, as the end of a sentence."""
        if member.ref in request.avoid:
            return 3, "has had its tries"
        if member.profile.provider in self._refused:
            return 2, "does not take the key"
        if (rests := member.rests()) > 0:
            return 1, f"is left alone for {max(1.0, rests):.0f} s"
        return 0, ""

    def _remember(self, member: Member, error: Exception) -> None:
        """A key that is refused once is refused for the rest of the run."""
        if isinstance(error, ProviderRejected) and error.status in KEY_REFUSED:
            self._refused.add(member.profile.provider)


@dataclass
class _Walk:
    """Who was asked for one call, and how each gave up."""

    errors: dict[str, ProviderError | BudgetExceeded] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def gave_up(self, member: Member, error: ProviderError | BudgetExceeded) -> None:
        self.errors[member.ref] = error
        self.members[member.ref] = member
        self.asked[member.ref] += not isinstance(error, Resting)

    def coming_back(self) -> tuple[list[Member], float]:
        """Who is worth another question, and the seconds until the first of them is."""
        waits = {
            ref: error.retry_after
            for ref, error in self.errors.items()
            if isinstance(error, ProviderUnavailable)
            and error.retry_after is not None
            and self.asked[ref] < ASKED_AGAIN
        }
        members = [self.members[ref] for ref in waits]
        return members, max(LATER_S, min(waits.values(), default=0.0))

    def verdict(self, chosen: Member) -> Exception:
        """What the call ends with: it names everybody who was asked."""
        errors = list(self.errors.values())
        # a shorter prompt or a higher budget may still help; what is raised says so
        helped = (
            e for kind in (ContextOverflow, BudgetExceeded) for e in errors if isinstance(e, kind)
        )
        error = next(helped, None) or self.errors.get(chosen.ref, errors[0])
        if len(errors) > 1:
            said = "; ".join(f"{ref}: {_clause(e)}" for ref, e in self.errors.items())
            error.args = (f"No model could answer: {said}.",)
        return error


def _still_of_use(
    left: Iterable[Member], member: Member, error: ProviderError | BudgetExceeded
) -> Iterable[Member]:
    """Of those that are left, the ones that may not fail in the same way."""
    if isinstance(error, ContextOverflow):
        return (m for m in left if m.profile.window > member.profile.window)
    if isinstance(error, ProviderRejected) and error.status in OF_NO_USE_TO_OTHERS:
        return (m for m in left if m.profile.provider != member.profile.provider)
    return left


def _clause(error: Exception) -> str:
    return str(error).rstrip(".")


def _sentence(error: Exception) -> str:
    return f"{_clause(error)}."
