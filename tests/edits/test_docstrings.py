"""Long docstrings are left out where they only cost."""

from __future__ import annotations

from gitagent.domain.context import Span
from gitagent.edits.docstrings import shortened
from gitagent.edits.source import parsed

FILE = '''class A:
    """Short."""

    def f(self):
        """Do it
        well.

        Then
        rest.
        """
        return """a

        b


        c"""


def g():
    """Say \\ it.

    1
    2
    3
    """
'''


def cut(*spans: Span) -> str:
    source = parsed("a.py", FILE)
    assert source is not None
    return shortened(source, spans)


def test_a_long_docstring_is_its_first_sentence() -> None:
    """Short ones and other strings stay as they are; nor does one that cannot be quoted."""
    text = cut(Span(1, FILE.count("\n")))
    assert '        """Do it well."""\n        return """a\n\n        b\n' in text
    assert text.startswith('class A:\n    """Short."""\n')
    assert text.endswith('    2\n    3\n    """\n')


def test_only_the_spans_are_shown() -> None:
    """In their order."""
    lines = FILE.splitlines(keepends=True)
    assert cut(Span(1, 3), Span(16, 17)) == "".join([*lines[:3], *lines[15:17]])
