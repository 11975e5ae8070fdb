"""A file is cut along what it defines, whatever its language."""

from __future__ import annotations

import pytest

from gitagent.domain.code import Definition
from gitagent.domain.context import Span
from gitagent.index.facts import facts_of
from gitagent.packing.candidate import lines
from gitagent.packing.parts import LONGEST, Part, parts


def cut(text: str, language: str) -> list[Part]:
    found = facts_of(language, text.encode()).defs
    known = [Definition("f", d.name, d.kind, Span(d.line, d.end), d.signature) for d in found]
    return parts(lines(text), known)


def body(line: str, count: int = LONGEST + 10) -> str:
    return "".join(f"{line}\n" for _ in range(count))


LANGUAGES = {
    "python": ("class Shop:\n", "    def price(self, of):\n", "        x = 1", ""),
    "elixir": ("defmodule Shop do\n", "  def price(of) do\n", "    x = 1", "  end\nend\n"),
    "typescript": ("class Shop {\n", "  price(of: string) {\n", "    f(1);", "  }\n}\n"),
    "rust": ("impl Shop {\n", "    fn price(of: u8) {\n", "        f(1);", "    }\n}\n"),
    "java": ("class Shop {\n", "  int price(int of) {\n", "    f(1);", "  }\n}\n"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_part_of_what_is_long_knows_what_it_is_in(language: str) -> None:
    """The first lines of all that is around it, the outermost first."""
    first, second, line, end = LANGUAGES[language]
    found = cut(first + second + body(line) + end, language)
    inner = [part for part in found if part.span.start > 12]
    assert inner
    around = {part.around for part in inner if part.span.end < LONGEST}
    # what only holds (an `impl`) is no definition
    expected = (Span(2, 2),) if language == "rust" else (Span(1, 1), Span(2, 2))
    assert around == {expected}
    assert all(part.within[-1] == "price" for part in inner if part.span.end < LONGEST)


@pytest.mark.parametrize("language", [*LANGUAGES, "markdown", ""])
def test_every_line_is_in_exactly_one_part(language: str) -> None:
    """In their order, from the first line to the last."""
    text = "".join("".join(each[:2]) + body(each[2], 70) + each[3] for each in LANGUAGES.values())
    found = cut(f"# Title\n\n{text}\n\n# More\nend", language)
    covered = [n for part in found for n in range(part.span.start, part.span.end + 1)]
    assert covered == list(range(1, len(lines(f"# Title\n\n{text}\n\n# More\nend")) + 1))


def test_a_short_definition_is_one_part_with_what_leads_to_it() -> None:
    """Its decorators and the comment above it."""
    text = "import os\n\n# why\n@cached\ndef price():\n    return 1\n\n\nx = 1\n"
    (part,) = [part for part in cut(text, "python") if "price" in part.names]
    assert part.span == Span(3, 6)


def test_blank_lines_are_no_part_of_their_own() -> None:
    """They go with what stands before them; blocks that tell nothing would be the cheapest."""
    text = "import os\n" + "".join(f"\n\n\ndef part_{n}():\n    pass\n" for n in range(5))
    assert [part.span for part in cut(text, "python")][:2] == [Span(1, 4), Span(5, 9)]


def test_a_first_line_that_goes_on_is_shown_to_its_end() -> None:
    """Until the brackets that it opens are closed."""
    text = "def price(\n    of: str,\n) -> int:\n" + body("    x = 1")
    inner = cut(text, "python")[-1]
    assert inner.around == (Span(1, 3),)


def test_spans_that_lie_beyond_the_file_are_passed_over() -> None:
    """An index may know another state of the file."""
    known = [Definition("f", "gone", "function", Span(9, 12), "gone()")]
    assert [part.span for part in parts(["x\n", "y\n"], known)] == [Span(1, 2)]
    assert parts([], known) == []
