"""What was stored of objects is found again by listing, whichever the store."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from gitagent.index.document import Document, document
from gitagent.index.memory import MemoryStore
from gitagent.index.pg.store import PgStore
from gitagent.index.store import Entry, Listing, Store


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each store there is."""
    if request.param == "memory":
        return MemoryStore()
    return PgStore(request.getfixturevalue("connection"), request.getfixturevalue("key"))


def blob(n: int) -> str:
    return f"{n:040x}"


def entries(documents: Iterable[Document], folder: str = "src") -> list[Entry]:
    return [Entry(f"{folder}/{d.object[-6:]}.py", d.object, d.language) for d in documents]


def corpus(seed: int, count: int) -> Iterator[Document]:
    """Documents of words that are frequent and rare as words are."""
    chance = random.Random(seed)
    words = [f"w{n}" for n in range(300)]
    weights = [1 / (n + 1) for n in range(300)]
    for n in range(count):
        text = Counter(chance.choices(words, weights, k=chance.randint(1, 200)))
        fields = {"text": text, "defines": {chance.choice(words): 1}}
        parts = (f"places {seed} {n}".encode(), f"facts {seed} {n}".encode())
        yield Document(f"{seed:020x}{n:020x}", "python", text.total(), fields, *parts)


def listed(store: Store, key: str, these: list[Entry]) -> Listing:
    assert store.keep(key, these) == []
    found = store.listing(key)
    assert found
    return found


def held(found: Listing, field: str, terms: Iterable[str]) -> dict[tuple[str, str], int]:
    """By label and term, how often."""
    return {
        (found.labels[position], term): count
        for term, (positions, counts) in found.postings(field, terms).items()
        for position, count in zip(positions, counts, strict=True)
    }


def test_a_listing_answers_as_its_documents_do(store: Store) -> None:
    """Postings, lengths, places and facts are those of its documents, in its order."""
    documents = list(corpus(1, 60))
    for batch in (documents[:25], documents[20:]):
        store.put(batch)
    tree = random.Random(1).sample(documents, 30)
    found = listed(store, blob(1), entries(tree))
    terms = [f"w{n}" for n in range(0, 300, 7)] + ["absent"]
    for field in ("text", "defines"):
        there = {
            (entry.label, term): d.fields[field][term]
            for entry, d in zip(entries(tree), tree, strict=True)
            for term in terms
            if term in d.fields[field]
        }
        assert there
        assert held(found, field, terms) == there
    assert list(found.labels) == [entry.label for entry in entries(tree)]
    assert list(found.lengths) == [d.length for d in tree]
    assert found.facts([0, 29, 0]) == {0: tree[0].facts, 29: tree[29].facts}
    assert found.places(iter([3])) == {3: tree[3].places}
    assert found.skipped() == {}


def test_only_terms_that_a_listing_holds_are_answered(store: Store) -> None:
    """What other documents hold, or another field of the same, is not there."""
    one = Document(blob(1), "text", 1, {"text": {"cart": 1}, "names": {"shopcart": 2}})
    other = Document(blob(2), "text", 1, {"text": {"parcel": 1}})
    store.put([one, other])
    found = listed(store, blob(3), entries([one]))
    assert set(found.postings("text", ["cart", "parcel", "shopcart", "cart"])) == {"cart"}
    assert set(found.postings("names", ["cart", "shopcart"])) == {"shopcart"}
    assert found.postings("no such field", ["cart"]) == {}


def test_what_is_there_is_not_stored_again(store: Store) -> None:
    """Only new objects cost anything, and an object is another document in another language."""
    documents = list(corpus(2, 10))
    assert store.put(documents) == 10
    assert store.put([*documents, *documents]) == 0
    keys = [(d.object, d.language) for d in documents]
    assert store.missing([*keys, (keys[0][0], "c"), (blob(9), "c"), (blob(9), "c")]) == [
        (keys[0][0], "c"),
        (blob(9), "c"),
    ]


def test_what_is_stored_stays_as_it_is(store: Store) -> None:
    """A document is made of its object alone, so a second one says the same."""
    store.put([Document(blob(1), "text", 1, {"text": {"cart": 1}}, facts=b"first")])
    assert store.put([Document(blob(1), "text", 1, {"text": {"parcel": 1}}, facts=b"later")]) == 0
    found = listed(store, blob(2), [Entry("a", blob(1), "text")])
    assert found.facts([0]) == {0: b"first"}
    assert set(found.postings("text", ["cart", "parcel"])) == {"cart"}


def test_the_same_twice_in_one_batch_is_one_document(store: Store) -> None:
    """Two paths of a tree may have the same content."""
    (one,) = corpus(3, 1)
    assert store.put([one, one]) == 1
    term = next(iter(one.fields["text"]))
    found = listed(store, blob(1), [Entry("a", one.object, "python")])
    positions, counts = found.postings("text", [term])[term]
    assert (list(positions), list(counts)) == ([0], [one.fields["text"][term]])


def test_a_listing_with_unknown_objects_is_not_kept(store: Store) -> None:
    """Whoever keeps one hears what must be stored first; a language makes the difference."""
    (known,) = corpus(4, 1)
    store.put([known])
    unknown = [Entry("new.py", blob(5), "python"), Entry("known.c", known.object, "c")]
    assert store.keep(blob(2), [*entries([known]), *unknown]) == unknown
    assert store.listing(blob(2)) is None


def test_a_listing_may_be_kept_again(store: Store) -> None:
    """Two tasks may come to the same tree at once."""
    documents = list(corpus(5, 4))
    store.put(documents)
    for _ in range(2):
        found = listed(store, blob(1), entries(documents))
    assert list(found.labels) == [entry.label for entry in entries(documents)]


def test_listings_do_not_disturb_each_other(store: Store) -> None:
    """What is stored or listed later changes no earlier answer."""
    documents = list(corpus(6, 30))
    store.put(documents[:20])
    terms = [f"w{n}" for n in range(300)]
    first = listed(store, blob(1), entries(documents[:10]))
    before = held(first, "text", terms)
    store.put(documents[20:])
    second = listed(store, blob(2), entries(documents[5:], "moved"))
    assert held(first, "text", terms) == before
    assert {path for path, _ in held(second, "text", terms)} <= set(second.labels)


def test_one_content_may_have_many_paths_of_any_bytes(store: Store) -> None:
    """A posting stands for each label of an object; names need not be text."""
    (one,) = corpus(7, 1)
    store.put([one])
    names = ["a.py", "b.py", "caf\udce9.py", "new\nline.py", "größe.py", ""]
    found = listed(store, blob(3), [Entry(name, one.object, "python") for name in names])
    term = next(iter(one.fields["text"]))
    assert list(found.labels) == names
    assert {path for path, _ in held(found, "text", [term])} == set(names)
    assert found.facts(range(6)) == dict.fromkeys(range(6), one.facts)


def test_an_empty_listing_and_an_empty_question(store: Store) -> None:
    """Nothing is found where there is nothing, without an error."""
    assert store.put([]) == 0
    assert store.missing([]) == []
    found = listed(store, blob(4), [])
    assert (list(found.labels), list(found.lengths)) == ([], [])
    assert (found.postings("text", ["x"]), found.facts([]), found.places([])) == ({}, {}, {})
    assert (found.postings("text", []), found.skipped()) == ({}, {})
    assert store.listing(blob(5)) is None


def test_odd_words_do_no_harm(store: Store) -> None:
    """Whatever can be asked for in a text is kept as it is."""
    words = {"größe": 2, "e%_'": 65535, "漢": 1, "\\": 3, "a b": 1}
    store.put([one := Document(blob(7), "text", 9, {"text": words}, b"\0", b"\0\xff")])
    found = listed(store, blob(5), entries([one]))
    asked = [*words, "", "x" * 5000, "a\0b", "\udcff"]
    assert held(found, "text", asked) == {(found.labels[0], w): n for w, n in words.items()}
    assert (found.places([0]), found.facts([0])) == ({0: b"\0"}, {0: b"\0\xff"})


def test_reasons_for_leaving_out_are_kept(store: Store) -> None:
    """What is not searched says why, and has nothing else to say."""
    contents = (b"\0", b"package a\n", b"")
    made = [document(blob(n), "go", data) for n, data in enumerate(contents)]
    store.put(made)
    found = listed(store, blob(6), [*entries(made), Entry("again", blob(0), "go")])
    assert found.skipped() == {0: "binary", 3: "binary"}
    assert list(found.lengths) == [0, made[1].length, 0, 0]
    assert found.facts(range(4)) == {1: made[1].facts, 2: made[2].facts}
    assert found.places(range(4)) == {1: made[1].places, 2: made[2].places}
