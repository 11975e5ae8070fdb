"""How often, how warm and in which words a step is asked for."""

from __future__ import annotations

import pytest

from gitagent.config import Config
from gitagent.domain.context import Excerpt
from gitagent.stages.asking import ANYTHING, WEAK, asking, wanted


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


FILE = Excerpt(
    "shop/prices.py",
    "def netto(gross):\n    return gross\n\n\ndef first_of(x):\n    return x\n\n\n"
    "class Other:\n    def total(self):\n        return 0\n\n\n"
    "class Basket:\n    def total(self):\n        return 0\n",
    whole=True,
)


@pytest.mark.parametrize(
    ("task", "what"),
    [
        ("Fix netto for negative values", "function `netto`"),
        ("Let `first_of` and netto() agree", "functions `first_of` and `netto`"),
        ("Basket.total() is wrong", "`class Basket:` and below it only the changed method `total`"),
        ("Add a method `empty(self)` to the class Basket", "the new method `empty`"),
        ("Add a function `half(x)` to shop/prices.py", "only the new function `half`"),
        ("Add `empty(self)` to Basket: its total is 0", "the new method `empty`"),
        ("Basket must not be mutable", "`class Basket:` and below it only the methods"),
        ("Add rounding, raise `ValueError` below 0", ANYTHING.what),
        ("Make it faster", ANYTHING.what),
    ],
)
def test_a_weak_model_is_told_what_to_write_by_name(task: str, what: str) -> None:
    """A function that there is, a method of its class, or a new one that the task names."""
    assert what in wanted(task, FILE).what


def test_a_defect_is_to_be_corrected() -> None:
    """What fails is not just another function."""
    assert (
        wanted("Fix netto", FILE, defect=True).what == "the corrected function `netto`, complete,"
    )


def test_nothing_is_told_of_a_file_that_is_no_python() -> None:
    """Nor where no file is shown."""
    assert wanted("Fix netto", None) == ANYTHING
    assert wanted("Fix netto", Excerpt("a.txt", "netto (\n", whole=True)) == ANYTHING
