"""A block of definitions changes exactly these definitions, or nothing."""

from __future__ import annotations

import pytest

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
    assert "import decimal\nimport math\n" in text
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
