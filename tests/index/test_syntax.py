"""What the grammars read is what a person reads: definitions, uses and imports of each language."""

from __future__ import annotations

import random
import time
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitagent.index.facts import Facts, decode, encode, facts_of
from gitagent.index.languages import LANGUAGES, language_of, named

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.txt"))
PARSED = [language.name for language in LANGUAGES if language.grammar]
SLOWEST = 10.0
"""In seconds, on a busy machine; what is quadratic takes minutes."""


def written(facts: Facts) -> list[str]:
    return [
        *(f"{symbol.kind} {symbol.qualified} {symbol.line}-{symbol.end}" for symbol in facts.defs),
        *(f"uses {name} {count}" for name, count in facts.refs.items()),
        *(f"imports {name}" for name in facts.imports),
    ]


def sample(name: str) -> tuple[bytes, list[str]]:
    text = Path(__file__).with_name("corpus").joinpath(f"{name}.txt").read_text()
    source, _, expected = text.partition("---\n")
    return source.encode(), expected.splitlines()


@pytest.mark.parametrize("name", [path.stem for path in CORPUS])
def test_a_file_says_what_it_defines_uses_and_imports(name: str) -> None:
    """Exactly this, and nothing out of comments and strings."""
    source, expected = sample(name)
    assert written(facts_of(name, source)) == expected


def test_every_language_with_a_grammar_has_a_sample() -> None:
    """A language that nothing shows is one that nobody has seen working."""
    assert {path.stem for path in CORPUS} >= set(PARSED) - {"typescript"}


def test_typescript_is_read_as_tsx_but_for_casts() -> None:
    """The two grammars differ in what `<` may mean."""
    source = b"export const a = <Shop>b;\nexport function f(x: Shop): Cart { return run(x); }\n"
    assert written(facts_of("typescript", source)) == [
        "constant a 1-1",
        "function f 2-2",
        "uses Cart 1",
        "uses Shop 2",
        "uses run 1",
    ]


def test_comments_and_strings_use_nothing() -> None:
    """Only code calls."""
    source = b'# ghost()\ndef real():\n    """ghost() in words"""\n    return "ghost()" + found()\n'
    facts = facts_of("python", source)
    assert dict(facts.refs) == {"found": 1}
    assert facts.terms["ghost"] == 3


@pytest.mark.parametrize("name", PARSED)
def test_broken_syntax_keeps_what_is_whole(name: str) -> None:
    """A file in the middle of an edit still defines what stands before the break."""
    path = name if (Path(__file__).with_name("corpus") / f"{name}.txt").exists() else "tsx"
    source, _ = sample(path)
    facts = facts_of(name, source + b"\n)}] <<<<<<< HEAD\n def class fn (((\n")
    whole = facts_of(name, source)
    assert {s.qualified for s in facts.defs} & {s.qualified for s in whole.defs}
    assert not facts.unparsed


@pytest.mark.parametrize("name", PARSED)
def test_cut_anywhere_it_is_read_anyway(name: str) -> None:
    """Half a file, bytes turned around, brackets gone: no error, and spans that lie in the file."""
    path = name if (Path(__file__).with_name("corpus") / f"{name}.txt").exists() else "tsx"
    source, _ = sample(path)
    chance = random.Random(name)
    for _ in range(60):
        text = bytearray(source)
        for _ in range(chance.randrange(1, 12)):
            at = chance.randrange(len(text))
            text[at : at + chance.randrange(3)] = chance.choice(
                [b"", b"(", b"}", b'"', b"\xff", b"\n"]
            )
        inside(facts_of(name, bytes(text)), bytes(text))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(PARSED), st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read(name: str, data: bytes) -> None:
    """No bytes break the reading, and what is kept comes back as it was."""
    facts = facts_of(name, data)
    inside(facts, data)
    assert decode(encode(facts)) == facts
    assert facts_of(name, data) == facts


def inside(facts: Facts, data: bytes) -> None:
    for symbol in facts.defs:
        assert 1 <= symbol.line <= symbol.end <= data.count(b"\n") + 1
    assert all(count > 0 for count in facts.refs.values())


HOSTILE = {
    "brackets": b"(" * 300_000,
    "all brackets": b"[({" * 100_000,
    "nested blocks": b"if a:\n " * 60_000,
    "quotes": b'\'"""\'\n' * 60_000,
    "one line": b"f(x);" * 200_000,
    "lists": b"[1,[2," * 60_000 + b"\n" * 2_000,
    "keywords": b"def class fn do end if else match\n" * 20_000,
    "templates": b"a<b<c<d<" * 60_000 + b"\n" * 2_000,
    "operators": b"a-*b&!~" * 60_000 + b"\n" * 2_000,
    "lines of brackets": b"((((((((\n" * 40_000,
    "letters": "имя = вызов(имя)\n".encode() * 20_000,
}


# the grammar of Java does not come back from this within one step: see test_harvest
ENDLESS = {("java", "templates")}


@pytest.mark.parametrize(
    ("name", "kind"), [pair for pair in product(PARSED, HOSTILE) if pair not in ENDLESS]
)
def test_hostile_text_takes_bounded_time(name: str, kind: str) -> None:
    """Work is bounded by length, whatever the grammar makes of it."""
    started = time.monotonic()
    facts_of(name, HOSTILE[kind])
    assert time.monotonic() - started < SLOWEST


def test_newer_syntax_than_the_grammar_leaves_the_rest() -> None:
    """What comes after a line that the grammar does not know is read."""
    source = b"def before(): ...\n\nlet x := async match y ?? z\n\ndef after(): ...\n"
    assert [symbol.name for symbol in facts_of("python", source).defs] == ["before", "after"]


def test_clauses_of_one_elixir_function_are_one_definition() -> None:
    """Three clauses, one function; another function in between makes it two."""
    source = b"defmodule A do\n  def f(1), do: 1\n  def f(2), do: 2\n  def g, do: 0\n  def f(3), do: 3\nend\n"  # noqa: E501
    assert [(s.name, s.line, s.end) for s in facts_of("elixir", source).defs[1:]] == [
        ("f", 2, 3),
        ("g", 4, 4),
        ("f", 5, 5),
    ]


def test_a_signature_goes_on_until_its_brackets_close() -> None:
    """A list of parameters over several lines is one line of signature."""
    source = (
        b"class A:\n    def f(\n        self,\n        a: int,\n    ) -> int:\n        return 1\n"
    )
    assert facts_of("python", source).defs[1].signature == "def f( self, a: int, ) -> int:"


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.py", "python"),
        ("a.d.ts", "typescript"),
        ("A.TSX", "tsx"),
        ("Rakefile", "ruby"),
        ("x/Makefile", ""),
        (".py", ""),
        ("a.h", "cpp"),
        ("README.md", "markdown"),
        ("mix.exs", "elixir"),
        ("no.such", ""),
    ],
)
def test_the_path_says_the_language(path: str, language: str) -> None:
    """By its extension, else by its name."""
    assert language_of(path) == language
    assert not language or named(language)
