"""What was stored of blobs is found again, by tree, and by nobody who has no business there."""

import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from gitagent.index.document import Document
from gitagent.index.pg import connect
from gitagent.index.pg.store import PgStore
from gitagent.index.store import Entry


def blob(n):
    return f"{n:040x}"


def entries(documents):
    return [Entry(f"src/{d.object[-6:]}.py", d.object, d.language) for d in documents]


def corpus(seed, count):
    """Documents of words that are frequent and rare as words are."""
    chance = random.Random(seed)
    words = [f"w{n}" for n in range(300)]
    weights = [1 / (n + 1) for n in range(300)]
    for n in range(count):
        text = Counter(chance.choices(words, weights, k=chance.randint(1, 200)))
        defined = {chance.choice(words): 1}
        fields = {"text": text, "defines": defined}
        facts = f"facts {seed} {n}".encode()
        yield Document(f"{seed:020x}{n:020x}", "python", text.total(), fields, facts=facts)


def held(listing, field, terms):
    """By label and term, how often."""
    return {
        (listing.labels[position], term): count
        for term, (positions, counts) in listing.postings(field, terms).items()
        for position, count in zip(positions, counts, strict=True)
    }


def test_terms_that_cannot_be_keys_are_left_out(store):
    """All others are kept; a count is as large as fits."""
    words = {"": 1, "x" * 5000: 1, "a\0b": 1, "\udcff": 1, "cart": 99999}
    one = Document(blob(7), "text", 9, {"text": words}, facts=b"\0\xff")
    store.put([one])
    store.keep(blob(5), entries([one]))
    found = store.listing(blob(5))
    assert held(found, "text", list(words)) == {(found.labels[0], "cart"): 65535}
    assert found.facts([0]) == {0: b"\0\xff"}


def test_sizes_are_those_of_what_there_is(store):
    """Documents, those of which only the reason is known, listings and postings."""
    skipped = Document(blob(1), "text", skipped="generated")
    there = [Document(blob(n), "text", 1, {"text": {"cart": 1, f"w{n}": 1}}) for n in (2, 3)]
    store.put([skipped, *there])
    store.keep(blob(6), entries([skipped, *there]))
    found = store.sizes()
    assert (found.documents, found.skipped, found.listings, found.postings) == (3, 1, 1, 3)
    assert found.postings_bytes == 4 * 8
    assert found.database > 0


@pytest.mark.parametrize(("most", "crowded"), [(1, True), (2, False)])
def test_a_store_says_when_it_has_many_listings(store, most, crowded):
    """Whoever opens it may collect then."""
    for n in range(2):
        store.keep(blob(n), [])
    assert store.crowded(most) is crowded


def test_what_one_session_stores_another_finds(served, key, store):
    """Worktrees, clones and tasks share, also what came after they have looked."""
    (one,) = corpus(14, 1)
    wanted = [(one.object, one.language)]
    assert store.missing(wanted) == wanted
    with connect.embedded(served, key) as other:
        PgStore(other, key, 1).put([one])
    assert store.keep(blob(1), entries([one])) == []
    with connect.embedded(served, key) as other:
        assert PgStore(other, key, 1).listing(blob(1)).facts([0]) == {0: one.facts}


def test_another_edition_of_facts_is_another_store(connection, key, store):
    """Facts made in an old way are neither used nor kept once the new way has been used."""
    documents = list(corpus(5, 4))
    store.put(documents)
    store.keep(blob(7), entries(documents))
    later = PgStore(connection, key, edition=2)
    assert len(later.missing([(d.object, d.language) for d in documents])) == 4
    assert later.listing(blob(7)) is None
    later.put(documents[:2])
    later.keep(blob(7), entries(documents[:2]))
    later.collect(keep=5)
    assert later.sizes().documents == 2


def test_collecting_keeps_what_was_used_last(store):
    """Trees that were used last stay whole; blobs of others only go, and no answer changes."""
    documents = list(corpus(6, 40))
    for n in range(4):
        part = documents[n * 8 : n * 8 + 16]
        store.put(part)
        store.keep(blob(n), entries(part))
    store.listing(blob(1))
    terms = [f"w{n}" for n in range(300)]
    before = {n: held(store.listing(blob(n)), "text", terms) for n in (3, 1)}
    assert store.collect(keep=2) == 8
    assert [store.listing(blob(n)) is None for n in range(4)] == [True, False, True, False]
    after = {n: held(store.listing(blob(n)), "text", terms) for n in (3, 1)}
    assert after == before
    gone = [(d.object, d.language) for d in documents[:8]]
    assert store.missing((d.object, d.language) for d in documents[:40]) == gone
    assert store.put(documents[:8]) == 8


def test_what_is_about_to_be_kept_is_not_collected(store):
    """Another process may just be storing the blobs of a new tree."""
    old, new = list(corpus(7, 2))
    store.put([old])
    store.keep(blob(1), entries([old]))
    store.put([new])
    store.collect(keep=1)
    assert store.keep(blob(2), entries([old, new])) == []


def test_a_tree_is_not_kept_with_what_was_collected_meanwhile(served, key, store):
    """What `missing` has seen may be gone when the tree is kept; then it is said."""
    old, new = list(corpus(8, 2))
    store.put([old])
    store.keep(blob(1), entries([old]))
    store.put([new])
    store.keep(blob(2), entries([new]))
    assert store.missing([(old.object, old.language)]) == []
    with connect.embedded(served, key) as other:
        assert PgStore(other, key, 1).collect(keep=1) == 1
    assert store.keep(blob(3), entries([old])) == entries([old])


def test_many_writers_store_each_blob_once(served, key):
    """Two worktrees indexed at once: every document has one number, every posting stands once."""
    documents = list(corpus(9, 120))

    def write(seed):
        mine = random.Random(seed).sample(documents, len(documents))
        with connect.embedded(served, key) as connection:
            store = PgStore(connection, key, 1)
            return sum(store.put(mine[n : n + 20]) for n in range(0, len(mine), 20))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == len(documents)
    with connect.embedded(served, key) as connection:
        store = PgStore(connection, key, 1)
        store.keep(blob(1), entries(documents))
        found = store.listing(blob(1))
        assert len(set(found.documents)) == len(documents)
        positions, _ = found.postings("text", ["w0"])["w0"]
        assert len(positions) == sum("w0" in d.fields["text"] for d in documents)


def test_a_query_does_not_wait_for_a_writer(served, key, store):
    """While a batch is stored or blobs are collected, trees are read as they are."""
    documents = list(corpus(13, 2))
    store.put(documents)
    for n in (1, 2):
        store.keep(blob(n), entries(documents))
    store._connection.execute("set statement_timeout to 2000")
    with connect.embedded(served, key) as writer, writer.transaction():
        writer.execute("select from repositories for update")
        assert store.listing(blob(1)).facts([0]) == {0: documents[0].facts}


def test_repositories_do_not_see_each_other(served, store):
    """Not through the store, and not by SQL of one's own in the same role."""
    store.put(list(corpus(10, 3)))
    store.keep(blob(1), entries(corpus(10, 3)))
    other_key = uuid.uuid4().hex
    with connect.embedded(served, other_key) as session:
        other = PgStore(session, other_key, 1)
        assert other.listing(blob(1)) is None
        assert len(other.missing((d.object, d.language) for d in corpus(10, 3))) == 3
        assert other.filtered()
        mine = (other._repository,)
        for table in ("documents", "postings", "listings"):
            assert session.execute(f"select count(*) from {table}").fetchone() == (0,)
            gone = session.execute(f"delete from {table}").rowcount
            assert gone == 0
        assert session.execute("select id from repositories").fetchall() == [mine]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(
                "insert into listings values (%s, '', 1, 1, '', '', '')", [store._repository]
            )
    assert store.sizes().documents == 3


def test_without_a_key_nothing_is_seen(served, store, connection):
    """A session that names no repository has none."""
    store.put(list(corpus(11, 3)))
    connection.execute("select set_config('gitagent.key', '', false)")
    assert connection.execute("select count(*) from documents").fetchone() == (0,)


def test_forgetting_is_for_one_repository(served, store):
    """All of one's own goes, nothing of another's."""
    store.put(list(corpus(12, 3)))
    other_key = uuid.uuid4().hex
    with connect.embedded(served, other_key) as session:
        other = PgStore(session, other_key, 1)
        other.put(list(corpus(12, 3)))
        store.forget()
        assert (store.sizes().documents, other.sizes().documents) == (0, 3)
    assert store.put(list(corpus(12, 3))) == 3
