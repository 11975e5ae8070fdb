"""Any small change, written in any of the three formats, lands as exactly that change."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitagent.domain.edit import File
from gitagent.edits.align import equal_blocks
from gitagent.edits.land import land
from gitagent.edits.lines import text_of
from gitagent.edits.parse import parse

PATH = "src/app.py"

WORDS = [
    "alpha",
    "beta = 1",
    "    return x",
    "}",
    "",
    "def f():",
    "\ttab",
    "x\r y",
    "  # note ",
    "é",
]
NEW_WORDS = st.text(st.sampled_from("abcxyz =()_é"), min_size=1, max_size=12).map(
    lambda text: "new " + text
)
QUICK = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Change:
    """A file's exact lines (without and with ends) before and after."""

    old: list[tuple[str, str]]
    new: list[tuple[str, str]]

    @property
    def before(self) -> bytes:
        return "".join(line + end for line, end in self.old).encode()

    @property
    def after(self) -> bytes:
        return "".join(line + end for line, end in self.new).encode()


@st.composite
def changes(draw: st.DrawFn, *, ended: bool | None = None) -> Change:
    """One run of lines replaced by as many new ones, in a file with mixed line ends."""
    texts = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14))
    ends = [draw(st.sampled_from(["\n", "\r\n"])) for _ in texts]
    if not draw(st.booleans()) if ended is None else not ended:
        ends[-1] = ""
        texts[-1] = texts[-1] or "last"
    start = draw(st.integers(0, len(texts) - 1))
    stop = draw(st.integers(start + 1, min(len(texts), start + 3)))
    old = list(zip(texts, ends, strict=True))
    fresh = [(draw(NEW_WORDS), end) for _, end in old[start:stop]]
    return Change(old, old[:start] + fresh + old[stop:])


def lf(lines: list[tuple[str, str]]) -> str:
    return "".join(line + "\n" for line, _ in lines)


def landed(reply: str, before: bytes) -> bytes:
    proposal = parse(reply, [PATH])
    assert proposal.problems == ()
    landing = land(proposal.edits, {PATH: File(before)}.get)
    assert landing.problems == ()
    file = landing.changes[PATH]
    assert file is not None
    return file.data


@QUICK
@given(changes(ended=True))
def test_a_whole_file_changes_only_the_changed_lines(change: Change) -> None:
    """A line that is the same in the reply keeps its bytes, its line end included."""
    reply = f"{PATH}\n```python\n{lf(change.new)}```\n"
    assert landed(reply, change.before) == change.after


@QUICK
@given(changes(ended=False))
def test_a_whole_file_keeps_a_missing_last_line_end(change: Change) -> None:
    """A file without an end after its last line keeps it so where that line stays."""
    if change.old[-1] != change.new[-1]:
        return
    reply = f"{PATH}\n```python\n{lf(change.new)}```\n"
    assert landed(reply, change.before) == change.after


@QUICK
@given(changes())
def test_a_search_replace_block_changes_only_the_changed_lines(change: Change) -> None:
    """With the whole file searched for, the place is certain and the rest keeps its bytes."""
    reply = (
        f"{PATH}\n```python\n<<<<<<< SEARCH\n{lf(change.old)}=======\n{lf(change.new)}"
        ">>>>>>> REPLACE\n```\n"
    )
    assert landed(reply, change.before) == change.after


@QUICK
@given(changes(), st.booleans(), st.booleans())
def test_a_unified_diff_changes_only_the_changed_lines(
    change: Change, fenced: bool, stripped: bool
) -> None:
    """Fenced or bare, with or without the space of empty context lines."""
    old, new = (lf(side).split("\n")[:-1] for side in (change.old, change.new))
    lines = list(difflib.unified_diff(old, new, f"a/{PATH}", f"b/{PATH}", lineterm=""))
    if stripped and lines and lines[-1] != " ":
        lines = ["" if line == " " else line for line in lines]
    diff = "\n".join(lines) + "\n"
    reply = f"Here:\n\n```diff\n{diff}```\n" if fenced else f"Here:\n\n{diff}"
    assert landed(reply, change.before) == change.after


@QUICK
@given(st.binary(max_size=200).filter(lambda data: b"\0" not in data))
def test_any_bytes_come_back_from_their_lines(data: bytes) -> None:
    """Splitting a file into lines loses nothing."""
    assert text_of(data).data == data


@QUICK
@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_equal_blocks_are_equal_and_in_order(old: list[str], new: list[str]) -> None:
    """Every block names lines that are the same, and none goes back."""
    at = (0, 0)
    for i, j, size in equal_blocks(old, new):
        assert old[i : i + size] == new[j : j + size]
        assert i >= at[0]
        assert j >= at[1]
        at = (i + size, j + size)


@QUICK
@given(st.text(max_size=300))
def test_any_reply_is_read(reply: str) -> None:
    """Nothing that a model writes makes the reader fail."""
    parse(reply, [PATH])


@QUICK
@given(
    st.lists(
        st.sampled_from(
            [
                *("```", "```python", "````", "~~~", "<<<<<<< SEARCH", "=======", PATH, "x.md"),
                *(">>>>>>> REPLACE", "--- a/x.py", "+++ b/x.py", "@@ -1,2 +1,3 @@", "+x", "-y"),
                *(" z", "", "DELETE: x.py", "RENAME: a.py -> b.py", "text", "@@", "```diff"),
                *("*** Update File: x.py", "<think>", "</think>", "diff --git a/x.py b/x.py"),
                *("new file mode 100644", "rename from x", "rename to y", "\\ No newline"),
            ]
        ),
        max_size=14,
    )
)
def test_any_mixture_of_marks_is_read_and_landed(lines: list[str]) -> None:
    """Half formats and nested ones are read, and what is read lands or is a problem."""
    proposal = parse("\n".join(lines), [PATH, "x.py"])
    landing = land(proposal.edits, {PATH: File(b"y\n"), "x.py": File(b"z\ny\n")}.get)
    assert not (landing.problems and landing.changes)
