"""What the grammars read is what a person reads: definitions, uses and imports of each language."""

from __future__ import annotations

import random
import time
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitagent.index import syntax
from gitagent.index.facts import Facts, decode, encode, facts_of
from gitagent.index.languages import LANGUAGES, language_of, named

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.txt"))
PARSED = [language.name for language in LANGUAGES if language.grammar]
MIDDLING, LONG = 20_000, 100_000
"""Bytes of a hostile text; even the shorter ones are above those from which bounds hold."""
SLOWEST = 1.0
"""In seconds of the processor."""


def written(facts: Facts) -> list[str]:
    return [
        *(f"{symbol.kind} {symbol.qualified} {symbol.line}-{symbol.end}" for symbol in facts.defs),
        *(f"uses {name} {count}" for name, count in facts.refs.items()),
        *(f"imports {name}" for name in facts.imports),
    ]


def corpus(name: str) -> tuple[bytes, list[str]]:
    """A file of a language, and what it says; TypeScript's is that of TSX."""
    return sample(name if name in {path.stem for path in CORPUS} else "tsx")


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


@pytest.mark.parametrize("name", PARSED)
def test_broken_syntax_keeps_what_is_whole(name: str) -> None:
    """A file in the middle of an edit still defines what stands before the break."""
    source, _ = corpus(name)
    facts = facts_of(name, source + b"\n)}] <<<<<<< HEAD\n def class fn (((\n")
    whole = facts_of(name, source)
    assert {s.qualified for s in facts.defs} & {s.qualified for s in whole.defs}
    assert not facts.unparsed


@pytest.mark.parametrize("name", PARSED)
def test_cut_anywhere_it_is_read_anyway(name: str) -> None:
    """Half a file, bytes turned around, brackets gone: no error, and spans that lie in the file."""
    source, _ = corpus(name)
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
    "brackets": b"(((((((((\n",
    "one bracket": b"(" * 240 + b"\n",
    "all brackets": b"[({" * 80 + b"\n",
    "nested blocks": b"if a:\n ",
    "quotes": b'\'"""\'\n',
    "calls": b"f(x);" * 48 + b"\n",
    "lines of calls": b"f(x)\n",
    "lists": b"[1,[2," * 40 + b"\n",
    "keywords": b"def class fn do end if else match\n",
    "templates": b"a<b<c<d<" * 30 + b"\n",
    "operators": b"a-*b&!~" * 32 + b"\n",
    "letters": "имя = вызов(имя)\n".encode(),
}
"""Pieces of text, of which no line is so long that the whole would be left out unread."""

# the grammar of Java does not come back from this within one step: see test_harvest
ENDLESS = {("java", "templates")}


@pytest.mark.parametrize(
    ("name", "kind"), [pair for pair in product(PARSED, HOSTILE) if pair not in ENDLESS]
)
def test_hostile_text_takes_bounded_time(name: str, kind: str) -> None:
    """Work is bounded by length, whatever the grammar makes of it.

    Without the bounds, lone brackets take the time of their number squared, and templates in
    Elixir are too deep to be walked; the slowest of the rest takes a quarter of a second.
    """
    size = LONG if kind in ("brackets", "one bracket") else MIDDLING
    facts_of(name, b"")  # the grammar is loaded
    text = HOSTILE[kind] * (size // len(HOSTILE[kind]))
    started = time.process_time()
    facts = facts_of(name, text)
    assert time.process_time() - started < SLOWEST
    assert not facts.skipped


@pytest.mark.parametrize("name", PARSED)
def test_a_parser_that_takes_too_many_steps_is_stopped(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only words are known then, and the next file is read as if nothing had been."""
    source, _ = corpus(name)
    whole = facts_of(name, source)
    text = source * (2 * syntax.WATCHED_FROM // len(source))
    with monkeypatch.context() as patch:
        patch.setattr(syntax, "LEAST_STEPS", 3)
        patch.setattr(syntax, "BYTES_A_STEP", len(text))
        assert facts_of(name, text) == Facts(name, lines=text.count(b"\n"), unparsed=True)
    assert not facts_of(name, text).unparsed
    assert facts_of(name, source) == whole


def test_what_is_nested_too_deeply_is_not_looked_at() -> None:
    """The rest of the file is: a query costs as much at each node as the tree is deep."""
    levels = syntax.DEEPEST + 20
    deep = b"[" * levels + b"ghost()" + b"]" * levels + b"\n"
    facts = facts_of("python", b"def before(): ...\n" + deep + b"def after(): ...\n")
    assert [symbol.name for symbol in facts.defs] == ["before", "after"]
    assert "ghost" not in facts.refs


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
