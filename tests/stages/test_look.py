"""What a model asks to see is shown out of the tree, within bounds, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fact_index import FactIndex

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Excerpt, Span
from gitagent.domain.want import Sight, Want
from gitagent.edits.wants import read
from gitagent.git.repository import GitRepo
from gitagent.stages.look import look
from gitagent.stages.rounds import MOST_WANTS
from gitagent.stages.view import View
from gitagent.testing.repositories import Content, Entry

Look = Callable[..., Sight]

SHOP = "import os\n\n\nclass Shop:\n    def price(self):\n        return round_up(1.5)\n"
FILES: dict[str, Content] = {
    "lib/shop.py": SHOP,
    "lib/rounding.py": "def round_up(x):\n    return -(-x // 1)\n",
    "web/app.ts": "export function start(port: number) {\n  return port;\n}\n",
    "long.py": "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(500)),
    "numbers.txt": "".join(f"{n}\n" for n in range(1, 101)),
}


@pytest.fixture
def at(repo: Callable[..., Path]) -> Look:
    """Ask for lines as a model writes them, of a repository of these files."""

    def ask(
        *lines: str,
        files: dict[str, Content] = FILES,
        tokens: int = 2000,
        shown: tuple[Excerpt, ...] = (),
        ignore: tuple[str, ...] = (),
    ) -> Sight:
        real = GitRepo.open(repo(files))
        tree = real.tree_of(real.resolve("HEAD"))
        view = View(real, FactIndex(real), tree, ignore)
        return look(view, read("\n".join(lines))[0], tokens, shown)

    return ask


def test_a_file_is_read_whole_or_by_its_lines(at: Look) -> None:
    """Under its path, fenced, as all files are shown; what was seen of it is known."""
    sight = at("READ: lib/shop.py", "READ: numbers.txt:3-4,9-9000")
    assert f"lib/shop.py\n```python\n{SHOP}```" in sight.text
    assert (
        "numbers.txt (only lines 3-4, 9-100; the rest is not shown)\n```\n3\n4\n9\n" in sight.text
    )
    first, second = sight.seen
    assert (first.excerpt.whole, second.excerpt.spans) == (True, (Span(3, 4), Span(9, 100)))
    assert first.names == {"Shop", "price"}


def test_a_single_line_comes_with_those_around_it(at: Look) -> None:
    """Nobody wants one line; past the end of the file it is said how long that is."""
    sight = at("READ: numbers.txt:50", "READ: numbers.txt:200-300")
    assert sight.seen[0].excerpt.spans == (Span(30, 70),)
    assert "numbers.txt has 100 lines." in sight.text


def test_only_a_line_feed_ends_a_line(at: Look) -> None:
    """As in git, in every index and in what a log shows again; a form feed is part of a line."""
    sight = at("READ: a.c:3-9", "SEARCH: needle", files={"a.c": "one\n\ftwo\rx\nneedle\n"})
    assert sight.seen[0].excerpt == Excerpt("a.c", "needle\n", whole=False, spans=(Span(3, 3),))
    assert "a.c:3: needle" in sight.text


def test_a_file_is_found_by_the_end_of_its_path(at: Look) -> None:
    """Where one only ends so; else it is said what is near."""
    assert at("READ: shop.py").seen[0].excerpt.path == "lib/shop.py"
    assert "There is no file lib/shops.py. Near it: lib/shop.py" in at("READ: lib/shops.py").text


def test_a_long_file_is_told_by_what_it_defines(at: Look) -> None:
    """With the lines to ask for; nothing of it counts as seen."""
    sight = at("READ: long.py")
    assert "long.py:1-2: def f0():" in sight.text
    assert "more lines]" in sight.text
    assert sight.seen == ()


def test_a_folder_is_listed(at: Look) -> None:
    """Its files, and its folders with a slash."""
    assert "rounding.py\nshop.py" in at("READ: lib/").text
    assert "lib/\nlong.py\nnumbers.txt\nweb/" in at("READ: .").text


def test_symbols_are_told_by_name_and_by_path(at: Look) -> None:
    """In any language that the index knows; the only short one of a name is shown at once."""
    assert "lib/shop.py:5-6: Shop: def price(self)" in at("SYMBOLS: lib/shop.py").text
    sight = at("SYMBOLS: start", "SYMBOLS: Shop.price", "SYMBOLS: nothing_here")
    assert "web/app.ts\n" in sight.text
    assert "export function start(port: number)" in sight.text
    assert [each.excerpt.path for each in sight.seen] == ["web/app.ts", "lib/shop.py"]
    assert "Nothing is called nothing_here" in sight.text


def test_references_are_lines_that_use_a_name(at: Look) -> None:
    """As path, line and text; the definition is none."""
    sight = at("REFERENCES: round_up")
    assert "lib/shop.py:6: return round_up(1.5)" in sight.text
    assert "lib/rounding.py" not in sight.text


def test_a_search_names_files_and_the_lines_that_fit(at: Look) -> None:
    """The best file first; a search that finds nothing says so."""
    sight = at("SEARCH: round up a price", "SEARCH: zebra")
    assert "Best first: lib/" in sight.text
    assert "lib/rounding.py:1: def round_up(x):" in sight.text
    assert "## SEARCH: zebra\n\nNo file fits these words." in sight.text


def test_what_is_shown_already_is_not_shown_again(at: Look) -> None:
    """As long as it is what stands there."""
    sight = at("READ: lib/shop.py", shown=(Excerpt("lib/shop.py", SHOP, whole=True),))
    assert "lib/shop.py is shown whole above." in sight.text
    assert at("READ: lib/shop.py", shown=(Excerpt("lib/shop.py", "old", whole=True),)).seen


def test_answers_keep_to_their_tokens(at: Look) -> None:
    """However much is asked for; what one answer leaves is there for the next."""
    lines = [f"READ: long.py:{n}-{n + 900}" for n in range(1, 10)]
    for tokens in (50, 500, 5000):
        sight = at(*lines, tokens=tokens)
        assert len(sight.text) <= tokens * CHARACTERS_PER_TOKEN + MOST_WANTS * 200
    assert f"{9 - MOST_WANTS} more asks were not answered." in sight.text
    assert len(sight.seen) == MOST_WANTS
    one = at("READ: nothing.py", "READ: long.py:1-2000", tokens=1000)
    assert len(one.text) > 0.8 * 1000 * CHARACTERS_PER_TOKEN


def test_a_line_too_long_is_not_shown(at: Look) -> None:
    """A minified file is one line, of which a part would be a lie."""
    sight = at("READ: a.js", "SEARCH: needle", files={"a.js": "needle;" * 9000})
    assert "Line 1 of a.js is too long to be shown." in sight.text
    assert len(sight.text) < 1000


CANARY = "FAKEKEY-canary"
HOSTILE: dict[str, Content] = {
    "a.py": "x = 1\n",
    ".env": f"KEY={CANARY}\n",
    "deploy/id_rsa": CANARY,
    "private/notes.py": f"# {CANARY}\n",
    "logo.bin": f"\0{CANARY}".encode(),
    "link": Entry(symlink_to="/etc/passwd"),
    "inside": Entry(symlink_to=".env"),
    "new\nline.py": f"# {CANARY}\n",
}


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ("READ: .env", "holds secrets"),
        ("READ: deploy/id_rsa", "holds secrets"),
        ("READ: private/notes.py", "left out by configuration"),
        ("READ: notes.py", "There is no file notes.py"),
        ("READ: logo.bin", "is no text"),
        ("READ: link", "symbolic link, which is not followed"),
        ("READ: inside", "symbolic link, which is not followed"),
        ("READ: ../secret.py", "is refused"),
        ("READ: /etc/passwd", "is refused"),
        ("READ: a/../../x.py", "is refused"),
        ("READ: .git/config", "is refused"),
        ("READ: .GIT/config", "is refused"),
        ("READ: ~/.ssh/id_rsa", "holds secrets"),
        ("READ: link/passwd", "There is no file"),
        ("READ: private/", "There is no file"),
        ("READ: deploy", "There is no file"),
        ("READ: .", "a.py\n"),
        ("READ: $(cat .env)", "There is no file"),
        ("SEARCH: FAKEKEY canary", "No file fits"),
        ("SYMBOLS: .env", "Nothing is called"),
        ("SYMBOLS: private/notes.py", "left out by configuration"),
        ("REFERENCES: FAKEKEY", "Nothing is found"),
        ("READ: /proc/self/environ", "is refused"),
        ("READ: a.py\u202e.txt", "is refused"),
    ],
)
def test_nothing_that_is_hidden_is_shown_whatever_is_asked(
    at: Look, ask: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets by name, ignored paths, links, what is outside of the tree: one line says why."""
    monkeypatch.setenv("SECRET", CANARY)
    sight = at(ask, files=HOSTILE, ignore=("private/*",))
    answer = sight.text.partition("\n")[2]
    assert said in answer
    assert CANARY not in answer
    assert "root:" not in answer
    assert sight.seen == ()


def test_control_characters_of_an_ask_are_not_repeated(at: Look) -> None:
    """The heading is the ask on one line, cut."""
    sight = at("SEARCH: \x1b[31mred\x07 " + "x" * 400)
    assert "\x1b" not in sight.text
    assert len(sight.text.splitlines()[0]) < 210


def test_the_working_tree_is_never_looked_at(at: Look, repo: Callable[..., Path]) -> None:
    """What is not committed is not there, and what was changed is as it was committed."""
    folder = repo({"a.py": "x = 1\n"})
    (folder / "new.py").write_text(CANARY)
    (folder / "a.py").write_text(CANARY)
    real = GitRepo.open(folder)
    view = View(real, FactIndex(real), real.tree_of(real.resolve("HEAD")))
    text = look(view, [Want("read", "new.py"), Want("read", "a.py")], 1000).text
    assert CANARY not in text
    assert "x = 1" in text
