"""What `--model` may say."""

from __future__ import annotations

import pytest

from gitagent.errors import UsageError
from gitagent.llm.pins import JOBS, pins


def test_a_bare_name_is_for_every_job() -> None:
    """Also one with an equals sign behind its slash."""
    assert pins(["a/x"]) == dict.fromkeys(JOBS, "a/x")
    assert pins(["a/x=y"]) == dict.fromkeys(JOBS, "a/x=y")
    assert pins([]) == pins([""]) == {}


def test_a_job_by_name_goes_before_all_in_any_order() -> None:
    """Mixed with a bare name, whichever stands first."""
    for said in (["plan=b/y", "a/x"], ["a/x", "plan=b/y"]):
        assert pins(said) == {**dict.fromkeys(JOBS, "a/x"), "plan": "b/y"}


def test_whoever_writes_code_repairs_it() -> None:
    """Unless repairs are named by themselves."""
    assert pins(["code=a/x"]) == {"code": "a/x", "repair": "a/x"}
    for said in (["code=a/x", "repair=b/y"], ["repair=b/y", "code=a/x"]):
        assert pins(said) == {"code": "a/x", "repair": "b/y"}


@pytest.mark.parametrize("said", [["propose=a/x"], ["=a/x"], ["Plan=a/x"]])
def test_an_unknown_job_is_named_with_the_known_ones(said: list[str]) -> None:
    """Wrong usage, before anything is spent."""
    with pytest.raises(UsageError) as caught:
        pins(said)
    assert all(job in caught.value.hint for job in JOBS)


@pytest.mark.parametrize("said", [["a/x", "b/y"], ["plan=a/x", "plan=b/y"]])
def test_two_models_for_one_job_are_wrong(said: list[str]) -> None:
    """Nobody can know which was meant; said twice the same is no contradiction."""
    with pytest.raises(UsageError, match="two models"):
        pins(said)
    assert pins([said[0], said[0]]) == pins([said[0]])
