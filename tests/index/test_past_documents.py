"""The document of a commit: what it says, and the paths that it touched, as far as they tell."""

from __future__ import annotations

from gitagent.domain.code import Change
from gitagent.index.past import LANGUAGE, LONGEST_MESSAGE, MOST_PATHS, document, touched
from gitagent.index.terms import terms


def test_a_commit_is_found_by_its_message_and_by_the_names_it_touched() -> None:
    """The whole message counts; a file's name stands for it wherever it lay."""
    paths = ("lib/Cart.py", "lib/shop/Cart.py", "README.md")
    found = document("ab", Change("Round prices\n\nof prices", paths))
    (price,) = terms("prices")
    assert (found.object, found.language) == ("ab", LANGUAGE)
    assert found.fields["message"][price] == 2
    assert found.length == sum(found.fields["message"].values())
    assert found.fields["touched"] == {"Cart.py": 1, "README.md": 1}
    assert touched(found.facts) == (3, list(paths))


def test_a_sweep_is_counted_and_its_tail_is_not_kept() -> None:
    """How many paths there were says that it was a sweep."""
    paths = tuple(f"f{n:04}.py" for n in range(1000))
    count, kept = touched(document("ab", Change("Reformat", paths)).facts)
    assert (count, tuple(kept)) == (1000, paths[:MOST_PATHS])


def test_names_that_are_no_text_are_counted_and_not_kept() -> None:
    """Control characters and stray bytes cannot be keys."""
    found = document("ab", Change("Say", ("a.py", "caf\udce9.py", "new\nline.py", "größe.py")))
    assert touched(found.facts) == (4, ["a.py", "größe.py"])
    assert set(found.fields["touched"]) == {"a.py", "größe.py"}


def test_a_log_in_a_message_is_not_read_to_its_end() -> None:
    """Who pastes a build log into a message says nothing by it."""
    found = document("ab", Change("cart\n" + " " * LONGEST_MESSAGE + "zebra", ()))
    assert found.fields["message"] == {"cart": 1}


def test_a_commit_that_says_and_changes_nothing_is_a_document() -> None:
    """It is known, so that it is not read again."""
    found = document("ab", Change("", ()))
    assert (found.length, found.skipped, touched(found.facts)) == (0, "", (0, []))
