"""The main job on the real local model, where its weights are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitagent.llm.local import server
from gitagent.llm.local import weights as known_weights
from gitagent.site import cache_folder


@pytest.mark.local_model
def test_the_demo_gets_its_failing_test_to_pass_on_the_local_model(
    weights: Path, agent: Callable[..., Any], tmp_path: Path
) -> None:
    """Weights, server, prompts, edits, gate and acceptance, with nothing scripted."""
    folder = known_weights.default_folder()
    folder.mkdir(parents=True)
    known = known_weights.known("qwen2.5-coder-1.5b")
    known_weights.path(known, folder).symlink_to(weights)
    assert known_weights.verify(known, folder, known_weights.path(known, folder))
    try:
        done = agent(
            "demo", str(tmp_path / "daybook"), "--model", "local", cwd=tmp_path, timeout=400
        )
    finally:
        server.stop(cache_folder() / "local")
    assert done.code == 0, done.err
    assert "1 fixed" in done.err
    assert "main is now at" in done.out
