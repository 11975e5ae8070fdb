"""What a reply asks to see is read however it is dressed, and nothing else is taken for an ask."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.domain.context import Span
from gitagent.domain.want import TO_THE_END, Want
from gitagent.edits.wants import LONGEST_LINE, read

A = Want("read", "a.py")
LINES = Want("read", "a.py", (Span(10, 40),))


def asked(reply: str) -> list[Want]:
    return list(read(reply)[0])


@pytest.mark.parametrize(
    "line",
    [
        "READ: a.py:10-40",
        "read: a.py:10-40",
        "READ a.py 10-40",
        "- **READ:** `a.py:10-40`",
        "2. READ: `a.py` lines 10-40",
        "READ: a.py#L10-L40",
        "READ: a.py (lines 10-40)",
        "READ: a.py:10..40 (to see how it retries)",
        "READ: a.py:10–40 — the loop",
        'READ("a.py:10-40")',
        "read(path='a.py:10-40')",
    ],
)
def test_a_line_may_be_decorated(line: str) -> None:
    """Bullets, emphasis, ticks and a reason beside it: the path and its lines are the same."""
    assert asked(f"I need more.\n\n{line}\n") == [LINES]


@pytest.mark.parametrize(
    ("lines", "spans"),
    [
        ("7", (Span(7, 7),)),
        ("7-", (Span(7, TO_THE_END),)),
        ("40-10", (Span(10, 40),)),
        ("0-3, 9-12", (Span(1, 3), Span(9, 12))),
        ("1-99999999999999999999", (Span(1, TO_THE_END),)),
    ],
)
def test_lines_may_be_one_several_or_open(lines: str, spans: tuple[Span, ...]) -> None:
    """A line, ranges by commas, from a line on; turned around and out of bounds all the same."""
    found = asked(f"READ: a.py:{lines}")
    assert [want.spans for want in found] == [spans]


@pytest.mark.parametrize(
    "value",
    [
        ["READ: a.py:10-40"],
        {"look": ["READ: a.py:10-40"], "steps": []},
        {"read": "a.py:10-40"},
        [{"read": {"path": "a.py", "start": 10, "end": 40}}],
        {"name": "read", "arguments": {"path": "a.py", "start": "10", "end": 40}},
        {"tool": "read_file", "parameters": {"file": "a.py", "lines": [10, 40]}},
        {"action": "read", "path": "a.py", "start_line": 10, "end_line": 40},
        [{"function": {"name": "read", "arguments": '{"path": "a.py", "lines": "10-40"}'}}],
        {
            "tool_calls": [
                {"type": "function", "function": {"name": "READ", "arguments": "a.py:10-40"}}
            ]
        },
    ],
)
@pytest.mark.parametrize("dress", ["{}", "```json\n{}\n```", "<tool_call>\n{}\n</tool_call>"])
def test_json_in_the_usual_shapes_is_read(value: object, dress: str) -> None:
    """Models that know tools write out their calls where they have none."""
    for text in (json.dumps(value), json.dumps(value, indent=2)):
        assert asked(f"Sure.\n{dress.replace('{}', text)}") == [LINES]


def test_a_fence_of_asks_only_is_read() -> None:
    """All its lines must be asks: what a file holds is not asked for."""
    assert asked("```\nREAD: a.py\nSEARCH: b c\n```") == [A, Want("search", "b c")]
    assert asked("doc.md\n```\nREAD: a.py\nand more\n```") == []
    assert asked('data.json\n```\n["READ: a.py", {"x": 1}]\n```') == []


@pytest.mark.parametrize(
    "reply",
    [
        "I have READ: the file",
        "READ:",
        "SEARCH:\nold line\nREPLACE:\nnew line",
        "a.py\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE",
        '{"steps": [{"title": "READ: a.py"}]}',
        "<think>\nREAD: a.py\n</think>\nDone.",
        "[1, 2",
        "[" * 50_000,
        "READ: " + "a" * 600,
        "",
    ],
)
def test_what_is_no_ask_is_left(reply: str) -> None:
    """Edits, plans, prose, reasoning, and what only looks like JSON."""
    assert asked(reply) == []


def test_the_rest_of_the_reply_has_no_ask_in_it() -> None:
    """What is left is what edits are looked for in."""
    wants, rest = read("First.\nREAD: a.py\n```\nSEARCH: x y\n```\nLast.\n")
    assert len(wants) == 2
    assert rest == "First.\nLast.\n"


def test_several_on_one_line_are_several_but_for_words() -> None:
    """Paths and names by commas; words to look for are one ask whatever is between them."""
    assert asked("READ: a.py, b.py:3-4")[1] == Want("read", "b.py", (Span(3, 4),))
    assert [want.what for want in asked("SYMBOLS: `Foo.bar`, baz")] == ["Foo.bar", "baz"]
    assert asked("SEARCH: one, two and three") == [Want("search", "one, two and three")]


def test_an_ask_has_a_bounded_length() -> None:
    """It goes to an index and into the next prompt, whatever form it came in."""
    (found,) = asked(json.dumps({"search": "x" * 10 * LONGEST_LINE}))
    assert len(found.what) == LONGEST_LINE


def test_an_ask_is_written_as_it_is_read() -> None:
    """Whoever rewrites one, as a tool call is, changes nothing of it."""
    for want in (A, LINES, Want("read", "a b.py", (Span(1, 2), Span(9, TO_THE_END)))):
        assert asked(str(want)) == [want]


@given(st.text(alphabet='READSRCH:{}[]"`\\\n abc.,-0123:()', max_size=200))
def test_nothing_that_a_model_writes_raises(reply: str) -> None:
    """A reply is anything at all."""
    wants, _rest = read(reply)
    assert all(want.what for want in wants)
