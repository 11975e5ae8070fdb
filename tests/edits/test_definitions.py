"""A block of definitions changes exactly these definitions, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.domain.edit import File, Replace
from gitagent.edits.definitions import is_part, placed, replacements
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
        "class Item:\n    def size(self):\n        return 2\n",
        "class Item(abc.ABC):\n    def cost(self):\n        return 2\n",
        "class Item:\n    weight = 7\n\n    def cost(self):\n        return 2\n",
        "def load(path):\n    return 1\n\n\ndef load(path):\n    return 2\n",
        "def missing(self):\n    return 2\n",
    ],
)
def test_what_is_in_doubt_is_left_alone(block: str) -> None:
    """Which of a pair, other bases, new fields, a name twice, a method of nobody."""
    assert replacements(block, {"shop/prices.py": RICH}) == []


@pytest.mark.parametrize(
    "block",
    ["def fresh(self):\n    return 1\n\n\nx.y = 2\n", "import os\n\nif True:\n    pass\n"],
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


def put(block: str, text: str = FILE) -> str:
    """A file after a block that names it; the file itself where nothing was done."""
    edits = placed(block, "shop/prices.py", text)
    return edits[0].replace if edits and isinstance(edits[0], Replace) else text


def test_a_new_function_under_its_files_path_stands_below_the_last_definition() -> None:
    """Nothing of the file changes."""
    assert put("def fresh():\n    return 1\n") == f"{FILE}\n\ndef fresh():\n    return 1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('\n\nif __name__ == "__main__":\n    print(net(1))\n', ""),
        ("\n\nTABLE = {1: net}\n", ""),
        ("    # nobody calls it yet\n", "    # nobody calls it yet\n"),
    ],
)
def test_a_new_function_splits_nothing(before: str, after: str) -> None:
    """It stands above the script at the end, and below the last comment of the last definition."""
    assert put("def fresh():\n    return 1\n", FILE + before) == (
        f"{FILE}{after}\n\ndef fresh():\n    return 1\n{before.removeprefix(after)}"
    )


@pytest.mark.parametrize("text", ["", "import math\n", "X = 1\n", "def f(): pass"])
def test_a_new_function_finds_its_place_in_any_file(text: str) -> None:
    """Without a definition, without a statement, without a line end at its end."""
    new = put("def fresh():\n    return 1\n", text)
    assert new.startswith(text)
    assert new.endswith("def fresh():\n    return 1\n")
    compile(new, "prices.py", "exec")


@pytest.mark.parametrize(
    "rest", ["", "    ...\n\n", "    pass\n\n", '    """Things to buy."""\n\n']
)
def test_a_new_method_inside_its_class_line_lands_at_the_end_of_the_class(rest: str) -> None:
    """Whatever else the block leaves out of the class."""
    block = f"class Basket:\n{rest}    def empty(self):\n        return not self.items\n"
    wanted = f"{FILE}\n    def empty(self):\n        return not self.items\n"
    assert landed(block) == put(block) == wanted


def test_the_bases_of_a_class_may_be_left_out() -> None:
    """The line only says where its methods belong."""
    text = FILE.replace("class Basket:", "class Basket(list):")
    block = "class Basket:\n    def empty(self):\n        return True\n"
    assert put(block, text) == f"{text}\n    def empty(self):\n        return True\n"


def test_a_new_method_without_its_class_belongs_to_the_only_one() -> None:
    """Of two nobody can say which."""
    block = 'def empty(self):\n    """Whether\n    there is nothing."""\n    return True\n'
    inside = '    def empty(self):\n        """Whether\n        there is nothing."""\n'
    assert put(block) == f"{FILE}\n{inside}        return True\n"
    two = f"{FILE}\n\nclass Other:\n    pass\n"
    assert put(block, two) == two


def test_a_string_that_would_change_by_its_place_is_in_doubt() -> None:
    """Docstrings are layout; other strings are not."""
    block = 'def total(self):\n    return """a\n    b"""\n'
    assert put(block) == FILE


def test_what_a_block_only_repeats_changes_nothing() -> None:
    """A model that writes all that it sees, and one thing more, adds that one thing."""
    text = (
        "import typing\n\nif typing.TYPE_CHECKING:\n    import abc\n\n\nclass A:\n"
        "    @typing.overload\n    def get(self, a: int) -> int: ...\n\n"
        "    @typing.overload\n    def get(self, a: str) -> str: ...\n\n"
        "    def get(self, a):\n        return a  # as it is\n"
    )
    new = "    def put(self):\n        return 1\n"
    assert put(f"{text}\n{new}", text) == f"{text}\n{new}"
    changed = text.replace("return a  # as it is", "return [a]")
    assert put(changed, text) == changed


def test_a_setter_stands_beside_its_property() -> None:
    """It does not take its place."""
    text = "class A:\n    @property\n    def x(self):\n        return 1\n"
    setter = "    @x.setter\n    def x(self, value):\n        pass\n"
    assert put(f"class A:\n{setter}", text) == f"{text}\n{setter}"


def test_a_property_of_a_pair_is_the_one_with_its_decorator() -> None:
    """The setter stays."""
    block = "class Item:\n    @property\n    def size(self):\n        return 2\n"
    assert put(block, RICH) == RICH.replace("return 1", "return 2")


@given(data=st.data())
def test_whatever_lands_nothing_else_moves(data: st.DataObject) -> None:
    """Without the new lines the file is what it was, and each new name is there once."""
    pool = {
        "def f1(x):\n    return x\n": "def f1(",
        "class New:\n    pass\n": "class New:",
        "class Basket:\n    def m1(self):\n        return 1\n": "def m1(",
        "import decimal\n\n\ndef f2():\n    return decimal\n": "def f2(",
    }
    chosen = data.draw(st.lists(st.sampled_from(sorted(pool)), min_size=1, unique=True))
    text = put("\n\n".join(chosen), RICH + "\n\n" + FILE)
    compile(text, "prices.py", "exec")
    assert all(text.count(pool[each]) == 1 for each in chosen)
    kept = iter(text.split("\n"))
    assert all(line in kept for line in (RICH + "\n\n" + FILE).split("\n") if line.strip())


@pytest.mark.parametrize("said", ["", '    """Half of it."""\n', '    """Half of"""\n'])
def test_a_function_keeps_its_docstring(said: str) -> None:
    """Where the block has none or only its beginning, which is what a model may have been shown;
    a docstring that says something else takes its place."""
    own = '    """Half of it.\n\n    And more of that.\n    """\n'
    text = f"def half(x):\n{own}    return x / 2\n"
    new = put(f"def half(x):\n{said}    return x // 2\n", text)
    assert new == text.replace("x / 2", "x // 2")
    other = '    """Rounded down."""\n'
    assert (
        put(f"def half(x):\n{other}    return x\n", text) == f"def half(x):\n{other}    return x\n"
    )


def test_a_block_that_only_repeats_its_file_is_no_edit_and_no_problem() -> None:
    """It is said elsewhere that nothing changes."""
    assert (
        placed("def net(gross):\n    # other words\n    return gross / RATE\n", "a.py", FILE) == []
    )
    assert placed("x.y = 1\n", "a.py", FILE) is None
    proposal = parse(
        "shop/prices.py\n```python\ndef net(gross):\n    return gross / RATE\n```\n", KNOWN
    )
    assert (proposal.edits, proposal.problems) == ((), ())


def test_a_value_under_its_files_path_changes_that_value() -> None:
    """One that the file does not have says nothing of where it belongs."""
    assert put("RATE = 3\n") == FILE.replace("RATE = 2", "RATE = 3")
    assert put("OTHER = 3\n") == FILE


def test_a_whole_file_without_its_docstring_keeps_it() -> None:
    """A model that begins with the imports has not been asked to remove what stands above."""
    bare = FILE.partition("\n\n")[2].replace("return gross / RATE", "return 0")
    assert landed(f"# shop/prices.py\n{bare}") == FILE.replace(
        "    # before tax\n    return gross / RATE", "    # before tax\n    return 0"
    )
    other = bare + "\n\nif RATE > 1:\n    RATE = 1\n"
    assert landed(f"# shop/prices.py\n{other}") == other
