"""In which order models are asked for a job, and why.

Nothing is looked up here: who there is, what each costs and which provider rests is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitagent.domain.call import CHARACTERS_PER_TOKEN, Job
from gitagent.llm.charge import ENOUGH
from gitagent.llm.prices import cost
from gitagent.ports import ModelProfile

if TYPE_CHECKING:
    from gitagent.llm.choose import Choice

AROUND_CONTEXT = 1500
"""Tokens of rules, listing and closing in a prompt."""
LAST_EXCHANGE = 3000
"""Tokens of the reply that is repaired, or reviewed, and of what is wrong with it."""
PLANNED = 1500
"""Tokens that a plan may have."""
RESERVE = 1.5
"""The ledger reserves for two bytes a token, where three characters a token are usual."""

REPLIES: Mapping[Job, int] = {"plan": 600, "code": 1500, "repair": 1500, "ask": 800, "review": 800}
"""Tokens of a usual reply."""


@dataclass(frozen=True)
class Need:
    """A typical call of a job: tokens of its prompt and its reply, and of the longest reply that
    it may be allowed (None: as long as the model's own)."""

    prompt: int
    reply: int
    longest: int | None = None


@dataclass(frozen=True)
class Ranked:
    """A model in its place for a job. `why` are half sentences for people.

    `usd` is what a typical call costs, `worst` what is reserved for it; None where nobody knows.
    """

    choice: Choice
    fits: bool
    score: float
    usd: float | None
    worst: float | None
    seconds: float | None
    rests_s: float = 0.0
    why: tuple[str, ...] = ()

    @property
    def _group(self) -> tuple[bool, int, bool, bool]:
        """What goes before any score and price: the first found, the strong, the well."""
        weak = self.choice.profile.weak
        return not self.fits, self.choice.tier, weak, self.rests_s > 0

    @property
    def _price(self) -> tuple[float, float]:
        unknown = float("inf")
        return (
            unknown if self.usd is None else self.usd,
            unknown if self.seconds is None else self.seconds,
        )


def need_of(job: Job, text: str, context_tokens: int) -> Need:
    """What a call of a job needs for a task's text, with all the context that may be shown."""
    prompt = context_tokens + AROUND_CONTEXT + len(text) // CHARACTERS_PER_TOKEN
    if job in ("repair", "review"):
        prompt += LAST_EXCHANGE
    return Need(prompt, REPLIES[job], PLANNED if job == "plan" else None)


def rank(
    job: Job,
    candidates: Sequence[Choice],
    need: Need,
    *,
    health: Mapping[str, float],
    budget_left: float | None,
    margin: float,
) -> tuple[Ranked, ...]:
    """The candidates in the order in which they are asked.

    `health` is for how many seconds a provider still rests, by its name; `margin` the points of a
    score that a lower price is worth. What fits goes before what does not, an earlier tier before
    a later one, a strong model before a weak one and a well provider before one that rests; then,
    of those near the best score, the cheapest, of two as cheap the faster one.
    """
    judged = [_judged(job, choice, need, health, budget_left) for choice in candidates]
    ordered: list[Ranked] = []
    while judged:
        first = min(each._group for each in judged)
        group = [each for each in judged if each._group == first]
        taken, why = _taken(group, margin, "the other " if ordered else "")
        judged.remove(taken)
        ordered.append(replace(taken, why=(*why, *taken.why)))
    return tuple(ordered)


def ladder(ranked: Sequence[Ranked]) -> tuple[str, ...]:
    """The models that a job may have, each with a higher score for it than the one before; of equal
    ones that which is asked first."""
    fitting = [each for each in ranked if each.fits] or ranked[:1]
    steps: dict[float, str] = {}
    for each in fitting:
        steps.setdefault(each.score, each.choice.profile.ref)
    return tuple(steps[score] for score in sorted(steps))


def _taken(group: Sequence[Ranked], margin: float, rest: str) -> tuple[Ranked, Sequence[str]]:
    """The one of a group that is asked first, and why it is."""
    best = max(each.score for each in group)
    near = [each for each in group if each.score >= best - margin]
    taken = min(near, key=lambda each: (each._price, -each.score))
    if len(group) == 1 or not taken.fits:
        return taken, ()
    if taken.score < best:
        return taken, [f"cheaper than the best ({best:g}), and within {margin:g} points of it"]
    return taken, [f"the best score of {rest}{len(group)}"]


def _judged(
    job: Job,
    choice: Choice,
    need: Need,
    health: Mapping[str, float],
    budget_left: float | None,
) -> Ranked:
    profile = choice.profile
    usd, worst = _costs(profile, need)
    rests = max(0.0, health.get(profile.provider, 0.0))
    misfits = [*_too_small(profile, need), *_too_dear(worst, budget_left)]
    notes = [
        *(["a fallback"] if choice.tier else []),
        *misfits,
        *([f"its provider rests for {rests:.0f} s more"] if rests else []),
        *(["weak: its prompts are kept short"] if profile.weak else []),
    ]
    return Ranked(
        choice=choice,
        fits=not misfits,
        score=getattr(profile.scores, job),
        usd=usd,
        worst=worst,
        seconds=_seconds(profile, need),
        rests_s=rests,
        why=tuple(notes),
    )


def _costs(profile: ModelProfile, need: Need) -> tuple[float | None, float | None]:
    if profile.input_price is None or profile.output_price is None:
        return None, None
    longest = min(profile.max_output, need.longest or ENOUGH)
    worst = cost(profile, int(need.prompt * RESERVE), longest)
    return cost(profile, need.prompt, need.reply), worst


def _seconds(profile: ModelProfile, need: Need) -> float | None:
    if not profile.tokens_per_s:
        return None
    return profile.first_token_s + need.reply / profile.tokens_per_s


def _too_small(profile: ModelProfile, need: Need) -> list[str]:
    if need.prompt + need.reply <= profile.window:
        return []
    wanted = f"{need.prompt + need.reply:,}"
    return [f"its window of {profile.window:,} tokens is too small for {wanted}"]


def _too_dear(worst: float | None, budget_left: float | None) -> list[str]:
    if budget_left is None:
        return []
    if worst is None:
        return ["nobody knows its price, so a budget cannot be kept"]
    if worst > budget_left:
        return [f"a call could cost ${worst:.4f} and ${budget_left:.4f} are left"]
    return []
