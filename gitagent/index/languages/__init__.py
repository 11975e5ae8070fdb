"""The languages that are read by their syntax: which files they are in, which grammar reads them.

What a grammar's nodes mean to us stands in two queries a language, `queries/NAME/defs.scm` and
`queries/NAME/uses.scm`; a capture of the first is named after the kind of symbol that it is, with
`@name` and, where nesting does not tell, `@scope` beside it. `@within` only gives a scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Language:
    """`grammar` is (module, function) of the wheel, None where headings are all that is read.
    `queries` names the folders whose queries apply, in order. `own_words` are the language's own,
    which the grammar takes for calls.
    """

    name: str
    extensions: tuple[str, ...]
    grammar: tuple[str, str] | None = None
    queries: tuple[str, ...] = ()
    file_names: tuple[str, ...] = ()
    own_words: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELIXIR = _words(
    """
    def defp defmacro defmacrop defmodule defprotocol defimpl defstruct defexception defdelegate
    defguard defguardp defoverridable defn defnp alias import use require if unless case cond for
    with try receive quote unquote unquote_splicing raise reraise throw super fn do end __MODULE__
    moduledoc doc typedoc spec type typep opaque callback macrocallback impl behaviour
    """
)
_RUBY = _words("require require_relative load attr_reader attr_writer attr_accessor raise")

LANGUAGES = (
    Language("python", ("py", "pyi", "pyw"), ("tree_sitter_python", "language"), ("python",)),
    Language(
        "typescript",
        ("ts", "mts", "cts"),
        ("tree_sitter_typescript", "language_typescript"),
        ("javascript", "typescript"),
    ),
    Language(
        "tsx",
        ("tsx",),
        ("tree_sitter_typescript", "language_tsx"),
        ("javascript", "typescript", "jsx"),
    ),
    Language(
        "javascript",
        ("js", "mjs", "cjs", "jsx"),
        ("tree_sitter_javascript", "language"),
        ("javascript", "jsx", "plain_javascript"),
    ),
    Language("rust", ("rs",), ("tree_sitter_rust", "language"), ("rust",), (), frozenset({"Self"})),
    Language("go", ("go",), ("tree_sitter_go", "language"), ("go",)),
    Language(
        "elixir",
        ("ex", "exs"),
        ("tree_sitter_elixir", "language"),
        ("elixir",),
        own_words=_ELIXIR,
    ),
    Language("java", ("java",), ("tree_sitter_java", "language"), ("java",)),
    Language(
        "ruby",
        ("rb", "rake", "gemspec", "ru"),
        ("tree_sitter_ruby", "language"),
        ("ruby",),
        ("rakefile", "gemfile", "guardfile", "capfile", "vagrantfile"),
        _RUBY,
    ),
    Language("c", ("c",), ("tree_sitter_c", "language"), ("c",)),
    # a header may be either; the grammar of C++ reads nearly all C
    Language(
        "cpp",
        ("cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "h++", "h", "ipp", "inl"),
        ("tree_sitter_cpp", "language"),
        ("c", "cpp"),
    ),
    Language("markdown", ("md", "markdown", "mdx", "livemd")),
    Language("restructuredtext", ("rst",)),
)


def language_of(path: str) -> str:
    """The name of the language of a path; `""` where the file is only text to us."""
    name = path.rpartition("/")[2].lower()
    stem, dot, extension = name.rpartition(".")
    return _by_extension().get(extension, "") if dot and stem else _by_name().get(name, "")


def named(name: str) -> Language | None:
    return _by_own_name().get(name)


@cache
def _by_own_name() -> dict[str, Language]:
    return {language.name: language for language in LANGUAGES}


@cache
def _by_extension() -> dict[str, str]:
    return {ext: language.name for language in LANGUAGES for ext in language.extensions}


@cache
def _by_name() -> dict[str, str]:
    return {name: language.name for language in LANGUAGES for name in language.file_names}
