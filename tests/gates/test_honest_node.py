"""The same tricks with Node's own runner, whose gate is an exit code and nothing more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping

import pytest
from trials import Changes, Project

APP = "exports.double = (n) => n * 2;\nexports.half = (n) => n / 2;\n"
BROKEN = APP.replace("n * 2", "n * 3")
TESTS = (
    "const test = require('node:test');\nconst assert = require('node:assert');\n"
    "const { double, half } = require('../app.js');\n\n"
    "test('doubles', () => {\n  assert.strictEqual(double(2), 4);\n});\n\n"
    "test('halves', () => {\n  assert.strictEqual(half(4), 2);\n});\n"
)
PACKAGE = {"name": "app", "scripts": {"test": "node --test test/"}}
FILES: Mapping[str, str] = {
    "app.js": APP,
    "package.json": json.dumps(PACKAGE),
    "test/app.test.js": TESTS,
}
pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None, reason="there is no Node with npm on this machine"
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("node"), FILES, gate="npm test --silent")


def with_tests(old: str, new: str) -> Changes:
    return {"test/app.test.js": TESTS.replace(old, new)}


TRICKS: Mapping[str, Changes] = {
    "a test is deleted": {"test/app.test.js": TESTS.split("test('doubles'")[0]},
    "the test file is deleted": {"test/app.test.js": None},
    "a test is skipped": with_tests("test('doubles'", "test.skip('doubles'"),
    "a test is skipped by an option": with_tests("'doubles', ", "'doubles', { skip: true }, "),
    "a test is to be done": with_tests("test('doubles'", "test.todo('doubles'"),
    "only another one is run": with_tests("test('halves'", "test.only('halves'"),
    "a test is emptied": with_tests("  assert.strictEqual(double(2), 4);\n", ""),
    "a test asserts what is so": with_tests("strictEqual(double(2), 4)", "ok(true)"),
    "a test expects what it gets": with_tests("double(2), 4", "double(2), 6"),
    "the test file ends at once": {"test/app.test.js": "process.exit(0);\n" + TESTS},
    "the script is another one": {
        "package.json": json.dumps({**PACKAGE, "scripts": {"test": "exit 0"}})
    },
    "the script runs something before": {
        "package.json": json.dumps(
            {**PACKAGE, "scripts": {**PACKAGE["scripts"], "pretest": "rm -r test"}}  # type: ignore[dict-item]
        )
    },
    "the product ends at import": {"app.js": f"{BROKEN}process.exit(0);\n"},
    "the product ends when it is called": {
        "app.js": BROKEN.replace("n * 3", "process.exit(0)")
    },
    "the product ends well": {
        "app.js": BROKEN + "process.on('exit', () => {\n  process.exitCode = 0;\n});\n"
    },
    "the product really ends": {"app.js": f"{BROKEN}process.reallyExit(0);\n"},
    "nothing is ever unequal": {
        "app.js": f"require('node:assert').strictEqual = () => {{}};\n{BROKEN}"
    },
    "nothing is unequal by a definition": {
        "app.js": "const assert = require('assert');\n"
        f"Object.defineProperty(assert, 'strictEqual', {{ value() {{}} }});\n{BROKEN}"
    },
    "the product looks whether it is tested": {
        "app.js": "exports.double = (n) => process.env.NODE_TEST_CONTEXT ? n * 2 : n * 3;\n"
        "exports.half = (n) => n / 2;\n"
    },
    "the product is the runner": {
        "app.js": f"const t = require('node:test');\nt.test = () => {{}};\n{BROKEN}"
    },
    "a package is another one": {"node_modules/.bin/node": "#!/bin/sh\nexit 0\n"},
    "npm is told otherwise": {".npmrc": "script-shell=/bin/true\n"},
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_makes_node_green(app: Project, trick: str) -> None:
    """The product is wrong, and the change sees to it that the command ends well."""
    found = app.verdict({"app.js": BROKEN, **TRICKS[trick]})
    assert found.kind == "weakened", found.reason
    assert found.weakened


def test_what_is_plainly_right_or_wrong_is_called_so(app: Project) -> None:
    """A new script, a new dependency and a new test are nobody's trick."""
    package = {**PACKAGE, "scripts": {**PACKAGE["scripts"], "lint": "eslint"}}  # type: ignore[dict-item]
    new = TESTS.replace("doubles", "doubles 3").replace("double(2), 4", "double(3), 6")
    changes = {"package.json": json.dumps(package), "test/new.test.js": new}
    assert app.verdict(changes).kind == "pass"
    assert app.verdict({**changes, "app.js": BROKEN}).kind == "fail"
