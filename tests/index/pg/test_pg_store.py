"""What was stored of blobs is found again, by tree, and by nobody who has no business there."""

import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from gitagent.index.pg import connect
from gitagent.index.pg.store import Document, Entry, PgStore


def blob(n):
    return f"{n:040x}"


def entries(documents, folder="src"):
    return [Entry(f"{folder}/{d.object[-6:]}.py", d.object, d.language) for d in documents]


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
        yield Document(f"{seed:020x}{n:020x}", "python", text.total(), fields, facts)


def held(snapshot, field, terms):
    """By path and term, how often; out of a snapshot."""
    found = snapshot.postings(field, terms)
    return {
        (snapshot.paths[position], term): count
        for term, (positions, counts) in found.items()
        for position, count in zip(positions, counts, strict=True)
    }


def test_a_tree_answers_as_its_documents_do(store):
    """Postings, lengths and facts are those of the files of the tree, in its order."""
    documents = list(corpus(1, 60))
    for batch in (documents[:25], documents[20:]):
        store.put(batch)
    tree = documents[10:40]
    assert store.keep(blob(1), entries(tree)) == []
    found = store.snapshot(blob(1))
    terms = [f"w{n}" for n in range(0, 300, 7)] + ["absent"]
    for field in ("text", "defines"):
        there = {
            (entry.path, term): d.fields[field][term]
            for entry, d in zip(entries(tree), tree, strict=True)
            for term in terms
            if term in d.fields[field]
        }
        assert there
        assert held(found, field, terms) == there
    assert list(found.paths) == [entry.path for entry in entries(tree)]
    assert list(found.lengths) == [d.length for d in tree]
    assert found.facts([0, 29]) == {0: tree[0].facts, 29: tree[29].facts}


def test_what_is_there_is_not_stored_again(store):
    """Only new blobs cost anything, and a blob is another document in another language."""
    documents = list(corpus(2, 10))
    assert store.put(documents) == 10
    assert store.put([*documents, *documents]) == 0
    keys = [(d.object, d.language) for d in documents]
    assert store.missing([*keys, (keys[0][0], "c"), (blob(9), "c"), (blob(9), "c")]) == [
        (keys[0][0], "c"),
        (blob(9), "c"),
    ]


def test_a_tree_with_unknown_blobs_is_not_kept(store):
    """Whoever keeps a tree hears what must be stored first."""
    (known,) = corpus(3, 1)
    store.put([known])
    unknown = Entry("new.py", blob(5), "python")
    assert store.keep(blob(2), [*entries([known]), unknown]) == [unknown]
    assert store.snapshot(blob(2)) is None


def test_one_content_may_have_many_paths_of_any_bytes(store):
    """A posting stands for each path of a blob; names need not be text."""
    (one,) = corpus(4, 1)
    store.put([one])
    names = ["a.py", "b.py", "caf\udce9.py", "new\nline.py"]
    store.keep(blob(3), [Entry(name, one.object, "python") for name in names])
    found = store.snapshot(blob(3))
    term = next(iter(one.fields["text"]))
    assert list(found.paths) == names
    assert {path for path, _ in held(found, "text", [term])} == set(names)


def test_an_empty_tree_and_an_empty_question(store):
    """Nothing is found where there is nothing, without an error."""
    assert store.put([]) == 0
    assert store.keep(blob(4), []) == []
    found = store.snapshot(blob(4))
    assert (list(found.paths), found.postings("text", ["x"]), found.facts([])) == ([], {}, {})
    assert found.postings("text", []) == {}


def test_odd_words_do_no_harm(store):
    """Terms that cannot be keys are left out, all others are kept as they are."""
    words = {"": 1, "x" * 5000: 1, "a\0b": 1, "\udcff": 1, "größe": 2, "e%_'": 99999, "漢": 1}
    one = Document(blob(7), "text", 9, {"text": words}, b"\0\xff")
    store.put([one])
    store.keep(blob(5), entries([one]))
    found = store.snapshot(blob(5))
    path = found.paths[0]
    assert held(found, "text", list(words)) == {
        (path, "größe"): 2,
        (path, "e%_'"): 65535,
        (path, "漢"): 1,
    }
    assert found.facts([0]) == {0: b"\0\xff"}


def test_terms_are_found_by_their_beginning(store):
    """In order, and no more than asked for."""
    words = dict.fromkeys(["retry", "retries", "retrying", "reset", "ret%ry", "zoo"], 1)
    store.put([Document(blob(8), "text", 6, {"text": words})])
    assert store.terms("text", "retr", 10) == ["retries", "retry", "retrying"]
    assert store.terms("text", "ret", 2) == ["ret%ry", "retries"]


def test_reasons_for_leaving_out_are_kept(store):
    """What is not searched says why."""
    store.put([Document(blob(1), "text", skipped="generated"), Document(blob(2), "text")])
    store.keep(blob(6), [Entry("a", blob(1), "text"), Entry("b", blob(2), "text")])
    found = store.snapshot(blob(6))
    assert store.skipped(found.documents) == {found.documents[0]: "generated"}
    assert store.sizes().skipped == 1


def test_pinned_documents_need_no_tree(store):
    """Commits are looked up by their ids, and stay when trees are collected."""
    commits = [Document(blob(n), "commit", n, {"message": {"fix": 1}}, pinned=True) for n in (1, 2)]
    store.put(commits)
    store.put([document := Document(blob(3), "python")])
    store.keep(blob(1), entries([document]))
    store.collect(keep=1)
    found = store.pinned("commit")
    assert {one: length for one, (_, length) in found.items()} == {blob(1): 1, blob(2): 2}
    numbers = {posting >> 16 for posting in store.postings("message", ["fix"])["fix"]}
    assert numbers == {number for number, _ in found.values()}


def test_another_edition_of_facts_is_another_store(connection, key, store):
    """Facts made in an old way are neither used nor kept once the new way has been used."""
    documents = list(corpus(5, 4))
    store.put(documents)
    store.keep(blob(7), entries(documents))
    later = PgStore(connection, key, edition=2)
    assert len(later.missing([(d.object, d.language) for d in documents])) == 4
    assert later.snapshot(blob(7)) is None
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
    store.snapshot(blob(1))
    terms = [f"w{n}" for n in range(300)]
    before = {n: held(store.snapshot(blob(n)), "text", terms) for n in (3, 1)}
    assert store.collect(keep=2) == 8
    assert [store.snapshot(blob(n)) is None for n in range(4)] == [True, False, True, False]
    after = {n: held(store.snapshot(blob(n)), "text", terms) for n in (3, 1)}
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
        found = store.snapshot(blob(1))
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
        assert store.snapshot(blob(1)).facts([0]) == {0: documents[0].facts}


def test_repositories_do_not_see_each_other(served, store):
    """Not through the store, and not by SQL of one's own in the same role."""
    store.put(list(corpus(10, 3)))
    store.keep(blob(1), entries(corpus(10, 3)))
    other_key = uuid.uuid4().hex
    with connect.embedded(served, other_key) as session:
        other = PgStore(session, other_key, 1)
        assert other.snapshot(blob(1)) is None
        assert len(other.missing((d.object, d.language) for d in corpus(10, 3))) == 3
        assert other.filtered()
        mine = (other._repository,)
        for table in ("documents", "postings", "snapshots"):
            assert session.execute(f"select count(*) from {table}").fetchone() == (0,)
            gone = session.execute(f"delete from {table}").rowcount
            assert gone == 0
        assert session.execute("select id from repositories").fetchall() == [mine]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(
                "insert into snapshots values (%s, '', 1, 1, '', '', '')", [store._repository]
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
