"""In which order models are asked: what fits, then who is strong and well, then score and price."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.domain.call import Job
from gitagent.llm.choose import Choice
from gitagent.llm.pins import JOBS
from gitagent.llm.routing import Need, Ranked, need_of, rank
from gitagent.ports import ModelProfile, Scores

NEED = Need(10_000, 1_000)


def model(
    name: str,
    code: float = 80.0,
    price: float | None = 1.0,
    *,
    tier: int = 0,
    provider: str = "",
    **more: Any,
) -> Choice:
    """A model with one figure for all scores but the code's, and for all prices."""
    known = ModelProfile(
        name,
        provider or name,
        100_000,
        8_000,
        "search-replace",
        input_price=price,
        output_price=price,
        scores=Scores(code=code),
    )
    return Choice(dataclasses.replace(known, **more), None, "found", tier)


def ranked(
    *choices: Choice,
    job: Job = "code",
    need: Need = NEED,
    rests: dict[str, float] | None = None,
    left: float | None = None,
    margin: float = 5.0,
) -> list[Ranked]:
    return list(rank(job, choices, need, health=rests or {}, budget_left=left, margin=margin))


def names(*choices: Choice, **more: Any) -> list[str]:
    return [each.choice.profile.name for each in ranked(*choices, **more)]


def test_of_those_near_the_best_the_cheapest_goes_first() -> None:
    """Five points are worth a lower price, six are not."""
    best, near, far = model("best", 90, 9.0), model("near", 85, 1.0), model("far", 84.9, 0.1)
    assert names(best, near, far)[0] == "near"
    assert names(best, near, far, margin=0.0) == ["best", "near", "far"]
    assert names(best, near, far, margin=6.0)[0] == "far"


def test_runners_up_are_chosen_as_if_the_first_were_not_there() -> None:
    """The margin counts from the best of those that are left."""
    a, b, c = model("a", 90, 1.0), model("b", 84, 9.0), model("c", 80, 1.0)
    assert names(a, b, c) == ["a", "c", "b"]


def test_each_job_has_its_own_score() -> None:
    """The best planner need not be the best at code."""
    planner = model("planner", scores=Scores(plan=90, code=50))
    coder = model("coder", scores=Scores(plan=50, code=90))
    assert names(planner, coder, job="plan")[0] == "planner"
    assert names(planner, coder, job="code")[0] == "coder"


def test_of_two_as_cheap_the_faster_one_goes_first() -> None:
    """One whose speed nobody knows goes last."""
    slow = model("slow", tokens_per_s=10.0)
    quick = model("quick", tokens_per_s=100.0)
    unknown = model("unknown")
    assert names(unknown, slow, quick) == ["quick", "slow", "unknown"]


def test_what_nobody_knows_the_price_of_counts_as_the_dearest() -> None:
    """But a better score that no price makes up for still wins."""
    assert names(model("unknown", 80, None), model("dear", 80, 99.0))[0] == "dear"
    assert names(model("unknown", 90, None), model("dear", 80, 99.0))[0] == "unknown"


def test_a_window_that_is_too_small_goes_last_and_says_so() -> None:
    """The prompt and a reply must both fit."""
    small = model("small", 99, 0.0, window=10_999)
    first, last = ranked(small, model("large", 10))
    assert (first.choice.profile.name, last.fits) == ("large", False)
    assert "10,999 tokens is too small for 11,000" in last.why[0]
    assert ranked(model("exact", window=11_000))[0].fits


def test_what_could_pass_the_budget_goes_last_and_says_so() -> None:
    """The worst counts, not the usual: it is what will be reserved."""
    dear, cheap = model("dear", 99, 1.0), model("cheap", 40, 0.1)
    worst = ranked(dear)[0].worst
    assert worst is not None
    assert names(dear, cheap, left=worst)[0] == "dear"
    first, last = ranked(dear, cheap, left=worst * 0.99)
    assert (first.choice.profile.name, last.fits) == ("cheap", False)
    assert "could cost" in last.why[0]


def test_without_a_price_no_budget_can_be_kept() -> None:
    """So it does not fit one, and without a budget it does."""
    assert ranked(model("unknown", price=None))[0].fits
    found = ranked(model("unknown", price=None), left=9.0)[0]
    assert not found.fits
    assert "nobody knows its price" in found.why[0]


def test_a_weak_model_never_goes_before_a_strong_one_of_its_tier() -> None:
    """Whatever its score and price say, and even while the strong one's provider rests."""
    weak = model("weak", 99, 0.0, weak=True)
    strong = model("strong", 1, 99.0)
    assert names(weak, strong) == ["strong", "weak"]
    assert names(weak, strong, rests={"strong": 30.0}) == ["strong", "weak"]


def test_a_provider_that_rests_goes_behind_one_that_is_well() -> None:
    """And says for how long."""
    down, well = model("down", 99, 0.0), model("well", 10, 9.0)
    first, last = ranked(down, well, rests={"down": 12.4})
    assert (first.choice.profile.name, last.rests_s) == ("well", 12.4)
    assert any("rests for 12 s more" in why for why in last.why)


def test_an_earlier_tier_goes_first_where_it_fits() -> None:
    """What was found first stays first: not score, price or health move it behind a fallback."""
    first = model("first", 10, 99.0, weak=True)
    later = model("later", 99, 0.0, tier=1)
    assert names(later, first, rests={"first": 30.0}) == ["first", "later"]
    assert names(
        later, dataclasses.replace(first, profile=dataclasses.replace(first.profile, window=100))
    ) == ["later", "first"]


def test_the_reason_of_a_choice_is_said() -> None:
    """Cheaper, or best; where there was nothing to choose, nothing."""
    best, near = model("best", 90, 9.0), model("near", 86, 1.0)
    assert ranked(best, near)[0].why == ("cheaper than the best (90), and within 5 points of it",)
    assert ranked(best, near, margin=0.0)[0].why == ("the best score of 2",)
    assert ranked(best)[0].why == ()


def test_a_plan_is_reserved_for_less_than_code() -> None:
    """Its reply is bounded, whatever the model could write."""
    need = need_of("plan", "", 10_000)
    assert need.longest is not None
    plan = ranked(model("m"), job="plan", need=need)[0]
    code = ranked(model("m"), job="code", need=need_of("code", "", 10_000))[0]
    assert (plan.worst or 0) < (code.worst or 0)


@pytest.mark.parametrize("job", JOBS)
def test_a_longer_text_and_more_context_need_a_larger_window(job: Job) -> None:
    """Repairs need the last exchange, too."""
    base = need_of(job, "", 1_000).prompt
    assert need_of(job, "x" * 3_000, 1_000).prompt == base + 1_000
    assert need_of(job, "", 5_000).prompt == base + 4_000
    assert need_of("repair", "", 1_000).prompt > need_of("code", "", 1_000).prompt


CHOICES = st.builds(
    model,
    st.just("m"),
    st.integers(0, 100).map(float),
    st.one_of(st.none(), st.floats(0, 100)),
    tier=st.integers(0, 2),
    weak=st.booleans(),
    window=st.sampled_from([1_000, 100_000]),
    tokens_per_s=st.sampled_from([0.0, 50.0]),
)


@given(
    st.lists(CHOICES, max_size=6),
    st.sampled_from([None, 0.0, 0.5]),
    st.floats(0, 50),
    st.booleans(),
)
def test_the_order_holds_whatever_the_figures_are(
    choices: list[Choice], left: float | None, margin: float, down: bool
) -> None:
    """Nobody is lost; what fits, earlier tiers and the strong go first; the order given does not
    matter where figures differ."""
    choices = [
        dataclasses.replace(c, profile=dataclasses.replace(c.profile, name=str(n), provider=str(n)))
        for n, c in enumerate(choices)
    ]
    rests = {"0": 9.0} if down else {}
    found = ranked(*choices, left=left, margin=margin, rests=rests)
    assert sorted(each.choice.profile.name for each in found) == [c.profile.name for c in choices]
    for before, after in itertools.pairwise(found):
        assert before.fits >= after.fits
        if before.fits == after.fits:
            assert before.choice.tier <= after.choice.tier
            if before.choice.tier == after.choice.tier:
                assert before.choice.profile.weak <= after.choice.profile.weak
