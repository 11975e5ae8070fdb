"""Edits land exactly, or say in words why not."""

from __future__ import annotations

import time

import pytest

from gitagent.domain.edit import (
    DeleteFile,
    Edit,
    File,
    RenameFile,
    Replace,
    SetExecutable,
    WriteFile,
)
from gitagent.edits.land import land


def landed(before: bytes, *edits: Edit) -> bytes:
    landing = land(edits, {"f": File(before)}.get)
    assert landing.problems == ()
    file = landing.changes.get("f", File(before))
    assert file is not None
    return file.data


def problem(before: bytes, *edits: Edit) -> str:
    landing = land(edits, {"f": File(before)}.get)
    assert landing.changes == {}
    assert len(landing.problems) == 1
    return landing.problems[0]


@pytest.mark.parametrize(
    ("before", "search", "replace", "after"),
    [
        (b"a\nb\nc\n", "b\n", "x\ny\n", b"a\nx\ny\nc\n"),
        (b"a\r\nb\r\nc\r\n", "b\n", "x\ny\n", b"a\r\nx\r\ny\r\nc\r\n"),
        (b"a\nb\r\nc\n", "b\n", "x\n", b"a\nx\r\nc\n"),
        (b"a\nb", "b\n", "x\n", b"a\nx"),
        (b"a\nb", "b\n", "b\nx\n", b"a\nb\nx"),
        (b"a\nb", "b", "x\n", b"a\nx\n"),
        (b"a\nb\n", "b\n", "x", b"a\nx"),
        (b"a\nb\n", "b\n", "", b"a\n"),
        (b"\xef\xbb\xbfa\nb\n", "a\n", "x\n", b"\xef\xbb\xbfx\nb\n"),
        (b"a\rb\nc\n", "c\n", "x\n", b"a\rb\nx\n"),
        (b"a  \nb\n", "a\nb\n", "a\nx\n", b"a  \nx\n"),
        (b"\tif a:\n\t\tb\n", "if a:\n\tb\n", "if a:\n\tx\n\ty\n", b"\tif a:\n\t\tx\n\t\ty\n"),
        (b"a\n  b\n", "    a\n      b\n", "    a\n      x\n", b"a\n  x\n"),
        (b"  f():\n    a\n", "f():\n    a\n", "g():\n    a\n", b"  g():\n    a\n"),
        (b"a\nb\n", "\na\n\n", "\nx\n\n", b"x\nb\n"),
        (b"a\nb\nc\n", "zzz\na\nb\n", "zzz\na\nx\n", b"a\nx\nc\n"),
        (b"a\nb\nc\n", "b\nc\nzzz\n", "x\nc\nzzz\n", b"a\nx\nc\n"),
        (b"caf\xe9\nb\n", "caf\ufffd\nb\n", "caf\ufffd\nx\n", b"caf\xe9\nx\n"),
    ],
)
def test_a_replacement_lands_in_the_known_ways(
    before: bytes, search: str, replace: str, after: bytes
) -> None:
    """Exactly first, then white space, indentation, blank ends and lost context."""
    assert landed(before, Replace("f", search, replace)) == after


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"a\r\nb\nc\r\n", "a\nx\nc\n", b"a\r\nx\nc\r\n"),
        (b"a\r\nb\r\n", "a\nb\nc\n", b"a\r\nb\r\nc\r\n"),
        (b"a\nb", "x\nb\n", b"x\nb"),
        (b"a\nb", "a\nb\nc\n", b"a\nb\nc\n"),
        (b"\xef\xbb\xbfa\n", "b\n", b"\xef\xbb\xbfb\n"),
        (b"caf\xe9\nb\n", "caf\ufffd\nx\n", b"caf\xe9\nx\n"),
        (b"a\n", "", b""),
    ],
)
def test_a_whole_file_keeps_the_bytes_of_lines_that_stay(
    before: bytes, text: str, after: bytes
) -> None:
    """Line ends, byte order mark and foreign bytes are the file's, not the reply's."""
    assert landed(before, WriteFile("f", text)) == after


@pytest.mark.parametrize("edit", [WriteFile("f", "a\n\ufffd!\n"), Replace("f", "a\n", "é\n")])
def test_what_a_foreign_encoding_cannot_hold_is_a_problem(edit: Edit) -> None:
    """No byte is invented in a file that is not UTF-8."""
    assert "not UTF-8" in problem(b"a\n\xe9\n", edit)


def test_several_places_are_a_problem_that_names_them() -> None:
    """Between two places that fit, none is chosen."""
    assert "lines 1, 3" in problem(b"a\nb\na\n", Replace("f", "a\n", "x\n"))


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (1, b"x\n" + b"b\n" * 20 + b"a\n"),
        (21, b"a\n" + b"b\n" * 20 + b"x\n"),
        (22, b"a\n" + b"b\n" * 20 + b"x\n"),
    ],
)
def test_a_line_hint_chooses_where_it_is_decisive(line: int, after: bytes) -> None:
    """It points at one of the places, or near one and far from all others."""
    assert landed(b"a\n" + b"b\n" * 20 + b"a\n", Replace("f", "a\n", "x\n", line)) == after


def test_a_line_hint_between_two_places_chooses_none() -> None:
    """The nearer of two near places is still a guess."""
    assert "more than one place" in problem(b"a\nb\nb\na\n", Replace("f", "a\n", "x\n", 2))


def test_hints_move_with_the_hunks_before() -> None:
    """A hunk's line counts in the file before the diff, not in what is there by now."""
    before = b"top\na\nb\na\nb\na\n"
    edits = (Replace("f", "top\n", "top\n1\n2\n", 1), Replace("f", "a\n", "x\n", 4))
    assert landed(before, *edits) == b"top\n1\n2\na\nb\nx\nb\na\n"


def test_a_search_that_fits_nowhere_quotes_the_nearest_lines() -> None:
    """With their numbers, so that the model can correct itself."""
    before = b"".join(b"line %d\n" % n for n in range(50)) + b"def total(items):\n    return 1\n"
    words = problem(before, Replace("f", "def total(item):\n    return 2\n", "x\n"))
    assert "51: def total(items):\n52:     return 1" in words
    assert len(words.split("\n")) < 15


def test_a_replacement_that_already_stands_is_said() -> None:
    """The model then knows that there is nothing left to do."""
    assert "already stands there, at line 2" in problem(b"a\nx\n", Replace("f", "b\n", "x\n"))


def test_replacements_apply_in_order() -> None:
    """The second sees what the first has made."""
    edits = (Replace("f", "a\n", "b\n"), Replace("f", "b\nc\n", "d\n"))
    assert landed(b"a\nc\n", *edits) == b"d\n"


def test_a_part_of_a_very_long_line_can_be_replaced() -> None:
    """Nobody repeats a minified file."""
    before = b"var a=1;" * 200 + b"needle(1)" + b";" * 9 + b"\n"
    assert landed(before, Replace("f", "needle(1)\n", "needle(2)\n")) == before.replace(
        b"needle(1)", b"needle(2)"
    )


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (Replace("g", "a\n", "b\n"), "no such file"),
        (DeleteFile("g"), "no such file"),
        (RenameFile("g", "h"), "no such file"),
        (SetExecutable("g", True), "no such file"),
        (RenameFile("f", "e"), "which exists"),
        (Replace("f", "", "b\n"), "exists and is not empty"),
        (Replace("bin", "a\n", "b\n"), "binary file"),
        (WriteFile("bin", "b\n"), "binary file"),
        (WriteFile("f", "b\0\n"), "NUL"),
        (WriteFile("f", "\ud800\n"), "surrogate"),
    ],
)
def test_an_impossible_edit_is_a_problem(edit: Edit, word: str) -> None:
    """The file that it names is named, and is as it was."""
    files = {"f": File(b"a\n"), "e": File(b""), "bin": File(b"a\0\n")}
    landing = land([WriteFile("new", "x\n"), edit], files.get)
    assert landing.failed == {edit.path}
    assert landing.changes.keys() <= {"new"}
    assert word in landing.problems[0]


def test_what_fits_is_carried_out_without_what_does_not() -> None:
    """Block by block, in one file and in others; the place of a later one is found all the same."""
    files = {"f": File(b"a\nb\nc\n"), "g": File(b"d\n")}
    edits = [
        Replace("f", "a\n", "A\nA\n"),
        Replace("f", "x\n", "y\n"),
        Replace("f", "c\n", "C\n"),
        Replace("g", "d\n", "D\n"),
        WriteFile("h", "# ... rest of the code unchanged\n"),
    ]
    landing = land(edits, files.get)
    assert landing.changes == {"f": File(b"A\nA\nb\nC\n"), "g": File(b"D\n")}
    assert landing.failed == {"f", "h"}
    assert len(landing.problems) == 2


@pytest.mark.parametrize(
    "moving", [DeleteFile("g"), RenameFile("g", "h"), SetExecutable("g", True)]
)
def test_edits_that_move_files_belong_together(moving: Edit) -> None:
    """What took the place of a deleted file may be just what does not fit."""
    files = {"f": File(b"a\n"), "g": File(b"d\n")}
    fits = Replace("f", "a\n", "b\n")
    assert land([moving, fits], files.get).changes.keys() > {"f"}
    assert land([moving, fits, Replace("f", "x\n", "y\n")], files.get).changes == {}


def test_an_edit_that_has_to_wait_is_not_carried_out() -> None:
    """Whether its path is what changes or what something is renamed to."""
    files = {"f": File(b"a\n"), "g": File(b"d\n")}
    edits = [Replace("f", "a\n", "b\n"), Replace("g", "d\n", "e\n")]
    landing = land(edits, files.get, {"g": "g: not now"})
    assert (landing.changes, landing.problems) == ({"f": File(b"b\n")}, ("g: not now",))
    assert land([RenameFile("f", "g2")], files.get, {"g2": "no"}).problems == ("no",)


def test_edits_of_several_kinds_compose_in_order() -> None:
    """Each edit sees the files as the ones before left them."""
    files = {"f": File(b"a\n", True), "d": File(b"old\n"), "same": File(b"s\n"), "e": File(b"")}
    edits: list[Edit] = [
        RenameFile("f", "g"),
        Replace("g", "a\n", "b\n"),
        DeleteFile("d"),
        Replace("d", "", "new\n"),
        WriteFile("n", "n\n"),
        SetExecutable("n", True),
        WriteFile("gone", "x\n"),
        DeleteFile("gone"),
        WriteFile("same", "s\n"),
        Replace("e", "", "e\n"),
    ]
    assert land(edits, files.get).changes == {
        "f": None,
        "g": File(b"b\n", True),
        "d": File(b"new\n"),
        "n": File(b"n\n", True),
        "e": File(b"e\n"),
    }


def test_an_edit_after_a_rename_is_told_of_it() -> None:
    """The old name is gone, and the problem says where to."""
    assert "renamed to g" in problem(b"a\n", RenameFile("f", "g"), Replace("f", "a\n", "b\n"))


def test_a_file_with_something_left_out_is_a_problem() -> None:
    """Landing it would delete what the comment stands for."""
    text = "import os\n# ... rest of the code unchanged\n"
    assert "left out" in problem(b"import os\nx\n", WriteFile("f", text))


def test_a_comment_that_was_there_before_leaves_nothing_out() -> None:
    """Some files say that of themselves."""
    before = b"a\n# ... rest of the code unchanged\n"
    assert landed(before, WriteFile("f", before.decode().replace("a\n", "b\n"))) == before.replace(
        b"a\n", b"b\n"
    )


@pytest.mark.parametrize("same", [b"x = 1\n", b"\n", b"}\n"])
def test_a_large_file_lands_fast(same: bytes) -> None:
    """20,000 lines, many of them alike, changed all over; well under a second each."""
    old = [same if n % 3 else b"line %d\n" % n for n in range(20_000)]
    new = [b"new\n" if n % 50 == 0 else line for n, line in enumerate(old)]
    started = time.process_time()
    assert landed(b"".join(old), WriteFile("f", b"".join(new).decode())) == b"".join(new)
    edits = [Replace("f", f"line {n}\n", "y\n", n) for n in range(300, 6000, 300)]
    landed(b"".join(old), *edits)
    problem(b"".join(old), Replace("f", "lime 12\nx = 2\n", "y\n"))
    assert time.process_time() - started < 3


def test_a_single_long_line_lands_fast() -> None:
    """One megabyte in one line, replaced whole, in part, and missed."""
    before = b"ab;" * 350_000
    started = time.process_time()
    assert landed(before, WriteFile("f", before.decode() + "c\n")) == before + b"c\n"
    assert "more than one" in problem(before, Replace("f", "ab\n", "x\n"))
    assert "nearest" in problem(before, Replace("f", "zz\n", "y\n"))
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize(
    ("before", "search", "new", "after"),
    [
        (b' "a": 1,\n "b": 2\n', '"a": 1\n', '"a": 3\n', b' "a": 3,\n "b": 2\n'),
        (b"x = 1;\n", "x = 1\n", "x = 2\n", b"x = 2;\n"),
        (b"f(\n  a,\n  b,\n)\n", "a,\nb\n", "a,\nc\n", b"f(\n  a,\n  c,\n)\n"),
        (b"a,\nb,\n", "b\n", "", b"a,\n"),
    ],
)
def test_a_sign_that_a_search_leaves_out_at_its_end_stays(
    before: bytes, search: str, new: str, after: bytes
) -> None:
    """A comma or semicolon, which what takes the place of the line needs as well."""
    assert landed(before, Replace("f", search, new)) == after


@pytest.mark.parametrize(
    ("before", "search", "new"),
    [
        (b"x = 1 + y\n", "x = 1\n", "x = 2\n"),
        (b"x = 1;\n", "x = 1\n", "if (x) {\n"),
        (b"x = 1;\n", "x = 1\n", "x = 1\ny = 2\n"),
        (b"x = 1,\nx = 1;\nx = 1,\n", "x = 1\n", "x = 2\n"),
        (b"x = 10\n", "x = 1\n", "x = 2\n"),
    ],
)
def test_any_other_rest_of_a_line_is_not_guessed(before: bytes, search: str, new: str) -> None:
    """Nor where what comes instead can have no such sign, or the place is not certain."""
    assert problem(before, Replace("f", search, new))
