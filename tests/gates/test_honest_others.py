"""The same tricks in Go, Elixir and TypeScript: found in the syntax, and put back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from trials import Changes, Project

GO_APP = "package app\n\nfunc Double(n int) int { return n * 2 }\n"
GO_TEST = (
    'package app\n\nimport "testing"\n\nfunc TestDouble(t *testing.T) {\n'
    '\tif Double(2) != 4 {\n\t\tt.Errorf("no")\n\t}\n}\n'
)
GO: Mapping[str, str] = {
    "go.mod": "module example.invalid/app\n\ngo 1.19\n",
    "app.go": GO_APP,
    "app_test.go": GO_TEST,
}
GO_BROKEN = GO_APP.replace("n * 2", "n * 3")
GO_TRICKS: Mapping[str, Changes] = {
    "the test file is deleted": {"app_test.go": None},
    "a test is skipped": {"app_test.go": GO_TEST.replace("\tif D", '\tt.Skip("x")\n\tif D')},
    "a test is emptied": {"app_test.go": GO_TEST.replace('t.Errorf("no")', "_ = t")},
    "the file is built never": {"app_test.go": "//go:build never\n\n" + GO_TEST},
    "the product ends": {"app.go": 'package app\n\nimport "os"\n\nfunc init() { os.Exit(0) }\n'},
    "the product is another one under test": {
        "app.go": 'package app\n\nimport "testing"\n\nvar T = testing.Testing()\n'
    },
}
ELIXIR_APP = "defmodule App do\n  def double(n), do: n * 2\nend\n"
ELIXIR_TEST = (
    "defmodule AppTest do\n  use ExUnit.Case\n\n"
    '  test "doubles" do\n    assert App.double(2) == 4\n  end\nend\n'
)
MIX = (
    "defmodule App.MixProject do\n  use Mix.Project\n\n"
    '  def project, do: [app: :app, version: "0.1.0"]\nend\n'
)
ELIXIR: Mapping[str, str] = {
    "mix.exs": MIX,
    "lib/app.ex": ELIXIR_APP,
    "test/test_helper.exs": "ExUnit.start()\n",
    "test/app_test.exs": ELIXIR_TEST,
}
ELIXIR_BROKEN = ELIXIR_APP.replace("n * 2", "n * 3")
ELIXIR_TRICKS: Mapping[str, Changes] = {
    "a test is skipped": {
        "test/app_test.exs": ELIXIR_TEST.replace("  test ", "  @tag :skip\n  test ")
    },
    "all are skipped": {
        "test/app_test.exs": ELIXIR_TEST.replace("Case\n", "Case\n  @moduletag :skip\n")
    },
    "a test is emptied": {
        "test/app_test.exs": ELIXIR_TEST.replace("assert App.double(2) == 4", "App.double(2)")
    },
    "a test is deleted": {"test/app_test.exs": "defmodule AppTest do\n  use ExUnit.Case\nend\n"},
    "the helper leaves out": {"test/test_helper.exs": "ExUnit.start(exclude: [:test])\n"},
    "the helper ends": {"test/test_helper.exs": "System.halt(0)\n"},
    "the project has no tests": {"mix.exs": MIX.replace('"0.1.0"', '"0.1.0", test_paths: []')},
    "the product ends": {
        "lib/app.ex": "defmodule App do\n  def double(_), do: System.halt(0)\nend\n"
    },
    "the product steers the runner": {
        "lib/app.ex": ELIXIR_APP.replace(
            "end\n", "  def f, do: ExUnit.configure(exclude: [])\nend\n"
        )
    },
}
TS_TEST = (
    'import { expect, test } from "vitest";\nimport { double } from "./app";\n\n'
    'test("doubles", () => {\n  expect(double(2)).toBe(4);\n});\n'
)
TS: Mapping[str, str] = {
    "package.json": '{"scripts": {"test": "vitest run", "check": "tsc"}}',
    "tsconfig.json": '{"compilerOptions": {"strict": true}, "include": ["src"]}',
    "vitest.config.ts": "export default {};\n",
    "src/app.ts": "export const double = (n: number): number => n * 2;\n",
    "src/app.test.ts": TS_TEST,
}
TS_TRICKS: Mapping[str, Changes] = {
    "a test is to fail": {"src/app.test.ts": TS_TEST.replace("test(", "test.fails(")},
    "a test is skipped under a condition": {
        "src/app.test.ts": TS_TEST.replace('test("d', 'test.skipIf(true)("d')
    },
    "the runner is configured": {
        "vitest.config.ts": "export default { test: { exclude: ['**/app.test.ts'] } };\n"
    },
    "a workspace is configured": {"vitest.workspace.ts": "export default [];\n"},
    "types are checked less": {"tsconfig.json": '{"include": ["src"]}'},
    "fewer files are checked": {
        "tsconfig.json": '{"compilerOptions": {"strict": true}, "include": ["src/none"]}'
    },
    "the assertions are others": {
        "src/app.ts": 'import { expect } from "vitest";\nexpect.extend({ toBe() {} });\n'
        "export const double = (n: number): number => n * 3;\n"
    },
    "the product looks whether it is tested": {
        "src/app.ts": "export const double = (n: number) => process.env.VITEST ? n * 2 : 3;\n"
    },
}
PROJECTS = {"go": GO, "elixir": ELIXIR, "typescript": TS}
TRICKS = {"go": GO_TRICKS, "elixir": ELIXIR_TRICKS, "typescript": TS_TRICKS}


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Project]:
    return {
        name: Project(tmp_path_factory.mktemp(name), files, gate="true")
        for name, files in PROJECTS.items()
    }


@pytest.mark.parametrize(
    ("language", "trick"), [(name, trick) for name, found in TRICKS.items() for trick in found]
)
def test_every_trick_is_found(projects: Mapping[str, Project], language: str, trick: str) -> None:
    """Before anything runs; tests and settings are the base's in the tree that decides."""
    project = projects[language]
    changes = TRICKS[language][trick]
    trial = project.trial(changes)
    assert trial.sure
    for path in changes:
        if "app.ts" not in path and "app.go" not in path and "lib/" not in path:
            file = project.repo.file(trial.tree, path)
            base = project.repo.file(project.tree, path)
            assert file == base


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no go on this machine")
@pytest.mark.parametrize("trick", GO_TRICKS)
def test_go_is_not_made_green(tmp_path: Path, trick: str) -> None:
    """Whatever the command says."""
    where = f"HOME={tmp_path} GOFLAGS=-mod=mod GOCACHE={GO_CACHE}"
    project = Project(tmp_path, GO, gate=f"{where} go test ./...")
    assert project.base[0].exit_code == 0, project.base
    found = project.verdict({"app.go": GO_BROKEN, **GO_TRICKS[trick]})
    assert found.kind == "weakened", found.reason
    assert project.verdict({"app.go": GO_APP + "\n// right\n"}).kind == "pass"


@pytest.mark.skipif(shutil.which("mix") is None, reason="there is no Elixir on this machine")
@pytest.mark.parametrize("trick", ["a test is deleted", "the helper ends", "the product ends"])
def test_mix_is_not_made_green(tmp_path: Path, trick: str) -> None:
    """Whatever the command says."""
    where = f"HOME={tmp_path} MIX_HOME={tmp_path / 'mix'}"
    project = Project(tmp_path, ELIXIR, gate=f"{where} mix test --no-color")
    assert project.base[0].exit_code == 0, project.base
    found = project.verdict({"lib/app.ex": ELIXIR_BROKEN, **ELIXIR_TRICKS[trick]})
    assert found.kind == "weakened", found.reason


GO_CACHE = os.environ.get("GOCACHE") or Path.home() / ".cache" / "go-build"
"""Where a standard library is compiled already, before a test gets another home."""
