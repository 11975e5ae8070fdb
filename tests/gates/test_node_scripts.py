"""A package's test script, taken apart into what it comes to."""

from __future__ import annotations

import time

import pytest

from gitagent.gates.node.scripts import bare, script_of


def parts(scripts: dict[str, str]) -> list[tuple[str, str]]:
    script = script_of(scripts)
    assert script is not None
    return [(part.text, part.script) for part in script.parts]


@pytest.mark.parametrize(
    ("scripts", "found"),
    [
        ({"test": "jest"}, [("jest", "test")]),
        ({"test": "npm run u", "u": "jest --ci"}, [("jest --ci", "u")]),
        ({"test": "yarn u", "u": "jest"}, [("jest", "u")]),
        ({"test": "pnpm -s u", "u": "jest"}, [("jest", "u")]),
        ({"test": "npm run u -- --bail", "u": "jest"}, [("jest --bail", "u")]),
        ({"test": "pnpm u --bail", "u": "jest"}, [("jest --bail", "u")]),
        (
            {"test": "xo && npm run a", "a": "tsc && ava"},
            [("xo", "test"), ("tsc", "a"), ("ava", "a")],
        ),
        ({"test": "ava", "pretest": "tsc"}, [("tsc", "pretest"), ("ava", "test")]),
        ({"test": "run-s test:*", "test:a": "x", "b": "y"}, [("x", "test:a")]),
        ({"test": "npm install left && jest"}, [("npm install left", "test"), ("jest", "test")]),
        ({"test": "mocha 'a && b.js' \"c;d\""}, [("mocha 'a && b.js' \"c;d\"", "test")]),
        ({"test": "yarn nothere"}, [("yarn nothere", "test")]),
    ],
)
def test_a_script_is_followed_to_its_commands(
    scripts: dict[str, str], found: list[tuple[str, str]]
) -> None:
    """Through the scripts that it runs, with the words that these are handed."""
    assert parts(scripts) == found


@pytest.mark.parametrize(
    "text",
    [
        *("jest | cat", "jest || true", "jest; true", "(cd a && jest)", "jest > out", "a & b"),
        *("echo `id` && jest", "echo $(id) && jest", "jest 'open", "jest\nrm x"),
    ],
)
def test_what_is_more_than_a_row_of_commands_is_left_whole(text: str) -> None:
    """Its end says what its exit code says, and nothing is put into its middle."""
    script = script_of({"test": text})
    assert script is not None
    assert (script.text, script.parts) == (text, ())


@pytest.mark.parametrize(
    "scripts",
    [{}, {"test": ""}, {"test": 'echo "Error: no test specified" && exit 1'}, {"build": "tsc"}],
)
def test_no_test_script_is_none(scripts: dict[str, str]) -> None:
    """Nor the one that npm puts there for those who have none."""
    assert script_of(scripts) is None


@pytest.mark.parametrize(
    "scripts",
    [
        {"test": "npm test"},
        {"test": "npm run a", "a": "npm run b", "b": "npm run a"},
        {"test": " && ".join(["npm run a"] * 40), "a": " && ".join(["npm run b"] * 40), "b": "x"},
        {f"s{n}" if n else "test": " && ".join([f"npm run s{n + 1}"] * 9) for n in range(30)},
    ],
)
def test_scripts_that_call_each_other_come_to_an_end(scripts: dict[str, str]) -> None:
    """In circles, or so often that they would fill the memory."""
    started = time.perf_counter()
    script = script_of(scripts)
    assert time.perf_counter() - started < 1
    assert script is not None
    assert script.parts == ()


@pytest.mark.parametrize(
    "text",
    [
        *("yarn workspaces foreach -A run test", "pnpm -r test", "turbo run test", "nx run-many"),
        *("npm test --workspaces", "pnpm --filter=./a test", "lerna run test", "npm test -w a"),
    ],
)
def test_what_runs_other_packages_scripts_is_marked(text: str) -> None:
    """They have commands of their own."""
    script = script_of({"test": text})
    assert script is not None
    assert [part.fans_out for part in script.parts] == [True]


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (["A=1", "cross-env", "B=2", "jest", "--ci"], ("jest", "--ci")),
        (["npx", "--no-install", "mocha"], ("mocha",)),
        (["./node_modules/.bin/ava"], ("ava",)),
        (["pnpm", "exec", "vitest"], ("vitest",)),
        (["dotenv", "-e", ".env", "--", "jest"], ("jest",)),
        (["A=1"], ()),
    ],
)
def test_a_program_is_found_behind_what_starts_it(
    words: list[str], program: tuple[str, ...]
) -> None:
    """Variables, npx and the like."""
    assert bare(words) == program
