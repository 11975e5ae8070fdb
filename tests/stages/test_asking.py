"""How often, how warm and in which words a step is asked for."""

from __future__ import annotations

from gitagent.config import Config
from gitagent.stages.asking import WEAK, asking


def test_the_first_try_is_the_models_best_guess() -> None:
    """Temperature 0, whatever the model."""
    assert asking(1, "whole", weak=True).temperature == 0
    assert asking(1, "udiff", weak=False).temperature == 0


def test_a_strong_model_sees_what_became_of_its_reply() -> None:
    """Each further try answers the one before, a little warmer."""
    tries = [asking(n, "search-replace", weak=False) for n in range(1, 7)]
    assert not any(how.anew for how in tries)
    assert [how.temperature for how in tries] == sorted(how.temperature for how in tries)
    assert max(how.temperature for how in tries) < 1


def test_a_weak_model_is_asked_in_more_than_one_way_and_repairs_once() -> None:
    """All ways are used within the tries of a step."""
    used = [asking(n, "whole", weak=True) for n in range(1, Config().attempts + 1)]
    assert set(used) == set(WEAK)
    assert len({how.closing for how in used}) > 1
    assert [how.anew for how in used].count(False) == 1


def test_a_format_that_was_asked_for_is_asked_for() -> None:
    """A weak model that must write diffs is reminded of diffs."""
    assert asking(2, "udiff", weak=True).closing == "closing_udiff"
