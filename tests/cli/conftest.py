"""The bench at which every test of a command is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FILES, Bench


@pytest.fixture
def bench(server: Callable[..., Any], agent_inline: Callable[..., Any]) -> Bench:
    return Bench(server, agent_inline)


@pytest.fixture
def calc(repo: Callable[..., Path]) -> Path:
    """A small repository with one mistake and no tests."""
    return repo(FILES)
