"""What headers say of limits, in every way that providers write it."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.llm.rate_headers import pause, seconds

DATE = "Tue, 03 Nov 2026 10:00:00 GMT"
AT = 1793700000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("12ms", 0.012),
        ("1h2m3.5s", 3723.5),
        ("2m59.56s", 179.56),
        ("500µs", 0.0005),
        ("30", 30.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("-3", 0.0),
        (str(AT + 30), 30.0),
        (str((AT + 30) * 1000), 30.0),
        (str(AT - 30), 0.0),
        ("Tue, 03 Nov 2026 10:00:20 GMT", 20.0),
        ("2026-11-03T10:00:07Z", 7.0),
        ("2026-11-03T10:00:07", 7.0),
        ("", None),
        ("nan", None),
        ("soon", None),
        ("1s soon", None),
        ("s", None),
        ("5 s", None),
    ],
)
def test_every_way_to_say_when(text: str, expected: float | None) -> None:
    """Durations, seconds and points in time, which are held against the provider's clock."""
    assert seconds(text, DATE) == (None if expected is None else pytest.approx(expected))


def test_without_a_date_the_clock_of_this_machine_has_to_do() -> None:
    """A point in time still means something."""
    found = seconds(str(time.time() + 100))
    assert found is not None
    assert 90 < found <= 100


@given(st.text(), st.text())
def test_no_text_is_a_crash(text: str, date: str) -> None:
    """It means some time from now on, or nothing."""
    found = seconds(text, date)
    assert found is None or found >= 0
    assert not math.isnan(found or 0.0)


def openai(kind: str, remaining: str, reset: str, limit: str = "60") -> dict[str, str]:
    names = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"X-RateLimit-{name}-{kind}": value for name, value in names.items()}


@pytest.mark.parametrize(
    ("headers", "refused", "expected"),
    [
        (openai("requests", "0", "1m0s"), True, 60.0),
        (openai("requests", "0", "1m0s"), False, 1.0),
        (openai("requests", "0", "1m0s", "nonsense"), False, 60.0),
        (openai("requests", "0", "1m0s", "0"), False, 60.0),
        (openai("requests", "1", "1m0s"), True, 0.0),
        (openai("tokens", "0", "6m0s"), False, 360.0),
        (openai("tokens", "nan", "6m0s"), True, 0.0),
        (openai("tokens", "0", ""), True, 0.0),
        (openai("requests", "59", "1s") | openai("tokens", "0", "12ms"), True, 0.012),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{AT + 9}000", "date": DATE},
            True,
            9,
        ),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "5"}, False, 5.0),
        (
            {
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-03T10:00:03Z",
                "date": DATE,
            },
            False,
            3.0,
        ),
        ({"retry-after": "3"}, True, 0.0),
        ({}, True, 0.0),
    ],
)
def test_an_allowance_that_is_used_up_is_a_pause(
    headers: dict[str, str], refused: bool, expected: float
) -> None:
    """After a refusal until all of it is back, after a good answer until one request is."""
    assert pause(headers, refused=refused) == pytest.approx(expected)
