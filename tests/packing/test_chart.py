"""What is not shown is named, with what it defines."""

from __future__ import annotations

from gitagent.domain.code import Definition
from gitagent.domain.context import Span
from gitagent.index.facts import facts_of
from gitagent.packing.chart import MOST_NAMES, chart, main_names


def definitions(text: str, language: str) -> list[Definition]:
    found = facts_of(language, text.encode()).defs
    return [Definition("f", d.name, d.kind, Span(d.line, d.end), d.signature) for d in found]


def test_the_main_names_are_the_longest_at_the_top_in_their_order() -> None:
    """What stands in a class is part of it; constants are left out."""
    text = "LIMIT = 1\n\n" + "".join(
        f"def part_{n}():\n" + "    x = 1\n" * (n + 1) + "\n" for n in range(MOST_NAMES + 3)
    )
    names = main_names(definitions(text, "python"))
    assert names == [f"part_{n}" for n in range(3, MOST_NAMES + 3)]
    both = "class Shop:\n    def price(self): ...\n\n\nclass Till:\n    def close(self): ...\n"
    assert main_names(definitions(both, "python")) == ["Shop", "Till"]


def test_of_what_alone_holds_all_others_the_inside_is_told() -> None:
    """As of a module of Elixir."""
    text = "defmodule Shop do\n  def price(of), do: of\n  def word(of), do: of\nend\n"
    assert main_names(definitions(text, "elixir")) == ["Shop", "price", "word"]


def test_names_stand_by_what_is_not_shown_the_best_first_while_there_is_room() -> None:
    """The paths are all there, in their order."""
    text = "def price(): ...\n\n\ndef word(): ...\n"
    listed = ["a.py", "b.py", "c.py", "d.md"]

    def outline(path: str) -> list[Definition]:
        return definitions(text, "python") if path.endswith(".py") else []

    found = chart(listed, ["c.py", "a.py", "b.py"], {"a.py"}, outline, len(": price, word"))
    assert found == ("a.py", "b.py", "c.py: price, word", "d.md")


def test_a_name_that_could_forge_a_prompt_is_not_told() -> None:
    """Control characters are no part of a map."""
    known = [Definition("f", name, "function", Span(1, 2), "") for name in ("a\nb", "c\x1b[1m")]
    assert main_names(known) == []
