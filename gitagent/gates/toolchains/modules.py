"""Reads out of a tree's go.mod and go.work files which modules it has and what they are made of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gitagent.gates.project import Project

# The go program leaves these folders out of `./...`, too, and those that begin with . or _.
_ASIDE = {"vendor", "testdata", "node_modules"}
_COMMENT = re.compile(r"//.*$", re.MULTILINE)
_INDIRECT = re.compile(r"//\s*indirect\b")
_BLOCK = re.compile(r"^(?P<verb>[a-z]+)\s*\((?P<lines>[^)]*)\)", re.MULTILINE)
_NUMBER = re.compile(r"\d+")
# What go.mod could not say before Go 1.21.
_NEW_VERBS = {"toolchain", "godebug", "tool", "ignore"}

Version = tuple[int, ...]


@dataclass(frozen=True)
class Module:
    """A module: its import path, folder and the Go version that it asks for.

    `needs` are modules from outside with their versions, `uses` the folders of the tree's modules
    that it is built with. `new_form` says that only Go 1.21 and later can read its go.mod. `work`
    is the folder of the go.work that it belongs to, None where it belongs to none.
    """

    path: str
    folder: str
    version: Version
    needs: tuple[tuple[str, str], ...]
    uses: tuple[str, ...]
    new_form: bool
    vendored: bool
    work: str | None


def modules(project: Project) -> tuple[Module, ...]:
    """The modules of a tree, by their folders."""
    folders = sorted(
        posixpath.dirname(path)
        for path in project.files
        if posixpath.basename(path) == "go.mod" and not _aside(posixpath.dirname(path))
    )
    works = {
        posixpath.dirname(path): _lines(project.text(path))
        for path in project.files
        if posixpath.basename(path) == "go.work" and not _aside(posixpath.dirname(path))
    }
    read = [_module(project, folder, works) for folder in folders]
    by_path = {module.path: module for module in read}
    return tuple(_in_tree(module, by_path, set(folders)) for module in read if module.path)


def version_of(text: str) -> Version:
    return tuple(int(number) for number in _NUMBER.findall(text)[:3])


def cached_as(path: str, version: str) -> str:
    """Where the module cache keeps a version of a module: file systems may ignore case."""
    return "@".join(re.sub("[A-Z]", lambda upper: f"!{upper[0].lower()}", each)
                    for each in (path, version))  # fmt: skip


def _aside(folder: str) -> bool:
    parts = folder.split("/") if folder else []
    return any(part in _ASIDE or part.startswith((".", "_")) for part in parts)


def _module(project: Project, folder: str, works: dict[str, list[list[str]]]) -> Module:
    text = project.text(posixpath.join(folder, "go.mod"))
    lines = _lines(text)
    work = _work(folder, works)
    replaced = [
        *_replaced(lines, folder),
        *(_replaced(works[work], work) if work is not None else ()),
    ]
    elsewhere = {path for path, _, _ in replaced}
    asked = [version_of(line[1]) for line in lines if line[0] == "go" and len(line) > 1]
    return Module(
        path=next((line[1] for line in lines if line[0] == "module" and len(line) > 1), ""),
        folder=folder,
        version=asked[0] if asked else (),
        needs=(
            *(
                (line[1], line[2])
                for line in lines
                if line[0] == "require" and len(line) > 2 and line[1] not in elsewhere
                and line[-1] != "indirect"
            ),
            *((to, version) for _, to, version in replaced if version),
        ),
        uses=tuple(to for _, to, version in replaced if not version),
        new_form=any(len(each) > 2 for each in asked)
        or any(line[0] in _NEW_VERBS for line in lines),
        vendored=posixpath.join(folder, "vendor/modules.txt") in project.files,
        work=work,
    )  # fmt: skip


def _work(folder: str, works: dict[str, list[list[str]]]) -> str | None:
    """The nearest go.work above a module, where it names the module."""
    above = [work for work in works if not work or f"{folder}/".startswith(f"{work}/")]
    if not above:
        return None
    work = max(above, key=len)
    used = {_joined(work, line[1]) for line in works[work] if line[0] == "use" and len(line) > 1}
    return work if folder in used else None


def _replaced(lines: Sequence[Sequence[str]], folder: str) -> Iterator[tuple[str, str, str]]:
    """Each module that another stands for: its path, the other, and the other's version.

    Without a version, the other is a folder of this tree or beside it.
    """
    for line in lines:
        if line[0] == "replace" and "=>" in line:
            to = list(line[line.index("=>") + 1 :])
            if len(to) > 1:
                yield line[1], to[0], to[1]
            elif to:
                yield line[1], _joined(folder, to[0]), ""


def _in_tree(module: Module, by_path: dict[str, Module], folders: set[str]) -> Module:
    """The module with those of the tree told from those from outside."""
    together = {
        path: other
        for path, other in by_path.items()
        if module.work is not None and other.work == module.work
    }
    used = {together[path].folder for path, _ in module.needs if path in together}
    return replace(
        module,
        needs=tuple((path, version) for path, version in module.needs if path not in together),
        uses=tuple(sorted((used | folders.intersection(module.uses)) - {module.folder})),
    )


def _lines(text: str) -> list[list[str]]:
    """The words of each directive, those of a block with the block's verb before them."""
    text = _COMMENT.sub("", _INDIRECT.sub(" indirect", text))
    flat = _BLOCK.sub(
        lambda block: "\n".join(
            f"{block['verb']} {line}" for line in block["lines"].splitlines() if line.strip()
        ),
        text,
    )
    return [words for line in flat.splitlines() if (words := line.replace('"', "").split())]


def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined
