"""Which package.json files are packages that are worked on, and who uses whom."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from trees import project

from gitagent.gates.node.packages import install, manager, packages


def manifest(**fields: Any) -> str:
    return json.dumps({"name": "x", "scripts": {"test": "jest"}, **fields})


def folders(files: dict[str, str]) -> list[str]:
    return [package.folder for package in packages(project(files))]


MEMBERS = {
    "packages/a/package.json": manifest(name="@w/a"),
    "packages/b/package.json": manifest(name="@w/b", dependencies={"@w/a": "workspace:*"}),
    "packages/deep/c/package.json": manifest(name="c", devDependencies={"q": "link:../../b"}),
    "packages/b/node_modules/@w/a/package.json": manifest(name="@w/a"),
    "packages/b/test/fixtures/p/package.json": manifest(name="fixture"),
    "examples/e/package.json": manifest(name="e"),
    "tools/package.json": manifest(name="tools"),
}


@pytest.mark.parametrize(
    "root",
    [
        {"package.json": manifest(workspaces=["packages/*", "packages/deep/*", "examples/*"])},
        {"package.json": manifest(workspaces={"packages": ["./packages/**"]})},
        {"package.json": "{}", "pnpm-workspace.yaml": "packages:\n  - 'packages/**'\n\n  # x\n"},
        {"package.json": "{}", "pnpm-workspace.yaml": 'packages: ["packages/**", "examples/*"]\n'},
        {
            "package.json": "{}",
            "pnpm-workspace.yaml": "catalog:\n  a: 1\npackages:\n- packages/**\n- '!packages/x'\n",
        },
        {"package.json": "{}", "lerna.json": '{"packages": ["packages/{a,b}", "packages/deep/c"]}'},
    ],
)
def test_a_workspace_names_its_packages(root: dict[str, str]) -> None:
    """In npm's, yarn's, pnpm's and lerna's words; what is installed and examples are none."""
    assert folders(root | MEMBERS) == ["", "packages/a", "packages/b", "packages/deep/c"]


def test_a_workspace_can_leave_out() -> None:
    """By a glob that begins with an exclamation mark."""
    root = {"package.json": manifest(workspaces=["packages/**", "!packages/deep/**"])}
    assert folders(root | MEMBERS) == ["", "packages/a", "packages/b"]


def test_packages_without_a_workspace_are_those_with_tests() -> None:
    """A frontend beside a server of another language, not a fixture."""
    files = {
        "app/package.json": manifest(),
        "site/package.json": json.dumps({"name": "site"}),
        "tests/data/package.json": manifest(),
    }
    assert folders(files) == ["app"]


def test_uses_are_the_packages_of_the_tree_that_one_needs() -> None:
    """By name or by path; the root's tests are about all of its members."""
    root = {"package.json": manifest(workspaces=["packages/**"])}
    found = {package.folder: package.uses for package in packages(project(root | MEMBERS))}
    assert found == {
        "": ("packages/a", "packages/b", "packages/deep/c"),
        "packages/a": (),
        "packages/b": ("packages/a",),
        "packages/deep/c": ("packages/b",),
    }


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"x"', '{"workspaces": 3}', "[" * 100_000])
def test_a_package_json_of_any_form_is_survived(text: str) -> None:
    """It may be a template, or nothing."""
    assert folders({"package.json": text}) == [""]


def test_a_glob_cannot_take_for_ever() -> None:
    """Globs and folders come from the repository."""
    globs = ["/".join(["**"] * 12 + ["x"]), "*" * 60 + "x"]
    files = {"package.json": manifest(workspaces=globs), f"{'a/' * 60}package.json": manifest()}
    started = time.perf_counter()
    assert folders(files) == [""]
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("files", "name", "command"),
    [
        ({"package.json": "{}"}, "npm", "npm install"),
        ({"package.json": "{}", "package-lock.json": ""}, "npm", "npm ci"),
        ({"package.json": "{}", "yarn.lock": ""}, "yarn", "yarn install --frozen-lockfile"),
        ({"package.json": '{"packageManager": "pnpm@9.0.0"}'}, "pnpm", "pnpm install"),
        (
            {"package.json": "{}", "pnpm-lock.yaml": "", "package-lock.json": ""},
            "pnpm",
            "pnpm install --frozen-lockfile",
        ),
    ],
)
def test_the_package_manager_is_named(files: dict[str, str], name: str, command: str) -> None:
    """Its field decides, then the lock file; what installs is only said, never run."""
    assert (manager(project(files)), install(project(files))) == (name, command)
