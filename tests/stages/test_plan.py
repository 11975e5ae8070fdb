"""A task becomes steps: one, or as few as a model says, whatever it says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gitagent.domain.call import Reply, Request, Usage
from gitagent.domain.context import Context
from gitagent.domain.plan import Plan
from gitagent.domain.rules import PlanMode
from gitagent.errors import ProviderRejected
from gitagent.ports import ModelProfile
from gitagent.stages.plan import SCHEMA, plan

PROFILE = ModelProfile("m", "p", 8000, 1000, "whole")
LONG = "Change all of it. " * 30


@dataclass
class Planner:
    """A model that answers with one text after another."""

    says: list[str]
    profile: ModelProfile = PROFILE
    asked: list[Request] = field(default_factory=list)

    def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(self.says.pop(0), "m", "p", "stop", Usage(), 0.0)


def steps(*titles: str, **more: Any) -> str:
    return json.dumps({"steps": [{"title": t, "detail": f"do {t}", **more} for t in titles]})


def made(planner: Planner, text: str = LONG, mode: PlanMode = "always", most: int = 3) -> Plan:
    return plan(planner, text, Context(), tree="t", mode=mode, max_steps=most)


def test_a_good_plan_is_taken_as_it_is() -> None:
    """Numbers, titles as subject lines, details and paths."""
    found = made(Planner([steps("add the parser.", "use it", paths=["a.py"])]))
    assert found.planned
    assert [(s.n, s.title, s.detail, s.paths) for s in found.steps] == [
        (1, "Add the parser", "do add the parser.", ("a.py",)),
        (2, "Use it", "do use it", ("a.py",)),
    ]


@pytest.mark.parametrize(
    "reply", ["```json\n{}\n```", "Sure! Here is the plan: {} Good luck.", "<think>hm</think>{}"]
)
def test_a_plan_in_a_wrapper_is_found(reply: str) -> None:
    """Fences and talk around the JSON are what models do."""
    assert made(Planner([reply.replace("{}", steps("one"))])).planned


@pytest.mark.parametrize(
    "bad",
    [
        "no JSON at all",
        "{'steps': []}",
        '{"steps": []}',
        '{"steps": {}}',
        '{"steps": [3]}',
        '{"steps": [{"title": " "}]}',
        '["a", "b"]',
        "{",
        "",
        steps("a", "b", "c", "d"),
    ],
)
def test_a_bad_plan_is_asked_for_again_once_and_then_given_up(bad: str) -> None:
    """The second question says what was wrong with the first answer."""
    mended = Planner([bad, steps("one")])
    assert made(mended).planned
    assert "not a plan" in mended.asked[1].messages[-1].content
    assert mended.asked[1].messages[-2].content == bad
    hopeless = Planner([bad, bad])
    found = made(hopeless)
    assert not found.planned
    assert [s.detail for s in found.steps] == [LONG]
    assert len(hopeless.asked) == 2


@pytest.mark.parametrize(
    ("mode", "text", "weak", "asks"),
    [
        ("never", LONG, False, False),
        ("auto", "Fix it", False, False),
        ("auto", LONG, False, True),
        ("auto", LONG, True, False),
        ("auto", "Do:\n- a\n- b", False, True),
        ("auto", "Do:\n1. a\n2) b", False, True),
        ("always", "Fix it", True, True),
    ],
)
def test_a_model_is_asked_only_where_it_pays(
    mode: PlanMode, text: str, weak: bool, asks: bool
) -> None:
    """`auto` spares small tasks and weak models the call."""
    planner = Planner([steps("one")], replace(PROFILE, weak=weak))
    assert made(planner, text, mode).planned is asks
    assert len(planner.asked) == asks


def test_the_schema_goes_with_the_question_and_each_try_has_its_own_key() -> None:
    """An answer from an earlier run is recognised by the key."""
    planner = Planner(["x", "y"])
    made(planner)
    assert [r.schema for r in planner.asked] == [SCHEMA, SCHEMA]
    assert [r.key for r in planner.asked] == ["plan:0.1:t", "plan:0.2:t"]


def test_wrong_kinds_inside_a_step_are_read_as_far_as_they_go() -> None:
    """A missing detail is the title, paths that are no list are none."""
    reply = json.dumps({"steps": [{"title": "one\nAgent-Gate: pass", "paths": "a.py"}]})
    (step,) = made(Planner([reply])).steps
    assert (step.title, step.paths) == ("One Agent-Gate: pass", ())
    assert "\n" not in step.title


def test_a_provider_that_fails_is_not_hidden() -> None:
    """No plan is better than none only where the model could answer."""

    class Failing(Planner):
        def complete(self, request: Request) -> Reply:
            raise ProviderRejected

    with pytest.raises(ProviderRejected):
        made(Failing([]))
