"""What a model has not seen does not go away by what it writes."""

from __future__ import annotations

from gitagent.domain.edit import Replace, WriteFile
from gitagent.edits.seen import Eyes, only_seen

TEXT = "import os\n\n\ndef a():\n    x = 1\n    return x\n\n\ndef b():\n    return os\n"
SEEN_A = "def a():\n    x = 1\n    return x\n"
NEW_A = "def a():\n    return 2\n"


def made(block: str, shown: str, *, whole: bool = False, in_parts: bool = False) -> object:
    eyes = Eyes({"f.py": shown}, ["f.py"] if whole else [])
    edits, problems = only_seen(
        [WriteFile("f.py", block)], {"f.py": TEXT}.get, eyes, in_parts=in_parts
    )
    assert len(edits) + len(problems) == 1
    return edits[0] if edits else problems[0]


PUT = Replace("f.py", TEXT, TEXT.replace("    x = 1\n    return x\n", "    return 2\n"))


def test_a_function_that_was_seen_is_put_into_its_file() -> None:
    """The rest of the file stays, seen or not."""
    assert made(NEW_A, SEEN_A) == PUT


def test_a_function_that_was_seen_in_part_is_not() -> None:
    """Its other lines would be gone, and nobody has decided so."""
    assert "cannot be written whole" in str(made(NEW_A, "def a():\n    return x\n"))


def test_who_saw_all_of_it_may_write_all_of_it() -> None:
    """Unless it was asked for functions only: then what it leaves out stays."""
    assert made(NEW_A, TEXT, whole=True) == WriteFile("f.py", NEW_A)
    assert made(NEW_A, TEXT, whole=True, in_parts=True) == PUT


def test_a_file_that_was_not_shown_is_not_written() -> None:
    """A new one may be."""
    eyes = Eyes({})
    assert only_seen([WriteFile("f.py", NEW_A)], {"f.py": TEXT}.get, eyes)[1]
    assert only_seen([WriteFile("g.py", NEW_A)], {"f.py": TEXT}.get, eyes)[1] == []


def test_two_blocks_of_one_file_are_put_in_one_after_the_other() -> None:
    """The second does not undo the first."""
    blocks = [WriteFile("f.py", NEW_A), WriteFile("f.py", "def b():\n    return 3\n")]
    edits, problems = only_seen(blocks, {"f.py": TEXT}.get, Eyes({"f.py": TEXT}), in_parts=True)
    assert problems == []
    last = edits[-1]
    assert isinstance(last, Replace)
    assert "return 2" in last.replace
    assert "return 3" in last.replace


def test_lines_that_a_search_repeats_were_seen() -> None:
    """Whoever can write them out knows them."""
    edit = Replace("f.py", "    return os\n", "    return 1\n")
    assert only_seen([edit], {"f.py": TEXT}.get, Eyes({"f.py": ""})) == ([edit], [])
