"""What the import statements of each language name, in a normal form.

The form says no more than the statement does, since a blob does not know where it lies:
Python `a.b.name`, with its dots in front where it is relative; JavaScript, Go, C and Ruby the path
as written (`./` in front of what is relative to the file); Rust `crate.a.b` with `self`, `super`
and `mod.x`; Elixir and Java full names. `imports` finds the files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

Written = Mapping[str, Sequence[bytes]]
Named = tuple[Counter[str], tuple[str, ...]]
"""Names that count as used, and what is imported."""

MOST_IMPORTS = 2_000

_PYTHON_FROM = re.compile(r"from\s*([.\w\s]*?)\s*\bimport\b\s*(.*)", re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*")
_ELIXIR = re.compile(
    r"(?P<word>alias|import|use|require)[\s(]+(?P<module>[A-Z_]\w*(?:\.[A-Z_]\w*)*)"
    r"(?:\.\{(?P<several>[^}]*)\})?(?:.*?\bas:\s*(?P<as>[A-Z]\w*))?",
    re.DOTALL,
)


def imported(language: str, written: Written) -> Named:
    """Names that import statements use, and what they name, each once and in order.

    `written` has the text of what the language's query captured, by the name of the capture.
    """
    texts, aliases, mods, relative = (
        [text.decode(errors="replace") for text in written.get(name, ())]
        for name in ("import", "alias", "import.mod", "import.relative")
    )
    if language == "python":
        names, found = _python(texts)
    elif language == "elixir":
        names, found = _elixir(texts, aliases)
    elif language == "rust":
        names, found = _rust(texts, mods)
    elif language == "java":
        names, found = Counter[str](), [_java(text) for text in texts]
    else:
        names, found = Counter[str](), [text.strip("\"`'<> \t") for text in texts]
        found += map(_relative, relative)
        if language in ("c", "cpp"):
            found = [_include(text) for text in texts]
    return names, tuple(dict.fromkeys(text for text in found if text))[:MOST_IMPORTS]


def _python(texts: Iterable[str]) -> tuple[Counter[str], list[str]]:
    names: Counter[str] = Counter()
    found: list[str] = []
    for text in texts:
        plain = _COMMENT.sub("", text).replace("\\\n", " ")
        if match := _PYTHON_FROM.match(plain):
            module = "".join(match[1].split())
            inside = [_before_as(name) for name in match[2].strip("() \n\t").split(",")]
            inside = [name for name in inside if name]
            names.update(name for name in inside if name != "*")
            dot = "" if module.endswith(".") or not module else "."
            found += [module if name == "*" else f"{module}{dot}{name}" for name in inside]
        elif plain.startswith("import"):
            found += [_before_as(name) for name in plain[len("import") :].split(",")]
    return names, found


def _before_as(text: str) -> str:
    words = text.split()
    return words[0] if words else ""


def _elixir(texts: Iterable[str], aliases: Sequence[str]) -> tuple[Counter[str], list[str]]:
    """Modules by their full names: what is named short was given that name by an `alias`."""
    full: dict[str, str] = {}
    found: list[str] = []
    inside: Counter[str] = Counter()
    for text in texts:
        if not (match := _ELIXIR.match(text)):
            continue
        base = match["module"]
        head, _, tail = base.partition(".")
        base = full.get(head, head) + (f".{tail}" if tail else "")
        parts = [part.strip() for part in (match["several"] or "").split(",") if part.strip()]
        modules = [f"{base}.{part}" for part in parts] or [base]
        # within braces stand parts of names, which are no names by themselves
        inside.update([match["module"], *parts] if parts else [])
        found += modules
        if match["word"] == "alias":
            full.update((name.rpartition(".")[2], name) for name in modules)
            if match["as"]:
                full[match["as"]] = base
    names: Counter[str] = Counter()
    for alias in aliases:
        if inside[alias] > 0:
            inside[alias] -= 1
            continue
        head, _, tail = alias.partition(".")
        names[full.get(head, head) + (f".{tail}" if tail else "")] += 1
    return names, [*found, *names]


def _rust(texts: Iterable[str], mods: Iterable[str]) -> tuple[Counter[str], list[str]]:
    found = [path for text in texts for path in _expanded("".join(text.split("\n")))]
    names = Counter(path.rpartition(".")[2] for path in found)
    del names["self"], names["*"]
    paths = [path.removesuffix(".self").removesuffix(".*") for path in found]
    return names, [*paths, *(f"mod.{name}" for name in mods)]


def _expanded(text: str, deepest: int = 16) -> list[str]:
    """`a::{b, c::{d as e, *}}` as `a.b`, `a.c.d`, `a.c.*`."""
    text = text.strip()
    before, brace, rest = text.partition("{")
    if not brace or deepest == 0:
        return [text.split(" as ")[0].strip().replace("::", ".").lstrip(".")] if text else []
    base = before.strip().removesuffix("::").replace("::", ".").strip()
    inner = rest.rstrip().removesuffix("}")
    return [
        f"{base}.{path}" if base else path
        for part in _parts(inner)
        for path in _expanded(part, deepest - 1)
    ]


def _parts(text: str) -> list[str]:
    """Split at the commas that no brace encloses."""
    parts, depth, start = [], 0, 0
    for n, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            parts.append(text[start:n])
            start = n + 1
    return [*parts, text[start:]]


def _java(text: str) -> str:
    words = text.rstrip("; \n").split()
    return "".join(words[2:] if words[1:2] == ["static"] else words[1:])


def _relative(text: str) -> str:
    return text if text.startswith(("./", "../", "/")) else f"./{text}"


def _include(text: str) -> str:
    """What is in quotes is looked for beside the file first."""
    plain = text.strip('"<> \t')
    return f"./{plain}" if text.lstrip().startswith('"') else plain
