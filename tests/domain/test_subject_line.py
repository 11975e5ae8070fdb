"""Subject lines as a good developer writes them, out of whatever people and models say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.domain.plan import SUBJECT_LENGTH, subject_line


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("fix the parser.", "Fix the parser"),
        ("Fix it. Then test it.", "Fix it"),
        ("fix it; it is broken", "Fix it"),
        ("  Fix\n\n  the\tparser!  ", "Fix the parser"),
        ("feat: add retries", "Feat: add retries"),
        ("Bug in a::b: it crashes", "Bug in a::b: it crashes"),
        ("Use version 1.2 of it", "Use version 1.2 of it"),
        ("Add the following:", "Add the following"),
        ("ändere das", "Ändere das"),
        ("", "Change"),
        ("...", "Change"),
        ("\x1b[31mred\u202e", "[31mred"),
        ("\u200b", "Change"),
        ("x" * 100, "X" + "x" * 70 + "…"),
        ("word " * 30, "Word" + " word" * 13 + "…"),
    ],
)
def test_a_sentence_becomes_a_subject(text: str, subject: str) -> None:
    """First clause, capital, no full stop, short, nothing unseen."""
    assert subject_line(text) == subject


@given(st.text(st.characters(), max_size=300))
def test_any_text_becomes_one_short_line(text: str) -> None:
    """Never empty, never over the length, one line, all of it printable and encodable."""
    line = subject_line(text)
    assert 0 < len(line) <= SUBJECT_LENGTH
    assert line == line.strip()
    assert line.isprintable()
    assert line.encode()
