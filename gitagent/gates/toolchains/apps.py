"""Reads out of a tree's mix.exs files which apps it has and what they depend on.

A mix.exs is a program: it is looked at, not run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gitagent.gates.project import Project

_ASIDE = {
    *("deps", "_build", "node_modules", "priv", "test", "fixtures", "templates", "examples"),
    "vendor",
}
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_NAME = re.compile(r"\bapp:\s*:(\w+)")
_APPS = re.compile(r'\bapps_path:\s*"([^"]+)"')
_PLACES = {name: re.compile(rf'\b{name}:\s*"([^"]+)"') for name in ("deps_path", "build_path")}
_DEPENDENCY = re.compile(
    r"\{\s*:(?P<name>\w+)\s*,\s*"
    r'(?P<how>(?:"[^"]*"|\[|(?:path|git|github|in_umbrella|hex|only|env|override)\s*:)[^{}]*)\}'
)
_ASKED = re.compile(r'\belixir:\s*(?:"(?P<text>[^"]*)"|@(?P<name>\w+))')
_LEAST = re.compile(r"(?:~>|>=)\s*(\d+(?:\.\d+)+)")
_PATH = re.compile(r'\bpath:\s*"([^"]+)"')
_ONLY = re.compile(r"\bonly:\s*(\[[^\]]*\]|:\w+)")
_ELSEWHERE = re.compile(r"\b(?:path|git|github):|\bin_umbrella:\s*true")
_CONDITIONAL = re.compile(r"\b(?:optional:\s*true|targets:)")


@dataclass(frozen=True)
class App:
    """An app, or an umbrella of them (`apps` are then their folders).

    `deps` and `build` are the folders where mix keeps dependencies and what it builds. `outside`
    are the dependencies that its tests need from elsewhere. `from_hex` says that some dependency,
    even one that tests do not need, is a registry's: mix then starts only where it has Hex.
    `uses` are folders of the tree's apps that it depends on. `version` is the Elixir that it asks
    for at least. The `umbrella` is the folder of the one that it belongs to.
    """

    name: str
    folder: str
    deps: str
    build: str
    outside: tuple[str, ...]
    from_hex: bool
    uses: tuple[str, ...]
    version: tuple[int, ...] = ()
    apps: tuple[str, ...] = ()
    umbrella: str | None = None


def apps(project: Project) -> tuple[App, ...]:
    """Apps and umbrellas by folder; what an umbrella's apps need is the umbrella's need, too."""
    texts = {
        posixpath.dirname(path): _COMMENT.sub("", project.text(path))
        for path in project.files
        if posixpath.basename(path) == "mix.exs"
        and not _ASIDE.intersection(posixpath.dirname(path).split("/"))
    }
    umbrellas = {
        folder: _joined(folder, found[1])
        for folder, text in texts.items()
        if (found := _APPS.search(text))
    }
    names = {found[1]: folder for folder, text in texts.items() if (found := _NAME.search(text))}
    return tuple(_app(folder, texts, umbrellas, names) for folder in sorted(texts))


def _app(
    folder: str, texts: dict[str, str], umbrellas: dict[str, str], names: dict[str, str]
) -> App:
    text = texts[folder]
    found = _NAME.search(text)
    places = {
        name: _joined(folder, match[1] if (match := pattern.search(text)) else usual)
        for (name, pattern), usual in zip(_PLACES.items(), ("deps", "_build"), strict=True)
    }
    inner = umbrellas.get(folder)
    return App(
        found[1] if found else posixpath.basename(folder),
        folder,
        places["deps_path"],
        places["build_path"],
        tuple(dict.fromkeys(_outside(text))),
        any(not _ELSEWHERE.search(found["how"]) for found in _DEPENDENCY.finditer(text)),
        tuple(sorted({*_used(folder, text, names)} & set(texts) - {folder})),
        _version(text),
        tuple(sorted(each for each in texts if posixpath.dirname(each) == inner))
        if inner is not None
        else (),
        next(
            (
                umbrella
                for umbrella, apps_folder in umbrellas.items()
                if posixpath.dirname(folder) == apps_folder and folder != umbrella
            ),
            None,
        ),
    )


def _version(text: str) -> tuple[int, ...]:
    """The least Elixir that an app asks for, by itself or by an attribute of its module."""
    found = _ASKED.search(text)
    if found is None:
        return ()
    written = found["text"]
    if found["name"]:
        attribute = re.search(rf'@{found["name"]}\s+"([^"]*)"', text)
        written = attribute[1] if attribute else ""
    least = _LEAST.search(written)
    return tuple(map(int, least[1].split("."))) if least else ()


def _dependencies(text: str) -> Iterator[tuple[str, str]]:
    """Each dependency that tests see: its name and all else that is said of it."""
    for found in _DEPENDENCY.finditer(text):
        only = _ONLY.search(found["how"])
        if only is None or re.search(r":test\b", only[1]):
            yield found["name"], found["how"]


def _outside(text: str) -> Iterator[str]:
    for name, how in _dependencies(text):
        inside = _PATH.search(how) or "in_umbrella" in how
        if not inside and not _CONDITIONAL.search(how):
            yield name


def _used(folder: str, text: str, names: dict[str, str]) -> Iterator[str]:
    for name, how in _dependencies(text):
        path = _PATH.search(how)
        if path:
            yield _joined(folder, path[1])
        elif "in_umbrella" in how and name in names:
            yield names[name]


def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined
