"""What is where: definitions by name, lines that use a name, and what a file holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gitagent.domain.code import Definition, Mention
from gitagent.domain.context import Span
from gitagent.index import lookup
from gitagent.index.snapshot import Snapshot

SHOP = """\
class Shop:
    def open(self):
        return Cart().total()


class Cart:
    def total(self):
        return 0

    def open(self):
        return self.total()
"""
MAIN = """\
from shop import Cart


def open_all(total):
    return Cart().total() + total
"""
TEST = "from shop import Cart\n\n\ndef test_total():\n    assert Cart().total() == 0\n"
FILES = {"main.py": MAIN, "shop.py": SHOP, "tests/test_shop.py": TEST}

Read = Callable[[str], bytes]


def reading(files: Mapping[str, str]) -> Read:
    return lambda path: files[path].encode()


def defined(found: Snapshot, name: str, limit: int = 9) -> list[str]:
    """Where a name is defined, as path:line and the qualified name."""
    return [
        f"{d.path}:{d.span.start} {d.qualified}" for d in lookup.definitions(found, name, limit)
    ]


def used(found: Snapshot, files: Mapping[str, str], name: str, limit: int = 99) -> list[str]:
    """The lines that use a name, as path:line."""
    mentions = lookup.references(found, name, limit, reading(files))
    return [f"{mention.path}:{mention.line}" for mention in mentions]


def test_an_outline_is_what_a_file_defines_in_order(snapshot_of) -> None:
    """With spans, signatures and scopes."""
    found = lookup.outline(snapshot_of(FILES), "shop.py")
    assert [(d.qualified, d.kind, d.span) for d in found] == [
        ("Shop", "class", Span(1, 3)),
        ("Shop.open", "method", Span(2, 3)),
        ("Cart", "class", Span(6, 11)),
        ("Cart.total", "method", Span(7, 8)),
        ("Cart.open", "method", Span(10, 11)),
    ]
    assert found[1] == Definition(
        "shop.py", "open", "method", Span(2, 3), "def open(self):", "Shop"
    )


@pytest.mark.parametrize("path", ["none.py", "", "a.bin", "empty.py"])
def test_a_file_of_which_nothing_is_known_has_no_outline(snapshot_of, path: str) -> None:
    """Absent, left out, or empty."""
    assert list(lookup.outline(snapshot_of({"a.bin": b"\0", "empty.py": ""}), path)) == []


def test_a_name_is_found_wherever_it_is_defined(snapshot_of) -> None:
    """In the order of paths and lines, no more than asked for."""
    found = snapshot_of(FILES)
    assert defined(found, "open") == ["shop.py:2 Shop.open", "shop.py:10 Cart.open"]
    assert defined(found, "open", 1) == ["shop.py:2 Shop.open"]
    assert defined(found, "absent") == []


@pytest.mark.parametrize("name", ["Cart.open", "Cart::open", "cart#open", "shop/Cart.open()"])
def test_a_scope_says_which_is_meant(snapshot_of, name: str) -> None:
    """As far as it is known, in the notation of any language."""
    asked = name.removeprefix("shop/")
    assert defined(snapshot_of(FILES), asked) == ["shop.py:10 Cart.open"]
    assert defined(snapshot_of(FILES), "Other.open") == []


def test_a_scope_may_be_named_by_its_end(snapshot_of) -> None:
    """Inner scopes count, parts of their names do not."""
    text = "class Outer:\n    class Inner:\n        def run(self): ...\n"
    found = snapshot_of({"a.py": text})
    for name in ("run", "Inner.run", "Outer.Inner.run"):
        assert defined(found, name) == ["a.py:3 Outer.Inner.run"]
    assert defined(found, "nner.run") == []


@pytest.mark.parametrize("name", ["parsePrice", "parse_price", "ParsePrice", "PARSEPRICE"])
def test_the_spelling_that_was_asked_for_comes_first(snapshot_of, name: str) -> None:
    """Other cases are found as well, since one forgets."""
    files = {"a.js": "function parsePrice() {}\n", "b.py": "def parse_price(): ...\n"}
    found = lookup.definitions(snapshot_of(files), name, 9)
    assert {d.name for d in found} == {"parsePrice", "parse_price"}
    assert name not in ("parsePrice", "parse_price") or found[0].name == name


def test_code_comes_before_its_tests(snapshot_of) -> None:
    """The definition that counts is the product's; tests define stand-ins."""
    files = {"a/test_x.py": "def run(): ...\n", "b/x.py": "def run(): ...\n"}
    assert defined(snapshot_of(files), "run") == ["b/x.py:1 run", "a/test_x.py:1 run"]


def test_lines_that_use_a_name_are_found(snapshot_of) -> None:
    """Code before tests; a part of a longer name is another name."""
    found = snapshot_of(FILES)
    assert used(found, FILES, "Cart") == [
        "main.py:1", "main.py:5", "shop.py:3", "tests/test_shop.py:1", "tests/test_shop.py:5",
    ]  # fmt: skip
    assert used(found, FILES, "open_all") == []
    assert used(found, FILES, "Cart", 2) == ["main.py:1", "main.py:5"]


def test_the_line_that_defines_a_name_does_not_use_it(snapshot_of) -> None:
    """What is asked is who else would have to change."""
    assert used(snapshot_of(FILES), FILES, "total") == [
        "main.py:4", "main.py:5", "shop.py:3", "shop.py:11", "tests/test_shop.py:5",
    ]  # fmt: skip


def test_a_mention_is_the_line_as_it_stands_there(snapshot_of) -> None:
    """Without its indentation, and not endless."""
    text = "def f():\n    return cart(1)  # " + "x" * 1000 + "\n"
    (found,) = lookup.references(snapshot_of({"a.py": text}), "cart", 9, lambda _: text.encode())
    assert found == Mention("a.py", 2, text.split("\n")[1].strip()[: lookup.LONGEST_LINE])


def test_names_are_case_sensitive_in_use(snapshot_of) -> None:
    """`Cart` and `cart` are two things in most languages."""
    files = {"a.py": "cart = Cart()\n", "b.py": "print(cart)\n"}
    assert used(snapshot_of(files), files, "cart") == ["b.py:1"]
    assert used(snapshot_of(files), files, "Cart") == ["a.py:1"]


def test_names_of_other_scripts_are_names(snapshot_of) -> None:
    """Words end where Unicode says that they do."""
    files = {
        "a.py": "def größe_max(): ...\n\ndef größe(): ...\n",
        "b.py": "größe_max()\ngröße()\nübergröße()\n",
    }
    found = snapshot_of(files)
    assert defined(found, "größe") == ["a.py:3 größe"]
    assert defined(found, "GRÖSSE_MAX".replace("SS", "ß")) == ["a.py:1 größe_max"]
    assert used(found, files, "größe") == ["b.py:2"]
    assert used(found, files, "größe_max") == ["b.py:1"]


@pytest.mark.parametrize("name", [".*", "a|b", "(", "[", "*", "\\", "c++", "$x", "?", "a.*b"])
def test_what_means_something_to_a_pattern_means_itself(snapshot_of, name: str) -> None:
    """A name is no regular expression, and no name is an error."""
    files = {"a.py": "alpha = beta\n", "b.py": "cart(alpha)\n"}
    found = snapshot_of(files)
    assert defined(found, name) == []
    assert used(found, files, name) == []


@pytest.mark.parametrize("name", ["", " ", "::", "...", "()"])
def test_nothing_is_called_by_no_name(snapshot_of, name: str) -> None:
    """It is no error either."""
    assert defined(snapshot_of(FILES), name) == []
    assert used(snapshot_of(FILES), FILES, name) == []


def test_names_that_end_in_a_mark_are_found_with_and_without_it(snapshot_of) -> None:
    """Ruby and Elixir ask with `empty?` and act with `save!`; one writes them either way."""
    text = (
        "class Cart\n  def empty?\n    rows\n  end\n\n  def go\n    save! if empty?\n  end\nend\n"
    )
    files = {"cart.rb": text}
    found = snapshot_of(files)
    for name in ("empty?", "Cart#empty?", "empty?()", "empty"):
        assert defined(found, name) == ["cart.rb:2 Cart.empty?"]
    for name in ("empty?", "empty", "save!", "save", "save?"):
        assert used(found, files, name) == ["cart.rb:7"]


def test_a_name_with_its_mark_comes_before_one_without(snapshot_of) -> None:
    """`save!` and `save` are two methods."""
    files = {"a.rb": "def save\nend\n\ndef save!\nend\n"}
    assert defined(snapshot_of(files), "save!") == ["a.rb:4 save!", "a.rb:1 save"]
    assert defined(snapshot_of(files), "save") == ["a.rb:1 save", "a.rb:4 save!"]


@pytest.mark.parametrize("name", ["all", "any", "f", "of", "x" * 80])
def test_names_that_no_search_is_made_for_are_names(snapshot_of, name: str) -> None:
    """Words that say nothing in a task, single letters and endless ones are called all the same."""
    files = {"a.py": f"def {name}(): ...\n", "b.py": f"print({name}())\n", "c.py": "cart = 1\n"}
    files["made.py"] = f"# Code generated by x. DO NOT EDIT.\nprint({name}())\n"
    found = snapshot_of(files)
    assert defined(found, name) == [f"a.py:1 {name}"]
    assert used(found, files, name) == ["b.py:1"]


def test_variables_with_a_dollar_are_used(snapshot_of) -> None:
    """A name may begin with what is no letter."""
    files = {"a.js": "export const f = ($scope) => $scope.cart;\n", "b.js": "let scope = 1;\n"}
    assert used(snapshot_of(files), files, "$scope") == ["a.js:1"]


def test_files_with_the_most_mentions_are_looked_through(
    snapshot_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stands everywhere costs no more than so many files."""
    monkeypatch.setattr(lookup, "MOST_READ", 2)
    files = {f"f{n}.py": "cart()\n" * (n + 1) for n in range(5)}
    assert {line.split(":")[0] for line in used(snapshot_of(files), files, "cart")} == {
        "f3.py",
        "f4.py",
    }


def test_a_file_that_is_not_there_any_more_mentions_nothing(snapshot_of) -> None:
    """Reading is another's; what comes back empty has no lines."""
    found = snapshot_of({"a.py": "cart()\n"})
    assert list(lookup.references(found, "cart", 9, lambda _: b"")) == []
