"""Which commands a Rust project has, and what cargo makes of them where it is installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from running import Tree, here, named, project

from gitagent.gates.toolchains.rust import commands, missing
from gitagent.gates.toolchains.rustup import rust

PACKAGE = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'
LIBRARY = (
    "pub fn two() -> i32 {{ {} }}\n#[cfg(test)]\n"
    "mod tests {{ #[test] fn is_two() {{ assert_eq!(super::two(), 2) }} }}\n"
)
FILES = {
    "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n',
    "crates/low/Cargo.toml": PACKAGE.format("low"),
    "crates/low/src/lib.rs": LIBRARY.format(2),
    "crates/high/Cargo.toml": PACKAGE.format("high")
    + '[dependencies]\nlow = { path = "../low" }\n',
    "crates/high/src/lib.rs": "pub fn four() -> i32 { low::two() * 2 }\n",
    "crates/high/tests/it.rs": "#[test] fn is_four() { assert_eq!(high::four(), 4) }\n",
    "crates/high/tests/other.rs": "#[test] fn other() {}\n",
}


@pytest.fixture
def toolchain(tmp_path: Path) -> dict[str, str]:
    """An environment with a made toolchain, cc and nothing else."""
    for program in ("rustup/toolchains/stable-x86_64-unknown-linux-gnu/bin/cargo", "bin/cc"):
        file = tmp_path / program
        file.parent.mkdir(parents=True)
        file.write_text("#!/bin/sh\nexit 9\n")
        file.chmod(0o755)
    return {
        "HOME": str(tmp_path),
        "RUSTUP_HOME": str(tmp_path / "rustup"),
        "PATH": str(tmp_path / "bin"),
    }


def shape(files: dict[str, str], environ: dict[str, str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    found = commands(project(files, None, **environ))
    return {command.name: (command.package, command.uses) for command in found}


def test_a_workspace_is_compiled_at_once_and_tested_crate_by_crate(
    toolchain: dict[str, str],
) -> None:
    """With who depends on whom."""
    assert shape(FILES, toolchain) == {
        "cargo check": ("", ("crates/high", "crates/low")),
        "cargo test -p high": ("crates/high", ("crates/low",)),
        "cargo test -p low": ("crates/low", ()),
    }


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ('["crates/*"]', {"low", "high"}),
        ('["crates/high"]', {"low", "high"}),  # a path dependency is a member
        ('["crates/low"]', {"low"}),
        ('["./crates/low"]', {"low"}),
        ('["**/low"]', {"low"}),
        ('["crates/l?w"]', {"low"}),
        ('["*"]', set()),
        ('["crates/*"]\nexclude = ["crates/high"]', {"low", "high"}),  # by itself
    ],
)
def test_members_are_those_that_cargo_finds(
    toolchain: dict[str, str], members: str, found: set[str]
) -> None:
    """Globs, path dependencies and what is excluded."""
    names = shape(FILES | {"Cargo.toml": f"[workspace]\nmembers = {members}\n"}, toolchain)
    assert {name.split()[3] for name in names if name.startswith("cargo test -p")} == found


@pytest.mark.parametrize(
    "folder", ["tests/data/x", "vendor/x", "fuzz", "examples/x", "crates/low/target/x"]
)
def test_what_only_lies_there_is_not_run(toolchain: dict[str, str], folder: str) -> None:
    """Fixtures of tests and others' sources are no packages of the project."""
    files = {
        "Cargo.toml": PACKAGE.format("top"),
        "src/lib.rs": "",
        f"{folder}/Cargo.toml": PACKAGE.format("x"),
    }
    assert [name for name in shape(files, toolchain) if "-p" in name] == ["cargo test -p top"]


def test_dependencies_of_the_workspace_are_followed(toolchain: dict[str, str]) -> None:
    """`low.workspace = true`, for one platform only, and through a third crate."""
    files = FILES | {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n[workspace.dependencies]\n'
        'low = { path = "crates/low" }\n',
        "crates/high/Cargo.toml": PACKAGE.format("high")
        + "[target.'cfg(unix)'.dev-dependencies]\nlow = { workspace = true }\n",
        "crates/top/Cargo.toml": PACKAGE.format("top")
        + '[build-dependencies]\nh = { package = "high", path = "../high" }\n',
    }
    found = shape(files, toolchain)
    assert found["cargo test -p high"][1] == ("crates/low",)
    assert found["cargo test -p top"][1] == ("crates/high", "crates/low")


def test_a_crate_that_is_not_there_is_said(toolchain: dict[str, str], tmp_path: Path) -> None:
    """Cargo cannot get it in the gate; once it is downloaded, the project is checked."""
    files = {
        "Cargo.toml": PACKAGE.format("top") + '[dependencies]\nserde = "1"\n'
        'maybe = { version = "1", optional = true }\n'
        "[target.'cfg(windows)'.dependencies]\nwinapi = \"1\"\n",
        "src/lib.rs": "",
    }
    assert shape(files, toolchain) == {}
    (sentence,) = missing(project(files, None, **toolchain))
    assert "(serde)" in sentence
    assert "cargo fetch" in sentence
    copy = tmp_path / ".cargo/registry/cache/index.crates.io-6f17d22bba15001f/serde-1.0.200.crate"
    copy.parent.mkdir(parents=True)
    copy.touch()
    assert "cargo test -p top" in shape(files, toolchain)
    assert missing(project(files, None, **toolchain)) == ()


def test_replaced_sources_are_not_judged(toolchain: dict[str, str], tmp_path: Path) -> None:
    """Vendored crates stand anywhere; those that are not in git come from the checkout."""
    files = {
        "Cargo.toml": PACKAGE.format("top") + '[dependencies]\nserde = "1"\n',
        "src/lib.rs": "",
        ".cargo/config.toml": '[source.crates-io]\nreplace-with = "v"\n'
        '[source.v]\ndirectory = "vendor"\n[source.out]\ndirectory = "../secrets"\n',
    }
    (tmp_path / "checkout" / "vendor").mkdir(parents=True)
    (tmp_path / "secrets").mkdir()
    found = commands(project(files, tmp_path / "checkout", **toolchain))
    assert [bring.at for bring in found[0].brings if bring.at] == ["vendor"]


def test_no_rust_is_said(tmp_path: Path) -> None:
    """With the ways to get it."""
    nothing = project(FILES, None, PATH=str(tmp_path), HOME=str(tmp_path))
    assert commands(nothing) == ()
    (sentence,) = missing(nothing)
    assert "rustup" in sentence
    assert "`cargo`" in sentence


def test_no_rust_is_not_said_to_others(tmp_path: Path) -> None:
    """A project without a Cargo.toml misses nothing."""
    assert missing(project({"a.rs": ""}, None, PATH=str(tmp_path))) == ()


def test_the_projects_toolchain_is_used_where_it_is_installed(toolchain: dict[str, str]) -> None:
    """By the nearest toolchain file; what is not there is said, and a path is never followed."""
    home = Path(toolchain["RUSTUP_HOME"]) / "toolchains"
    other = home / "1.75-x86_64-unknown-linux-gnu" / "bin" / "cargo"
    other.parent.mkdir(parents=True)
    other.write_text("")
    other.chmod(0o755)

    def chosen(text: str) -> str:
        found = rust(
            project(FILES | {"rust-toolchain.toml": text}, None, **toolchain), "crates/low"
        )
        assert found is not None
        return f"{found.folder.name} {found.instead_of}".strip()

    assert chosen('[toolchain]\nchannel = "1.75"\n') == other.parent.parent.name
    assert chosen("1.75\n") == other.parent.parent.name
    stable = "stable-x86_64-unknown-linux-gnu"
    assert chosen('[toolchain]\nchannel = "1.60"\n') == f"{stable} 1.60"
    assert chosen('[toolchain]\npath = "./evil"\n') == stable
    assert chosen('[toolchain]\nchannel = "../../evil"\n') == stable


def test_a_proxy_is_never_started(toolchain: dict[str, str], tmp_path: Path) -> None:
    """It would start what a file of the repository names; the toolchain's own program runs."""
    for name in ("cargo", "rustup"):
        (tmp_path / "bin" / name).write_text("")
        (tmp_path / "bin" / name).chmod(0o755)
    words = commands(project(FILES, None, **toolchain))[0].argv
    assert (
        f"{toolchain['RUSTUP_HOME']}/toolchains/stable-x86_64-unknown-linux-gnu/bin/cargo" in words
    )
    assert str(tmp_path / "bin" / "cargo") not in words


def test_no_password_of_cargos_comes_along(toolchain: dict[str, str], tmp_path: Path) -> None:
    """Its folder holds credentials; a configuration may, too, and is then left out and named."""
    cargo = tmp_path / ".cargo"
    (cargo / "registry").mkdir(parents=True)
    (cargo / "credentials.toml").write_text('[registry]\ntoken = "FAKEKEY-1"\n')

    def brought(settings: str) -> set[str]:
        (cargo / "config.toml").write_text(settings)
        found = commands(project(FILES, None, **toolchain))
        return {Path(bring.path).name for command in found for bring in command.brings} - {
            "stable-x86_64-unknown-linux-gnu"
        }

    assert brought("[net]\noffline = true\n") == {"registry", "config.toml"}
    for secret in (
        '[registries.own]\ntoken = "FAKEKEY-2"\n',
        '[registries.own]\nindex = "https://me:FAKEKEY-3@host/index"\n',
        '[http]\nproxy = "FAKEKEY-4"\n',
    ):
        assert brought(secret) == {"registry"}
        assert any(
            "config.toml" in sentence for sentence in missing(project(FILES, None, **toolchain))
        )


def test_the_users_builds_come_along_unless_git_has_them(
    toolchain: dict[str, str], tmp_path: Path
) -> None:
    """As a throw-away copy."""
    checkout = tmp_path / "checkout"
    (checkout / "target").mkdir(parents=True)
    (bring,) = (b for b in commands(project(FILES, checkout, **toolchain))[0].brings if b.at)
    assert (bring.path, bring.at, bring.how) == (str(checkout / "target"), "target", "scratch")
    tracked = FILES | {"target/x": ""}
    assert not [b for b in commands(project(tracked, checkout, **toolchain))[0].brings if b.at]


def test_crates_from_outside_are_built_for_the_tests_at_once(
    toolchain: dict[str, str], tmp_path: Path
) -> None:
    """What `check` makes of them is of no use to the tests, unless it is there already."""
    files = {
        "Cargo.toml": PACKAGE.format("top") + '[dependencies]\nserde = "1"\n',
        "src/lib.rs": "",
    }
    copy = tmp_path / ".cargo/registry/src/index/serde-1.0.200"
    copy.mkdir(parents=True)
    built = tmp_path / "checkout/target/debug/deps"
    built.mkdir(parents=True)

    def first() -> str:
        return commands(project(files, tmp_path / "checkout", **toolchain))[0].name

    assert first() == "cargo test --no-run"
    for name in ("libserde-1.rlib", "libserde-1.rmeta"):
        (built / name).touch()
    assert first() == "cargo test --no-run"
    (built / "libserde-2.rmeta").touch()
    assert first() == "cargo check"


needs_cargo = pytest.mark.skipif(
    rust(here({}), "") is None, reason="cargo is not installed on this machine"
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "tree").mkdir()
    return Tree(tmp_path / "tree").write(FILES)


@needs_cargo
def test_a_real_run_names_every_test(tree: Tree) -> None:
    """All crates of a workspace, and then one file of one of them."""
    found = commands(here(FILES))
    tests = {
        test: outcome for command in found for test, outcome in tree.run(command).tests.items()
    }
    assert tests == {
        "crates/low/src/lib.rs::tests::is_two": "passed",
        "crates/high/tests/it.rs::is_four": "passed",
        "crates/high/tests/other.rs::other": "passed",
    }
    high, low = named(found, "cargo test -p high"), named(found, "cargo test -p low")
    nearest = tree.run(high, "crates/high/tests/it.rs")
    assert nearest.tests == {"crates/high/tests/it.rs::is_four": "passed"}
    assert tree.run(high, "crates/high/src/lib.rs").tests == {}
    assert list(tree.run(low, "crates/low/src/lib.rs").tests) == [
        "crates/low/src/lib.rs::tests::is_two"
    ]


@needs_cargo
def test_a_real_failure_reaches_the_crates_above(tree: Tree) -> None:
    """And an error of the compiler names its file."""
    found = commands(here(FILES))
    tree.write({"crates/low/src/lib.rs": LIBRARY.format(3)})
    assert (
        tree.run(named(found, "cargo test -p high")).tests["crates/high/tests/it.rs::is_four"]
        == "failed"
    )
    tree.write({"crates/low/src/lib.rs": LIBRARY.format('""')})
    run = tree.run(found[0])
    assert run.exit_code == 101
    assert run.tests == {"compile::crates/low/src/lib.rs": "failed"}


@needs_cargo
def test_what_the_user_built_is_never_tested_instead_of_the_tree(tree: Tree) -> None:
    """The user's build is younger than all files of the tree, and of other sources."""
    command = named(commands(here(FILES)), "cargo test -p high")
    assert tree.run(command).exit_code == 0  # stands for the user's build: target/ is there now
    (tree.folder / "target" / ".forgotten").unlink(missing_ok=True)
    tree.write({"crates/low/src/lib.rs": LIBRARY.format(3)})
    for path in FILES:
        os.utime(tree.folder / path, (1, 1))
    assert tree.run(command).tests["crates/high/tests/it.rs::is_four"] == "failed"
