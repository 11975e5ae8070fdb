"""Which files decide about the others, by the conventions of each toolchain."""

from __future__ import annotations

import json

import pytest

from gitagent.domain.verdict import GateCommand
from gitagent.gates.settings import steers_otherwise, with_base_settings
from gitagent.gates.steering import Part, Steering

BASE = frozenset(
    {
        *("app.py", "src/pkg/__init__.py", "tests/test_app.py", "django/test/client.py"),
        *("web/package.json", "web/test/helper.js", "spec/api.yaml", "check.sh", "run.py"),
    }
)


def steering(*argv: str, scripts: str = "") -> Steering:
    return Steering(BASE, [GateCommand("gate", ("sh", "-c", " ".join(argv)))], scripts)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("app.py", "product"),
        ("test_app.py", "test"),
        ("pkg/app_test.py", "test"),
        ("tests/data/x.json", "test"),
        ("testament.py", "product"),
        ("django/test/client.py", "product"),
        ("spec/api.yaml", "product"),
        ("web/test/new.js", "test"),
        ("src/a.test.ts", "test"),
        ("src/a.spec.tsx", "test"),
        ("src/__tests__/a.js", "test"),
        ("src/__snapshots__/a.js.snap", "test"),
        ("test.js", "test"),
        ("contest.js", "product"),
        ("a/b_test.go", "test"),
        ("a/testdata/in.txt", "test"),
        ("tests/it.rs", "test"),
        ("src/tests.rs", "test"),
        ("src/lib.rs", "product"),
        ("test/a_test.exs", "test"),
        ("test/support/case.ex", "test"),
        ("conftest.py", "runner"),
        ("tests/conftest.py", "runner"),
        ("pytest.ini", "runner"),
        ("sitecustomize.py", "runner"),
        ("x.pth", "runner"),
        ("x.egg-info/entry_points.txt", "runner"),
        ("jest.config.js", "runner"),
        ("vitest.config.ts", "runner"),
        (".mocharc.yml", "runner"),
        ("web/node_modules/chai/index.js", "runner"),
        (".cargo/config.toml", "runner"),
        ("test/test_helper.exs", "runner"),
        ("config/test.exs", "runner"),
        ("config/dev.exs", "product"),
    ],
)
def test_a_path_is_a_test_or_steers_tests_or_is_neither(path: str, part: Part) -> None:
    """By its name, by the folder that it lies in, and by what else is in that folder."""
    assert steering("pytest").part(path) == part


@pytest.mark.parametrize(
    ("path", "line", "part"),
    [
        ("Makefile", "make check", "runner"),
        ("Makefile", "pytest", "product"),
        ("noxfile.py", "nox -s tests", "runner"),
        ("noxfile.py", "pytest", "product"),
        ("check.sh", "./check.sh", "runner"),
        ("check.sh", "pytest", "product"),
        ("run.py", "python run.py", "product"),
    ],
)
def test_what_steers_a_program_counts_where_the_gate_starts_it(
    path: str, line: str, part: Part
) -> None:
    """A script that is named is one; a program of the product's own is the product."""
    assert steering(line).part(path) == part


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("pytest.py", "pytest"),
        ("unittest/__init__.py", "unittest"),
        ("src/json.py", "json"),
        ("src/pkg/json.py", ""),
        ("pkg/json.py", ""),
        ("app.py", ""),
        ("tests/new.py", ""),
        ("argparse.md", ""),
    ],
)
def test_a_new_module_does_not_stand_in_the_runners_way(path: str, module: str) -> None:
    """What lies where imports begin is found before the standard library and the runner."""
    assert steering("pytest").shadows(path, BASE | {path}) == module


@pytest.mark.parametrize(
    ("path", "base", "now", "told"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\na = 1", "[tool.pytest]\na = 2", True),
        ("pyproject.toml", "[project]\nname = 'a'", "[project]\nname = 'b'", False),
        ("pyproject.toml", "", "[tool.pytest.ini_options]\naddopts = '--co'", True),
        ("pyproject.toml", "[tool.ruff]", "not toml [", True),
        ("setup.cfg", "[metadata]\nname = a", "[tool:pytest]\naddopts = -k a", True),
        ("setup.cfg", "[metadata]\nname = a", "[metadata]\nname = b", False),
        ("tox.ini", "[pytest]\na = 1", "[pytest]\na = 2", True),
        ("tox.ini", "[testenv]\na = 1", "[testenv]\na = 2", False),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "true"}}', True),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"jest": {}, "scripts": {}}', True),
        (
            "package.json",
            '{"scripts": {"test": "jest"}}',
            '{"scripts": {"test": "jest", "pretest": "rm -r test"}}',
            True,
        ),
        (
            "package.json",
            '{"scripts": {"test": "jest"}}',
            '{"version": "2", "scripts": {"test": "jest", "lint": "x"}}',
            False,
        ),
        ("tsconfig.json", '{"compilerOptions": {"strict": true}}', "{} // no", True),
        ("tsconfig.json", "{}", '{"compilerOptions": {"target": "es2022"},}', False),
        ("Cargo.toml", "[lib]\nname = 'a'", "[lib]\nname = 'a'\ntest = false", True),
        ("Cargo.toml", "[lib]", "[lib]\n[dependencies]\na = '1'", False),
        ("Cargo.toml", "[workspace]\nmembers = ['a', 'b']", "[workspace]\nmembers = ['a']", True),
        ("Cargo.toml", "[workspace]\nmembers = ['a']", "[workspace]\nmembers = ['a', 'b']", False),
        ("mix.exs", "  version: 1\n", "  version: 2\n", False),
        ("mix.exs", "  version: 1\n", "  test_paths: []\n", True),
        ("app.py", "a", "b", False),
    ],
)
def test_of_a_manifest_only_what_it_says_of_tests_counts(
    path: str, base: str, now: str, told: bool
) -> None:
    """Dependencies, versions and the settings of other tools are free."""
    assert steers_otherwise(path, base.encode(), now.encode(), lambda _p: False) is told


def test_toxs_environments_count_where_the_gate_starts_tox() -> None:
    """Else nobody runs them."""
    base, now = b"[testenv]\ncommands = pytest", b"[testenv]\ncommands = true"
    assert steers_otherwise("tox.ini", base, now, lambda program: program == "tox")


def test_a_package_keeps_what_is_none_of_the_tests_business() -> None:
    """The base's scripts come back, and the new dependency that the tests may need stays."""
    base = {"scripts": {"test": "jest"}, "jest": {"a": 1}}
    now = {
        "scripts": {"test": "true", "pretest": "x", "lint": "eslint"},
        "jest": {"a": 2},
        "dependencies": {"a": "1"},
    }
    data = with_base_settings("package.json", json.dumps(base).encode(), json.dumps(now).encode())
    assert data is not None
    assert json.loads(data) == {
        "scripts": {"test": "jest", "lint": "eslint"},
        "jest": {"a": 1},
        "dependencies": {"a": "1"},
    }
