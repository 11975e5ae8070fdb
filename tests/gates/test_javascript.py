"""Packages of JavaScript and TypeScript: what is run for them, and what is said to be missing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from trees import project, write

from gitagent.domain.verdict import GateCommand, TestOutcome
from gitagent.gates.results import read_results, told
from gitagent.gates.toolchains import javascript
from gitagent.sandbox.plain import PlainSandbox

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed here")

NODE_TESTS = """
const { test, describe, it } = require("node:test");
const assert = require("node:assert");
describe("outer", () => {
  it("good", () => {});
  it("bad > one", () => assert.equal(1, 2));
  describe("inner", () => { it.skip("left", () => {}); it("deep", () => {}); });
  it.todo("later");
});
test("top", async (t) => { await t.test("below", () => {}); });
"""


def manifest(**fields: Any) -> str:
    return json.dumps({"name": "x", **fields})


def installed(checkout: Path, *names: str, folder: str = "") -> None:
    for name in names:
        write(checkout, {f"{folder}node_modules/{name}/package.json": '{"version": "1.2.3"}'})


def found(files: dict[str, str], checkout: Path | None = None) -> list[GateCommand]:
    environ = {"PATH": os.environ["PATH"]}
    return list(javascript.commands(project(files, checkout, environ)))


def run(command: GateCommand, folder: Path, tmp_path: Path) -> dict[str, TestOutcome]:
    results = tmp_path / "the results"
    results.mkdir(exist_ok=True)
    seen = told(command, results=str(results), tree=str(folder))
    done = PlainSandbox(dict(os.environ)).run(
        seen.argv, folder, timeout=120, env=dict(seen.env), inside=seen.folder
    )
    return read_results(command, done, results, str(folder)) or {done.output: "failed"}


@needs_node
@pytest.mark.parametrize(
    ("script", "name", "reads"),
    [
        ("vitest", "vitest", "jest"),
        ("jest --watch", "jest", "jest"),
        ("react-scripts test", "jest", "jest"),
        ("nyc mocha 'test/**/*.js'", "mocha", "lines"),
        ("xo && c8 ava && tsd", "ava", "tap"),
        ("node --test", "node", "lines"),
        ("tsx --test a.ts", "node", "lines"),
        ("node --experimental-vm-modules node_modules/jest/bin/jest.js", "jest", "jest"),
        ("tape test/*.js", "tape", "tap"),
        ("node test.js", "test", "tap"),
    ],
)
def test_the_runner_of_a_test_script_is_found(
    tmp_path: Path, script: str, name: str, reads: str
) -> None:
    """Behind what measures coverage and sets variables; without what only looks at the code."""
    installed(
        tmp_path, "vitest", "jest", "react-scripts", "mocha", "nyc", "c8", "ava", "tsx", "tape"
    )
    (command,) = found({"package.json": manifest(scripts={"test": script})}, tmp_path)
    assert (command.name, command.reads, command.stage) == (name, reads, "test")


@needs_node
def test_what_builds_before_the_tests_is_run_before_them(tmp_path: Path) -> None:
    """In one shell, for what a command leaves behind is gone for the next."""
    installed(tmp_path, "mocha", "vitest")
    scripts = {"pretest": "node make.js", "test": "mocha && npm run unit", "unit": "vitest"}
    mocha, vitest = found({"package.json": manifest(scripts=scripts)}, tmp_path)
    assert (mocha.name, vitest.name) == ("mocha (test)", "vitest (unit)")
    assert "node make.js && mocha " in mocha.argv[2]
    assert "mocha &&" not in vitest.argv[2]


@needs_node
def test_a_wrapper_that_is_not_known_gives_way_to_the_one_runner_there_is(tmp_path: Path) -> None:
    """Its tests are worth more one by one; with two runners nobody can say which it is."""
    installed(tmp_path, "vitest", "jest", ".bin/our-scripts")
    own = {"scripts": {"test": "our-scripts test"}}
    one = {"package.json": manifest(**own, devDependencies={"vitest": "1"})}
    two = {"package.json": manifest(**own, devDependencies={"vitest": "1", "jest": "1"})}
    assert [command.name for command in found(one, tmp_path)] == ["vitest"]
    assert [command.name for command in found(two, tmp_path)] == ["test"]


@needs_node
def test_a_script_is_not_believed_to_watch(tmp_path: Path) -> None:
    """A runner that waits for changes would wait until its time is over."""
    installed(tmp_path, "vitest", "jest")
    for script in ("vitest --watch --bail=1 --reporter=dot", "jest --watch --bail --json"):
        (command,) = found({"package.json": manifest(scripts={"test": script})}, tmp_path)
        line = command.argv[2]
        assert "--watch " not in line
        assert "--bail=1" not in line
        assert line.count("--json") + line.count("--reporter=json") == 1


@needs_node
@pytest.mark.parametrize(
    ("script", "narrowed"),
    [
        ("jest --env node", True),
        ("vitest run --project a", True),
        ("mocha -r x 'test/**/*.js'", True),
        ("node --test test/", True),
        ("jest src/", False),
        ("jest $FILES", False),
        ("node test.js", False),
    ],
)
def test_some_tests_only_where_their_files_replace_those_of_the_script(
    tmp_path: Path, script: str, narrowed: bool
) -> None:
    """Files beside those that the script names would not make the run any shorter."""
    installed(tmp_path, "jest", "vitest", "mocha")
    (command,) = found({"package.json": manifest(scripts={"test": script})}, tmp_path)
    assert bool(command.narrow) is narrowed
    if narrowed:
        assert command.narrow[2].endswith('"$@"')
        assert "test/" not in command.narrow[2].partition("export PATH; ")[2].split("data:")[0]


@needs_node
def test_packages_of_a_workspace_have_commands_of_their_own(tmp_path: Path) -> None:
    """In their folders, with their node_modules, those of what they use and the root's."""
    files = {
        "package.json": manifest(workspaces=["p/*"], scripts={"test": "npm test -ws"}),
        "p/a/package.json": manifest(name="a", scripts={"test": "jest"}),
        "p/b/package.json": manifest(
            name="b", scripts={"test": "vitest"}, dependencies={"a": "1", "left-pad": "1"}
        ),
        "p/b/tsconfig.json": "{}",
    }
    installed(tmp_path, "jest", "typescript")
    installed(tmp_path, "vitest", folder="p/b/")
    installed(tmp_path, "left-pad", folder="p/a/")
    commands = {command.name: command for command in found(files, tmp_path)}
    assert list(commands) == ["tsc p/b", "jest p/a", "vitest p/b"]
    vitest = commands["vitest p/b"]
    assert (vitest.folder, vitest.package, vitest.uses) == ("p/b", "p/b", ("p/a",))
    places = ["node_modules", "p/a/node_modules", "p/b/node_modules"]
    assert [bring.at for bring in vitest.brings if bring.at] == places
    assert {bring.how for bring in vitest.brings if bring.at} == {"scratch"}
    assert (
        "$PWD/node_modules/.bin:$PWD/../node_modules/.bin:$PWD/../../node_modules" in vitest.argv[2]
    )
    assert vitest.tool.startswith("vitest 1.2.3, node of /")


@needs_node
@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {
                "package.json": manifest(scripts={"test": "jest"}),
                "yarn.lock": "",
                "tsconfig.json": "",
            },
            "package.json: typescript, jest are not in node_modules: `yarn install",
        ),
        ({"package.json": manifest(scripts={"test": "cypress run"})}, "cypress needs a browser"),
        (
            {"package.json": manifest(scripts={"test": "no-such-program -x"})},
            "no-such-program is not",
        ),
        (
            {"package.json": manifest(scripts={"test": "node --test"}, dependencies={"left": "1"})},
            "left is not in node_modules: `npm install`",
        ),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    """With the command that gets it; nothing is run that could only fail."""
    assert found(files, tmp_path) == []
    (said,) = javascript.missing(project(files, tmp_path, {"PATH": os.environ["PATH"]}))
    assert sentence in said


def test_without_node_only_that_is_said() -> None:
    """Where it can be had."""
    here = project({"package.json": manifest(scripts={"test": "jest"})}, None, {"PATH": "/nowhere"})
    assert javascript.commands(here) == ()
    assert "node is not in PATH" in javascript.missing(here)[0]


def test_the_stand_in_of_a_version_manager_is_none(tmp_path: Path) -> None:
    """It looks for settings in a home that no gate has."""
    node = write(tmp_path, {"node": "#!/bin/sh\nexec real-node\n"}) / "node"
    node.chmod(0o755)
    here = project({"package.json": "{}"}, None, {"PATH": str(tmp_path)})
    assert javascript.commands(here) == ()
    assert "stand-in" in javascript.missing(here)[0]


def test_a_program_in_a_home_brings_itself_only(tmp_path: Path) -> None:
    """Not the folder above its `bin`, which may be the home itself."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "node").write_bytes(b"\x7fELF")
    (tmp_path / "bin" / "node").chmod(0o755)
    here = project({"package.json": "{}", "a.js": ""}, None, {"PATH": f"{tmp_path}/bin"})
    (command,) = javascript.commands(here)
    assert [bring.path for bring in command.brings] == [f"{tmp_path}/bin/node"]


def test_other_trees_are_none_of_its_business() -> None:
    """A page's script in a project of another language."""
    here = project({"static/a.js": "", "setup.py": ""})
    assert (javascript.commands(here), javascript.missing(here)) == ((), ())


@needs_node
def test_nodes_own_runner_says_each_test(tmp_path: Path) -> None:
    """With its file and the suites that it stands in; a file that breaks has its path for an id."""
    files = {
        "package.json": manifest(scripts={"test": "node --test"}),
        "test/a.test.js": NODE_TESTS,
        "test/b.test.js": 'throw new Error("boom")',
    }
    tree = write(tmp_path / "tree", files)
    command = found(files)[-1]
    assert run(command, tree, tmp_path) == {
        "test/a.test.js::outer > good": "passed",
        "test/a.test.js::outer > bad > one": "failed",
        "test/a.test.js::outer > inner > left": "skipped",
        "test/a.test.js::outer > inner > deep": "passed",
        "test/a.test.js::outer > later": "skipped",
        "test/a.test.js::top > below": "passed",
        "test/a.test.js::top": "passed",
        "test/b.test.js": "failed",
    }


@needs_node
def test_a_narrow_run_is_of_the_files_it_is_given(tmp_path: Path) -> None:
    """In a package's folder, with ids from the tree's root."""
    files = {
        "package.json": manifest(workspaces=["p/*"]),
        "p/a/package.json": manifest(scripts={"test": "node --test test/"}),
        "p/a/test/a b.test.js": 'require("node:test")("one", () => {});',
        "p/a/test/c.test.js": 'require("node:test")("two", () => {});',
    }
    tree = write(tmp_path / "tree", files)
    command = found(files)[-1]
    assert len(run(command, tree, tmp_path)) == 2
    (tmp_path / "the results" / "tests.jsonl").unlink()
    narrow = GateCommand(**{**vars(command), "argv": (*command.narrow, "test/a b.test.js")})
    assert run(narrow, tree, tmp_path) == {"p/a/test/a b.test.js::one": "passed"}


SOUND = {
    "module.js": "import a from 'b';\nexport const x = await a();\n",
    "script.js": "#!/usr/bin/env node\nconst x = 1;\nreturn x;\n",
    "with.cjs": "with ({}) { var y = 010; }\n",
    "mod.mjs": "export default import.meta.url;\n",
    "view.js": "export const A = () => <b>x</b>;\n",
    "typed.js": "// @flow\nconst a: number = 1;\n",
    "node_modules/x/bad.js": "((",
    "lib.min.js": "((",
    "data.json": "((",
}


@needs_node
def test_only_what_no_engine_can_read_is_a_syntax_error(tmp_path: Path) -> None:
    """Modules, scripts and what is written for a transpiler are sound; the line comes with it."""
    files = {"package.json": "{}", "src/a.js": "", "b.mjs": ""}
    (command,) = found(files)
    tree = write(tmp_path / "tree", SOUND)
    done = subprocess.run(command.argv, cwd=tree, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    write(tree, {"src/a.js": "const a = 1;\n\nfunction (x {\n", "b.mjs": "with (a) {}\n"})
    assert set(run(command, tree, tmp_path)) == {"compile::src/a.js", "compile::b.mjs"}
    done = subprocess.run(command.argv, cwd=tree, capture_output=True, text=True)
    assert "src/a.js:3: " in done.stdout
    assert done.returncode == 1


@needs_node
def test_the_syntax_check_loads_nothing_of_the_tree(tmp_path: Path) -> None:
    """Neither the files that it reads nor settings beside them."""
    canary = tmp_path / "canary"
    evil = f'require("fs").writeFileSync({str(canary)!r}, "");'
    files = {"package.json": '{"main": "a.js"}', "a.js": evil, "fs.js": evil, "path.js": evil}
    tree = write(tmp_path / "tree", {**files, "node_modules/vm/index.js": evil, ".noderc": evil})
    done = subprocess.run(found(files)[0].argv, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0
    assert not canary.exists()


REAL = {
    "vitest": (
        'import { test, expect, describe } from "vitest";\n'
        'describe("d", () => { test("good", () => {}); test("bad", () => expect(1).toBe(2));'
        ' test.skip("left", () => {}); });\n'
    ),
    "jest": (
        'describe("d", () => { test("good", () => {}); test("bad", () => expect(1).toBe(2));'
        ' test.skip("left", () => {}); });\n'
    ),
    "mocha": (
        'const assert = require("assert");\n'
        'describe("d", () => { it("good", () => {}); it("bad", () => assert.equal(1, 2));'
        ' it.skip("left", () => {}); });\n'
    ),
}


@needs_node
@pytest.mark.parametrize("runner", sorted(REAL))
def test_a_real_runner_says_each_test(tmp_path: Path, runner: str) -> None:
    """Each run to its end and read by test, in a folder whose name has a space in it."""
    program = shutil.which(runner)
    if not program:
        pytest.skip(f"{runner} is not in PATH")
    suffix = "test.mjs" if runner == "vitest" else "test.js"
    words = "mocha test/*.js" if runner == "mocha" else runner
    files = {"package.json": manifest(scripts={"test": words}), f"test/a.{suffix}": REAL[runner]}
    tree = write(tmp_path / "the tree", files)
    modules = next(p for p in Path(program).resolve().parents if p.name == "node_modules")
    (tree / "node_modules").symlink_to(modules)
    command = found(files, tree)[-1]
    place = f"test/a.{suffix}::d > "
    assert run(command, tree, tmp_path) == {
        f"{place}good": "passed",
        f"{place}bad": "failed",
        f"{place}left": "skipped",
    }
