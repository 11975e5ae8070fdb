"""The test runners of JavaScript: how each is told to run once, to its end, and to leave a report.

A runner is recognised in a command of a script, and the command stays as it is written otherwise:
coverage around it, its own options and files.
"""

from __future__ import annotations

import re
import shlex
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from gitagent.gates.node.scripts import Part, bare

Reads = Literal["jest", "junit", "lines", "tap", "exit-code"]

_IN = '"$GATE_RESULTS/{}"'
_WRAPPERS = ("c8", "nyc", "node", "tsx", "ts-node", "ts-mocha", "electron-mocha", "dotenv")
_BY_FILE = re.compile(
    r"(?:^|/)node_modules/(?:\.bin/)?(?P<runner>jest|vitest|mocha|ava|tap|tape)(?:/|$)"
)
_AS_JEST = ("react-scripts", "craco", "kcd-scripts", "tsdx", "wp-scripts", "razzle")
_NO_RUN = {"vitest": ("bench", "typecheck", "list", "related", "init")}
_EXPANDED = re.compile(r"[$`*?\[{~]")

CHECKERS = (
    *("eslint", "oxlint", "xo", "standard", "ts-standard", "semistandard", "neostandard", "tslint"),
    *("prettier", "biome", "stylelint", "markdownlint", "remark", "commitlint", "lint-staged"),
    *(
        "tsd",
        "tstyche",
        "dtslint",
        "attw",
        "publint",
        "size-limit",
        "bundlesize",
        "knip",
        "depcheck",
    ),
    *("oxfmt", "cspell", "textlint", "dprint", "syncpack", "jshint", "flow", "madge", "ls-lint"),
)
"""Programs that look at the code and run no test of it."""
BROWSERS = (
    "playwright",
    "cypress",
    "wdio",
    "testcafe",
    "nightwatch",
    "karma",
    "web-test-runner",
    "wtr",
)
"""Runners that need a browser."""


@dataclass(frozen=True)
class Runner:
    """How a runner is called: `drop` are options that it must not have, `add` those that it must.

    `valued` are its options that are followed by a value, `by_path` what goes before the paths of
    some test files only. Where it is `exact`, files that a script names stand in the way of others.
    """

    name: str
    reads: Reads
    add: str
    drop: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    by_path: str | None = None
    exact: bool = True
    subcommand: str = ""


@dataclass(frozen=True)
class Told:
    """A command line for the shell with its report, and one to which test files are appended."""

    runner: str
    reads: Reads
    line: str
    narrow: str = ""


def mocha_reporter() -> Path:
    """The file of our reporter, which the command must be able to read."""
    return Path(str(files(__package__) / "mocha_reporter.cjs"))


def _node_reporter() -> str:
    source = (files(__package__) / "node_reporter.mjs").read_text()
    return f"data:text/javascript,{urllib.parse.quote(source)}"


def runners() -> Mapping[str, Runner]:
    """By name."""
    known = (
        Runner(
            "vitest",
            "jest",
            f"--run --reporter=default --reporter=json --outputFile.json={_IN.format('jest.json')}",
            ("-w", "--watch", "--ui", "--run", "--bail=", "--reporter=", "--outputFile="),
            ("-c", "--config", "-r", "--root", "--dir", "--project", "-t", "--testNamePattern",
             "--environment", "--pool", "--mode", "--shard"),
            "",
        ),
        Runner(
            "jest",
            "jest",
            f"--ci --json --outputFile={_IN.format('jest.json')} --watchAll=false --bail=0",
            ("--watch", "--watchAll", "--bail", "-b", "--ci", "--json", "--outputFile=", "-o",
             "--onlyChanged", "--changedSince=", "--lastCommit", "--findRelatedTests"),
            ("-c", "--config", "--env", "--testEnvironment", "-t", "--testNamePattern", "-w",
             "--maxWorkers", "--rootDir", "--projects", "--selectProjects", "--testTimeout",
             "--testPathPattern", "--testPathPatterns", "--coverageReporters", "--reporters"),
            "--runTestsByPath",
        ),
        Runner(
            "mocha",
            "lines",
            f"--no-bail --reporter {shlex.quote(str(mocha_reporter()))}",
            ("-w", "--watch", "-b", "--bail", "-R=", "--reporter=", "-O=", "--reporter-option=",
             "--reporter-options="),
            ("-r", "--require", "-t", "--timeout", "-u", "--ui", "--spec", "--config", "-g",
             "--grep", "-f", "--fgrep", "--extension", "--ext", "--file", "--loader", "--import",
             "--ignore", "--exclude", "-n", "--node-option", "-s", "--slow", "--retries", "-j",
             "--jobs"),
            "",
            exact=False,
        ),
        Runner(
            "node",
            "lines",
            f"--test-reporter={shlex.quote(_node_reporter())}"
            f" --test-reporter-destination={_IN.format('tests.jsonl')}"
            " --test-reporter=spec --test-reporter-destination=stdout",
            ("--watch", "--test-reporter=", "--test-reporter-destination="),
            ("-r", "--require", "--import", "--loader", "--experimental-loader", "-C",
             "--conditions", "--test-name-pattern", "--test-timeout", "--test-concurrency",
             "--env-file"),
            "",
            exact=False,
        ),
        Runner("ava", "tap", "--tap --no-fail-fast", ("-w", "--watch", "--tap", "-t", "--fail-fast",
               "--verbose", "-v"), ("-m", "--match", "-T", "--timeout", "-c", "--concurrency",
               "--config"), ""),
        Runner("tap", "tap", "--reporter=tap --no-bail", ("-R=", "--reporter=", "-b", "--bail",
               "-w", "--watch")),
        Runner("tape", "tap", ""),
        Runner("bun", "junit", f"--reporter=junit --reporter-outfile={_IN.format('junit.xml')}",
               ("--watch", "--bail", "--reporter=", "--reporter-outfile="), subcommand="test"),
    )  # fmt: skip
    return {runner.name: runner for runner in known}


def recognised(part: Part) -> str:
    """The name of the runner that a command of a script starts; empty where there is none."""
    words = bare(part.words)
    if not words:
        return ""
    program = words[0]
    if program in _AS_JEST and any(word.startswith("test") for word in words[1:3]):
        return "jest"
    if program in ("node", "tsx") and "--test" in words:
        return "node"
    for at, word in enumerate(words):
        name = _named(word)
        if name and not (set(_NO_RUN.get(name, ())) & set(words[at + 1 : at + 2])):
            return name if name != "bun" or words[at + 1 : at + 2] == ("test",) else ""
        if program not in _WRAPPERS:
            break
        if word == "node" and "--test" in words[at:]:
            return "node"
    return ""


def told(part: Part) -> Told:
    """A recognised command with what it needs to be told."""
    name = recognised(part)
    runner = runners()[name]
    text = _without(part.text, runner.drop)
    line = _with(text, name, runner.add)
    narrow = _narrow(part, runner) if runner.by_path is not None else ""
    return Told(name, runner.reads, line, narrow)


def alone(name: str) -> Told:
    """A runner by itself, as its own settings have it."""
    return told(Part(name, (name,), "test"))


def _named(word: str) -> str:
    if found := _BY_FILE.search(word):
        return found["runner"]
    name = word.removeprefix("./")
    name = {"_mocha": "mocha", "ts-mocha": "mocha", "electron-mocha": ""}.get(name, name)
    return name if name in ("vitest", "jest", "mocha", "ava", "tap", "tape", "bun") else ""


def _with(text: str, name: str, add: str) -> str:
    if name != "node":
        return f"{text} {add}".strip()
    # what stands behind a file is the file's
    return re.sub(r"(?<!\S)--test(?!\S)", lambda found: f"{found[0]} {add}", text, count=1)


def _without(text: str, options: Sequence[str]) -> str:
    """A command's text without these options; those that end in `=` take a value with them."""
    for option in options:
        name = re.escape(option.removesuffix("="))
        value = r"(?:=\S+|\s+[^\s-]\S*)" if option.endswith("=") else r"(?:=\S+)?"
        text = re.sub(rf"(?<!\S){name}{value}(?!\S)", "", text)
    return re.sub(r"(?<=\S) {2,}(?=\S)", " ", text).strip()


def _narrow(part: Part, runner: Runner) -> str:
    try:
        words = shlex.split(_without(part.text, runner.drop))
    except ValueError:
        return ""
    start = next((n for n, word in enumerate(words) if _starts(word, runner.name)), -1)
    if start < 0 or any("$" in word for word in words):
        return ""
    kept, own = words[: start + 1], list(words[start + 1 :])
    files_ = False
    while own:
        word = own.pop(0)
        if not word.startswith("-") and word != runner.subcommand and not _is_run(word, runner):
            files_ = True
            continue
        kept.append(word)
        if word in runner.valued and own:
            kept.append(own.pop(0))
    if files_ and runner.exact:
        return ""
    line = " ".join(shlex.quote(word) for word in kept)
    return f"{_with(line, runner.name, runner.add)} {runner.by_path}".strip()


def _is_run(word: str, runner: Runner) -> bool:
    if runner.name == "vitest":
        return word in ("run", "watch", "dev")
    return word.startswith("test") and "/" not in word and "." not in word


def _starts(word: str, name: str) -> bool:
    return (word == "--test") if name == "node" else _named(word) == name or word in _AS_JEST
