"""A file that is still to be written is told from one that is written."""

from __future__ import annotations

import pytest

from gitagent.edits.stubs import is_stub, top_names

EMPTY = (
    "def a():\n    pass\n",
    'def a():\n    """Say it."""\n    raise NotImplementedError\n',
    "class A:\n    def __init__(self, n):\n        pass\n\n    def b(self):\n        ...\n",
    "def a():\n    return None\n\n\ndef b():\n    return\n",
    '"""Only said what it is for."""\n',
    "",
)
WRITTEN = (
    "def a():\n    return 1\n",
    "class A:\n    def b(self):\n        return 2\n\n    def c(self):\n        return 3\n",
    "VALUE = 1\n",
    "def a(:\n",
)


@pytest.mark.parametrize("text", EMPTY)
def test_names_without_anything_in_them_are_a_stub(text: str) -> None:
    """pass, dots, docstrings, NotImplementedError, and functions that return nothing."""
    assert is_stub("a.py", text)


@pytest.mark.parametrize("text", WRITTEN)
def test_code_is_no_stub(text: str) -> None:
    """Also with a method that is empty on purpose, without a function, or broken."""
    assert not is_stub("a.py", text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.rs", "pub fn a() -> u8 {\n    todo!()\n}\n"),
        ("a.go", 'func A() {\n\tpanic("Please implement the A function")\n}\n'),
        ("a.ts", "export function a() {\n  throw new Error('Remove this line and implement')\n}\n"),
        ("a.ex", 'def a do\n  raise "not implemented"\nend\n'),
    ],
)
def test_other_languages_have_marks(path: str, text: str) -> None:
    """What exercises and generators leave; a file without such a mark is written."""
    assert is_stub(path, text)
    assert not is_stub(path, "a = 1\n")


def test_the_names_at_the_top_are_in_order() -> None:
    assert top_names("a.py", "def b(): ...\nclass A: ...\nx = 1\n") == ["b", "A"]
