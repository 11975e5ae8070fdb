"""Values as JSON and back: equal, readable, and never a crash on what comes from outside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitagent.domain.call import Reply, Usage
from gitagent.domain.codec import from_json, to_json
from gitagent.domain.plan import Plan, PlanStep
from gitagent.domain.task import Attempt
from gitagent.domain.verdict import Verdict
from gitagent.errors import Conflict

text = st.text(max_size=30)
names = st.lists(text, max_size=3).map(tuple)
verdicts = st.builds(Verdict, kind=st.sampled_from(["pass", "fail", "none"]), passed=names)
values = st.one_of(
    st.builds(Attempt, problems=names, subject=text, verdict=st.none() | verdicts, tree=text),
    st.builds(
        Reply,
        text=text,
        model=text,
        provider=text,
        finish_reason=text,
        usage=st.builds(Usage, prompt=st.integers(0, 2**53)),
        seconds=st.floats(0, 1e6),
        first_token_seconds=st.none() | st.floats(0, 10),
    ),
    st.builds(Plan, steps=st.lists(st.builds(PlanStep, paths=names), max_size=2).map(tuple)),
)


@settings(max_examples=60, deadline=None)
@given(value=values)
def test_every_value_comes_back_equal(value: Any) -> None:
    """Whatever a value holds, it is the same after JSON, floats and odd characters included."""
    assert from_json(to_json(value), type(value)) == value


def test_json_is_indented_and_stable() -> None:
    """A person and `git diff` can read it; the same value is the same bytes."""
    step = PlanStep(1, "Ä", "x", ("a",))
    assert to_json(step) == to_json(PlanStep(1, "Ä", "x", ("a",)))
    assert to_json(step).count(b"\n") > 3
    assert "Ä".encode() in to_json(step)


def test_bytes_that_are_not_utf8_are_escaped() -> None:
    """A path with odd bytes can be kept; JSON stays valid."""
    data = to_json({"caf\udce9": ["\ud800"]})
    assert json.loads(data) == {"caf\\udce9": ["\\ud800"]}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"\xff", b'{"n": "x"}', b'{"steps": {}}', b'{"steps":' * 99_999],
)
def test_what_is_not_the_value_is_a_conflict(data: bytes) -> None:
    """Foreign or damaged state is named; it never becomes a half value."""
    with pytest.raises(Conflict, match="cannot be read"):
        from_json(data, Plan)


def test_fields_of_a_later_version_are_passed_over() -> None:
    """A newer gitagent may have added facts; the older one reads what it knows."""
    assert from_json(b'{"steps": [], "later": 1}', Plan) == Plan(())
