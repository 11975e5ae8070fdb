"""A file's links are what its imports and names lead to, and nothing where several would fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitagent.domain.code import Links
from gitagent.index.facts import Facts, facts_of
from gitagent.index.languages import language_of
from gitagent.index.links import TreeLinks

PYTHON = {
    "shop/__init__.py": "",
    "shop/cart.py": (
        "from shop.prices import parse_price, Money\n\n\n"
        "class Cart:\n    def add_item(self, text):\n        return Money(parse_price(text))\n"
    ),
    "shop/prices.py": "def parse_price(text):\n    return get(text)\n\n\nclass Money:\n    pass\n",
    "shop/store.py": "class Store:\n    def get(self):\n        return 1\n",
    "tests/test_cart.py": (
        "from shop.cart import Cart\n\n\ndef test_it():\n    Cart().add_item('1')\n"
    ),
    "README.md": "# parse_price\n",
}


def of(files: Mapping[str, str], path: str) -> Links:
    known = {p: facts_of(language_of(p), text.encode()) for p, text in files.items()}
    return TreeLinks(list(files), lambda paths: {p: known[p] for p in paths}).of(path)


def test_imports_lead_both_ways() -> None:
    """A file imports what the importing lines of others lead to."""
    found = of(PYTHON, "shop/cart.py")
    assert found.imports == ("shop/prices.py",)
    assert found.imported_by == ("tests/test_cart.py",)


def test_names_lead_to_the_only_definition() -> None:
    """With its lines; the file that defines it says that it is used."""
    found = of(PYTHON, "shop/cart.py")
    assert [(d.path, d.name, d.span.start) for d in found.uses] == [
        ("shop/prices.py", "parse_price", 1),
        ("shop/prices.py", "Money", 5),
    ]
    assert of(PYTHON, "shop/prices.py").used_by == ("shop/cart.py",)


def test_a_file_has_its_own_definitions_in_order() -> None:
    """Qualified by what they stand in."""
    found = of(PYTHON, "shop/cart.py")
    assert [d.qualified for d in found.defines] == ["Cart", "Cart.add_item"]


def test_a_plain_word_counts_only_where_its_home_is_imported() -> None:
    """`get` is in every library; `shop/prices.py` does not import the store that has one."""
    assert of(PYTHON, "shop/store.py").used_by == ()
    importing = {**PYTHON, "shop/prices.py": "from shop import store\n\nstore.get()\n"}
    assert of(importing, "shop/store.py").used_by == ("shop/prices.py",)


def test_of_several_definitions_the_imported_one_is_meant() -> None:
    """And none where no import tells."""
    twice = {**PYTHON, "other/prices.py": "def parse_price(text):\n    return text\n"}
    assert [d.path for d in of(twice, "shop/cart.py").uses] == ["shop/prices.py"] * 2
    blind = {**twice, "shop/cart.py": "def total(text):\n    return parse_price(text)\n"}
    assert of(blind, "shop/cart.py").uses == ()


def test_what_a_file_defines_itself_is_nobody_elses() -> None:
    """Its own `parse_price` is the one that it calls."""
    own = "def parse_price(text):\n    return text\n\n\nparse_price('1')\n"
    assert of({**PYTHON, "shop/cart.py": own}, "shop/cart.py").uses == ()


def test_languages_do_not_mix() -> None:
    """A name in Go is not the one in Python; TypeScript and its dialects are one."""
    files = {
        "a.py": "def make_order():\n    pass\n",
        "b.go": "package b\n\nfunc use() { make_order() }\n",
        "c.ts": "export function sendOrder() {}\n",
        "d.tsx": "export const page = () => sendOrder();\n",
    }
    assert of(files, "a.py").used_by == ()
    assert of(files, "c.ts").used_by == ("d.tsx",)


def test_modules_of_elixir_are_found_by_name() -> None:
    """Wherever the file lies."""
    files = {
        "lib/odd/place.ex": "defmodule Shop.Cart do\n  def add_item(x), do: x\nend\n",
        "lib/web.ex": "defmodule Web do\n  alias Shop.Cart\n  def run, do: Cart.add_item(1)\nend\n",
    }
    assert of(files, "lib/web.ex").imports == ("lib/odd/place.ex",)
    assert of(files, "lib/odd/place.ex").imported_by == ("lib/web.ex",)
    assert of(files, "lib/odd/place.ex").used_by == ("lib/web.ex",)


def test_files_of_a_go_package_see_each_other() -> None:
    """Without importing."""
    files = {
        "p/a.go": "package p\n\nfunc Open() {}\n",
        "p/b.go": "package p\n\nfunc use() { Open() }\n",
        "q/c.go": "package q\n\nfunc use() { Open() }\n",
    }
    assert of(files, "p/a.go").used_by == ("p/b.go",)


def test_of_an_unknown_file_nothing_is_known() -> None:
    """As of one that the index leaves out."""
    assert of(PYTHON, "nowhere.py") == Links("nowhere.py")


def test_facts_are_asked_for_once() -> None:
    """However many files are asked about."""
    asked = []

    def facts(paths: Sequence[str]) -> Mapping[str, Facts]:
        asked.append(tuple(paths))
        return {p: facts_of("python", PYTHON[p].encode()) for p in paths if p.endswith(".py")}

    tree = TreeLinks(list(PYTHON), facts)
    assert tree.of("shop/cart.py").imports
    assert tree.of("shop/prices.py").used_by
    assert asked == [tuple(PYTHON)]


def test_both_ways_agree() -> None:
    """Whoever a file uses is used by it, and so with imports, over a whole tree."""
    tree = TreeLinks(
        list(PYTHON), lambda ps: {p: facts_of(language_of(p), PYTHON[p].encode()) for p in ps}
    )
    for path in PYTHON:
        own = tree.of(path)
        assert all(path in tree.of(other).imported_by for other in own.imports)
        assert all(path in tree.of(used.path).used_by for used in own.uses)
        assert all(path in {d.path for d in tree.of(o).uses} for o in own.used_by)
