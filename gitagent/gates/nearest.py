"""The tests that a change most likely breaks, by name: they are run before all others.

That saves the time of a whole run where they fail, and decides nothing where they pass: who is
content with a tree has run everything.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Sequence

from gitagent.domain.context import is_test
from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.gates.affected import package_of
from gitagent.gates.project import REGULAR
from gitagent.ports import TreeFile

WORTH_S = 5.0
"""How long all tests must have taken before it pays to run some of them first."""
MOST_SHARE, MOST_FILES = 1 / 3, 60
LARGEST = 400_000
_SOURCE = re.compile(r"\.(?:py|pyi|[cm]?[jt]sx?|vue|svelte|rs|go|exs?)$")
# A file that is called so by everybody goes by the name of its folder, as does all of Go's.
_NAMELESS = ("__init__", "__main__", "index", "mod", "lib", "main")
_TEST_MARK = re.compile(r"^tests?_|_tests?$|\.(?:test|spec)$")

Read = Callable[[str], bytes]


def worth(command: GateCommand, before: CommandRun) -> bool:
    """Whether a part of a command's tests may be run, and all of them took long on the base."""
    return bool(command.narrow) and before.seconds >= WORTH_S


def nearest(
    command: GateCommand,
    before: CommandRun,
    changed: Sequence[str],
    files: Sequence[TreeFile],
    packages: Collection[str],
    read: Read,
) -> tuple[str, ...]:
    """What to append to `command.narrow` to run the tests nearest to these changed paths.

    `before` is its run on the base, `files` are those of the tree, `packages` all folders of
    packages. Empty where nothing would be saved, or nothing is near.
    """
    own = {
        file.path: file
        for file in files
        if file.mode in REGULAR and _belongs(file.path, command, packages)
    }
    tests = _tests(before, changed, own)
    most = min(MOST_FILES, len(tests) * MOST_SHARE)
    found = _near(tests, changed, lambda path: _text(own[path], read))
    # a name that is everybody's word tells nothing
    return next((arguments(command, near) for near in found if len(near) <= most), ())


def arguments(command: GateCommand, paths: Iterable[str]) -> tuple[str, ...]:
    """Files of the tree as a command takes them, from where it runs."""
    return tuple(dict.fromkeys(_from(command.folder, path) for path in paths))


def _from(folder: str, path: str) -> str:
    relative = posixpath.relpath(f"/{path}", f"/{folder}")
    return f"./{relative}" if relative.startswith("-") else relative


def _belongs(path: str, command: GateCommand, packages: Collection[str]) -> bool:
    inside = not command.folder or path.startswith(f"{command.folder}/")
    return inside and (package_of(path, packages) or "") == command.package


def _tests(before: CommandRun, changed: Collection[str], own: Collection[str]) -> list[str]:
    """The files that the command takes tests from, as far as its ids say; else what looks so.

    Of a change, what looks so too, and lies beside one of them.
    """
    alike = [path for path in own if is_test(path) and _SOURCE.search(path)]
    named = {test.partition("::")[0] for test in before.tests}.intersection(own)
    if not named:
        return alike
    folders = {_folder(path) for path in named}
    return sorted(named.union(p for p in alike if p in changed and _folder(p) in folders))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _near(
    tests: Sequence[str], changed: Sequence[str], text: Callable[[str], str]
) -> tuple[list[str], list[str]]:
    """Tests that changed themselves, are called as what changed, or name it; and without these."""
    sources = [path for path in changed if _SOURCE.search(path)]
    names = {name for path in sources if not is_test(path) and (name := called(path))}
    near = [path for path in tests if path in set(changed) or called(path) in names]
    if not names:
        return near, near
    named = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w-])")
    known = set(near)
    naming = [path for path in tests if path not in known and named.search(text(path))]
    return [*near, *naming], near


def called(path: str) -> str:
    """The name of what a file defines or tests: `parse` for src/parse.py and test_parse.py."""
    folder, _, base = path.rpartition("/")
    name = _SOURCE.sub("", base)
    if name in _NAMELESS or base.endswith(".go"):
        name = folder.rpartition("/")[2]
    return _TEST_MARK.sub("", name)


def _text(file: TreeFile, read: Read) -> str:
    return read(file.blob).decode("utf-8", "replace") if file.size <= LARGEST else ""
