"""Vectors stand by the text they were made of, and are seen by nobody of another repository."""

import hashlib
import math
import random
import uuid

import pytest

from gitagent.errors import NoDatabase
from gitagent.index.document import Document
from gitagent.index.pg import connect
from gitagent.index.pg.store import PgStore
from gitagent.index.pg.vectors import Coverage, Place, VectorStore
from gitagent.index.store import Entry

MODEL = "here/small"


def blob(n):
    return f"{n:040x}"


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def unit(*numbers):
    length = math.hypot(*numbers)
    return tuple(n / length for n in numbers)


@pytest.fixture
def documents(store):
    """Three documents of a kept tree, by number."""
    found = [Document(blob(n), "python", 5, {"text": {"x": 1}}) for n in (1, 2, 3)]
    store.put(found)
    store.keep(blob(9), [Entry(f"{d.object[-1]}.py", d.object, "python") for d in found])
    return list(store.listing(blob(9)).documents)


@pytest.fixture
def vectors(connection, store):
    return VectorStore(connection)


def test_the_nearest_places_of_the_asked_documents_come_first(vectors, documents):
    """The cosine decides, whatever else is stored, and what has no vector is in no answer."""
    chance = random.Random(7)
    asked = unit(*(chance.gauss(0, 1) for _ in range(32)))
    made = {}
    for document in documents:
        for first in (1, 11, 21):
            made[document, first] = unit(*(chance.gauss(0, 1) for _ in range(32)))
    places = [Place(d, f, f + 9, digest(f"{d} {f}")) for d, f in made]
    vectors.cut([*places, Place(documents[0], 31, 40, digest("nothing yet"))])
    vectors.put(MODEL, {p.digest: made[p.document, p.first] for p in places})
    some = documents[:2]
    cosines = {
        key: sum(a * b for a, b in zip(asked, v, strict=True))
        for key, v in made.items()
        if key[0] in some
    }
    found = vectors.nearest(MODEL, asked, some, 4)
    best = sorted(cosines, key=cosines.get, reverse=True)[:4]
    assert [(near.document, near.first) for near in found] == best
    assert [near.nearness for near in found] == pytest.approx(
        [cosines[key] for key in best], abs=2e-3
    )
    assert vectors.coverage(MODEL, some) == Coverage(7, 6)


def test_a_text_is_embedded_once_wherever_it_stands(vectors, documents):
    """A file that changes in one place keeps the vectors of its other places."""
    one, two, _ = documents
    vectors.cut([Place(one, 1, 9, digest("same")), Place(two, 5, 13, digest("same"))])
    vectors.put(MODEL, {digest("same"): unit(1, 2)})
    assert vectors.unembedded(MODEL, documents) == []
    assert {near.document for near in vectors.nearest(MODEL, (1.0, 0.0), documents, 9)} == {
        one,
        two,
    }


def test_what_lacks_a_vector_is_told_in_the_order_asked_for(vectors, documents):
    """By places and by digests, for each model apart."""
    one, two, three = documents
    vectors.cut([Place(n, f, f, digest(f"{n}{f}")) for n in (two, one) for f in (2, 1)])
    assert vectors.uncut([three, one]) == [three]
    vectors.put(MODEL, {digest(f"{one}1"): unit(1, 1)})
    lacking = vectors.unembedded(MODEL, [two, one])
    assert [(p.document, p.first) for p in lacking] == [(two, 1), (two, 2), (one, 2)]
    assert len(vectors.unembedded("another/model", [two, one])) == 4
    asked = [digest("x"), digest(f"{one}1"), digest("x")]
    assert vectors.missing(MODEL, asked) == [digest("x")]


def test_a_vector_is_found_by_its_text(vectors):
    """A query asked before costs no second call."""
    vectors.put(MODEL, {digest("how?"): (0.6, 0.8)})
    assert vectors.vector(MODEL, digest("how?")) == pytest.approx((0.6, 0.8), abs=1e-3)
    assert vectors.vector("another/model", digest("how?")) is None


def test_vectors_of_another_length_are_passed_over(vectors, documents):
    """An endpoint may put another model behind a name; that breaks no search."""
    one, two, _ = documents
    vectors.cut([Place(one, 1, 1, digest("a")), Place(two, 1, 1, digest("b"))])
    vectors.put(MODEL, {digest("a"): unit(1, 2, 3), digest("b"): unit(1, 2)})
    found = vectors.nearest(MODEL, unit(1, 2), documents, 9)
    assert [near.document for near in found] == [two]


def test_places_go_with_their_documents_and_vectors_with_their_texts(store, vectors, documents):
    """What stands in no document any more is collected, and nothing else."""
    one, two, three = documents
    texts = {one: "shared", two: "shared", three: "alone"}
    vectors.cut([Place(n, 1, 1, digest(text)) for n, text in texts.items()])
    vectors.put(MODEL, {digest(text): unit(1, 2) for text in (*texts.values(), "a query")})
    store.put([kept := Document(blob(4), "python", 5, {"text": {"x": 1}})])
    rest = Document(blob(1), "python", 5, {"text": {"x": 1}})
    store.keep(
        blob(8), [Entry("4.py", kept.object, "python"), Entry("1.py", rest.object, "python")]
    )
    assert store.collect(keep=1) == 2
    assert vectors.collect() == 2
    assert vectors.missing(MODEL, [digest(t) for t in ("shared", "alone", "a query")]) == [
        digest("alone"),
        digest("a query"),
    ]
    vectors.cut([Place(three, 1, 1, digest("alone"))])
    assert vectors.unembedded(MODEL, documents) == []


def test_facts_made_anew_keep_what_was_paid_for(connection, key, store, vectors, documents):
    """Another edition has other documents; the texts in them are the same."""
    vectors.cut([Place(documents[0], 1, 9, digest("text"))])
    vectors.put(MODEL, {digest("text"): unit(1, 2)})
    later = PgStore(connection, key, edition=2)
    later.put([anew := Document(blob(1), "python", 5, {"text": {"x": 1}})])
    later.keep(blob(9), [Entry("1.py", anew.object, "python")])
    (number,) = later.listing(blob(9)).documents
    assert vectors.uncut([number]) == [number]
    vectors.cut([Place(number, 1, 9, digest("text"))])
    later.collect(keep=1)
    assert vectors.collect() == 0
    assert vectors.unembedded(MODEL, [number]) == []


def test_repositories_do_not_see_each_others_vectors(served, vectors, documents):
    """Not through the store, and not by SQL of one's own in the same role."""
    vectors.cut([Place(documents[0], 1, 9, digest("text"))])
    vectors.put(MODEL, {digest("text"): unit(1, 2)})
    other_key = uuid.uuid4().hex
    with connect.embedded(served, other_key) as session:
        PgStore(session, other_key, 1)
        other = VectorStore(session)
        assert other.missing(MODEL, [digest("text")]) == [digest("text")]
        assert other.vector(MODEL, digest("text")) is None
        assert other.nearest(MODEL, unit(1, 2), documents, 9) == []
        other.cut([Place(documents[0], 20, 21, digest("mine"))])
        for table in ("places", "vectors"):
            assert session.execute(f"select count(*) from {table}").fetchone() == (0,)
            assert session.execute(f"delete from {table}").rowcount == 0
        other.collect()
    assert vectors.coverage(MODEL, documents) == Coverage(1, 1)


def test_a_database_that_is_gone_is_said_in_our_own_words(connection, vectors):
    """The search goes on without vectors."""
    connection.close()
    with pytest.raises(NoDatabase):
        vectors.missing(MODEL, [digest("x")])
