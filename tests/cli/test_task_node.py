"""The main job on a package of JavaScript: found by itself, judged test by test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import Bench, block

FILES = {
    "package.json": '{"name": "sum", "scripts": {"test": "node --test"}}\n',
    "sum.js": "exports.add = (a, b) => a - b;\nexports.one = () => 1;\n",
    "test/sum.test.js": (
        'const { test } = require("node:test");\n'
        'const assert = require("node:assert");\n'
        'const { add, one } = require("../sum.js");\n'
        'test("adds", () => assert.equal(add(1, 2), 3));\n'
        'test("is one", () => assert.equal(one(), 1));\n'
    ),
}
WRONG = "exports.add = (a, b) => a - b;"
RIGHT = WRONG.replace("-", "+")
FIX = block("sum.js", WRONG, RIGHT)
WAYS = ("--plan", "never", "--json")

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed here")


def test_a_test_of_nodes_runner_is_named_as_fixed(bench: Bench, repo: Callable[..., Path]) -> None:
    """With its file and its name, and what passed before passes still."""
    done = bench.task(repo(FILES), *WAYS, text="fix add", says=[FIX])
    assert done.code == 0, done.err
    gate = done.json()["steps"][0]["gate"]
    assert gate["verdict"] == "pass"
    assert gate["fixed"] == ["test/sum.test.js::adds"]
    assert gate["passed"] == ["test/sum.test.js::adds", "test/sum.test.js::is one"]


def test_a_file_that_node_cannot_read_is_repaired_before_any_test(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """The model is told the line."""
    broken = block("sum.js", WRONG, RIGHT.replace(")", ""))
    done = bench.task(repo(FILES), *WAYS, text="fix add", says=[broken, FIX])
    assert done.code == 0, done.err
    assert "sum.js:1: " in done.asked[-1]


def test_what_is_missing_is_said_by_the_task_and_by_doctor(
    bench: Bench, repo: Callable[..., Path], server: Callable[..., Any]
) -> None:
    """With the way to it; the verdict claims nothing."""
    files = {
        "package.json": '{"scripts": {"test": "jest"}}',
        "package-lock.json": "{}",
        "a.txt": "one\n",
    }
    said = "package.json: jest is not in node_modules: `npm ci`"
    reply = block("a.txt", "one", "two")
    done = bench.task(repo(files), *WAYS, text="write two", says=[reply])
    assert said in done.err
    assert done.json()["steps"][0]["gate"]["verdict"] == "none"
    ran = bench.run("doctor", "--json", cwd=done.folder, env=server([]).environment)
    gates = [row["text"] for row in ran.json() if row["subject"] == "gate"]
    assert gates[1:] == [f"missing: {said}"]
