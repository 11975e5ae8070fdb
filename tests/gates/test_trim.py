"""What is left of an output: what a repair needs, bounded, without terminal control."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitagent.gates.trim import plain_text, shorten, trim

MANY = """
import pytest, warnings
@pytest.mark.parametrize("n", range(300))
def test_good(n):
    warnings.warn(f"noise {n}")
def test_bad():
    value = 41
    assert value + 0 == 42
def test_worse():
    print("said before")
    raise KeyError("missing")
"""

UNIT = """
import unittest
class T(unittest.TestCase):
    def test_bad(self):
        self.assertEqual(41, 42)
    def test_worse(self):
        raise KeyError("missing")
for n in range(300):
    setattr(T, f"test_good_{n}", lambda self: None)
"""


def output_of(folder: Path, *argv: str) -> str:
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


def test_pytests_failures_and_summary_stay(tmp_path: Path) -> None:
    """Assertions, tracebacks, captured output and the last line; no warnings, no progress."""
    (tmp_path / "test_many.py").write_text(MANY)
    text = trim(output_of(tmp_path, "-m", "pytest", "-v", "-c", "/dev/null", "--rootdir=."), 3_000)
    assert len(text) <= 3_000
    for wanted in ("assert (41 + 0) == 42", "KeyError: 'missing'", "said before", "2 failed, 300"):
        assert wanted in text
    assert "FAILED test_many.py::test_bad" in text
    assert "noise" not in text
    assert "PASSED" not in text


def test_unittests_failures_and_summary_stay(tmp_path: Path) -> None:
    """The FAIL and ERROR blocks, and the count."""
    (tmp_path / "test_many.py").write_text(UNIT)
    text = trim(output_of(tmp_path, "-m", "unittest", "-v"), 2_000)
    assert len(text) <= 2_000
    for wanted in ("FAIL: test_bad", "41 != 42", "ERROR: test_worse", "FAILED (failures=1"):
        assert wanted in text
    assert "test_good" not in text


def test_many_failures_share_the_room() -> None:
    """Some are shown well, the others counted."""
    blocks = "\n".join(f"____ test_{n} ____\nassert {n}\n" + "x" * 3_000 for n in range(50))
    text = trim(f"=== FAILURES ===\n{blocks}\n=== 50 failed in 1s ===\n", 4_000)
    assert len(text) <= 4_000
    assert "____ test_0 ____\nassert 0" in text
    assert "more failures left out" in text
    assert text.endswith("=== 50 failed in 1s ===")


def test_other_output_keeps_head_and_tail() -> None:
    """And a line says how much is gone."""
    text = trim("first\n" + "x" * 10_000 + "\nlast", 1_000)
    assert len(text) <= 1_000
    assert text.startswith("first\n")
    assert text.endswith("\nlast")
    assert "characters left out" in text


def test_a_short_output_stays_whole() -> None:
    """Nothing is interpreted where there is room."""
    assert trim("=== FAILURES ===\nwhatever\n", 100) == "=== FAILURES ===\nwhatever"


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP0;1|17/ab\x1b\\after", "after"),
        ("a\x1b[2K\x1b[1Gb", "ab"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("a\x00\x07\x08b\tc", "ab\tc"),
        ("\x9b31mred", "red"),
        ("\u202eevil\u200b", "\\u202eevil\\u200b"),
        ("\U000e0041", "\\ue0041"),
        ("end\x1b", "end"),
    ],
)
def test_terminal_control_is_gone(raw: str, plain: str) -> None:
    """Nothing that moves a cursor, hides or reorders text is shown."""
    assert plain_text(raw) == plain


@given(st.text(alphabet="ab =_\n\x1b[]P\\;m\r-:.", max_size=400), st.integers(0, 300))
@settings(max_examples=150, deadline=None)
def test_the_budget_holds_for_any_text(output: str, budget: int) -> None:
    """No text, however odd, passes its bound or keeps an escape."""
    text = trim(output, budget)
    assert len(text) <= budget
    assert "\x1b" not in text
    assert len(shorten(output, budget)) <= budget


@pytest.mark.parametrize(
    "piece", ["\x1bP", "\x1b]", "=", "_ ", "a\r", "___ a ___\n", "x: ", "\x1b["]
)
def test_hostile_output_costs_no_time(piece: str) -> None:
    """No pattern takes more than linear time, about."""
    started = time.perf_counter()
    trim(piece * (600_000 // len(piece)), 5_000)
    assert time.perf_counter() - started < 2.0
