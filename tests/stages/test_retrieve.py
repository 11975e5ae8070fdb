"""What a model is shown of a repository: the best that fits, and nothing that it must not see."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Context, Excerpt
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index.code import CodeIndex
from gitagent.stages.retrieve import LISTED, clues, retrieve, with_texts
from gitagent.testing.repositories import Content, Entry

Found = Callable[..., Context]


@pytest.fixture
def found(repo: Callable[..., Path]) -> Found:
    """Retrieve from a repository of these files."""

    def look(
        files: dict[str, Content], text: str, *, tokens: int = 4000,
        first: tuple[str, ...] = (), ignore: tuple[str, ...] = (), **more: Any,
    ) -> Context:  # fmt: skip
        real = GitRepo.open(repo(files))
        tree = real.tree_of(real.resolve("HEAD"))
        index = index_of(real)
        return retrieve(real, index, tree, text, tokens=tokens, first=first, ignore=ignore, **more)

    return look


def index_of(repo: GitRepo) -> CodeIndex:
    return CodeIndex(repo, Past(repo), repo.resolve("HEAD"))


def shown(context: Context) -> list[str]:
    return [excerpt.path for excerpt in context.excerpts]


def test_the_files_that_the_text_is_about_come_first(found: Found) -> None:
    """Names in the text, in paths and in definitions lead to them."""
    files: dict[str, Content] = {f"other{n}.py": f"x = {n}\n" for n in range(9)}
    files["shop/price.py"] = "def parse_price(text):\n    return float(text)\n"
    context = found(files, "parse_price must reject negative amounts")
    assert shown(context)[0] == "shop/price.py"
    assert context.hits[0].path == "shop/price.py"
    assert context.excerpts[0].whole


def test_paths_of_the_plan_go_before_everything(found: Found) -> None:
    """What a step names is shown, also where no word fits; what is not there is passed over."""
    files: dict[str, Content] = {"a.py": "price\n", "b.py": "nothing\n"}
    context = found(files, "price", first=("b.py", "none.py"))
    assert shown(context) == ["b.py", "a.py"]


@pytest.mark.parametrize(
    "path", [".env", "deploy/id_rsa", "secrets.yml", "a.pem", ".aws/price", "hid/x.py"]
)
def test_secrets_and_ignored_paths_are_never_shown_nor_listed(found: Found, path: str) -> None:
    """Neither by rank, nor in the listing, nor because a plan asks for them."""
    files: dict[str, Content] = {path: "price FAKEKEY\n", "a.py": "price\n"}
    context = found(files, f"price {path}", first=(path,), ignore=("hid/*",))
    assert shown(context) == ["a.py"]
    assert context.listing == ("a.py",)
    assert [hit.path for hit in context.hits] == ["a.py"]


@pytest.mark.parametrize("name", [os.fsdecode(b"price\xe9.py"), "price\x1b[1m.py", "pri\nce.py"])
def test_names_that_cannot_be_written_are_left_out(found: Found, name: str) -> None:
    """A prompt is text; a name with control characters could forge one."""
    context = found({name: "price\n", "a.py": "price\n"}, "price")
    assert context.listing == ("a.py",)
    assert shown(context) == ["a.py"]


def test_what_a_log_names_is_shown_as_far_as_it_may_be(repo: Callable[..., Path]) -> None:
    """Secrets, ignored files and files that are not there are dropped; the others have their
    texts."""
    real = GitRepo.open(repo({"a.py": "x = 1\n", ".env": "K=1\n", "private/b.py": "y = 2\n"}))
    paths = ("a.py", ".env", "private/b.py", "gone.py")
    logged = Context(excerpts=tuple(Excerpt(path, "", whole=True) for path in paths))
    again = with_texts(real, real.tree_of(real.resolve("HEAD")), logged, ["private/*"])
    assert again.excerpts == (Excerpt("a.py", "x = 1\n", whole=True),)


def test_binary_files_links_and_submodules_are_not_text(found: Found) -> None:
    """They may be listed, not excerpted."""
    files = {"price.bin": b"price\0", "price": Entry(symlink_to="/etc/passwd"), "a.py": "price\n"}
    context = found(files, "price")
    assert shown(context) == ["a.py"]
    assert "root:" not in str(context)


@pytest.mark.parametrize("tokens", [50, 200, 1000])
def test_all_excerpts_fit_into_the_tokens(found: Found, tokens: int) -> None:
    """A long file is cut to the lines around what fits; the rest is not shown."""
    body = "".join(f"value_{n} = {n}\n" for n in range(900))
    files: dict[str, Content] = {
        f"m{k}.py": body + f"def parse_price{k}(): ...\n" for k in range(5)
    }
    context = found(files, "parse_price3", tokens=tokens)
    assert sum(len(e.text) for e in context.excerpts) <= tokens * CHARACTERS_PER_TOKEN


def test_a_cut_file_is_shown_by_its_telling_lines(found: Found) -> None:
    """Spans count from 1 and say where their text stands."""
    lines = [f"value_{n} = {n}\n" for n in range(3000)]
    lines[1999] = "def parse_price(): ...\n"
    context = found({"long.py": "".join(lines)}, "parse_price", tokens=1000)
    (excerpt,) = context.excerpts
    assert not excerpt.whole
    assert any(span.start <= 2000 <= span.end for span in excerpt.spans)
    assert excerpt.text == "".join(
        "".join(lines[span.start - 1 : span.end]) for span in excerpt.spans
    )


def test_bytes_that_are_no_utf8_do_not_stop_it(found: Found) -> None:
    """They are shown as replacement characters."""
    context = found({"a.py": b"price = '\xff'\n"}, "price")
    assert "\ufffd" in context.excerpts[0].text


def test_the_listing_of_a_large_repository_is_cut(found: Found) -> None:
    """All paths while they are few, the best ranked where they are many."""
    files: dict[str, Content] = {f"d/f{n}.py": "x\n" for n in range(LISTED + 30)}
    context = found({**files, "price.py": "price\n"}, "price")
    assert context.listing == ("price.py",)


IMPORTS = "import os\nfrom shop.price import (\n    parse,\n    Price as P,\n)\n"


def test_a_failing_tests_imports_are_clues_to_what_it_tests(repo: Callable[..., Path]) -> None:
    """The modules as paths, the names as code; a file that is not there gives none."""
    real = GitRepo.open(repo({"tests/test_a.py": IMPORTS}))
    tree = real.tree_of(real.resolve("HEAD"))
    said = clues(real, tree, 'File "tests/test_a.py", line 3\nFile "gone.py", line 1')
    assert said.split()[:3] == ["shop/price.py", "`parse`", "`Price`"]
    assert clues(real, tree, "nothing failed") == ""


def test_focus_leaves_out_what_is_far_from_the_best(repo: Callable[..., Path]) -> None:
    """A weak model is shown little; what is ranked is still known."""
    files = {
        "shop/price.py": "def parse_price():\n    pass\n",
        "notes.md": "A price is a number.\n",
    }
    real = GitRepo.open(repo(files))
    tree = real.tree_of(real.resolve("HEAD"))
    context = retrieve(real, index_of(real), tree, "parse_price", tokens=900, focus=0.9)
    assert shown(context) == ["shop/price.py"]
    assert {hit.path for hit in context.hits} == set(files)


def test_a_small_repository_is_shown_where_no_word_leads_anywhere(
    repo: Callable[..., Path],
) -> None:
    """Code before its tests; a large one is not poured out."""
    files = {"tests/test_calc.py": "import calc\n", "calc.py": "x = 1\n"}
    real = GitRepo.open(repo(files))
    tree = real.tree_of(real.resolve("HEAD"))
    index = index_of(real)
    assert shown(retrieve(real, index, tree, "zzz", tokens=900)) == [
        "calc.py",
        "tests/test_calc.py",
    ]
    many = GitRepo.open(repo({f"f{n}.py": "x = 1\n" for n in range(20)}, name="many"))
    assert not retrieve(
        many, index_of(many), many.tree_of(many.resolve("HEAD")), "zzz", tokens=900
    ).excerpts


LONG = "\n\n\n".join(f"def part_{n}(x):\n    return x + {n}" for n in range(40)) + "\n"
NAMING = {
    "shop/price.py": LONG + "\n\nclass Money:\n    def sum(self):\n        return 0\n",
    "shop/words.py": "price Money price Money\n" * 20,
    "old/price.py": "x = 1\n",
}


@pytest.mark.parametrize(
    ("task", "first"),
    [
        ("Change shop/price.py", "shop/price.py"),
        ("Change ./old/price.py", "old/price.py"),
        ("Change words.py, which speaks of price", "shop/words.py"),
        ("Add a method to `Money` for the price", "shop/price.py"),
        ("The result of part_7 is wrong for words", "shop/price.py"),
    ],
)
def test_what_the_task_names_comes_first_and_whole(found: Found, task: str, first: str) -> None:
    """By its path or the only end of one, or by what it alone defines; it may fill the room."""
    files: dict[str, Content] = {**NAMING}
    room = len(NAMING["shop/price.py"]) // CHARACTERS_PER_TOKEN + 20
    context = found(files, task, tokens=room, task=task)
    assert context.excerpts[0].path == first
    assert context.excerpts[0].whole
    assert "named" in context.hits[0].why


def test_a_name_that_two_files_define_or_end_in_names_none(found: Found) -> None:
    """What is in doubt is ranked as any other."""
    files: dict[str, Content] = {**NAMING, "new/price.py": "def part_7(): ...\n"}
    task = "part_7 in price.py"
    assert not any("named" in hit.why for hit in found(files, task, task=task).hits)


@pytest.mark.parametrize(("focus", "first"), [(0.3, "shop/price.py"), (0.0, "shop/words.py")])
def test_a_plain_word_names_a_class_to_a_weak_model_only(
    found: Found, focus: float, first: str
) -> None:
    """Who is shown much needs no guess at what the word may mean."""
    task = "Add a method to Money for the price"
    context = found({**NAMING}, task, task=task, focus=focus)
    assert context.hits[0].path == first


def test_with_a_focus_only_what_is_named_is_shown(found: Found) -> None:
    """And of a file that is long for the model, the definitions that matter."""
    files: dict[str, Content] = {**NAMING}
    context = found(files, "Fix part_7", task="Fix part_7", focus=0.3, whole=500, listed=0)
    (excerpt,) = context.excerpts
    assert (excerpt.path, excerpt.whole) == ("shop/price.py", False)
    assert "def part_7(x):\n    return x + 7\n" in excerpt.text
    assert "part_8" not in excerpt.text
    assert context.listing == ()


def test_the_definitions_of_a_cut_file_are_whole(found: Found) -> None:
    """Spans say where each part of the text stands."""
    files: dict[str, Content] = {**NAMING}
    (excerpt, *_) = found(files, "part_3 and part_9", whole=500).excerpts
    lines = NAMING["shop/price.py"].splitlines(keepends=True)
    assert excerpt.text == "".join("".join(lines[s.start - 1 : s.end]) for s in excerpt.spans)
    assert all(lines[span.start - 1].startswith(("def ", "class ")) for span in excerpt.spans)
