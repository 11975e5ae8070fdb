"""A tree on disk: exact bytes inside the folder, nothing outside."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gitagent.domain.edit import File
from gitagent.errors import AgentError
from gitagent.git.export import LARGEST, export
from gitagent.git.repository import GitRepo
from gitagent.ports import TreeFile
from gitagent.testing import repositories
from gitagent.testing.repositories import Entry

REGULAR, EXECUTABLE, SYMLINK, GITLINK = 0o100644, 0o100755, 0o120000, 0o160000


class HostileTree:
    """A tree that git would not write, as a crafted pack may hold it: (path, mode, data)."""

    def __init__(self, *entries: tuple[str, int, bytes], size: int | None = None) -> None:
        self._entries = entries
        self._size = size

    def files(self, tree: str) -> list[TreeFile]:
        return [
            TreeFile(path, str(n), mode, len(data) if self._size is None else self._size)
            for n, (path, mode, data) in enumerate(self._entries)
        ]

    def read(self, blob: str) -> bytes:
        return self._entries[int(blob)][2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def written(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_bytes_and_modes_are_the_trees_own(tmp_path: Path, folder: Path) -> None:
    """Line ends, attributes and filters change nothing; only the executable bit is a mode."""
    files: dict[str, repositories.Content] = {
        "a.txt": b"one\ntwo\n\xff",
        "b": b"one\r\ntwo\n",
        ".gitattributes": "*.txt text eol=crlf filter=evil\n",
        "bin/run": Entry("#!/bin/sh\n", executable=True),
        "deep/er/empty": b"",
        "link": Entry(symlink_to="bin/run"),
    }
    repo = GitRepo.open(repositories.build(tmp_path / "repo", files))
    assert export(repo, repo.tree_of(repo.resolve("HEAD")), folder) == ()
    assert written(folder) == {
        "a.txt": b"one\ntwo\n\xff",
        "b": b"one\r\ntwo\n",
        ".gitattributes": b"*.txt text eol=crlf filter=evil\n",
        "bin/run": b"#!/bin/sh\n",
        "deep/er/empty": b"",
    }
    assert (folder / "link").readlink() == Path("bin/run")
    modes = [(folder / name).stat().st_mode & 0o777 for name in ("a.txt", "bin/run")]
    assert modes == [0o644, 0o755]


@pytest.mark.parametrize(
    "path",
    [
        *("../x", "a/../../x", "/x", "a//x", "./x", "a\0b"),
        *(".git/config", "sub/.GIT/x", "git~1/x", ".git /x", ".g\u200cit/x"),
        ".git::$INDEX_ALLOCATION/x",
    ],
)
def test_a_path_that_leaves_the_folder_is_left_out(folder: Path, path: str) -> None:
    """A crafted tree writes nothing outside and no git folder inside; what is left out is said."""
    skipped = export(HostileTree((path, REGULAR, b"x"), ("ok", REGULAR, b"y")), "", folder)  # type: ignore[arg-type]
    assert [left for left, _ in skipped] == [path]
    assert written(folder.parent) == {"out/ok": b"y"}


@pytest.mark.parametrize(
    ("path", "target", "inside"),
    [
        ("a", "b", True),
        ("d/a", "../b", True),
        ("d/a", "../../b", False),
        ("a", "/etc/passwd", False),
        ("a", "..", False),
        ("d/e/a", "../..", True),
        ("a", "b/../../x", False),
        ("a", "d/../b", False),
        ("a", "", False),
    ],
)
def test_a_link_stays_inside_or_is_left_out(
    folder: Path, path: str, target: str, inside: bool
) -> None:
    """Also one that leads out only through another link."""
    skipped = export(HostileTree((path, SYMLINK, target.encode())), "", folder)  # type: ignore[arg-type]
    assert (folder / path).is_symlink() is inside
    assert [left for left, _ in skipped] == ([] if inside else [path])


def test_nothing_is_written_through_a_link(tmp_path: Path, folder: Path) -> None:
    """A crafted tree that has a link and a file below it gets the file in a folder of its own."""
    entries = [("d", SYMLINK, b"elsewhere"), ("d/x", REGULAR, b"x"), ("f", REGULAR, b"f")]
    skipped = export(HostileTree(*entries, ("f", SYMLINK, b"d")), "", folder)  # type: ignore[arg-type]
    assert written(folder) == {"d/x": b"x", "f": b"f"}
    assert [left for left, _ in skipped] == ["d", "f"]


def test_a_submodule_is_an_empty_folder(folder: Path) -> None:
    """As in a clone that has not fetched it."""
    assert export(HostileTree(("lib/sub", GITLINK, b"")), "", folder) == ()  # type: ignore[arg-type]
    assert list((folder / "lib/sub").iterdir()) == []


def test_a_huge_file_is_left_out_unread(folder: Path) -> None:
    """Memory stays bounded; the reader is told."""

    class Unreadable(HostileTree):
        def read(self, blob: str) -> bytes:
            raise AssertionError("the blob was read")

    skipped = export(Unreadable(("big", REGULAR, b""), size=LARGEST + 1), "", folder)  # type: ignore[arg-type]
    assert skipped == (("big", f"{LARGEST + 1} bytes, more than {LARGEST}"),)


def test_names_need_not_be_text(tmp_path: Path, folder: Path) -> None:
    """A name that is no UTF-8 arrives as it is; one too long for the disk is said."""
    entries = [("caf\udce9", REGULAR, b"x"), ("n" * 300, REGULAR, b"y"), ("m" * 300 + "/a", 0, b"")]
    skipped = export(HostileTree(*entries), "", folder)  # type: ignore[arg-type]
    assert {path.name for path in folder.iterdir()} == {"caf\udce9"}
    assert {left[:1] for left, _ in skipped} == {"n", "m"}


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """Trouble of our own is no fault of the tree's."""
    with pytest.raises(AgentError, match="cannot be written"):
        export(HostileTree(("a", REGULAR, b"")), "", tmp_path / "absent")  # type: ignore[arg-type]


def test_two_thousand_files_are_not_felt(tmp_path: Path, folder: Path) -> None:
    """An export costs less than a test run's start."""
    root = repositories.build(tmp_path / "repo", {})
    repo = GitRepo.open(root)
    files = {f"pkg{n % 50}/mod{n}.py": File(b"x = %d\n" % n * 100) for n in range(2_000)}
    tree = repo.with_files("", files)
    started = time.perf_counter()
    export(repo, tree, folder)
    assert time.perf_counter() - started < 1.0
    assert len(written(folder)) == 2_000
