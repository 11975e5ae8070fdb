"""Takes a package's test script apart: into the commands of the shell that it comes to in the end.

`npm run x` and the like are replaced by the script that they name, so that the runner at the end of
them can be told where to leave its report.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_DEEPEST = 6
_MOST_PARTS = 200
_MANAGERS = ("npm", "pnpm", "yarn", "bun")
_RUN = ("run", "run-script", "rum", "urn")
_TEST = ("test", "t", "tst")
_QUIET = ("-s", "--silent", "--quiet", "--if-present", "-q")
_FAN_OUT = (
    "turbo", "lerna", "nx", "wsrun", "ultra", "wireit", "moon", "rush", "bolt", "manypkg",
)  # fmt: skip
_EVERYWHERE = {
    "npm": ("--workspaces", "-ws", "--workspace", "-w"),
    "pnpm": ("-r", "--recursive", "--filter", "-F", "recursive", "multi", "-C", "--dir"),
    "yarn": ("workspaces", "workspace"),
    "bun": ("--filter", "-F", "--workspaces"),
}
_NO_TEST = "no test specified"
_SPLIT = re.compile(r"&&|\|\||[;|&()<>\n`]|\$\(")
_PLACE_OF_SCRIPTS = re.compile(r"^(?:\./)?node_modules/\.bin/")
_SETS = re.compile(r"^[A-Za-z_]\w*=")


@dataclass(frozen=True)
class Part:
    """One command of a script, as it is written; `words` are those that the shell makes of it.

    `script` is the name of the script that it stands in. `fans_out` says that it runs scripts of
    other packages.
    """

    text: str
    words: tuple[str, ...]
    script: str
    fans_out: bool = False


@dataclass(frozen=True)
class Script:
    """A script as a row of commands, each of which has to end well before the next.

    Where it is more than such a row (pipes, alternatives), `parts` is empty and `text` all there
    is.
    """

    text: str
    parts: tuple[Part, ...]


def script_of(scripts: Mapping[str, str]) -> Script | None:
    """What `npm test` would run; None where there are no tests, and where npm only says so."""
    text = scripts.get("test", "").strip()
    if not text or _NO_TEST in text:
        return None
    before = scripts.get("pretest", "").strip()
    whole = f"{before} && {text}" if before else text
    try:
        parts = [*_expanded(before, scripts, "pretest"), *_expanded(text, scripts, "test")]
    except _NoRow:
        parts = []
    return Script(whole, tuple(parts))


def bare(words: Sequence[str]) -> tuple[str, ...]:
    """A command's words from its program on, without what sets variables or starts programs."""
    rest = list(words)
    while rest:
        first = _PLACE_OF_SCRIPTS.sub("", rest[0])
        if _SETS.match(first) or first in ("cross-env", "cross-env-shell", "env", "npx", "exec"):
            rest.pop(0)
        elif first in ("pnpm", "yarn", "npm") and rest[1:2] and rest[1] in ("exec", "dlx", "x"):
            del rest[: 3 if rest[2:3] == ["--"] else 2]
        elif rest[0] in ("--yes", "-y", "--no-install", "--no", "--"):
            rest.pop(0)
        elif first in ("dotenv", "env-cmd") and "--" in rest:
            del rest[: rest.index("--") + 1]
        else:
            return (first, *rest[1:])
    return ()


class _NoRow(Exception):
    """A script that cannot be taken apart."""


def _expanded(
    text: str, scripts: Mapping[str, str], name: str, within: tuple[str, ...] = ()
) -> list[Part]:
    """The parts of a script, `within` others. Raises _NoRow."""
    parts: list[Part] = []
    for piece, words in _row(text):
        parts += _part(piece, words, scripts, (*within, name))
        if len(parts) > _MOST_PARTS:
            raise _NoRow
    return parts


def _part(
    piece: str, words: tuple[str, ...], scripts: Mapping[str, str], within: tuple[str, ...]
) -> Iterator[Part]:
    program = bare(words)
    called = list(_called(program, scripts))
    if not called:
        yield Part(piece, words, within[-1], _fans_out(program))
    for script, further in called:
        if script in within or len(within) > _DEEPEST:
            raise _NoRow
        text = scripts[script] + "".join(f" {shlex.quote(word)}" for word in further)
        yield from _expanded(text, scripts, script, within)


def _called(words: Sequence[str], scripts: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The package's own scripts that a command runs, each with the words that are handed on."""
    if not words:
        return
    program, *rest = words
    if program in ("run-s", "npm-run-all", "npm-run-all2") and "-p" not in rest:
        for pattern in rest:
            if not pattern.startswith("-"):
                yield from ((name, []) for name in _matching(pattern, scripts))
        return
    if program not in _MANAGERS or _fans_out(words):
        return
    rest = [word for n, word in enumerate(rest) if word not in _QUIET or n > 2]
    if rest and rest[0] in _RUN:
        rest = rest[1:]
    elif rest and rest[0] in _TEST:
        rest = ["test", *rest[1:]]
    elif program in ("npm", "bun"):
        return
    if rest and rest[0] in scripts:
        further = rest[1:]
        yield rest[0], further[1:] if further[:1] == ["--"] else further if program != "npm" else []


def _matching(pattern: str, scripts: Mapping[str, str]) -> list[str]:
    if "*" not in pattern:
        return [pattern] if pattern in scripts else []
    found = re.escape(pattern).replace(r"\*\*", ".*").replace(r"\*", "[^:]*")
    return [name for name in scripts if re.fullmatch(found, name)]


def _fans_out(words: Sequence[str]) -> bool:
    if not words:
        return False
    program, rest = words[0], words[1:]
    if program in _FAN_OUT:
        return True
    several = _EVERYWHERE.get(program, ())
    return any(word.partition("=")[0] in several for word in rest[:3])


def _row(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The commands that `&&` joins, each with its words. Raises _NoRow for anything else."""
    pieces, quote, at = [""], "", 0
    while at < len(text):
        char = text[at]
        found = None if quote else _SPLIT.match(text, at)
        if found and found[0] != "&&":
            raise _NoRow
        if found:
            pieces.append("")
            at = found.end()
            continue
        taken = 2 if char == "\\" and quote != "'" else 1
        if taken == 1 and char in ("'", '"') and quote in ("", char):
            quote = "" if quote else char
        pieces[-1] += text[at : at + taken]
        at += taken
    try:
        return [(piece.strip(), tuple(shlex.split(piece))) for piece in pieces if piece.strip()]
    except ValueError:
        raise _NoRow from None
