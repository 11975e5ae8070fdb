"""What a store has of a tree or a past already is not read again, whoever has read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from gitagent.domain.code import Change
from gitagent.errors import Internal, MissingObject
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index import filling, past
from gitagent.index.filling import files_of, past_of, readable, why_unread
from gitagent.index.memory import MemoryStore
from gitagent.index.pg import connect
from gitagent.index.pg.store import PgStore
from gitagent.index.store import Entry, Listing, Store
from gitagent.ports import TreeFile
from gitagent.testing.repositories import Content, commit, git
from gitagent.testing.repositories import Entry as Made

Make = Callable[..., Path]


class CountingRepo(GitRepo):
    """Notes which blobs are read."""

    read_: list[str]

    def read(self, blob: str) -> bytes:
        self.read_.append(blob)
        return super().read(blob)


class CountingPast(Past):
    """Notes which commits are looked into."""

    read_: list[str]

    def change(self, commit: str) -> Change:
        self.read_.append(commit)
        return super().change(commit)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each store there is."""
    if request.param == "memory":
        return MemoryStore()
    return PgStore(request.getfixturevalue("connection"), request.getfixturevalue("key"))


def counting(folder: Path) -> CountingRepo:
    found = CountingRepo.open(folder)
    assert isinstance(found, CountingRepo)
    found.read_ = []
    return found


def filled(store: Store, folder: Path, revision: str = "HEAD") -> tuple[list[str], int]:
    """The paths that the store has of a commit from now on, and how many blobs were read."""
    repo = counting(folder)
    found = files_of(store, repo, repo.tree_of(repo.resolve(revision)), lambda *_: None)
    return list(found.labels), len(repo.read_)


def looked(store: Store, folder: Path, most: int = 99) -> tuple[Listing, int]:
    """The past of HEAD, and how many commits were looked into."""
    before = CountingPast(GitRepo.open(folder))
    before.read_ = []
    head = git(folder, "rev-parse", "HEAD").strip()
    return past_of(store, before, head, most), len(before.read_)


def modules(count: int) -> dict[str, Content]:
    return {f"src/m{n}.py": f"def f{n}(): return cart({n})\n" for n in range(count)}


def test_the_second_time_reads_nothing(store: Store, repo: Make) -> None:
    """All files once, with what they hold; then none."""
    folder = repo(modules(9))
    assert filled(store, folder) == (sorted(modules(9)), 9)
    assert filled(store, folder) == (sorted(modules(9)), 0)
    listing = store.listing(git(folder, "rev-parse", "HEAD^{tree}").strip())
    assert listing
    assert sorted(listing.postings("defines", ["f3", "f4"])) == ["f3", "f4"]


def test_a_commit_reads_only_what_it_changed(store: Store, repo: Make) -> None:
    """A file that moved is not read again; the one that is gone is not in the listing."""
    folder = repo(modules(9))
    filled(store, folder)
    moved = modules(9)["src/m0.py"]
    commit(
        folder,
        {"src/m0.py": None, "lib/moved.py": moved, "src/m1.py": "x = 1\n", "new.py": "y = 2\n"},
        "later",
    )
    paths, read = filled(store, folder)
    assert read == 2
    assert paths == ["lib/moved.py", "new.py", *sorted(modules(9))[1:]]


def test_branches_share_what_they_have_in_common(store: Store, repo: Make) -> None:
    """To go there and back again reads what differs, once."""
    folder = repo(modules(9))
    filled(store, folder)
    git(folder, "switch", "-q", "-c", "side")
    commit(folder, {"side.py": "x = 1\n"}, "side")
    assert filled(store, folder)[1] == 1
    git(folder, "switch", "-q", "main")
    assert filled(store, folder)[1] == 0
    assert "side.py" not in filled(store, folder)[0]
    assert filled(store, folder, "side")[1] == 0


def test_copies_are_read_once(store: Store, repo: Make) -> None:
    """One content under several paths, unless these make it another language."""
    copies: dict[str, Content] = dict.fromkeys(["a.py", "b/a.py", "c.py", "d.go"], "x = 1\n")
    assert filled(store, repo(copies)) == (sorted(copies), 2)


def test_a_file_that_takes_another_name_is_read_in_its_language(store: Store, repo: Make) -> None:
    """The same bytes say something else as another language."""
    folder = repo({"a.txt": "def f(): ...\n"})
    filled(store, folder)
    commit(folder, {"a.txt": None, "a.py": "def f(): ...\n"}, "it is code")
    assert filled(store, folder) == (["a.py"], 1)


def test_what_a_partial_clone_lacks_is_kept_from_nobody(store: Store, repo: Make) -> None:
    """Others share its store: they find out what changed, and it finds that there, then."""
    folder = repo({"a/b.py": "1\n"})
    commit(folder, {"a/b.py": "2\n"}, "second")
    tree = git(folder, "rev-parse", "HEAD~:a").strip()
    there = folder / ".git" / "objects" / tree[:2] / tree[2:]
    hidden = there.rename(folder / "hidden")

    def touching(listing: Listing) -> int:
        return len(listing.postings("touched", ["b.py"]))

    partial, _ = looked(store, folder)
    assert len(partial.labels) == 2
    assert touching(partial) == 0
    hidden.rename(there)
    assert touching(looked(store, folder)[0]) == 1
    there.rename(hidden)
    whole, read = looked(store, folder)
    assert (touching(whole), read) == (1, 0)


def test_an_empty_tree_is_kept(store: Store, repo: Make) -> None:
    """Nothing to read is an answer, too."""
    folder = repo({"a.py": "x\n"})
    commit(folder, {"a.py": None}, "empty")
    assert filled(store, folder) == ([], 0)
    assert store.listing(git(folder, "rev-parse", "HEAD^{tree}").strip()) is not None


LEFT_OUT = {
    "link.py": (0o120000, 9, "no regular file"),
    "module": (0o160000, 0, "no regular file"),
    "config/.env": (0o100644, 9, "its name says that it holds secrets"),
    "node_modules/a.js": (0o100644, 9, "vendored"),
    "big.py": (0o100644, 9_000_000, "larger than 1024 KiB"),
    "run.py": (0o100755, 9, ""),
}


@pytest.mark.parametrize("path", LEFT_OUT)
def test_a_file_that_is_not_read_has_a_reason(path: str) -> None:
    """By its path, its mode and its size, before anything is read."""
    mode, size, reason = LEFT_OUT[path]
    file = TreeFile(path, "ab" * 20, mode, size)
    assert why_unread(file) == reason
    assert readable([file]) == ([] if reason else [file])


def test_what_is_left_out_is_not_read(store: Store, repo: Make) -> None:
    """A secret does not get into the store; what only its content gives away is read once."""
    folder = repo(
        {
            "a.py": "x = 1\n",
            "b.bin": b"\0\1\2",
            ".env": "KEY=planted\n",
            "link.py": Made(symlink_to="a.py"),
            "yarn.lock": "x\n",
        }
    )
    assert filled(store, folder) == (["a.py", "b.bin"], 2)
    assert filled(store, folder)[1] == 0
    listing = store.listing(git(folder, "rev-parse", "HEAD^{tree}").strip())
    assert listing
    assert listing.skipped() == {1: "binary"}
    assert listing.postings("text", ["planted", "key"]) == {}


def test_names_of_any_bytes_are_listed_as_they_are(store: Store, repo: Make) -> None:
    """The path of a file is what git says that it is."""
    files: dict[str, Content] = {"caf\udce9.py": "1\n", "größe.py": "2\n", "a\nb.py": "3\n"}
    assert set(filled(store, repo(files))[0]) == set(files)


def test_progress_is_told_in_bytes(repo: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """From what was read to all that is to be read, of a second commit only what is new."""
    monkeypatch.setattr(filling, "BATCH", 2)
    store, folder, told = MemoryStore(), repo(modules(5)), list[tuple[int, int]]()
    real = GitRepo.open(folder)
    sizes = [file.size for file in real.files(real.tree_of(real.resolve("HEAD")))]
    files_of(store, real, real.tree_of(real.resolve("HEAD")), lambda *each: told.append(each))
    assert [done for done, _ in told] == [sum(sizes[:2]), sum(sizes[:4]), sum(sizes)]
    assert {total for _, total in told} == {sum(sizes)}
    told.clear()
    made = commit(folder, {"new.py": "x = 1\n"}, "later")
    again = GitRepo.open(folder)
    files_of(store, again, again.tree_of(made), lambda *each: told.append(each))
    assert told == [(6, 6)]


def test_a_blob_that_is_missing_is_said_and_nothing_is_kept(store: Store, repo: Make) -> None:
    """A partial clone is no reason to take half a tree for the whole."""
    folder = repo(modules(3))
    blob = git(folder, "rev-parse", "HEAD:src/m1.py").strip()
    tree = git(folder, "rev-parse", "HEAD^{tree}").strip()
    files = GitRepo.open(folder).files(tree)
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    broken = GitRepo.open(folder)
    broken._listed[tree] = tuple(files)
    with pytest.raises(MissingObject):
        files_of(store, broken, tree, lambda *_: None)
    assert store.listing(tree) is None


def test_a_past_is_looked_into_once(store: Store, repo: Make) -> None:
    """A further commit is one further commit; the labels are times, newest first."""
    folder = repo({"a.py": "1\n"})
    for n in range(4):
        commit(folder, {"a.py": f"{n + 2}\n"}, f"number {n}")
    first, read = looked(store, folder)
    assert (read, len(first.labels)) == (5, 5)
    assert list(first.labels) == sorted(first.labels, reverse=True)
    assert looked(store, folder)[1] == 0
    commit(folder, {"b.py": "1\n"}, "another one")
    later, read = looked(store, folder)
    assert (read, len(later.labels)) == (1, 6)
    assert past.touched(later.facts([0])[0]) == (1, ["b.py"])


def test_a_long_past_is_cut(store: Store, repo: Make) -> None:
    """What is older than so many commits says little of today."""
    folder = repo({"a.py": "1\n"})
    commit(folder, {"a.py": "2\n"}, "second")
    found, read = looked(store, folder, most=1)
    assert (read, len(found.labels)) == (1, 1)


class Emptied(PgStore):
    """A store out of which somebody else takes what is about to be listed, so many times."""

    times: int
    other: PgStore

    def keep(self, key: str, entries: Sequence[Entry]) -> list[Entry]:
        if self.times:
            self.times -= 1
            assert self.other.collect(keep=1) > 0
        return super().keep(key, entries)


def test_what_is_collected_in_between_is_read_again(served, key: str, repo: Make) -> None:
    """Another task may give up the very tree that this one begins with."""
    folder = repo(modules(4))
    with connect.embedded(served, key) as one, connect.embedded(served, key) as two:
        store = Emptied(one, key)
        store.times, store.other = 0, PgStore(two, key)
        filled(store, folder)
        git(folder, "switch", "-q", "--orphan", "other")
        commit(folder, {"other.py": "x = 1\n"}, "other")
        filled(store, folder)
        commit(folder, {f"moved/{n}.py": text for n, text in enumerate(modules(4).values())}, "x")
        store.times = 1
        paths, read = filled(store, folder)
        assert read == 4
        assert len(paths) == 5
        assert filled(store, folder)[1] == 0


class Forgetful(MemoryStore):
    """A store that keeps nothing."""

    tries = 0

    def put(self, documents: Sequence[object]) -> int:
        return 0

    def missing(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        self.tries += 1
        return super().missing(wanted)


def test_a_store_that_keeps_nothing_is_not_asked_for_ever(repo: Make) -> None:
    """It is our mistake, and said as such."""
    store = Forgetful()
    with pytest.raises(Internal):
        filled(store, repo(modules(2)))
    assert store.tries == filling.MOST_TRIES
