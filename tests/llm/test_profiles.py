"""What is known of a model by its name."""

from __future__ import annotations

import dataclasses
import re
from fnmatch import fnmatchcase
from typing import get_args

import pytest

from gitagent.domain.edit import EditFormat
from gitagent.llm.profiles import is_known, profile, shipped
from gitagent.ports import ModelProfile
from gitagent.rows import ModelRow, ScoreRow


@pytest.mark.parametrize(
    "name", ["gpt-5-mini", "qwen/qwen3-coder", "qwen2.5-coder:1.5b", "nobody-knows-it", "", "X/Y"]
)
def test_every_name_has_a_profile(name: str) -> None:
    """Known or not: a window that holds a reply, and a format that can be read."""
    found = profile(name, "p")
    assert found.name == name
    assert 0 < found.max_output < found.window
    assert found.edit_format in get_args(EditFormat)


@pytest.mark.parametrize(
    ("name", "weak"),
    [
        ("qwen2.5-coder:1.5b", True),
        ("qwen2.5-coder-7b-instruct", True),
        ("meta/Llama-3.1-8B-Instruct", True),
        ("qwen2.5-coder:32b", False),
        ("mixtral-8x22b", False),
        ("gpt-5-mini", False),
    ],
)
def test_small_models_are_weak(name: str, weak: bool) -> None:
    """The parameters in a name decide, and weak models write whole files."""
    found = profile(name, "p")
    assert found.weak is weak
    assert (found.edit_format == "whole") or not weak


def test_what_the_user_knows_goes_first() -> None:
    """A row by the bare name or with the provider; what it does not say stays."""
    plain = profile("qwen2.5-coder:1.5b", "ollama")
    for name in ("qwen2.5-coder:1.5b", "ollama/qwen2.5-coder:1.5b"):
        row = ModelRow(name, window=999, weak=False, edit_format="udiff", input_price=0.0)
        found = profile("qwen2.5-coder:1.5b", "ollama", [ModelRow("other", window=1), row])
        wanted = dataclasses.replace(
            plain, window=999, weak=False, edit_format="udiff", input_price=0.0
        )
        assert found == wanted
    assert profile("qwen2.5-coder:1.5b", "p", [ModelRow("ollama/qwen2.5-coder:1.5b", 9)]) == (
        profile("qwen2.5-coder:1.5b", "p")
    )


def test_the_row_of_one_provider_goes_before_the_row_of_all() -> None:
    """Whichever stands first in the file; what it leaves out comes from the other."""
    own, bare = ModelRow("p/m", window=1000), ModelRow("m", window=9, max_output=99)
    for rows in ([own, bare], [bare, own]):
        found = profile("m", "p", rows)
        assert (found.window, found.max_output) == (1000, 99)
    assert profile("m", "q", [own, bare]).window == 9


def test_scores_are_overridden_one_by_one() -> None:
    """A row that knows better of one job leaves the others as they are."""
    plain = profile("gpt-5-mini", "openai")
    row = ModelRow("gpt-5-mini", scores=ScoreRow(plan=1.0), takes_tools=False, cache="marks")
    found = profile("gpt-5-mini", "openai", [row])
    assert found.scores == dataclasses.replace(plain.scores, plan=1.0)
    assert (found.takes_tools, found.cache) == (False, "marks")


@pytest.mark.parametrize("row", shipped(), ids=lambda row: row.name)
def test_every_shipped_row_is_whole(row: ModelProfile) -> None:
    """A reply leaves most of the window to the question; scores are points."""
    assert 0 < row.max_output <= row.window // 3
    assert row.edit_format in get_args(EditFormat)
    assert row.cache in ("", "auto", "marks")
    assert all(0 <= score <= 100 for score in vars(row.scores).values())
    assert row.tokens_per_s > 0 or row.name == "*"


def test_every_shipped_row_can_be_reached() -> None:
    """None stands behind another that takes all of its names; only the last one fits any."""
    names = [row.name for row in shipped()]
    for n, pattern in enumerate(names):
        example = re.sub(r"\[(.).*?\]", r"\1", pattern).replace("*", "")
        assert next(each for each in names if fnmatchcase(example, each)) == pattern, n
    assert names[-1] == "*"
    assert not any(fnmatchcase("zzz", name) for name in names[:-1])


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("gpt-5", "gpt-5-mini"),
        ("gpt-5-mini", "gpt-4o-mini"),
        ("claude-opus-4-8", "claude-haiku-4-5"),
        ("qwen3-coder", "qwen2.5-coder:7b"),
        ("qwen2.5-coder:7b", "qwen2.5-coder:1.5b"),
        ("gpt-4o-mini", "nobody-knows-it:3b"),
    ],
)
def test_the_rough_order_of_scores_is_what_anybody_would_say(better: str, worse: str) -> None:
    """A larger or newer one of a family is not held to be worse at any job."""
    first, second = (vars(profile(name, "p").scores) for name in (better, worse))
    assert all(first[job] > second[job] for job in first)


def test_what_a_server_does_is_known_whichever_model_it_runs() -> None:
    """llama.cpp keeps the beginning of a prompt and follows a schema by itself."""
    for provider in ("local", "llamacpp", "ollama"):
        found = profile("nobody-knows-it", provider)
        assert (found.cache, found.takes_schema) == ("auto", True)
    assert profile("nobody-knows-it", "work").cache == ""


def test_an_unknown_name_is_known_to_be_unknown() -> None:
    """So that its limits may be looked up elsewhere."""
    assert is_known("qwen/qwen3-coder:free")
    assert not is_known("nobody-knows-it")
