"""The files of the sample repository: a small package with one natural bug and a test that sees it.

`git agent demo` has it repaired before the eyes of somebody new, so it has to be honest: the bug is
one that people write, the failing test says what is wrong, and a small local model can put it
right. unittest is its runner because every Python has it.
"""

from __future__ import annotations

TASK = (
    "merge() shortens a meeting when another one lies inside it: joined spans must end at the "
    "later of the two ends."
)

MESSAGE = "Find free time between meetings"

_README = """\
# daybook

Finds free time in a day full of meetings.

    >>> from daybook.planner import free_times
    >>> free_times(["09:30-10:30", "10:00-11:00", "13:00-14:00"])
    ['09:00-09:30', '11:00-13:00', '14:00-17:00']

Times are minutes since midnight inside, and `HH:MM` outside. A span of time is a pair
`(start, end)`; the end is not part of it.

Run the tests with `python -m unittest`.
"""

_CLOCK = '''\
"""Times of day: `HH:MM` for people, minutes since midnight for arithmetic."""

MINUTES_PER_DAY = 24 * 60


def parse_time(text: str) -> int:
    """Turn "09:30" into 570. "24:00" is the end of the day."""
    hours, separator, minutes = text.strip().partition(":")
    if not separator or not (hours.isdigit() and minutes.isdigit()):
        raise ValueError(f"not a time of day: {text!r}")
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > MINUTES_PER_DAY:
        raise ValueError(f"not a time of day: {text!r}")
    return total


def format_time(minutes: int) -> str:
    """Turn 570 into "09:30"."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def parse_span(text: str) -> tuple[int, int]:
    """Turn "09:30-10:00" into (570, 600)."""
    start, _, end = text.partition("-")
    span = parse_time(start), parse_time(end)
    if span[0] >= span[1]:
        raise ValueError(f"a span must end after it starts: {text!r}")
    return span


def format_span(span: tuple[int, int]) -> str:
    """Turn (570, 600) into "09:30-10:00"."""
    return f"{format_time(span[0])}-{format_time(span[1])}"
'''

_INTERVALS = '''\
"""Arithmetic on spans of time, pairs (start, end) whose end is not part of them."""

Span = tuple[int, int]


def merge(spans: list[Span]) -> list[Span]:
    """Join spans that overlap or touch; the result is sorted and has gaps between."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def gaps(spans: list[Span], within: Span) -> list[Span]:
    """The parts of `within` that no span covers, in order."""
    found: list[Span] = []
    free_from = within[0]
    for start, end in merge(spans):
        if start > free_from:
            found.append((free_from, min(start, within[1])))
        free_from = max(free_from, end)
        if free_from >= within[1]:
            return found
    found.append((free_from, within[1]))
    return found


def total(spans: list[Span]) -> int:
    """How many minutes the spans cover; what they share counts once."""
    return sum(end - start for start, end in merge(spans))
'''

_PLANNER = '''\
"""What people ask of a day: when am I free, and when can we meet?"""

from daybook.clock import format_span, parse_span
from daybook.intervals import gaps, total

WORKING_HOURS = "09:00-17:00"


def free_times(meetings: list[str], hours: str = WORKING_HOURS) -> list[str]:
    """The free spans between meetings, as "HH:MM-HH:MM"."""
    busy = [parse_span(meeting) for meeting in meetings]
    return [format_span(gap) for gap in gaps(busy, parse_span(hours))]


def first_slot(meetings: list[str], minutes: int, hours: str = WORKING_HOURS) -> str | None:
    """The earliest free span of exactly that length, or None on a full day."""
    busy = [parse_span(meeting) for meeting in meetings]
    for start, end in gaps(busy, parse_span(hours)):
        if end - start >= minutes:
            return format_span((start, start + minutes))
    return None


def busy_minutes(meetings: list[str]) -> int:
    """How much of the day is spent in meetings."""
    return total([parse_span(meeting) for meeting in meetings])
'''

_TEST_CLOCK = """\
import unittest

from daybook.clock import format_span, format_time, parse_span, parse_time


class ParseTimeTest(unittest.TestCase):
    def test_reads_hours_and_minutes(self):
        self.assertEqual(parse_time("09:30"), 570)

    def test_midnight_can_start_and_end_a_day(self):
        self.assertEqual(parse_time("00:00"), 0)
        self.assertEqual(parse_time("24:00"), 1440)

    def test_rejects_what_no_clock_shows(self):
        for text in ("9", "09:60", "24:01", "nine:thirty", ""):
            with self.subTest(text=text), self.assertRaises(ValueError):
                parse_time(text)


class SpanTest(unittest.TestCase):
    def test_reads_a_span(self):
        self.assertEqual(parse_span("09:30-10:00"), (570, 600))

    def test_a_span_must_end_after_it_starts(self):
        with self.assertRaises(ValueError):
            parse_span("10:00-10:00")

    def test_writes_what_it_reads(self):
        self.assertEqual(format_time(parse_time("07:05")), "07:05")
        self.assertEqual(format_span(parse_span("00:00-24:00")), "00:00-24:00")


if __name__ == "__main__":
    unittest.main()
"""

_TEST_INTERVALS = """\
import unittest

from daybook.intervals import gaps, merge, total


class MergeTest(unittest.TestCase):
    def test_nothing_to_merge(self):
        self.assertEqual(merge([]), [])

    def test_spans_apart_stay_apart_and_are_sorted(self):
        self.assertEqual(merge([(50, 60), (10, 20)]), [(10, 20), (50, 60)])

    def test_overlapping_spans_become_one(self):
        self.assertEqual(merge([(10, 30), (20, 40)]), [(10, 40)])

    def test_touching_spans_become_one(self):
        self.assertEqual(merge([(10, 20), (20, 30)]), [(10, 30)])

    def test_a_span_inside_a_longer_one_does_not_shorten_it(self):
        self.assertEqual(merge([(10, 60), (20, 30)]), [(10, 60)])


class GapsTest(unittest.TestCase):
    def test_without_spans_all_is_free(self):
        self.assertEqual(gaps([], (0, 100)), [(0, 100)])

    def test_gaps_lie_between_before_and_after(self):
        self.assertEqual(gaps([(10, 20), (40, 90)], (0, 100)), [(0, 10), (20, 40), (90, 100)])

    def test_spans_may_reach_beyond_the_edges(self):
        self.assertEqual(gaps([(0, 20), (80, 150)], (10, 100)), [(20, 80)])


class TotalTest(unittest.TestCase):
    def test_what_is_shared_counts_once(self):
        self.assertEqual(total([(10, 30), (20, 40), (50, 60)]), 40)


if __name__ == "__main__":
    unittest.main()
"""

_TEST_PLANNER = """\
import unittest

from daybook.planner import busy_minutes, first_slot, free_times


class FreeTimesTest(unittest.TestCase):
    def test_an_empty_day_is_free(self):
        self.assertEqual(free_times([]), ["09:00-17:00"])

    def test_free_times_lie_between_meetings(self):
        meetings = ["13:00-14:00", "09:30-10:30", "10:00-11:00"]
        self.assertEqual(free_times(meetings), ["09:00-09:30", "11:00-13:00", "14:00-17:00"])

    def test_a_full_day_has_none(self):
        self.assertEqual(free_times(["08:00-12:00", "12:00-18:00"]), [])

    def test_hours_can_be_chosen(self):
        self.assertEqual(free_times(["10:00-11:00"], hours="10:00-12:00"), ["11:00-12:00"])


class FirstSlotTest(unittest.TestCase):
    def test_the_first_gap_that_is_long_enough(self):
        self.assertEqual(first_slot(["09:15-10:00", "12:00-13:00"], 30), "10:00-10:30")

    def test_no_slot_on_a_full_day(self):
        self.assertIsNone(first_slot(["09:00-17:00"], 15))


class BusyMinutesTest(unittest.TestCase):
    def test_overlapping_meetings_count_once(self):
        self.assertEqual(busy_minutes(["09:00-10:00", "09:30-10:30"]), 90)


if __name__ == "__main__":
    unittest.main()
"""

FILES = {
    ".gitignore": "__pycache__/\n*.pyc\n",
    "README.md": _README,
    "daybook/__init__.py": '"""Finds free time in a day full of meetings."""\n',
    "daybook/clock.py": _CLOCK,
    "daybook/intervals.py": _INTERVALS,
    "daybook/planner.py": _PLANNER,
    "tests/__init__.py": "",
    "tests/test_clock.py": _TEST_CLOCK,
    "tests/test_intervals.py": _TEST_INTERVALS,
    "tests/test_planner.py": _TEST_PLANNER,
}
"""Paths and contents, as `repositories.build` takes them."""
