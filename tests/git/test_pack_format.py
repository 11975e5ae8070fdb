"""What we write of git's pack format is what git reads."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitagent.git.pack import entries_of, entry, joined
from gitagent.git.unkept import BLOB, object_id
from gitagent.testing.repositories import git

Make = Callable[..., Path]

CONTENTS = st.lists(st.binary(max_size=3000), max_size=12, unique=True)


def packed(contents: list[bytes]) -> dict[bytes, bytes]:
    return {bytes.fromhex(object_id(BLOB, data)): entry(BLOB, data) for data in contents}


def written(folder: Path, entries: dict[bytes, bytes]) -> Path:
    """A pack among those of a repository."""
    stem = folder / ".git" / "objects" / "pack" / f"pack-{'5' * 40}"
    for suffix, data in zip((".pack", ".idx"), joined(entries), strict=True):
        stem.with_suffix(suffix).write_bytes(data)
    return stem


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(contents=CONTENTS)
def test_git_finds_each_object_and_nothing_wrong(repo: Make, contents: list[bytes]) -> None:
    """Whatever is in it, however much, and nothing."""
    folder = repo({"a": "1"})
    stem = written(folder, packed(contents))
    git(folder, "verify-pack", str(stem.with_suffix(".idx")))
    for data in contents:
        asked = ["git", "cat-file", "blob", object_id(BLOB, data)]
        assert subprocess.run(asked, cwd=folder, capture_output=True).stdout == data


@pytest.mark.parametrize("size", [0, 15, 16, 2047, 2048, 300_000])
def test_an_object_of_any_size_is_whole(repo: Make, size: int) -> None:
    """Sizes are written seven bits at a time, but for the first four."""
    folder = repo({"a": "1"})
    written(folder, packed([b"x" * size]))
    assert git(folder, "cat-file", "-s", object_id(BLOB, b"x" * size)) == f"{size}\n"


@given(contents=CONTENTS)
def test_what_was_joined_comes_apart_again(contents: list[bytes]) -> None:
    """Entry by entry, as they were."""
    assert entries_of(*joined(packed(contents))) == packed(contents)


@given(
    contents=st.lists(st.binary(max_size=50), min_size=1, max_size=3, unique=True), data=st.data()
)
def test_a_damaged_one_is_not_believed(contents: list[bytes], data: st.DataObject) -> None:
    """A changed byte or a cut, in either of the two."""
    both = [*joined(packed(contents))]
    which = data.draw(st.integers(0, 1))
    at = data.draw(st.integers(0, len(both[which]) - 1))
    changed = bytearray(both[which])
    changed[at] ^= 1
    for damaged in (bytes(changed), both[which][:at]):
        with pytest.raises(ValueError, match="damaged"):
            entries_of(*(damaged if n == which else each for n, each in enumerate(both)))


def test_a_pack_of_gits_own_is_not_taken_apart(repo: Make) -> None:
    """It has differences in it, which mean nothing without what they are to."""
    text = "".join(f"line {n}\n" for n in range(500))
    folder = repo({"a": text})
    (folder / "a").write_text(f"{text}more\n")
    git(folder, "commit", "-qam", "more")
    git(folder, "repack", "-adq")
    (index,) = (folder / ".git" / "objects" / "pack").glob("*.idx")
    with pytest.raises(ValueError, match="no whole object"):
        entries_of(index.with_suffix(".pack").read_bytes(), index.read_bytes())
