"""Which commands a Go project has, and what go makes of them where it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import Tree, here, named, project

from gitagent.gates.go_events import EVENTS, readable
from gitagent.gates.toolchains.go import commands, missing
from gitagent.gates.toolchains.modules import modules

FILES = {
    "go.mod": "module example.com/m\n\ngo 1.18\n",
    "m.go": "package m\n\nfunc Two() int { return 2 }\n",
    "m_test.go": 'package m\n\nimport "testing"\n\nfunc TestTwo(t *testing.T) {\n'
    '\tif Two() != 2 {\n\t\tt.Error("not two")\n\t}\n}\n',
    "deep/d.go": "package deep\n",
    "deep/d_test.go": 'package deep\n\nimport "testing"\n\nfunc TestDeep(t *testing.T) {}\n',
}


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment with a made Go 1.22.3 and nothing else."""
    root = tmp_path / "sdk"
    for path, text in {
        "bin/go": "",
        "VERSION": "go1.22.3\ntime x\n",
        "src/runtime/x.go": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "bin/go").chmod(0o755)
    return {"HOME": str(tmp_path), "PATH": str(root / "bin")}


def names(files: dict[str, str], environ: dict[str, str]) -> list[str]:
    return [command.name for command in commands(project(files, None, **environ))]


def test_a_module_is_built_vetted_and_tested(installed: dict[str, str]) -> None:
    """In this order; what compiles comes first."""
    found = commands(project(FILES, None, **installed))
    assert [command.name for command in found] == ["go build", "go vet", "go test"]
    assert [command.stage for command in found] == ["compile", "compile", "test"]


def test_nothing_is_fetched_and_no_other_go_is_started(installed: dict[str, str]) -> None:
    """Offline, by the installed version, with dependencies as they are written down."""
    env = dict(commands(project(FILES, None, **installed))[0].env)
    assert env["GOPROXY"] == "off"
    assert env["GOTOOLCHAIN"] == "local"
    assert env["GOFLAGS"] == "-mod=readonly -buildvcs=false"
    vendored = FILES | {"vendor/modules.txt": ""}
    assert "-mod=vendor" in dict(commands(project(vendored, None, **installed))[0].env)["GOFLAGS"]


def test_modules_know_each_other(installed: dict[str, str]) -> None:
    """By `replace` with a folder, and by a go.work that names both."""
    files = {
        "a/go.mod": "module example.com/a\n",
        "b/go.mod": 'module "example.com/b"\nrequire example.com/a v0.0.0\n'
        "replace example.com/a => ../a\n",
        "c/go.mod": "module example.com/c\nrequire (\n\texample.com/b v1.0.0 // why\n)\n",
        "go.work": "go 1.22\nuse (\n\t./b\n\t./c\n)\n",
    }
    found = {m.folder: (m.uses, m.needs, m.work) for m in modules(project(files))}
    assert found == {
        "a": ((), (), None),
        "b": (("a",), (), ""),
        "c": (("b",), (), ""),
    }
    tests = {c.package: c.uses for c in commands(project(files, None, **installed))}
    assert tests == {"a": (), "b": ("a",), "c": ("a", "b")}


@pytest.mark.parametrize("folder", ["vendor/x", "testdata/x", "_x", ".x", "a/testdata/b"])
def test_what_only_lies_there_is_not_run(folder: str) -> None:
    """The go program passes these folders over, too."""
    assert [m.folder for m in modules(project(FILES | {f"{folder}/go.mod": "module x\n"}))] == [""]


def test_a_module_for_a_newer_go_is_not_checked(installed: dict[str, str]) -> None:
    """The installed one refuses it, and may not fetch another."""
    newer = FILES | {"go.mod": "module example.com/m\n\ngo 1.25.1\n"}
    assert names(newer, installed) == []
    (sentence,) = missing(project(newer, None, **installed))
    assert "Go 1.25.1, this machine has 1.22.3" in sentence


def test_an_old_go_tries_what_it_can_read(installed: dict[str, str], tmp_path: Path) -> None:
    """Before 1.21 a newer version was a wish; the new form of go.mod cannot be read at all."""
    (tmp_path / "sdk" / "VERSION").write_text("go1.19.8")
    wish = FILES | {"go.mod": "module example.com/m\n\ngo 1.22\n"}
    assert "go test" in names(wish, installed)
    assert "may not compile" in missing(project(wish, None, **installed))[0]
    for line in ("go 1.22.0", "toolchain go1.22.3"):
        assert names(FILES | {"go.mod": f"module example.com/m\n\n{line}\n"}, installed) == []


def test_modules_that_are_not_there_are_said(installed: dict[str, str], tmp_path: Path) -> None:
    """With none of them nothing can run; one may be another platform's."""
    files = FILES | {
        "go.mod": "module example.com/m\nrequire (\n\tgithub.com/Upper/x v1.0.0\n\tb.org/y v2.0.0\n"
        "\tc.org/z v1.0.0 // indirect\n)\n"
    }
    assert names(files, installed) == []
    assert "(b.org/y, github.com/Upper/x)" in missing(project(files, None, **installed))[0].replace(
        "github.com/Upper/x, b.org/y", "b.org/y, github.com/Upper/x"
    )
    (tmp_path / "go/pkg/mod/github.com/!upper/x@v1.0.0").mkdir(parents=True)
    assert "go test" in names(files, installed)
    (sentence,) = missing(project(files, None, **installed))
    assert "(b.org/y)" in sentence
    (tmp_path / "go/pkg/mod/b.org/y@v2.0.0").mkdir(parents=True)
    assert missing(project(files, None, **installed)) == ()


def test_caches_come_as_they_may_be_used(installed: dict[str, str], tmp_path: Path) -> None:
    """What is built may be added to, what was downloaded is read; both where the user has them."""
    (tmp_path / "builds").mkdir()
    (tmp_path / "go/pkg/mod").mkdir(parents=True)
    settings = tmp_path / ".config/go/env"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"GOCACHE={tmp_path}/builds\n")
    command = commands(project(FILES, None, **installed))[0]
    assert {(b.path, b.how) for b in command.brings} == {
        (str(tmp_path / "sdk"), "read"),
        (str(tmp_path / "builds"), "scratch"),
        (str(tmp_path / "go/pkg/mod"), "read"),
    }
    assert dict(command.env)["GOCACHE"] == str(tmp_path / "builds")


def test_a_script_of_a_version_manager_is_not_started(
    installed: dict[str, str], tmp_path: Path
) -> None:
    """It reads the repository's files; what it would start is used."""
    shim = tmp_path / "shims" / "go"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\n")
    shim.chmod(0o755)
    managed = tmp_path / ".asdf/installs/golang/1.22.3"
    managed.mkdir(parents=True)
    (tmp_path / "sdk").rename(managed / "go")
    command = commands(project(FILES, None, HOME=str(tmp_path), PATH=str(shim.parent)))[0]
    assert command.argv[0] == str(managed / "go/bin/go")


def test_no_go_is_said(tmp_path: Path) -> None:
    """With the ways to get it, and only to those who have Go."""
    nothing = project(FILES, None, PATH=str(tmp_path))
    assert commands(nothing) == ()
    assert "golang-go" in missing(nothing)[0]
    assert missing(project({"a.go": ""}, None, PATH=str(tmp_path))) == ()


needs_go = pytest.mark.skipif(
    not commands(here(FILES)), reason="go is not installed on this machine"
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "tree").mkdir()
    return Tree(tmp_path / "tree").write(FILES)


@needs_go
def test_a_real_run_names_every_test(tree: Tree) -> None:
    """And of one file's folder only those in it."""
    found = commands(here(FILES))
    assert [tree.run(command).exit_code for command in found] == [0, 0, 0]
    test = named(found, "go test")
    assert tree.run(test).tests == {
        "example.com/m::TestTwo": "passed",
        "example.com/m/deep::TestDeep": "passed",
    }
    assert tree.run(test, "deep/d_test.go").tests == {"example.com/m/deep::TestDeep": "passed"}
    assert tree.run(test, "m.go").tests == {"example.com/m::TestTwo": "passed"}
    assert {path.name for path in tree.folder.iterdir()} == {"go.mod", "m.go", "m_test.go", "deep"}


@needs_go
def test_a_real_failure_is_named_and_readable(tree: Tree) -> None:
    """What compiles no longer is named by its file."""
    found = commands(here(FILES))
    tree.write({"m.go": "package m\n\nfunc Two() int { return 3 }\n"})
    run = tree.run(found[2])
    assert run.tests["example.com/m::TestTwo"] == "failed"
    results = tree.folder.parent / "results-0"
    assert (results / EVENTS).is_file()
    assert "not two" in readable(run.output, results)
    tree.write({"m_test.go": "package m\n\nfunc x() { nope() }\n"})
    assert tree.run(found[0]).exit_code == 0
    assert tree.run(found[1]).tests == {"compile::m_test.go": "failed"}
    tree.write({"m.go": 'package m\n\nfunc Two() int { return "" }\n'})
    assert tree.run(found[0]).tests == {"compile::m.go": "failed"}


@needs_go
def test_a_program_is_not_left_in_the_tree(tree: Tree) -> None:
    """Build of a single program writes it where it stands."""
    files = {"go.mod": FILES["go.mod"], "main.go": "package main\n\nfunc main() {}\n"}
    for path in list(FILES):
        (tree.folder / path).unlink()
    tree.write(files)
    assert tree.run(commands(here(files))[0]).exit_code == 0
    assert not [path for path in tree.folder.iterdir() if path.is_file() and path.name not in files]
