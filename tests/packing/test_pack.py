"""What goes into a prompt is what is worth most for its characters."""

from __future__ import annotations

import pytest

from gitagent.domain.code import Definition
from gitagent.domain.context import Excerpt, Span
from gitagent.index.facts import facts_of
from gitagent.packing.candidate import Candidate
from gitagent.packing.pack import SMALL, pack, telling
from gitagent.packing.shown import text_of

PYTHON = ("def {0}(text):\n", "    value = text.strip()\n", "")
GO = ("func {0}(text string) int {{\n", "\tf(text)\n", "}\n")
ELIXIR = ("def {0}(text) do\n", "  String.trim(text)\n", "end\n")
ALL = [("python", PYTHON), ("go", GO), ("elixir", ELIXIR)]


def functions(form: tuple[str, str, str], names: list[str], length: int = 20) -> str:
    return "\n".join(form[0].format(name) + form[1] * length + form[2] for name in names)


def candidate(path: str, value: float, text: str, language: str) -> Candidate:
    found = facts_of(language, text.encode()).defs
    known = [Definition(path, d.name, d.kind, Span(d.line, d.end), d.signature) for d in found]
    return Candidate(path, value, text, known)


def size(excerpts: tuple[Excerpt, ...]) -> int:
    return sum(len(excerpt.text) + len(excerpt.path) for excerpt in excerpts)


@pytest.mark.parametrize(("language", "form"), ALL)
def test_of_a_long_file_the_definition_that_is_named_is_shown_whole(
    language: str, form: tuple[str, str, str]
) -> None:
    """In any language that an index knows."""
    names = [f"part_{n}" for n in range(30)] + ["parse_price"]
    text = functions(form, names)
    (excerpt,) = pack(
        [candidate("shop/x", 1.0, text, language)], "parse_price is wrong", 1500, largest=10**6
    )
    assert functions(form, ["parse_price"]) in excerpt.text
    assert excerpt.text == text_of(excerpt, text)


@pytest.mark.parametrize("room", [0, 40, 300, 2000, 9000, 10**6])
def test_nothing_takes_more_than_its_room(room: int) -> None:
    """Paths count as well as texts."""
    files = [
        candidate(f"shop/p{n}.py", 1 / (n + 1), functions(PYTHON, ["a", "b", "price"]), "python")
        for n in range(9)
    ]
    assert size(pack(files, "the price", room, largest=10**6)) <= room


def test_small_files_are_whole_or_not_there() -> None:
    """There is little to save, and a whole file hides nothing."""
    files = [candidate(f"{n}.py", 1 / (n + 1), "price = 1\n" * 100, "python") for n in range(9)]
    assert len(files[0].text) <= SMALL
    assert all(excerpt.whole for excerpt in pack(files, "price", 4000, largest=10**6))


def test_two_files_that_may_be_meant_are_both_looked_into() -> None:
    """Each further part of a file says less than the first of another."""
    files = [
        candidate(path, value, functions(PYTHON, [f"price_{n}" for n in range(40)]), "python")
        for path, value in (("a.py", 1.0), ("b.py", 0.9))
    ]
    assert len(pack(files, "price", 6000, largest=10**6)) == 2


def test_what_is_meant_is_whole_where_it_fits_at_all() -> None:
    """Whatever else is worth more for its size."""
    long = candidate("meant.py", 0.1, functions(PYTHON, ["other"], 200), "python")
    near = candidate("near.py", 1.0, functions(PYTHON, ["price"]), "python")
    room = len(long.text) + len(long.path)
    (excerpt,) = pack([near, long], "price", room, largest=10**6, spare=500, meant=["meant.py"])
    assert (excerpt.path, excerpt.whole) == ("meant.py", True)


def test_no_file_is_whole_that_is_too_long_for_the_model() -> None:
    """It is shown in parts, however much room there is."""
    file = candidate("a.py", 1.0, functions(PYTHON, [f"price_{n}" for n in range(9)]), "python")
    (excerpt,) = pack([file], "price", 10**6, largest=1000)
    assert not excerpt.whole


def test_a_line_that_is_pointed_to_is_shown() -> None:
    """As a traceback does."""
    file = candidate("a.py", 1.0, functions(PYTHON, [f"part_{n}" for n in range(90)]), "python")
    (excerpt,) = pack([file], "it fails at a.py:1500", 1000, largest=10**6)
    assert any(span.start <= 1500 <= span.end for span in excerpt.spans)


def test_one_line_that_is_longer_than_the_room_is_left_out() -> None:
    """A file of one line has no parts that would fit."""
    files = [
        Candidate("long.js", 1.0, "price" * 90_000),
        candidate("a.py", 0.1, "price = 1\n", "python"),
    ]
    assert [e.path for e in pack(files, "price", 3000, largest=10**6)] == ["a.py"]


def test_what_is_far_from_the_best_part_is_not_telling() -> None:
    """A weak model is shown the definitions that matter and no others."""
    names = [f"part_{n}" for n in range(30)]
    text = functions(GO, names)
    spans = telling(candidate("a.go", 1.0, text, "go"), "part_7 is wrong", 9000)
    lines = text.split("\n")
    shown = "\n".join("\n".join(lines[s.start - 1 : s.end]) for s in spans)
    assert "part_7(" in shown
    assert "part_8(" not in shown


def test_a_forged_excerpt_shows_no_more_than_the_file() -> None:
    """A log from elsewhere may name the same lines a million times."""
    text = "one\ntwo\nthree\n"
    often = Excerpt("a.txt", "", whole=False, spans=(Span(2, 3), *[Span(1, 9)] * 1_000_000))
    assert text_of(often, text) == "two\nthree\n"
    backwards = Excerpt("a.txt", "", whole=False, spans=(Span(3, 3), Span(1, 1)))
    assert text_of(backwards, text) == "three\none\n"
