"""A test file says what is wanted within a bound."""

from __future__ import annotations

import ast

import pytest

from gitagent.packing.tests import told

HEAD = "# generated\nimport unittest\n\nfrom it import f\n\n\n"
SUITE = (
    HEAD
    + "class FTest(unittest.TestCase):\n"
    + "".join(
        f'    def test_{n}(self):\n        """Says {n}."""\n        # why\n'
        f"        self.assertEqual(f({n}), {n})\n\n"
        for n in range(40)
    )
    + '\n\nif __name__ == "__main__":\n    unittest.main()\n'
)


def test_a_short_file_is_told_whole_but_for_what_says_nothing() -> None:
    """Comments, docstrings of tests, empty lines and the call of the runner are left out."""
    text = told("it_test.py", SUITE, 100_000)
    assert len(ast.parse(text).body[-1].body) == 40
    for noise in ("# generated", "# why", "Says 3", "unittest.main", "\n\n"):
        assert noise not in text


@pytest.mark.parametrize("room", [300, 1000, 2000])
def test_of_a_long_file_some_tests_stand_for_the_others(room: int) -> None:
    """The first and the last are among them, in their order, and the number of the others."""
    text = told("it_test.py", SUITE, room)
    assert len(text) <= room
    assert text.index("test_0") < text.index("test_39")
    kept = text.count("def test_")
    assert f"and {40 - kept} more tests" in text


def test_another_language_is_cut_at_the_end_of_a_line() -> None:
    text = "test('a', () => {})\n" * 50
    cut = told("a.test.js", text, 150)
    assert cut == "test('a', () => {})\n" * 7
