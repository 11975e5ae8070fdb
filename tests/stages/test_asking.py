"""How often, how warm and in which words a step is asked for."""

from __future__ import annotations

import pytest

from gitagent.app import ATTEMPTS
from gitagent.domain.context import Excerpt
from gitagent.stages.asking import ANYTHING, CHANGED, WEAK, asking, may_remove, wanted


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
    used = [asking(n, "whole", weak=True) for n in range(1, ATTEMPTS + 1)]
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
    "class Broken(Exception):\n    pass\n\n\n"
    "class Basket:\n    def total(self):\n        return 0\n\n    def wipe(self):\n        pass\n",
    whole=True,
)


@pytest.mark.parametrize(
    ("task", "what"),
    [
        ("Fix netto for negative values", "the function `netto`, complete"),
        ("Let `first_of` and netto() agree", "the functions `first_of` and `netto`, complete"),
        ("Basket.total() is wrong", "the line `class Basket:` and below it the method `total`"),
        ("The total of a Basket is wrong", "the line `class Basket:` and below it the method"),
        ("wipe must raise Broken", "the line `class Basket:` and below it the method `wipe`"),
        ("Add a method `empty(self)` to the class Basket", "the new method `empty`, complete"),
        ("Add `empty(self)` to Basket: its total is 0", "the line `class Basket:` and below it"),
        ("Add a function `half(x)` to shop/prices.py", "the new function `half`, complete"),
        ("The total is less", CHANGED.what),
        ("Add rounding, raise `ValueError` below 0", CHANGED.what),
        ("Make it faster", CHANGED.what),
    ],
)
def test_a_weak_model_is_told_what_to_write_by_name(task: str, what: str) -> None:
    """A function that there is, a method of its class, or a new one that the task names."""
    assert what in wanted(task, FILE).what


def test_a_defect_is_to_be_corrected_and_something_new_to_be_thought_of() -> None:
    """What fails is not just another function."""
    assert wanted("Fix netto", FILE).code == "corrected"
    assert wanted("Let netto round", FILE).code == "changed"
    assert wanted("Add a function `half(x)`", FILE, "E").code == "new"


def test_the_failing_tests_say_what_the_task_does_not() -> None:
    """Their output names what they call; more than a few names say nothing."""
    said = "self.assertEqual(first_of([1]), 1)"
    assert "the function `first_of`" in wanted("Numbers get lost", FILE, said).what
    assert "the function `netto`" in wanted("netto gets lost", FILE, said).what
    assert "method `wipe`" in wanted("It gets lost", FILE, "shop/prices.py:9: in wipe()").what
    many = Excerpt("a.py", "".join(f"def f_{n}(): ...\n" for n in range(5)), whole=True)
    assert wanted("It is lost", many, "f_1() f_2() f_3() f_4()") == ANYTHING


def test_nothing_is_told_of_a_file_that_is_no_python() -> None:
    """Nor where no file is shown."""
    assert wanted("Fix netto", None) == ANYTHING
    assert wanted("netto", Excerpt("a.txt", "netto (\n", whole=True)) == CHANGED


def test_a_task_that_takes_away_says_so() -> None:
    """Only then is what a reply leaves out meant to go."""
    assert may_remove("Remove the unused helper")
    assert may_remove("Rename netto to net")
    assert not may_remove("netto must round")
