"""A block of definitions changes exactly these definitions, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.domain.edit import File, Replace
from gitagent.edits.definitions import is_part, replacements
from gitagent.edits.land import land
from gitagent.edits.parse import parse

FILE = '''"""Prices."""

import math

RATE = 2


def net(gross):
    # before tax
    return gross / RATE


@cached
def gross(value):
    return value * RATE


class Basket:
    """Things to buy."""

    def __init__(self):
        self.items = []

    def add(self, item):
        self.items.append(item)

    def total(self):
        return sum(self.items)
'''
OTHER = "def other():\n    return net(1)\n"
KNOWN = {"shop/prices.py": FILE, "shop/other.py": OTHER}


def landed(block: str, known: dict[str, str] = KNOWN) -> str:
    """prices.py after the block of a reply was applied."""
    proposal = parse(f"Here it is:\n\n```python\n{block}```\n", known)
    assert not proposal.problems, proposal.problems
    files = {path: File(text.encode()) for path, text in known.items()}
    landing = land(proposal.edits, files.get)
    assert not landing.problems, landing.problems
    changed = landing.changes.get("shop/prices.py")
    return changed.data.decode() if changed else known["shop/prices.py"]


def test_a_function_replaces_the_one_of_its_name() -> None:
    """Everything else keeps its bytes, comments and decorators of others included."""
    text = landed("def net(gross):\n    return round(gross / RATE, 2)\n")
    assert text == FILE.replace(
        "    # before tax\n    return gross / RATE", "    return round(gross / RATE, 2)"
    )


def test_a_decorated_function_is_replaced_with_its_decorator() -> None:
    """What stands above `def` belongs to it."""
    text = landed("def gross(value):\n    return RATE * value\n")
    assert text == FILE.replace(
        "@cached\ndef gross(value):\n    return value * RATE",
        "def gross(value):\n    return RATE * value",
    )


def test_a_method_without_its_class_is_put_where_it_was() -> None:
    """Indented as the class wants it."""
    text = landed("def total(self):\n    return math.fsum(self.items)\n")
    assert text == FILE.replace("return sum(self.items)", "return math.fsum(self.items)")


def test_a_class_with_some_methods_changes_those() -> None:
    """The methods that the block leaves out stay."""
    text = landed("class Basket:\n    def total(self):\n        return 0\n")
    assert text == FILE.replace("return sum(self.items)", "return 0")


def test_a_new_helper_and_its_import_come_along() -> None:
    """Before the function that needs it; the import beside the others."""
    helper = "import decimal\n\n\ndef cents(x):\n    return decimal.Decimal(x)\n\n\n"
    text = landed(f"{helper}def net(gross):\n    return cents(gross)\n")
    assert "import math\nimport decimal\n" in text
    assert text.index("def cents") < text.index("def net") < text.index("def gross")
    compile(text, "prices.py", "exec")


def test_a_block_under_its_files_path_is_a_part_of_it() -> None:
    """A file does not lose what a snippet of it leaves out."""
    reply = "shop/prices.py\n```python\ndef net(gross):\n    return 0\n```\n"
    proposal = parse(reply, KNOWN)
    assert [type(edit) for edit in proposal.edits] == [Replace]
    labelled = "```python\n# shop/prices.py\ndef net(gross):\n    return 0\n```\n"
    assert parse(labelled, KNOWN).edits == proposal.edits


def test_a_whole_file_that_drops_a_function_is_a_whole_file() -> None:
    """It begins as the file begins; what it leaves out is meant to go."""
    shorter = FILE.replace("@cached\ndef gross(value):\n    return value * RATE\n\n\n", "")
    assert not is_part(shorter, FILE)
    assert landed(f"# shop/prices.py\n{shorter}") == shorter


@pytest.mark.parametrize(
    "block",
    [
        "def unknown():\n    return 1\n",
        "print(net(3))\n",
        "def net(gross:\n",
        "for x in y:\n    def net(gross):\n        return 1\n",
    ],
)
def test_what_is_no_definition_of_a_known_file_is_none(block: str) -> None:
    """New names alone, calls, broken code and nested definitions are not guessed at."""
    assert replacements(block, KNOWN) == []


def test_a_name_with_two_homes_is_not_guessed() -> None:
    """Two files define it, so the reply must name one."""
    known = {**KNOWN, "shop/old.py": "def net(gross):\n    return gross\n"}
    assert replacements("def net(gross):\n    return 0\n", known) == []


RICH = '''import abc
from dataclasses import dataclass


@dataclass
class Item:
    """A thing."""

    name: str
    price: int = 0

    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        pass

    def cost(self):
        return self.price


def load(path):
    return path


# about save
def save(path):
    return "a\u2028b"


try:
    import tomllib
except ImportError:
    tomllib = None
'''


@pytest.mark.parametrize(
    ("block", "old", "new"),
    [
        (  # a class with one method keeps fields, docstring and decorator
            "class Item:\n    def cost(self):\n        return 2\n",
            "return self.price",
            "return 2",
        ),
        (  # what takes no self is no method
            "def load(path):\n    return open(path)\n",
            "def load(path):\n    return path",
            "def load(path):\n    return open(path)",
        ),
        (  # lines end where the parser says
            'def save(path):\n    return ""\n',
            'return "a\u2028b"',
            'return ""',
        ),
    ],
)
def test_what_the_block_does_not_name_stays(block: str, old: str, new: str) -> None:
    """Of a class its fields, docstring, decorator and bases, too."""
    text = landed(block, {"shop/prices.py": RICH})
    assert text == RICH.replace(old, new)


def test_a_new_helper_beside_a_method_does_not_split_the_class() -> None:
    """It stands before the class, above the comment that belongs to what follows."""
    block = (
        "def plus(x):\n    return x\n\n\nclass Item:\n    def cost(self):\n        return plus(1)\n"
    )
    text = landed(block, {"shop/prices.py": RICH})
    assert text.index("def plus") < text.index("@dataclass\nclass Item")
    assert text.replace("def plus(x):\n    return x\n\n\n", "") == RICH.replace(
        "return self.price", "return plus(1)"
    )


@pytest.mark.parametrize(
    "block",
    [
        "class Item:\n    @property\n    def size(self):\n        return 2\n",
        "class Item(abc.ABC):\n    def cost(self):\n        return 2\n",
        "class Item:\n    weight = 7\n\n    def cost(self):\n        return 2\n",
        "def load(path):\n    return 1\n\n\ndef load(path):\n    return 2\n",
        "def missing(self):\n    return 2\n",
    ],
)
def test_what_is_in_doubt_is_left_alone(block: str) -> None:
    """Pairs of one name, other bases, new fields, a name twice, a method of nobody."""
    assert replacements(block, {"shop/prices.py": RICH}) == []


@pytest.mark.parametrize(
    "block",
    ["def fresh():\n    return 1\n", "import os\n\nif True:\n    pass\n"],
)
def test_a_part_that_has_no_place_is_a_problem_and_never_the_file(block: str) -> None:
    """Under the file's path, too: nothing is lost by misunderstanding."""
    proposal = parse(f"shop/prices.py\n```python\n{block}```\n", KNOWN)
    assert proposal.edits == ()
    assert "only a part" in proposal.problems[0]


@given(data=st.data())
def test_no_subset_of_changed_definitions_loses_another(data: st.DataObject) -> None:
    """Whatever functions and methods are sent, the others keep their text."""
    wanted = data.draw(st.sets(st.sampled_from(["net", "gross", "add", "total"]), min_size=1))
    bodies = {
        "net": "def net(gross):\n    return 7\n",
        "gross": "def gross(value):\n    return 7\n",
        "add": "def add(self, item):\n    return 7\n",
        "total": "def total(self):\n    return 7\n",
    }
    text = landed("\n\n".join(bodies[name] for name in sorted(wanted)))
    assert text.count("return 7") == len(wanted)
    kept = {"net": "# before tax", "gross": "value * RATE", "add": "append", "total": "sum("}
    assert all((mark in text) == (name not in wanted) for name, mark in kept.items())
    assert "def __init__(self):\n        self.items = []\n" in text
