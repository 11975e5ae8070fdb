"""No durable change without a failpoint: what writes is found in the code, not remembered."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest

import gitagent
from gitagent import failpoints
from gitagent.domain.event import Kind

ROOT = Path(gitagent.__file__).parent
MODULES = [*sorted(ROOT.glob("*.py")), *sorted(ROOT.glob("git/*.py"))]

WRITES = {
    *("set_target", "remove", "delete", "create_reference", "rename"),
    *("create_commit", "create_blob", "write", "init_repository", "checkout_tree"),
    *("write_text", "write_bytes", "unlink", "mkdir", "makedirs", "mkdtemp", "touch", "rmdir"),
    *("symlink", "symlink_to", "link", "hardlink_to", "truncate", "ftruncate", "pwrite"),
    *("posix_fallocate", "copyfile", "copytree", "rmtree", "move"),
}
"""Names of what changes something that outlives the process, of pygit2, os, pathlib, shutil."""

OBJECT = "an object that no ref leads to is nothing yet; the ref's move has its failpoints"
DISPOSABLE = "a folder of the process's own; `gc` finds what a dead one left"
REPORT = "a report of what happened; no state"
ALLOWED = {
    "git/repository.py: copy_commit": OBJECT,
    "git/packs.py: put": OBJECT,
    "git/packs.py: _begun": OBJECT,
    "git/packs.py: begin": OBJECT,
    "git/packs.py: end": "by now a ref leads to the pack, or it may go",
    "git/folding.py: _sweep": "removes what no process has, and what git takes for nothing",
    "git/folding.py: _let_go": "removes what keeps a pack only while it has its lock",
    "git/unkept.py: _written": OBJECT,
    "git/unkept.py: _filled": OBJECT,
    "git/unkept.py: _named": OBJECT,
    "git/unkept.py: _renamed": OBJECT,
    "git/disk.py: _new": "a file without a name; it goes with the process",
    "git/disk.py: name": OBJECT,
    "git/trees.py: _write": OBJECT,
    "git/trees.py: _with_raw": OBJECT,
    "git/dirty.py: _leaf": OBJECT,
    "git/export.py: _make_folder": DISPOSABLE,
    "git/export.py: _file": DISPOSABLE,
    "git/export.py: _link": DISPOSABLE,
    "gating.py: export": DISPOSABLE,
    "gating.py: hold": DISPOSABLE,
    "git/export.py: _changed": DISPOSABLE,
    "git/export.py: _empty": DISPOSABLE,
    "git/export.py: _put": DISPOSABLE,
    "git/export.py: _remove_folder": DISPOSABLE,
    "git/export.py: _unlink": DISPOSABLE,
    "git/dry_run.py: overlay": DISPOSABLE,
    "scratch.py: private_folder": DISPOSABLE,
    "scratch.py: _made": DISPOSABLE,
    "scratch.py: remove": DISPOSABLE,
    "git/refs.py: keep_reflog": "an empty reflog says nothing; the first move of the ref fills it",
    "git/half_moved.py: make_folders": "a folder with nothing in it is nothing to git",
    "git/patches.py: remove": "made anew by each delivery out of the branch",
    "git/program.py: format_patch": "made anew by each delivery out of the branch",
    "git/locks.py: _alone": "opens a lock's file, to look who has it",
    "git/locks.py: forget": "removes a lock's file only while it has the lock",
    "git/stand_in.py: _write": DISPOSABLE,
    "git/stand_in.py: _pack": DISPOSABLE,
    "git/stand_in.py: _write_index": DISPOSABLE,
    "git/tags.py: write": OBJECT,
    "leftovers.py: sweep_logs": REPORT,
    "logs.py: _handler": REPORT,
    "logs.py: _open": REPORT,
    "logs.py: remove": REPORT,
    "user_file.py: replace": "the user's own file: whole as before or whole as asked for",
    "user_file.py: _replaced": "as above",
    "searching.py: _replace": "a cache of what a walk over the history finds out again",
    "failpoints.py: reach": "the trace of a test",
}
"""What needs no failpoint, and why."""


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def own_calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    """The calls of a function, not those of functions inside of it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting += ast.iter_child_nodes(node)


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def writes(call: ast.Call) -> bool:
    name = called(call)
    if name == "replace":  # os.replace and Path.replace; that of texts and dataclasses is another
        of_os = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "os"
        return of_os or (isinstance(call.func, ast.Attribute) and len(call.args) == 1)
    if name == "open":
        words = ast.unparse(call)
        flags = "O_CREAT" in words or "O_WRONLY" in words or "O_RDWR" in words or "_NEW" in words
        modes = [a.value for a in call.args if isinstance(a, ast.Constant)]
        return flags or any(set(str(mode)) & set("wax+") for mode in modes if len(str(mode)) < 4)
    return name in WRITES and isinstance(call.func, ast.Attribute)


def unguarded(source: str) -> list[str]:
    """Functions that write, where neither they nor a caller in the module has a failpoint.

    What a module of ours does for them is found in that module.
    """
    tree = ast.parse(source)
    found = {f.name: f for f in functions(tree)}
    ours = {name for node in ast.walk(tree) for name in _imported(node)}
    calls = {name: [*own_calls(f)] for name, f in found.items()}
    reaching = {name for name, made in calls.items() if "reach" in map(called, made)}
    writing = [
        name
        for name, made in calls.items()
        if any(writes(call) and not _of(call, ours) for call in made)
    ]
    return [name for name in writing if not _above(name, calls) & reaching]


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and str(node.module).startswith("gitagent"):
        yield from (alias.name for alias in node.names)


def _of(call: ast.Call, modules: Set[str]) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in modules


def _above(name: str, calls: Mapping[str, list[ast.Call]]) -> set[str]:
    """A function and all that come to call it, in the module."""
    above, before = {name}, set[str]()
    while above != before:
        before = set(above)
        above |= {n for n, made in calls.items() if before & set(map(called, made))}
    return above


def test_every_durable_change_has_a_failpoint_or_a_reason_why_not() -> None:
    """A function that writes, without a failpoint around it, is a hole in every walk."""
    found = {
        f"{path.relative_to(ROOT).as_posix()}: {name}"
        for path in MODULES
        for name in unguarded(path.read_text())
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    "statement",
    [
        "transaction.set_target(name, new)",
        "os.replace(a, b)",
        "place.replace(other)",
        "place.unlink()",
        "os.open(place, os.O_RDWR | os.O_CREAT)",
        "place.open('w')",
        "repository.create_commit(None, a, b, c, d, [])",
    ],
)
def test_a_new_one_is_found(statement: str) -> None:
    """The search sees each way of writing, and is content with a failpoint in the caller."""
    inner = f"def inner():\n    {statement}\n\n\n"
    assert unguarded(inner) == ["inner"]
    assert unguarded(inner + "def outer():\n    inner()\n") == ["inner"]
    assert unguarded(inner + "def outer():\n    inner()\n    reach('x')\n") == []


def test_reading_is_no_change() -> None:
    """What only looks is not asked for a failpoint."""
    reading = "def f():\n    a.open('rb')\n    b.read_text()\n    text.replace('a', 'b')\n"
    assert unguarded(reading) == []


def test_the_names_in_the_code_are_the_registry() -> None:
    """Each place is reached under a name that is known, and each known name is reached."""
    names, stages = set(), set()
    for path in ROOT.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if _reach(node)):
            match call.args[0]:
                case ast.Constant(value=str(name)):
                    names.add(name)
                case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(stage))]):
                    stages.add(stage.removeprefix(": "))
                case other:
                    pytest.fail(f"{path}: {ast.unparse(other)} is no name")
    assert names == set(failpoints.PLACES)
    assert stages == set(failpoints.STAGES)


def _reach(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and called(node) == "reach"


def test_a_kind_of_event_brings_its_three_places() -> None:
    """What a walk must come by grows with the events."""
    with_one_more = failpoints.names([*Kind, "moon risen"]) - failpoints.names(Kind)
    assert with_one_more == {f"moon risen: {stage}" for stage in failpoints.STAGES}
