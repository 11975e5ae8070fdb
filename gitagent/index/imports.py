"""Finds the files of a tree that an import may mean.

A blob's facts say what its imports name (see `statements`); which files those are depends on the
tree. Nothing of the language's own tools is run and none of their configuration is read: a path
that ends as the import says is as good a guess, and a guess is enough for a ranking. Where several
files fit, those nearest to the importing one are meant.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

_SCRIPTS = ("ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts", "d.ts", "vue", "svelte", "json")
_FROM_JS = {"js": ("ts", "tsx"), "jsx": ("tsx",), "mjs": ("mts",), "cjs": ("cts",)}
MOST_FOUND = 4
"""More files that fit are no answer; a Go package is the exception, whose files are one."""


_Find = Callable[[str], Sequence[str]]


class Imports:
    """The files of one tree by the ends of their paths.

    `modules` gives the files that define a module by its full name, for languages in which the
    path does not tell (Elixir).
    """

    def __init__(
        self, paths: Iterable[str], modules: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._paths = frozenset(paths)
        self._modules = modules or {}

    def of(self, path: str, language: str, imported: Iterable[str]) -> tuple[str, ...]:
        """The paths that a file's imports may mean, in their order, without itself."""
        find = {
            "python": self._python,
            "javascript": self._script,
            "typescript": self._script,
            "tsx": self._script,
            "rust": self._rust,
            "go": self._go,
            "elixir": self._elixir,
            "java": self._java,
            "ruby": self._ruby,
            "c": self._include,
            "cpp": self._include,
        }.get(language)
        if find is None:
            return ()
        found = dict.fromkeys(target for name in imported for target in find(path, name))
        found.pop(path, None)
        return tuple(found)

    def _python(self, path: str, name: str) -> Sequence[str]:
        plain = name.lstrip(".")
        dots = len(name) - len(plain)
        parts = [part for part in plain.split(".") if part]
        if not dots:
            return self._longest(parts, lambda part: self._ending(_python_files(part), path))
        folder = posixpath.dirname(path)
        for _ in range(dots - 1):
            folder = posixpath.dirname(folder)
        found = self._longest(parts, lambda part: self._at(folder, _python_files(part)))
        return found or self._at(folder, ["__init__.py"])

    def _longest(self, parts: list[str], find: _Find) -> Sequence[str]:
        """What the longest beginning means; its last part may be a name inside of the module."""
        for count in (len(parts), len(parts) - 1):
            if count > 0 and (found := find("/".join(parts[:count]))):
                return found
        return ()

    def _script(self, path: str, name: str) -> Sequence[str]:
        name = name.split("?")[0]
        if name.startswith("."):
            return self._at(posixpath.dirname(path), _script_files(name))
        # `#/x`, `@/x`, `~/x`, `$lib/x`: a project's own names for its folder of sources
        head, _, rest = name.partition("/")
        if head in ("#", "@", "~", "", "$lib", "src", "app"):
            return self._ending(_script_files(rest), path) if rest else ()
        return self._ending(_script_files(name), path) if "/" in name and head[0] != "@" else ()

    def _rust(self, path: str, name: str) -> Sequence[str]:
        head, _, rest = name.partition(".")
        parts = [part for part in rest.split(".") if part]
        own = _rust_folder(path)
        if head in ("mod", "self"):
            return self._longest(parts, lambda part: self._at(own, _rust_files(part)))
        if head == "super":
            above = posixpath.dirname(own)
            while parts and parts[0] == "super":
                above, parts = posixpath.dirname(above), parts[1:]
            return self._longest(parts, lambda part: self._at(above, _rust_files(part)))
        if head == "crate":
            found = self._rust_in(_crate(path), parts)
            return found or self._at(_crate(path), ["lib.rs", "main.rs"])
        # another crate of the workspace, in a folder of its name
        for folder in (head, head.replace("_", "-")):
            roots = self._ending([f"{folder}/src/lib.rs"], path)
            if roots:
                return self._rust_in(posixpath.dirname(roots[0]), parts) or roots
        return self._rust_in(own, [head, *parts])

    def _rust_in(self, folder: str, parts: list[str]) -> Sequence[str]:
        for count in range(len(parts), 0, -1):
            if found := self._at(folder, _rust_files("/".join(parts[:count]))):
                return found
        return ()

    def _go(self, path: str, name: str) -> Sequence[str]:
        """All files of the package, whose folder ends as the import path does."""
        parts = name.split("/")
        for start in range(len(parts)):
            folder = "/".join(parts[start:])
            if found := [
                file
                for last in (self._folders_by_last.get(parts[-1], ()),)
                for candidate in last
                if candidate == folder or candidate.endswith("/" + folder)
                for file in self._go_files[candidate]
            ]:
                # one part alone is a name like `errors`, which the standard library has too
                lone = start == len(parts) - 1
                return [] if lone and "." not in parts[0] else found
        return ()

    def _elixir(self, _path: str, name: str) -> Sequence[str]:
        return tuple(self._modules.get(name, ()))[:MOST_FOUND]

    def _java(self, path: str, name: str) -> Sequence[str]:
        parts = name.removesuffix(".*").split(".")
        return self._longest(parts, lambda part: self._ending([f"{part}.java"], path))

    def _ruby(self, path: str, name: str) -> Sequence[str]:
        file = name if name.endswith(".rb") else f"{name}.rb"
        if name.startswith("."):
            return self._at(posixpath.dirname(path), [file])
        return self._ending([file], path)

    def _include(self, path: str, name: str) -> Sequence[str]:
        if name.startswith("./"):
            if found := self._at(posixpath.dirname(path), [name]):
                return found
            name = name[2:]
        return self._ending([posixpath.normpath(name)], path)

    def _at(self, folder: str, names: Iterable[str]) -> Sequence[str]:
        """The first of the names that lies in a folder."""
        for name in names:
            full = posixpath.normpath(posixpath.join(folder, name))
            if full in self._paths:
                return (full,)
        return ()

    def _ending(self, names: Iterable[str], near: str) -> Sequence[str]:
        """Files whose path ends in the first name that fits any, the nearest ones."""
        for name in names:
            name = name.lstrip("./")
            last = name.rpartition("/")[2]
            fitting = [
                path
                for path in self._by_last.get(last, ())
                if path == name or path.endswith("/" + name)
            ]
            if fitting:
                best = max(_shared(path, near) for path in fitting)
                nearest = [path for path in fitting if _shared(path, near) == best]
                return nearest if len(nearest) <= MOST_FOUND else ()
        return ()

    @cached_property
    def _by_last(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            found.setdefault(path.rpartition("/")[2], []).append(path)
        return found

    @cached_property
    def _go_files(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            if path.endswith(".go") and not path.endswith("_test.go"):
                found.setdefault(posixpath.dirname(path), []).append(path)
        return found

    @cached_property
    def _folders_by_last(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for folder in self._go_files:
            found.setdefault(folder.rpartition("/")[2], []).append(folder)
        return found


def _python_files(part: str) -> list[str]:
    return [f"{part}.py", f"{part}/__init__.py", f"{part}.pyi"]


def _script_files(name: str) -> list[str]:
    stem, _, extension = name.rpartition(".")
    written = [f"{stem}.{other}" for other in _FROM_JS.get(extension, ())] if stem else []
    files = [f"{name}.{extension}" for extension in _SCRIPTS]
    folders = [f"{name}/index.{extension}" for extension in _SCRIPTS]
    return [name, *written, *files, *folders]


def _rust_files(part: str) -> list[str]:
    return [f"{part}.rs", f"{part}/mod.rs"]


def _rust_folder(path: str) -> str:
    """Where the modules of a file lie: beside `mod.rs`, else in the folder of the file's name."""
    folder, name = posixpath.split(path)
    return folder if name in ("mod.rs", "lib.rs", "main.rs") else path.removesuffix(".rs")


def _crate(path: str) -> str:
    """The folder of a crate's root: the innermost `src` above a file."""
    before, found, _ = f"/{path}".rpartition("/src/")
    return f"{before}/src".lstrip("/") if found else posixpath.dirname(path)


def _shared(path: str, near: str) -> int:
    """How many folders two paths have in common from the top."""
    count = 0
    for one, other in zip(path.split("/")[:-1], near.split("/")[:-1], strict=False):
        if one != other:
            break
        count += 1
    return count
