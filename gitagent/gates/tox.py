"""What tox and nox say of how a project is tested: the runner, what it is told, and its variables.

Their environments are made out of the network, which a gate has none of. The test command itself is
run in the project's own interpreter.
"""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gitagent.gates.project import Project

_TOX_FILES = ("tox.ini", "setup.cfg")
_CONDITION = re.compile(r"^(?:[\w.!-]|\{[\w.,!-]+\}|,)+:\s+")
_POSARGS = re.compile(r"\{posargs(?::(?P<usual>[^{}]*))?\}")
_PLACE = re.compile(r"\{(?:toxinidir|tox_root)\}/?")
_TESTS = re.compile(r"test|^py|unit|default", re.IGNORECASE)
_PYTHON = re.compile(r"^(?:\{envpython\}|\{env_python\}|python[\d.]*)$")
_OTHERS_MATTER = ("PATH", "HOME", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTEST_ADDOPTS")
_NAME = re.compile(r"[A-Za-z_]\w*")
_NO_TESTS = re.compile(
    r"^(?:pip|uv|python -m pip|coverage (?:erase|report|xml|html|combine)|echo)\b"
)


@dataclass(frozen=True)
class Asked:
    """A test command: what the runner is told behind its name, and the variables it is given.

    `file` is where it stands. Without a runner that we know, `line` is what stands there.
    """

    file: str
    runner: Literal["pytest", "unittest", ""]
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    line: str = ""


def asked(project: Project) -> Asked | None:
    """The first of tox' and nox' test commands whose runner is known, else their first."""
    found = [*_tox(project), *_nox(project)]
    return next((each for each in found if each.runner), found[0] if found else None)


def _tox(project: Project) -> Iterator[Asked]:
    for file in _TOX_FILES:
        yield from _ini(file, project.text(file))
    table = _toml(project.text("pyproject.toml")).get("tool", {})
    table = table.get("tox", {}) if isinstance(table, dict) else {}
    if isinstance(table, dict):
        yield from _ini("pyproject.toml", str(table.get("legacy_tox_ini", "")))
        yield from _native("pyproject.toml", table)
    yield from _native("tox.toml", _toml(project.text("tox.toml")))


def _ini(file: str, text: str) -> Iterator[Asked]:
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=", ":"))
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    sections = [name for name in parser.sections() if name.partition(":")[0] == "testenv"]
    for name in sorted(sections, key=lambda name: (name != "testenv", sections.index(name))):
        if name != "testenv" and not _TESTS.search(name.partition(":")[2]):
            continue
        text = parser[name].get("commands", "").replace("\\\n", " ")
        env = _pairs(parser[name].get("setenv", parser[name].get("set_env", "")).splitlines())
        for line in text.splitlines():
            try:
                words = shlex.split(_resolved(_CONDITION.sub("", line.strip())))
            except ValueError:
                continue
            yield from _command(file, words, env)


def _native(file: str, table: Mapping[str, Any]) -> Iterator[Asked]:
    named = table.get("env", {})
    runs = [table.get("env_run_base")]
    runs += (
        [run for name, run in named.items() if _TESTS.search(name)]
        if isinstance(named, dict)
        else []
    )
    for run in runs:
        if not isinstance(run, dict):
            continue
        set_env = run.get("set_env", {})
        env = _pairs(f"{k}={v}" for k, v in set_env.items()) if isinstance(set_env, dict) else ()
        for command in run.get("commands", []):
            words = [*_flat(command)] if isinstance(command, list) else []
            yield from _command(file, [_resolved(word) for word in words], env)


def _flat(command: Sequence[Any]) -> Iterator[str]:
    for word in command:
        if isinstance(word, str):
            yield word
        elif isinstance(word, dict) and word.get("replace") == "posargs":
            yield from (str(each) for each in word.get("default", []))


def _nox(project: Project) -> Iterator[Asked]:
    try:
        tree = ast.parse(project.text("noxfile.py"))
    except (SyntaxError, ValueError, RecursionError):
        return
    for session in tree.body:
        if isinstance(session, ast.FunctionDef) and _TESTS.search(session.name):
            for call in ast.walk(session):
                if isinstance(call, ast.Call) and _is_run(call.func):
                    yield from _command("noxfile.py", [*_constants(call.args)], ())


def _is_run(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr in ("run", "run_always")


def _constants(args: Sequence[ast.expr]) -> Iterator[str]:
    for arg in args:
        if isinstance(arg, ast.Constant) and isinstance(arg.value, str):
            yield arg.value


def _command(file: str, words: Sequence[str], env: tuple[tuple[str, str], ...]) -> Iterator[Asked]:
    """What a command comes to; nothing for those that only prepare or report."""
    line = " ".join(words)
    rest = [*words]
    if rest[:1] == ["-"] or rest[:1] == ["!"]:
        rest = rest[1:]
    if rest[:2] == ["coverage", "run"] or rest[2:4] == ["coverage", "run"]:
        at = next((n for n, word in enumerate(rest) if word == "-m"), -1)
        at = next((n for n, word in enumerate(rest) if n > 2 and word == "-m"), at)
        rest = ["python", *rest[at:]] if at >= 0 else rest
    if rest and _PYTHON.match(rest[0]):
        at = next((n for n, word in enumerate(rest) if word == "-m"), len(rest))
        rest = rest[at + 1 :]
    if not rest:
        if words and not _NO_TESTS.match(line):
            yield Asked(file, "", line=line)
    elif rest[0] in ("pytest", "py.test"):
        yield Asked(file, "pytest", tuple(rest[1:]), env, line)
    elif rest[0] == "unittest":
        yield Asked(file, "unittest", tuple(rest[1:]), env, line)
    elif not _NO_TESTS.match(line):
        yield Asked(file, "", line=line)


def _resolved(text: str) -> str:
    text = _POSARGS.sub(lambda found: found["usual"] or "", text)
    return _PLACE.sub("", text)


def _pairs(lines: Any) -> tuple[tuple[str, str], ...]:
    """Variables whose values are plain words."""
    found = []
    for line in lines:
        name, sign, value = (part.strip() for part in line.partition("="))
        value = _resolved(value)
        plain = sign and _NAME.fullmatch(name) and not re.search(r"[{}\n]", value)
        if plain and name not in _OTHERS_MATTER and not name.startswith(("LD_", "DYLD_")):
            found.append((name, value))
    return tuple(found)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
