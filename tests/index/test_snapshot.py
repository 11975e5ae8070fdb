"""A snapshot answers for a commit: its files by number, and its past by what still exists."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitagent.domain.code import Change
from gitagent.index import past
from gitagent.index.memory import MemoryListing
from gitagent.index.places import LINES
from gitagent.index.snapshot import Snapshot, Touched, Window
from gitagent.index.terms import terms

WORDS = (
    "parse",
    "Prices",
    "HTTPServer",
    "go",
    "x",
    "été",
    "İstanbul",
    "straße",
    "running_",
    "日本語",
)
PATHS = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), min_size=1, max_size=3).map("/".join)


def touching(snapshot: Snapshot, path: str) -> list[list[str]]:
    """Of each commit that changed a file, newest first: the files that it changed."""
    file = snapshot.file(path)
    assert file is not None
    found = sorted(snapshot.touching([file]), key=lambda commit: commit.age)
    return [[snapshot.paths[each] for each in commit.files] for commit in found]


def test_files_are_numbered_in_the_order_of_their_paths(snapshot_of) -> None:
    """Counts by file; what is not in the tree has no number."""
    found = snapshot_of({"a.py": "cart = 1\n", "b.py": "shop_cart = cart\n"})
    assert list(found.paths) == ["a.py", "b.py"]
    assert [found.file(path) for path in ("a.py", "b.py", "c.py")] == [0, 1, None]
    assert found.postings(["cart", "absent"]) == {"cart": {0: 1, 1: 2}}
    assert found.using(["shopcart"]) == {"shopcart": {1: 1}}
    assert found.defining(["shopcart"]) == {"shopcart": {1: 1}}
    assert list(found.lengths) == [1, 3]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PATHS, unique=True, max_size=6), PATHS)
def test_no_path_with_a_term_is_passed_over(snapshot_of, paths: list[str], asked: str) -> None:
    """Only the letters that its terms begin with are looked for, in whatever case and script."""
    found = snapshot_of(dict.fromkeys(paths, ""))
    wanted = set(terms(asked))
    by_path = found.path_terms(wanted)
    for file, path in enumerate(found.paths):
        if wanted & set(terms(path)):
            assert by_path[file] == terms(path)
    assert found.path_terms(()) == {}


def test_definitions_are_found_by_any_spelling_of_their_name(snapshot_of) -> None:
    """Names are kept without case and underscores."""
    found = snapshot_of({"a.py": "class ShopCart: ...\n", "b.rb": "def shop_cart; end\n"})
    assert found.defining(["shopcart"]) == {"shopcart": {0: 1, 1: 1}}


def test_windows_are_lines_of_a_file(snapshot_of) -> None:
    """1-based, of the files that were asked for, with the terms that were asked for."""
    text = "x1 = 1\n" * LINES + "cart = zebra\n" * 2
    found = snapshot_of({"a.py": text, "b.py": text, "c.py": "zebra = cart\n"})
    assert found.windows([0, 2], {"zebra"}) == [
        Window(0, LINES + 1, LINES + 2, 4, {"zebra": 2}),
        Window(2, 1, 1, 2, {"zebra": 1}),
    ]
    assert found.windows([], {"zebra"}) == []


def test_what_is_left_out_has_a_path_and_nothing_else(snapshot_of) -> None:
    """An empty file is not left out, though it holds as little."""
    found = snapshot_of({"a.bin": b"\0zebra", "b.py": "zebra = 1\n", "c.py": ""})
    assert set(found.left_out) == {0}
    assert found.postings(["zebra"]) == {"zebra": {1: 1}}
    assert found.windows([0], {"zebra"}) == []
    assert set(found.facts([0, 1, 2])) == {1, 2}


def test_commits_are_found_by_what_they_say(snapshot_of) -> None:
    """With their age in days, counted from the newest."""
    commits = [(3.0, "Tidy", ()), (5.0, "Round prices of prices", ()), (13.0, "Prices", ())]
    found = snapshot_of({}, commits)
    (price,) = terms("prices")
    said = {commit.commit: commit for commit in found.saying([price])}
    assert {n: (one.age, dict(one.counts)) for n, one in said.items()} == {
        1: (2.0, {price: 2}),
        2: (10.0, {price: 1}),
    }
    assert found.commits == 3
    assert found.message_length == pytest.approx((1 + 3 + 1) / 3)


def test_a_clock_that_ran_ahead_makes_no_negative_age() -> None:
    """Times are what committers' clocks said."""
    commits = [past.document(f"{n:040x}", Change("cart", ("a.py",))) for n in range(2)]
    files = MemoryListing(["a.py"], [past.document("ab", Change("", ()))])
    found = Snapshot(files, MemoryListing(["1000", "90000"], commits))
    assert [commit.age for commit in found.saying(["cart"])] == [0.0, 0.0]


def test_what_a_commit_changed_is_counted_with_what_is_gone(snapshot_of) -> None:
    """`files` are those that there still are; the number is that of all."""
    found = snapshot_of(
        {"a.py": "1\n", "b.py": "2\n"}, [(1.0, "x", ("b.py", "gone.py", "a.py")), (3.0, "y", ())]
    )
    assert found.changed([0]) == {0: Touched(0.0, (0, 1), 3)}
    assert found.changed([1]) == {1: Touched(2.0, (), 0)}
    assert found.changed([]) == {}


def test_a_file_that_moved_is_found_by_the_end_of_its_path(snapshot_of) -> None:
    """What was changed under its old name was a change of it."""
    found = snapshot_of(
        {"src/shop/cart.py": "x\n", "src/other.py": "y\n"},
        [(1.0, "x", ("lib/shop/cart.py",)), (2.0, "y", ("cart.py",))],
    )
    assert touching(found, "src/shop/cart.py") == [["src/shop/cart.py"]] * 2


def test_a_name_that_many_files_have_needs_its_folder_too(snapshot_of) -> None:
    """`__init__.py` alone may be any of them; two parts that agree are enough."""
    files = {"a/__init__.py": "1\n", "b/__init__.py": "2\n", "c/b/__init__.py": "3\n"}
    found = snapshot_of(files, [(1.0, "x", ("old/__init__.py", "old/a/__init__.py"))])
    assert [found.paths[file] for file in found.changed([0])[0].files] == ["a/__init__.py"]


def test_a_file_that_is_there_under_its_name_is_meant(snapshot_of) -> None:
    """However alike another path is."""
    found = snapshot_of({"a/x.py": "1\n", "b/a/x.py": "2\n"}, [(1.0, "x", ("a/x.py", "b/a/x.py"))])
    assert found.changed([0])[0].files == (0, 1)


def test_touching_is_by_file_and_not_by_name(snapshot_of) -> None:
    """Many files may be called the same; commits of the others are no commits of this one."""
    files = {"a/mod.rs": "1\n", "b/mod.rs": "2\n"}
    found = snapshot_of(files, [(1.0, "x", ("a/mod.rs",)), (2.0, "y", ("b/mod.rs", "a/mod.rs"))])
    assert touching(found, "a/mod.rs") == [["a/mod.rs"], ["a/mod.rs", "b/mod.rs"]]
    assert touching(found, "b/mod.rs") == [["a/mod.rs", "b/mod.rs"]]
    assert list(found.touching([])) == []


def test_without_a_past_nothing_is_known_of_it(snapshot_of) -> None:
    """A search of an export, or of the first commit, is a search all the same."""
    files = MemoryListing(["a.py"], [past.document("ab", Change("", ()))])
    found = Snapshot(files)
    assert (found.commits, found.message_length) == (0, 0.0)
    assert list(found.saying(["cart"])) == []
    assert list(found.touching([0])) == []
    assert found.changed([]) == {}
