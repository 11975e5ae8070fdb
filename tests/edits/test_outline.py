"""A file that is cut is cut along its definitions."""

from __future__ import annotations

import ast
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gitagent.domain.context import Span
from gitagent.edits.outline import outline
from gitagent.edits.source import Source, parsed

FILE = '''"""Prices."""

import math

RATE = 2


def net(gross):
    return gross / RATE


@cached
def gross(value):

    return value * RATE


class Basket:
    """Things to buy."""

    limit = 5

    def add(self, item):
        self.items.append(item)

    def total(self):
        return sum(self.items)


class Empty:
    def nothing(self):
        return None
'''


def source(text: str = FILE) -> Source:
    found = parsed("shop/prices.py", text)
    assert found is not None
    return found


def shown(about: str) -> str:
    lines = FILE.splitlines(keepends=True)
    spans = outline(source(), about, 10_000)
    return "".join("".join(lines[span.start - 1 : span.end]) for span in spans)


def test_what_a_text_names_is_shown() -> None:
    """Whole, with what stands above `def`; the others are left out."""
    text = shown("gross must round")
    assert "@cached\ndef gross(value):\n\n    return value * RATE\n" in text
    assert "class" not in text


def test_a_method_comes_with_its_class_down_to_the_first_method() -> None:
    """A method without its class is nobody's."""
    text = shown("total() is wrong")
    assert 'class Basket:\n    """Things to buy."""\n\n    limit = 5\n\n    def total' in text
    assert "def add" not in text
    assert "Empty" not in text


def test_the_line_that_a_traceback_points_to_counts() -> None:
    """Of this file, not of another whose name ends like it."""
    line = FILE.splitlines().index("        self.items.append(item)") + 1
    assert "def add" in shown(f"shop/prices.py:{line}: TypeError")
    assert "def add" in shown(f'File "shop/prices.py", line {line}, in x')
    assert "def add" not in shown(f"old/shop/prices.py:{line}: TypeError")


def test_the_head_is_shown_where_nothing_else_is() -> None:
    """A weak model only copies it."""
    assert "import math" not in shown("gross")
    assert "import math" in shown("zzz")


def test_what_has_no_definition_has_no_outline() -> None:
    """It is for somebody else to cut."""
    assert outline(source("X = 1\n"), "X", 100) == ()
    assert outline(source(""), "X", 100) == ()


@given(
    about=st.lists(st.sampled_from(FILE.split()), max_size=6).map(" ".join),
    characters=st.integers(0, 800),
)
def test_every_cut_fits_and_holds_whole_statements(about: str, characters: int) -> None:
    """Spans are in order, do not touch, and no function is shown in part."""
    spans = outline(source(), about, characters)
    lines = FILE.splitlines(keepends=True)
    assert sum(len("".join(lines[s.start - 1 : s.end])) for s in spans) <= characters
    assert all(a.end + 1 < b.start for a, b in pairwise(spans))
    for node in ast.walk(ast.parse(FILE)):
        if isinstance(node, ast.FunctionDef):
            whole = Span(node.lineno, node.end_lineno or 0)
            inside = [s.start <= whole.start and whole.end <= s.end for s in spans]
            outside = [s.end < whole.start or whole.end < s.start for s in spans]
            assert any(inside) or all(outside)
