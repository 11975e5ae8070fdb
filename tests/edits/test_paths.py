"""Paths that an edit may not name, and the ones that need leave."""

from __future__ import annotations

import pytest

from gitagent.edits import paths
from gitagent.errors import Refused


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("", "empty"),
        ("/x", "absolute"),
        ("../x", "part '..'"),
        ("a/../b", "part '..'"),
        ("a/./b", "part '.'"),
        ("a//b", "empty part"),
        ("a/", "empty part"),
        ("a\\..\\b", "backslash"),
        ("c:/x", "drive"),
        ("C:x", "drive"),
        ("a\0b", "U+0000"),
        ("a\nb", "U+000A"),
        ("a\x1bb", "U+001B"),
        ("a\u2028b", "U+2028"),
        ("a\udcffb", "U+DCFF"),
        (".git/config", "git's own"),
        (".GIT/config", "git's own"),
        ("a/.git", "git's own"),
        ("git~1/x", "git's own"),
        ("GIT~2", "git's own"),
        (".git./x", "git's own"),
        (".git . /x", "git's own"),
        (".git::$INDEX_ALLOCATION/x", "git's own"),
        (".g\u200cit/x", "U+200C"),
        (".gi\u206at/x", "U+206A"),
        ("a\u202eb", "RIGHT-TO-LEFT OVERRIDE"),
        ("a\U000e0041", "tag"),
        ("e\u0301", "form C"),
        ("x" * 256, "255"),
        ("/".join(["x" * 200] * 21), "4096"),
    ],
)
def test_a_bad_path_is_refused_with_its_reason(path: str, word: str) -> None:
    """Out of the repository, into git's folder, or not what it looks like."""
    with pytest.raises(Refused) as refused:
        paths.check(path)
    assert word in str(refused.value)


@pytest.mark.parametrize(
    "path", ["a/b.py", ".gitignore", "é/ü.py", "con", "a b", ".github/x", "a..b"]
)
def test_a_good_path_stays_as_it_is(path: str) -> None:
    """Only a leading `./` is dropped."""
    assert paths.check(path) == path
    assert paths.check("./" + path) == path


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/CI.yml",
        ".gitlab-ci.yml",
        ".circleci/config.yml",
        ".forgejo/workflows/x.yaml",
        ".gitea/workflows/x.yaml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        "sub/.gitattributes",
        ".gitattributes.",
        ".gitmodules",
        "GITMOD~1",
        ".gitagent",
        ".gitagent/x",
        "gitagent.toml",
        "a/.vscode/tasks.json",
        ".idea/x.xml",
        ".devcontainer/devcontainer.json",
        "docs/AGENTS.md",
        "CLAUDE.md",
        ".cursor/rules/x.mdc",
        ".cursorrules",
        ".github/copilot-instructions.md",
        "tests/unit/conftest.py",
        "sitecustomize.py",
        "x.pth",
        ".pre-commit-config.yaml",
        ".husky/pre-commit",
    ],
)
def test_a_control_file_is_named_with_its_reason(path: str) -> None:
    """At any depth and in any case where programs look for it so."""
    assert paths.control_file(path)


@pytest.mark.parametrize(
    "path", ["src/app.py", ".gitignore", "agents.py", ".github/x.md", "idea/x"]
)
def test_an_ordinary_file_is_no_control_file(path: str) -> None:
    """The rules are about names that steer something."""
    assert paths.control_file(path) is None


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "a/.env.local",
        "deploy/prod.env",
        "x.pem",
        "x.KEY",
        "id_rsa",
        "id_ed25519.pub",
        ".netrc",
        ".npmrc",
        ".pypirc",
        "credentials.json",
        "x.p12",
        "x.pfx",
        "x.keystore",
        ".aws/config",
        ".ssh/x",
        "secrets.yaml",
    ],
)
def test_a_name_that_tells_of_secrets_is_secret(path: str) -> None:
    """Such files reach no prompt."""
    assert paths.secret(path)


@pytest.mark.parametrize(
    "path",
    [
        ".env.example",
        ".env.sample",
        ".env.template",
        "sample.env",
        "prod.example.env",
        "env.py",
        "keys.py",
    ],
)
def test_a_template_of_secrets_is_no_secret(path: str) -> None:
    """It is there to be read."""
    assert not paths.secret(path)


MODES = {
    "src": 0o040000,
    "src/a.py": 0o100644,
    "src/run": 0o100755,
    "out": 0o120000,
    "lib": 0o160000,
    "src/link": 0o120000,
}


@pytest.mark.parametrize("path", ["src/a.py", "src/run", "src/new.py", "new/deep/x.py"])
def test_a_regular_file_in_real_folders_is_allowed(path: str) -> None:
    """New folders may be made."""
    paths.against_tree(path, MODES.get)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("out/a.py", "symbolic link"),
        ("lib/a.py", "submodule"),
        ("src/a.py/b", "a file"),
        ("src", "a folder"),
        ("src/link", "symbolic link"),
        ("lib", "submodule"),
    ],
)
def test_a_path_through_a_link_is_refused(path: str, word: str) -> None:
    """The tree's modes decide, for every part of the way."""
    with pytest.raises(Refused) as refused:
        paths.against_tree(path, MODES.get)
    assert word in str(refused.value)


@pytest.mark.parametrize(
    ("new", "existing"),
    [
        (["README.md"], ["readme.md"]),
        (["src/A.py"], ["src/a.py"]),
        (["Src/b.py"], ["src/a.py"]),
        (["é.py"], ["e\u0301.py"]),
        (["a.py", "A.py"], []),
        (["a", "a/b"], []),
        (["STRASSE"], ["straße"]),
    ],
)
def test_names_that_fold_together_are_refused(new: list[str], existing: list[str]) -> None:
    """Two names in git would be one file on other systems."""
    with pytest.raises(Refused):
        paths.collisions(new, existing)


def test_different_names_do_not_collide() -> None:
    """Neither does a path with itself."""
    paths.collisions(["src/a.py", "src/b.py"], ["src/a.py", "src/c.py", "docs/a.py"])
