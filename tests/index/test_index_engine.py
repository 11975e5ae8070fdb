"""Each prong leads to the files that only it can find, and together they rank."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gitagent.index import engine, tuning
from gitagent.index import query as queries
from gitagent.index.snapshot import Snapshot

OTHERS = {f"pkg/part{n}.py": f"nothing = {n}\nplain = words * {n}\n" for n in range(8)}


@pytest.fixture
def snapshot(snapshot_of):
    """A snapshot of these files among others; commits as (age in days, message, paths)."""
    return lambda files, past=(): snapshot_of({**OTHERS, **files}, past)


def ranked(found: Snapshot, query: str, weights: Mapping[str, float] = tuning.WEIGHTS) -> list[str]:
    return [hit.path for hit in engine.search(found, query, 10, weights)]


def by(prong: str, found: Snapshot, query: str) -> list[str]:
    """The paths that one prong finds, best first."""
    scores = engine.find(queries.read(query), found, tuning.WEIGHTS).prongs[prong]
    return [found.paths[file] for file in sorted(scores, key=lambda f: -scores[f])]


def test_spellings_of_a_word_meet(snapshot) -> None:
    """A task in prose finds names in any case and words with any ending."""
    files = {"a.py": "def parsePrice(): ...\n", "b.py": "def print_total(): ...\n"}
    assert by("text", snapshot(files), "Parsing of prices is slow") == ["a.py"]


def test_words_that_stand_together_say_more(snapshot) -> None:
    """Of two files with the same words, the one that has them in one place is meant."""
    gap = "x = 1\n" * 200
    files = {
        "near.py": gap + "retry the refused socket\n" + gap,
        "far.py": f"retry the\n{gap}refused\n{gap}socket\n",
    }
    assert by("windows", snapshot(files), "retry a refused socket")[0] == "near.py"


def test_a_name_made_of_neighbouring_words_is_found_where_it_is_defined(snapshot) -> None:
    """Who writes "ensure sync" may mean `ensure_sync`."""
    found = snapshot({"a.py": "def ensure_sync(): ...\n", "b.py": "print(ensure, sync)\n"})
    assert by("symbol", found, "Let extensions override ensure sync") == ["a.py"]
    assert by("uses", found, "Let extensions override ensure sync") == ["a.py"]


def test_the_folder_names_a_file_that_is_called_index(snapshot) -> None:
    """`router/index.ts` is the router, as `router.ts` would be."""
    found = snapshot({"src/router/index.ts": "x\n", "src/index.ts": "y\n"})
    assert by("file name", found, "the router forgets its state") == ["src/router/index.ts"]


def test_commits_that_read_like_the_task_lead_to_what_they_touched(snapshot) -> None:
    """History knows of files that do not have a word of the task."""
    past = [(10.0, "Round invoices to cents", ["pkg/part3.py"]), (9.0, "Tidy", ["pkg/part4.py"])]
    assert ranked(snapshot({}, past=past), "Invoices: rounding is wrong") == ["pkg/part3.py"]


def test_a_recent_commit_says_more_than_an_old_one(snapshot) -> None:
    """What was changed lately is likelier to change again."""
    past = [(2000.0, "Round invoices", ["pkg/part1.py"]), (2.0, "Round invoices", ["pkg/part2.py"])]
    assert by("commits", snapshot({}, past=past), "round invoices")[0] == "pkg/part2.py"


def test_files_that_changed_with_the_best_hit_are_found(snapshot) -> None:
    """The other half of a change need not speak of it."""
    files = {"cart.py": "shipping = cost\n"}
    past = [(n, "Tidy", ["cart.py", "pkg/part5.py"]) for n in (3.0, 4.0, 5.0)]
    assert ranked(snapshot(files, past=past), "shipping cost") == ["cart.py", "pkg/part5.py"]


def test_a_sweep_over_all_files_says_nothing_of_them(snapshot) -> None:
    """A commit that touches very many files connects none of them."""
    files = {f"many/f{n}.py": "x\n" for n in range(40)} | {"cart.py": "shipping\n"}
    past = [(1.0, "Shipping: reformat", list(files))]
    assert ranked(snapshot(files, past=past), "shipping") == ["cart.py"]


def test_code_comes_before_the_test_and_the_prose_about_it(snapshot) -> None:
    """All three speak in the words of a task; the code is what changes."""
    said = "shipping cost of a parcel\n"
    files = {"tests/test_cart.py": said, "cart.md": said, "src/cart.py": said}
    assert ranked(snapshot(files), "shipping cost of a parcel")[0] == "src/cart.py"


def test_a_hit_says_why_and_where(snapshot) -> None:
    """The prong that says most comes first; the spans hold the lines with the words."""
    text = "x = 1\n" * 100 + "refused = socket\n" + "x = 1\n" * 100
    (hit,) = engine.search(snapshot({"net.py": text}), "socket refused", 5)
    assert hit.why[0] == "text"
    assert {"text", "windows"} <= set(hit.why)
    assert [(span.start, span.end) for span in hit.spans] == [(81, 120)]


@pytest.mark.parametrize("query", ["", "the of and", "\x00\x1b", "?!", "日本語", "zebra"])
def test_a_query_without_a_known_word_finds_nothing(snapshot, query: str) -> None:
    """No guess is better than one by chance, and it is no error either."""
    assert ranked(snapshot({}, [(1.0, "Tidy", ("pkg/part1.py",))]), query) == []


def test_an_empty_repository_has_nothing_to_find(snapshot_of) -> None:
    """Neither has one of empty files."""
    assert ranked(snapshot_of({}), "cart") == []
    assert ranked(snapshot_of({"a.py": ""}), "cart") == []


def test_an_empty_file_is_found_by_its_path(snapshot) -> None:
    """What a task asks for may have to be written yet."""
    assert ranked(snapshot({"src/cart/__init__.py": ""}), "the cart") == ["src/cart/__init__.py"]


def test_the_limit_is_kept_and_ties_are_in_order(snapshot) -> None:
    """The same question has the same answer."""
    files = {f"f{n}.py": "zebra\n" for n in (3, 1, 2)}
    hits = engine.search(snapshot(dict(sorted(files.items()))), "zebra", 2)
    assert [hit.path for hit in hits] == ["f1.py", "f2.py"]


def test_what_is_left_out_is_no_answer(snapshot) -> None:
    """Its path may say what the task says, and commits may have touched it."""
    files = {"zebra.bin": b"\0zebra", "zebra.go": b"// Code generated by z. DO NOT EDIT.\n"}
    past = [(1.0, "Zebra", ("zebra.bin", "a.py")), (2.0, "Zebra", ("zebra.go", "a.py"))]
    found = snapshot({**files, "a.py": "zebra = 1\n"}, past)
    assert ranked(found, "zebra") == ["a.py"]
    assert ranked(found, "zebra.bin") == ["a.py"]


def test_a_prong_without_weight_says_nothing(snapshot) -> None:
    """Who turns one off gets the ranking of the others, and no reason out of it."""
    past = [(10.0, "Round invoices to cents", ("pkg/part3.py",))]
    found = snapshot({"a.py": "invoice\n"}, past)
    without = {**tuning.WEIGHTS, "commits": 0.0, "all commits": 0.0}
    assert set(ranked(found, "round invoices")) == {"a.py", "pkg/part3.py"}
    assert ranked(found, "round invoices", without) == ["a.py"]
    nothing = dict.fromkeys(tuning.WEIGHTS, 0.0)
    assert ranked(found, "round invoices", nothing) == []


def test_ranks_are_places_in_each_prongs_own_order(snapshot) -> None:
    """From 1, one for each reason, in the same order."""
    files = {"cart.py": "cart cart\n", "shop.py": "cart\n"}
    first, second = engine.search(snapshot(files), "cart", 2)
    for hit, place in ((first, 1), (second, 2)):
        assert len(hit.ranks) == len(hit.why)
        assert dict(zip(hit.why, hit.ranks, strict=True))["text"] == place
    assert "file name" not in second.why


def test_spans_lie_apart_and_in_the_file(snapshot) -> None:
    """1-based, inclusive, in order; neighbours are one, and there are only so many."""
    lines = ["x = 1\n"] * 4000
    for n in (99, 299, 301, 355, *range(1000, 4000, 200)):
        lines[n] = "zebra = 1\n"
    (hit,) = engine.search(snapshot({"a.py": "".join(lines)}), "zebra", 5)
    assert all(a.end + 1 < b.start for a, b in zip(hit.spans, hit.spans[1:], strict=False))
    assert all("zebra = 1\n" in lines[span.start - 1 : span.end] for span in hit.spans)
    assert 1 <= len(hit.spans) <= engine.MOST_SPANS


def test_what_is_near_moves_the_tail_and_never_the_first(snapshot) -> None:
    """A file beside the best hit gains on one that stands alone, and does not pass the first."""
    said = "shipping cost of a parcel\n"
    files = {
        "cart/a.py": said * 3,
        "x/b.py": said * 2,
        "y/c.py": said,
        "z/alone.py": "parcel\n",
        "cart/mate.py": "parcel\n",
    }
    order = ranked(snapshot(files), "shipping cost of a parcel")
    assert order[0] == "cart/a.py"
    assert order.index("cart/mate.py") < order.index("z/alone.py")
    assert set(order[:3]) == {"cart/a.py", "x/b.py", "y/c.py"}
