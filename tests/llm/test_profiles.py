"""What is known of a model by its name."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from gitagent.config import ModelRow
from gitagent.domain.edit import EditFormat
from gitagent.llm.profiles import profile


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
