"""What a text names comes first, where that helps."""

from __future__ import annotations

from gitagent.domain.code import Definition
from gitagent.domain.context import Hit, Span
from gitagent.packing.meant import FIRST, Outline, guessed, named, surely


def outlines(defined: dict[str, list[str]], kind: str = "function", scope: str = "") -> Outline:
    return lambda path: [
        Definition(path, name, kind, Span(1, 1), name, scope) for name in defined.get(path, ())
    ]


def hits(*paths: str) -> list[Hit]:
    return [Hit(path, 1.0, ()) for path in paths]


def test_those_that_alone_define_a_name_keep_their_order() -> None:
    """The order of their ranks, not that in which they are named; in any language."""
    known = outlines({"a.go": ["parse_price"], "b.ex": ["parseWord"]})
    found = hits("b.ex", "c.rs", "a.go")
    assert surely(known, found, "parse_price or parseWord") == ["b.ex", "a.go"]


def test_what_is_named_far_down_stays_there() -> None:
    """To be the only one to define a name says something of the best alone."""
    known = outlines({"far.py": ["parse_price"]})
    near = [f"{n}.py" for n in range(FIRST)]
    assert surely(known, hits(*near, "far.py"), "parse_price") == []
    assert guessed(known, hits(*near, "far.py"), "parse_price") == (["far.py"], [])


def test_a_name_that_two_files_define_names_none_and_tests_do_not_count() -> None:
    """What is in doubt is ranked as any other."""
    known = outlines({path: ["parse_price"] for path in ("a.py", "b.py", "tests/test_a.py")})
    assert surely(known, hits("a.py", "b.py"), "parse_price") == []
    assert surely(known, hits("tests/test_a.py", "a.py"), "parse_price") == ["a.py"]


def test_a_plain_word_is_a_guess() -> None:
    """With a capital a sure one, and only what stands at the top can be meant by it."""
    known = outlines({"a.py": ["Money"], "b.py": ["words"]})
    found = hits("a.py", "b.py")
    assert surely(known, found, "Give Money to words") == []
    assert guessed(known, found, "Give Money to words") == (["a.py"], ["b.py"])
    inside = outlines({"b.py": ["words"]}, scope="Text")
    assert guessed(inside, found, "Give Money to words") == ([], [])


def test_headings_and_constants_name_no_file() -> None:
    """Their names are words like any other."""
    known = outlines({"a.md": ["parse_price"]}, kind="section")
    assert surely(known, hits("a.md"), "parse_price") == []


def test_a_path_names_a_file_also_by_its_only_end() -> None:
    """Where two end so, none is meant."""
    files = ["shop/price.py", "old/price.py", "shop/words.py"]
    assert named(lambda: files, "change words.py and price.py") == ["shop/words.py"]
    assert named(lambda: files, "change old/price.py.") == ["old/price.py"]
