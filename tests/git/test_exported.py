"""A folder that holds one tree after the other is what a fresh export would be."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitagent.domain.edit import File
from gitagent.errors import Unwritable
from gitagent.git.export import Exported, export
from gitagent.git.repository import GitRepo
from gitagent.ports import TreeFile
from gitagent.testing import repositories
from gitagent.testing.repositories import Entry

REGULAR, EXECUTABLE, SYMLINK, GITLINK = 0o100644, 0o100755, 0o120000, 0o160000


class Trees:
    """Trees of made-up entries by name, as `files` of a repository gives them."""

    def __init__(self, **trees: dict[str, tuple[int, bytes]]) -> None:
        self._trees = trees
        self._blobs: dict[str, bytes] = {}
        self.reads = 0

    def add(self, name: str, tree: dict[str, tuple[int, bytes]]) -> None:
        self._trees[name] = tree

    def files(self, tree: str) -> list[TreeFile]:
        found = []
        for path, (mode, data) in self._trees[tree].items():
            self._blobs[data.hex()] = data
            found.append(TreeFile(path, data.hex(), mode, len(data)))
        return found

    def read(self, blob: str) -> bytes:
        self.reads += 1
        return self._blobs[blob]


def seen(folder: Path) -> dict[str, tuple[str, int, bytes]]:
    """Everything below a folder: kind, mode and content by path; links stay unfollowed."""
    found = {}
    for place, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(place, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                about = ("link", 0, os.fsencode(path.readlink()))
            elif stat.S_ISDIR(mode):
                about = ("folder", mode & 0o777, b"")
            else:
                about = ("file", mode & 0o777, path.read_bytes())
            found[str(path.relative_to(folder))] = about
    return found


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


NAMES = st.sampled_from(["a", "b", "c", "A", ".git", "d.py"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
DATA = st.sampled_from([b"", b"x\n", b"a", b"b/c", b"../a", b"../../a", b"/etc", b"y" * 40])
ENTRIES = st.tuples(st.sampled_from([REGULAR, EXECUTABLE, SYMLINK, GITLINK]), DATA)
TREES = st.dictionaries(PATHS, ENTRIES, max_size=8)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trees=st.lists(TREES, min_size=2, max_size=6))
def test_whatever_came_before_the_folder_is_as_a_fresh_one(
    tmp_path_factory: pytest.TempPathFactory, trees: list[dict[str, tuple[int, bytes]]]
) -> None:
    """Files that become folders or links and the reverse, crafted trees and what is left out."""
    place = tmp_path_factory.mktemp("walk")
    repo: Any = Trees()
    kept = Exported(repo, made(place / "kept"))
    for n, tree in enumerate(trees):
        repo.add(str(n), tree)
        skipped = kept.hold(str(n))
        fresh = made(place / f"fresh{n}")
        assert set(export(repo, str(n), fresh)) == set(skipped)
        assert seen(place / "kept") == seen(fresh)


def test_only_what_differs_is_read_and_written(tmp_path: Path) -> None:
    """A file that both trees have keeps its inode; nobody reads its blob again."""
    same = {f"src/m{n}.py": (REGULAR, b"%d" % n) for n in range(50)}
    repo: Any = Trees(one={**same, "x": (REGULAR, b"1")}, two={**same, "x": (EXECUTABLE, b"2")})
    kept = Exported(repo, made(tmp_path / "kept"))
    kept.hold("one")
    before = (tmp_path / "kept/src/m7.py").stat()
    repo.reads = 0
    kept.hold("two")
    assert repo.reads == 1
    assert (tmp_path / "kept/src/m7.py").stat() == before
    assert (tmp_path / "kept/x").read_bytes() == b"2"
    assert os.access(tmp_path / "kept/x", os.X_OK)


def test_trees_of_a_repository(tmp_path: Path) -> None:
    """A folder that vanishes, a link in its place, and all back again."""
    repo = GitRepo.open(
        repositories.build(
            tmp_path / "repo",
            {"src/a/b.py": "b", "src/a/c.py": "c", "top": "t", "l": Entry(symlink_to="src/a")},
        )
    )
    one = repo.tree_of(repo.resolve("HEAD"))
    two = repo.with_files(one, {"src/a/b.py": None, "src/a/c.py": None, "top": File(b"t", True)})
    three = repo.with_files(two, {"src/a": File(b"now a file")})
    kept = Exported(repo, made(tmp_path / "kept"))
    for n, tree in enumerate([one, two, three, one, three, two, one]):
        kept.hold(tree)
        fresh = made(tmp_path / f"fresh{n}")
        export(repo, tree, fresh)
        assert seen(tmp_path / "kept") == seen(fresh)


@pytest.mark.parametrize("troubled", ["one", "two"])
def test_a_name_that_does_not_fit_costs_a_fresh_export(tmp_path: Path, troubled: str) -> None:
    """What a file system did not take is said again for each tree that has it."""
    long = "n" * 300
    trees = {"one": {"a": (REGULAR, b"1")}, "two": {"a": (REGULAR, b"2"), "b": (REGULAR, b"b")}}
    trees[troubled][long] = (REGULAR, b"x")
    repo: Any = Trees(**trees)
    kept = Exported(repo, made(tmp_path / "kept"))
    for n, name in enumerate(["one", "two", "one", "two"]):
        skipped = kept.hold(name)
        assert [path for path, _ in skipped] == ([long] if name == troubled else [])
        export(repo, name, fresh := made(tmp_path / f"fresh{n}"))
        assert seen(tmp_path / "kept") == seen(fresh)


def test_what_was_left_half_written_is_written_anew(tmp_path: Path) -> None:
    """A blob that cannot be read ends it; the next tree does not stand on what that left."""
    repo: Any = Trees(
        one={"a": (REGULAR, b"1"), "gone/b": (REGULAR, b"b")},
        two={"a": (REGULAR, b"2"), "c": (REGULAR, b"c")},
    )
    kept = Exported(repo, made(tmp_path / "kept"))
    kept.hold("one")
    read = repo.read

    def broken(blob: str) -> bytes:
        if blob == b"c".hex():
            raise OSError(5, "Input/output error")
        return read(blob)  # type: ignore[no-any-return]

    repo.read = broken
    with pytest.raises(Unwritable):
        kept.hold("two")
    repo.read = read
    kept.hold("one")
    export(repo, "one", fresh := made(tmp_path / "fresh"))
    assert seen(tmp_path / "kept") == seen(fresh)
