"""Vectors are made in the order of their worth, as long as there is time and money, and once."""

import hashlib
import subprocess
import sys
import time

import pytest

from gitagent.errors import BudgetExceeded
from gitagent.index.document import document
from gitagent.index.facts import facts_of
from gitagent.index.pg.vectors import VectorStore
from gitagent.index.store import Entry
from gitagent.index.vectors.asking import Nearby, by_document
from gitagent.index.vectors.filling import Filled, fill
from gitagent.index.vectors.texts import pieces, query_digest
from gitagent.index.vectors.worth import by_worth
from gitagent.llm.client import Endpoint
from gitagent.llm.embeddings import EndpointEmbedder
from gitagent.testing import protocol
from gitagent.testing.embedding import EmbeddingServer

TREE = f"{99:040x}"
LONG_S = 60.0


def function(name, lines=70):
    body = "\n".join(f"    {name}_{n} = {name}_{n} + {n}" for n in range(lines))
    return f"def {name}(value):\n{body}\n"


class Files:
    """Files in a store, as documents by number."""

    def __init__(self, store, **texts):
        found = {name: facts_of("python", text.encode()) for name, text in texts.items()}
        blobs = {name: hashlib.sha1(text.encode()).hexdigest() for name, text in texts.items()}
        store.put([document(blobs[n], "python", text.encode()) for n, text in texts.items()])
        store.keep(TREE, [Entry(f"{n}.py", blobs[n], "python") for n in texts])
        self.numbers = dict(zip(texts, store.listing(TREE).documents, strict=True))
        named = {number: name for name, number in self.numbers.items()}
        self._by_number = {k: (texts[n].encode(), found[n].defs) for k, n in named.items()}
        self.read = []

    def __call__(self, document):
        self.read.append(document)
        return self._by_number.get(document)


@pytest.fixture
def vectors(connection, store):
    return VectorStore(connection)


@pytest.fixture
def server():
    with EmbeddingServer() as found:
        yield found


def at(server):
    return EndpointEmbedder(Endpoint("here", server.base_url, "small"), seconds=5)


def test_a_piece_says_what_it_is_in():
    """A method far below the head of its class is embedded with that head."""
    text = "class Basket:\n" + "".join(
        f"    {line}\n" for n in range(4) for line in function(f"step{n}", 50).splitlines()
    )
    found = pieces(text.encode(), facts_of("python", text.encode()).defs)
    assert len(found) > 1
    assert found[-1].text.startswith("class Basket:\n")
    assert "step3" in found[-1].text
    lines = text.splitlines()
    assert found[-1].text.splitlines()[1:] == lines[found[-1].first - 1 : found[-1].last]
    assert pieces(b"\n\n{}\n", ()) == []


def test_everything_gets_a_vector_once(store, vectors, server):
    """A second run sends nothing, and a text that stands in two files goes once."""
    files = Files(store, a=function("one"), b=function("two"), c=function("two") + "# end\n")
    order = [files.numbers[name] for name in "bac"]
    told = []
    done = fill(
        vectors, at(server), order, files, seconds=LONG_S, on_made=lambda *it: told.append(it)
    )
    assert (done.left, done.stopped, done.cut) == (0, "", True)
    assert done.made == len(server.texts) == len(set(server.texts))
    assert server.texts[0].startswith("def two")
    assert told[-1] == (done.made, done.made)
    assert vectors.coverage("here/small", order).embedded == len(
        [p for d in order for p in pieces(*files(d))]
    )
    again = fill(vectors, at(server), order, files, seconds=LONG_S)
    assert again == Filled(0, 0, True, "")
    assert len(server.requests) == 1


def test_a_change_in_one_place_costs_that_place(store, vectors, server):
    """The other functions of the file keep their vectors."""
    before = "".join(function(f"f{n}") for n in range(6))
    files = Files(store, a=before)
    fill(vectors, at(server), list(files.numbers.values()), files, seconds=LONG_S)
    sent = len(server.texts)
    changed = Files(store, a=before.replace("f3_5 + 5", "f3_5 + 55"))
    fill(vectors, at(server), list(changed.numbers.values()), changed, seconds=LONG_S)
    assert sent == 6
    assert [text.partition("(")[0] for text in server.texts[sent:]] == ["def f3"]


def test_time_that_is_up_ends_it_and_the_next_run_goes_on(store, vectors, monkeypatch):
    """What was made stays; nothing is sent twice."""
    monkeypatch.setattr("gitagent.index.vectors.filling.TEXTS", 1)
    files = Files(store, **{f"m{n}": function(f"m{n}") for n in range(6)})
    order = list(files.numbers.values())
    with EmbeddingServer(seconds=0.2) as server:
        first = fill(vectors, at(server), order, files, seconds=0.5)
        assert 0 < first.made < 6
        assert (first.left, first.stopped) == (6 - first.made, "The time was up.")
        rest = fill(vectors, at(server), order, files, seconds=LONG_S)
        assert (rest.made, rest.left) == (6 - first.made, 0)
        assert sorted(server.texts) == sorted(set(server.texts))
    early = fill(vectors, at(server), order, files, seconds=-1)
    assert (early.cut, bool(early.stopped)) == (False, True)


def test_a_busy_endpoint_is_waited_for_within_the_time(store, vectors):
    """It says for how long; one that is down, or asks for too long, ends the run."""
    files = Files(store, a=function("one"))
    order = list(files.numbers.values())
    busy = protocol.error(429, headers={"Retry-After": "7"})
    with EmbeddingServer([busy, busy, protocol.error(500)]) as server:
        done = fill(vectors, at(server), order, files, seconds=5)
        assert (done.made, done.left) == (0, 1)
        assert "429" in done.stopped
        waited = []
        done = fill(vectors, at(server), order, files, seconds=LONG_S, pause=waited.append)
        assert waited == [7.0]
        assert "500" in done.stopped
        assert fill(vectors, at(server), order, files, seconds=LONG_S).made == 1


def test_a_batch_that_cannot_be_taken_is_passed_over(store, vectors, server, monkeypatch):
    """One text of which no vector comes does not keep the others from theirs; it is said."""
    monkeypatch.setattr("gitagent.index.vectors.filling.TEXTS", 1)
    files = Files(store, a=function("one"), b=function("two"))
    with EmbeddingServer([protocol.document({"data": []})]) as server:
        done = fill(vectors, at(server), list(files.numbers.values()), files, seconds=LONG_S)
    assert (done.made, done.left) == (1, 1)
    assert "no vectors" in done.stopped


def test_money_that_is_up_ends_it(store, vectors):
    """It is the embedder that knows; what it says is handed on."""

    class Poor:
        model, dimensions = "here/small", 2

        def embed(self, texts):
            raise BudgetExceeded("Enough for today.")

    files = Files(store, a=function("one"))
    done = fill(vectors, Poor(), list(files.numbers.values()), files, seconds=LONG_S)
    assert done == Filled(0, 1, True, "Enough for today.")


def test_a_query_finds_what_is_near_to_it(store, vectors, server):
    """And only in the documents that are asked about; asked again, nothing is sent."""
    files = Files(store, price=function("price"), weather=function("weather"))
    order = list(files.numbers.values())
    fill(vectors, at(server), order, files, seconds=LONG_S)
    nearby = Nearby(vectors, at(server), patience_s=5)
    nearby.begin("the weather is wrong")
    found = nearby.nearest("the weather is wrong", order, 10)
    assert found[0].document == files.numbers["weather"]
    best = by_document(found)
    assert best == {files.numbers["weather"]: 1.0, files.numbers["price"]: 0.0}
    only = nearby.nearest("the weather is wrong", [files.numbers["price"]], 10)
    assert {near.document for near in only} == {files.numbers["price"]}
    sent = len(server.texts)
    later = Nearby(vectors, at(server))
    later.begin("the weather is wrong")
    assert later.nearest("the weather is wrong", order, 10) == found
    assert len(server.texts) == sent


def test_a_query_never_waits(store, vectors):
    """An endpoint that takes its time, or is down, costs a search nothing but its vectors."""
    files = Files(store, price=function("price"))
    order = list(files.numbers.values())
    with EmbeddingServer(seconds=3) as server:
        nearby = Nearby(vectors, at(server), patience_s=0.05)
        began = time.monotonic()
        nearby.begin("price")
        assert nearby.nearest("price", order, 10) == []
        assert time.monotonic() - began < 1
        assert "in time" in nearby.said
    down = Nearby(vectors, at(server), patience_s=5)
    for query in ("price", "weather"):
        down.begin(query)
        assert down.nearest(query, order, 10) == []
        assert "cannot be reached" in down.said
    assert vectors.vector("here/small", query_digest("price")) is None


def test_a_slow_endpoint_does_not_hold_the_process_up():
    """What is still under way when the command is done ends with it."""
    code = (
        "import sys\n"
        "from gitagent.index.vectors.asking import Nearby\n"
        "class Slow:\n"
        "    model, dimensions = 'a/b', 2\n"
        "    def embed(self, texts):\n"
        "        import time; time.sleep(60)\n"
        "class Nothing:\n"
        "    def vector(self, model, key): return None\n"
        "nearby = Nearby(Nothing(), Slow()); nearby.begin('x')\n"
        "print(nearby.nearest('x', [1], 5))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0)


def test_what_a_task_is_likely_about_comes_first():
    """Code before tests before prose, and what changes often before what never does."""
    paths = ["README.md", "tests/test_a.py", "src/a.py", "src/b.py", "docs/x.rst"]
    assert [paths[n] for n in by_worth(paths, {3: 5, 4: 9})] == [
        "src/b.py",
        "src/a.py",
        "tests/test_a.py",
        "docs/x.rst",
        "README.md",
    ]
