"""What is left out is told from what is written."""

from __future__ import annotations

import pytest

from gitagent.edits.elision import is_elision


@pytest.mark.parametrize(
    "line",
    [
        "# ... rest of the code unchanged",
        "    # ... (rest of the function remains the same)",
        "// existing code here",
        "// ... existing code ...",
        "/* rest of the file stays unchanged */",
        "<!-- ... rest of the content ... -->",
        "{/* ... other routes ... */}",
        "# rest of your code here",
        "# Remaining methods unchanged",
        "-- ... previous definitions ...",
        "# ...",
        "# (unchanged)",
        "# omitted for brevity",
        "# other imports remain the same",
        "[... rest of the file unchanged ...]",
        "... rest of code unchanged ...",
        "# … existing imports …",
    ],
)
def test_a_note_of_something_left_out_is_recognised(line: str) -> None:
    """In the comment styles and phrasings that models use."""
    assert is_elision(line)


@pytest.mark.parametrize(
    "line",
    [
        "# keep the existing code path working",
        "# Other methods",
        "# existing tests rely on this order",
        "# the rest of the arguments are positional",
        "# Rest of the file is parsed lazily",
        "...",
        "    ...",
        "return [...rest, x]",
        "(...args) => args",
        "# wait for it...",
        "x = 1  # unchanged",
        "# same",
        '"""..."""',
        "## Existing users",
    ],
)
def test_an_ordinary_line_leaves_nothing_out(line: str) -> None:
    """A false alarm costs a round, so only whole, known phrasings count."""
    assert not is_elision(line)
