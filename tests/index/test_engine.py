"""Each prong leads to the files that only it can find, and together they rank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from gitagent.index import query as queries
from gitagent.index.engine import Engine, find
from gitagent.index.memory import InMemorySnapshot, file_terms
from gitagent.index.snapshot import Commit
from gitagent.index.terms import terms

OTHERS = {f"pkg/part{n}.py": f"nothing = {n}\nplain = words * {n}\n" for n in range(8)}


def snapshot(
    files: Mapping[str, str],
    defined: Mapping[str, Sequence[str]] | None = None,
    past: Sequence[tuple[float, str, Sequence[str]]] = (),
) -> InMemorySnapshot:
    """Files by path; what they define; commits as (age in days, message, paths)."""
    everything = {**OTHERS, **files}
    number = {path: n for n, path in enumerate(everything)}
    known = {p: file_terms(text, (defined or {}).get(p, ())) for p, text in everything.items()}
    commits = [
        Commit(age, tuple(number[p] for p in paths), len(paths), len(terms(said)), _counts(said))
        for age, said, paths in past
    ]
    return InMemorySnapshot(known, commits)


def _counts(text: str) -> dict[str, int]:
    return dict(Counter(terms(text)))


def ranked(found: InMemorySnapshot, query: str) -> list[str]:
    return [hit.path for hit in Engine(lambda tree: found).search("tree", query, 10)]


def by(prong: str, found: InMemorySnapshot, query: str) -> list[str]:
    """The paths that one prong finds, best first."""
    scores = find(queries.read(query), found).prongs[prong]
    return [found.paths[file] for file in sorted(scores, key=lambda f: -scores[f])]


def test_spellings_of_a_word_meet() -> None:
    """A task in prose finds names in any case and words with any ending."""
    files = {"a.py": "def parsePrice(): ...\n", "b.py": "def print_total(): ...\n"}
    assert by("text", snapshot(files), "Parsing of prices is slow") == ["a.py"]


def test_words_that_stand_together_say_more() -> None:
    """Of two files with the same words, the one that has them in one place is meant."""
    gap = "x = 1\n" * 200
    files = {
        "near.py": gap + "retry the refused socket\n" + gap,
        "far.py": f"retry the\n{gap}refused\n{gap}socket\n",
    }
    assert by("windows", snapshot(files), "retry a refused socket")[0] == "near.py"


def test_a_name_made_of_neighbouring_words_is_found_where_it_is_defined() -> None:
    """Who writes "ensure sync" may mean `ensure_sync`."""
    found = snapshot(
        {"a.py": "def ensure_sync(): ...\n", "b.py": "ensure = sync\n"}, {"a.py": ["ensure_sync"]}
    )
    assert by("defines", found, "Let extensions override ensure sync") == ["a.py"]
    assert by("uses", found, "Let extensions override ensure sync") == ["a.py"]


def test_the_folder_names_a_file_that_is_called_index() -> None:
    """`router/index.ts` is the router, as `router.ts` would be."""
    found = snapshot({"src/router/index.ts": "x\n", "src/index.ts": "y\n"})
    assert by("file name", found, "the router forgets its state") == ["src/router/index.ts"]


def test_commits_that_read_like_the_task_lead_to_what_they_touched() -> None:
    """History knows of files that do not have a word of the task."""
    past = [(10.0, "Round invoices to cents", ["pkg/part3.py"]), (9.0, "Tidy", ["pkg/part4.py"])]
    assert ranked(snapshot({}, past=past), "Invoices: rounding is wrong") == ["pkg/part3.py"]


def test_a_recent_commit_says_more_than_an_old_one() -> None:
    """What was changed lately is likelier to change again."""
    past = [(2000.0, "Round invoices", ["pkg/part1.py"]), (2.0, "Round invoices", ["pkg/part2.py"])]
    assert by("commits", snapshot({}, past=past), "round invoices")[0] == "pkg/part2.py"


def test_files_that_changed_with_the_best_hit_are_found() -> None:
    """The other half of a change need not speak of it."""
    files = {"cart.py": "shipping = cost\n"}
    past = [(n, "Tidy", ["cart.py", "pkg/part5.py"]) for n in (3.0, 4.0, 5.0)]
    assert ranked(snapshot(files, past=past), "shipping cost") == ["cart.py", "pkg/part5.py"]


def test_a_sweep_over_all_files_says_nothing_of_them() -> None:
    """A commit that touches very many files connects none of them."""
    files = {f"many/f{n}.py": "x\n" for n in range(40)} | {"cart.py": "shipping\n"}
    past = [(1.0, "Shipping: reformat", list(files))]
    assert ranked(snapshot(files, past=past), "shipping") == ["cart.py"]


def test_code_comes_before_the_test_and_the_prose_about_it() -> None:
    """All three speak in the words of a task; the code is what changes."""
    said = "shipping cost of a parcel\n"
    files = {"tests/test_cart.py": said, "cart.md": said, "src/cart.py": said}
    assert ranked(snapshot(files), "shipping cost of a parcel")[0] == "src/cart.py"


def test_a_hit_says_why_and_where() -> None:
    """The prong that says most comes first; the spans hold the lines with the words."""
    text = "x = 1\n" * 100 + "refused = socket\n" + "x = 1\n" * 100
    (hit,) = Engine(lambda tree: snapshot({"net.py": text})).search("t", "socket refused", 5)
    assert hit.why[0] == "text"
    assert {"text", "windows"} <= set(hit.why)
    assert [(span.start, span.end) for span in hit.spans] == [(81, 120)]


def test_a_query_without_a_known_word_finds_nothing() -> None:
    """No guess is better than one by chance; an empty repository has nothing to find."""
    assert ranked(snapshot({}), "the of and") == []
    assert list(Engine(lambda tree: InMemorySnapshot({})).search("t", "cart", 5)) == []


def test_what_is_near_moves_the_tail_and_never_the_first() -> None:
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
