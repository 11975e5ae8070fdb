"""Chunks follow the syntax, hold each line once, and say what they are in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gitagent.index.chunks import LONGEST, SHORTEST, Chunk, chunks
from gitagent.index.facts import Symbol, facts_of


def cut(language: str, text: str) -> tuple[Chunk, ...]:
    return chunks(text.encode(), facts_of(language, text.encode()).defs)


def function(name: str, lines: int, indent: str = "") -> str:
    body = "".join(f"{indent}    x{n} = {n}\n" for n in range(lines - 1))
    return f"{indent}def {name}():\n{body}"


def test_a_short_file_is_one_chunk() -> None:
    """What can be read whole is."""
    assert cut("python", function("a", 50) + function("b", 50)) == (Chunk(1, 100),)


def test_nothing_makes_no_chunk() -> None:
    """An empty file has no line."""
    assert cut("python", "") == ()


def test_long_files_are_cut_between_definitions() -> None:
    """A function stays whole, with the comment and the decorator above it."""
    text = function("a", 80) + "\n# about b\n@cached\n" + function("b", 70)
    assert cut("python", text) == (Chunk(1, 81), Chunk(82, 153))


def test_tiny_definitions_go_together() -> None:
    """Forty functions of four lines are not forty chunks."""
    found = cut("python", "".join(function(f"f{n}", 4) for n in range(40)))
    assert all(chunk.lines >= SHORTEST for chunk in found)
    assert len(found) <= 160 // SHORTEST


def test_a_long_class_is_cut_along_its_methods() -> None:
    """Each part but the first says which class it is in."""
    methods = "".join(function(f"m{n}", 60, "    ") for n in range(4))
    found = cut("python", "class Shop(Base):\n" + methods)
    assert [chunk.around for chunk in found[1:]] == [("class Shop(Base):",)] * (len(found) - 1)
    assert found[0].around == ()
    assert [chunk.start for chunk in found][1:] == [62, 122, 182]


def test_a_long_section_is_cut_at_blank_lines() -> None:
    """Prose without headings inside still comes in readable parts."""
    text = "# Title\n\n" + "\n\n".join("word word\n" * 9 for _ in range(40))
    found = cut("markdown", text)
    lines = text.split("\n")
    assert all(not lines[chunk.end - 1].strip() for chunk in found[:-1])


SYMBOLS = st.lists(
    st.builds(
        lambda line, length: Symbol("f", "function", line, line + length, "def f():"),
        st.integers(1, 500),
        st.integers(0, 300),
    ),
    max_size=30,
)


@settings(max_examples=300)
@given(st.integers(0, 600), SYMBOLS)
def test_every_line_is_in_one_chunk(count: int, defs: list[Symbol]) -> None:
    """Whatever the definitions claim, overlapping or beyond the end; and none is too long."""
    text = b"".join(b"\n" if n % 7 == 0 else b"x\n" for n in range(count))
    found = chunks(text, sorted(defs, key=lambda symbol: symbol.line))
    assert [n for chunk in found for n in range(chunk.start, chunk.end + 1)] == [
        *range(1, count + 1)
    ]
    assert all(1 <= chunk.lines <= LONGEST for chunk in found)
