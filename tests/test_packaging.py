"""What the project's files say to each other: package data, the README's commands, CI."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gitagent import __version__

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_wheel_takes_pages_and_completions_to_where_they_are_looked_for(
    project: dict[str, Any],
) -> None:
    """man and the shells look below share/, beside the folder of a program on PATH."""
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared["docs/man"] == "share/man/man1"
    assert all((ROOT / source).exists() for source in shared)
    assert {Path(target).parts[1] for target in shared.values()} == {
        "man",
        "bash-completion",
        "zsh",
        "fish",
    }


def test_ci_runs_the_test_command_that_the_readme_promises() -> None:
    """The command stands in the README only; .ci/run reads it from there."""
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"^<!-- install-and-test -->\n```\w*\n(.+?)\n```$", readme, re.M | re.S)
    assert block is not None
    done = subprocess.run([ROOT / ".ci" / "run", "--print"], capture_output=True, text=True)
    assert done.stdout.strip() == block[1].strip()
    assert "pytest" not in (ROOT / ".ci" / "run").read_text()


def test_ci_runs_every_python_that_the_package_names(project: dict[str, Any]) -> None:
    """A version in the classifiers is a promise that something checks."""
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(project["project"]["classifiers"]))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    matrix = re.search(r"python: \[(.+)\]", workflow)
    assert matrix is not None
    assert re.findall(r"3\.\d+", matrix[1]) == promised
    assert project["project"]["requires-python"] == f">={promised[0]}"


def test_the_changelog_knows_this_version() -> None:
    """Whoever raises the version says what is new in it."""
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_hook_runs_from_the_environment_of_the_project() -> None:
    """A hook that is fetched would check with other versions than the tests."""
    config = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (.+)", config) == ["local"]
    assert set(re.findall(r"language: (.+)", config)) == {"system"}
