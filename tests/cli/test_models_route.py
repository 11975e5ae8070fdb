"""`git agent models route`: who would do what, the runners-up, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import Bench

from gitagent.llm.breaker import Breaker
from gitagent.llm.client import Endpoint
from gitagent.llm.day import DaySpend
from gitagent.llm.health import FOLDER, shared_name
from gitagent.llm.pins import JOBS
from gitagent.llm.shared_state import now
from gitagent.site import spent_folder

CONFIG = """
[route]
models = ["first/strong", "second/cheap", "second/small"]
[providers.first]
base_url = "http://llm.example.invalid/v1"
key_env = "FIRST_KEY"
[providers.second]
base_url = "http://127.0.0.1:9/v1"
[models.strong]
window = 200000
input_price = 10
output_price = 50
scores = { plan = 90, code = 90, repair = 90, ask = 90, review = 90 }
[models.cheap]
window = 100000
input_price = 1
output_price = 5
scores = { plan = 88, code = 80, repair = 90, ask = 80, review = 80 }
[models.small]
window = 8000
max_output = 2000
"""
KEY = {"FIRST_KEY": "FAKEKEY-first"}


@pytest.fixture
def routed(home: Path, calc: Path) -> Path:
    place = home / ".config" / "gitagent" / "gitagent.toml"
    place.parent.mkdir(parents=True)
    place.write_text(CONFIG)
    return calc


def jobs(bench: Bench, folder: Path, *args: str, text: str = "Fix it") -> dict[str, Any]:
    ran = bench.run("models", "route", text, "--json", *args, cwd=folder, env=KEY)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = ran.json()
    return found


def chosen(document: dict[str, Any]) -> dict[str, str]:
    return {job: rows[0]["model"] for job, rows in document["jobs"].items()}


def test_every_job_has_its_model_its_runners_up_and_the_reasons(bench: Bench, routed: Path) -> None:
    """By score, price and window; nobody is asked."""
    found = jobs(bench, routed)
    assert chosen(found) == {
        "plan": "second/cheap",
        "code": "first/strong",
        "repair": "second/cheap",
        "ask": "first/strong",
        "review": "first/strong",
    }
    plan = found["jobs"]["plan"]
    assert [row["model"] for row in plan] == ["second/cheap", "first/strong", "second/small"]
    assert any("cheaper than the best (90)" in why for why in plan[0]["why"])
    assert not plan[2]["fits"]
    assert any("window of 8,000 tokens is too small" in why for why in plan[2]["why"])
    assert 0 < plan[0]["usd"] < plan[0]["worst_usd"]


def test_people_see_the_same(bench: Bench, routed: Path) -> None:
    """A star for the first, a dash for what does not fit."""
    ran = bench.run("models", "route", "Fix it", cwd=routed, env=KEY)
    assert ran.code == 0, ran.err
    plan = [line for line in ran.out.splitlines() if "second/" in line or "first/" in line][:3]
    assert plan[0].startswith("plan    * second/cheap ")
    assert plan[1].split()[0] == "first/strong"
    assert plan[2].split()[:2] == ["-", "second/small"]
    assert "No budget is set." in ran.out
    assert "FAKEKEY" not in ran.out + ran.err


def test_a_longer_text_needs_a_larger_window(bench: Bench, routed: Path) -> None:
    """The estimate grows with what is asked."""
    short, long = (jobs(bench, routed, text="x" * n) for n in (1, 300_000))
    assert chosen(short)["repair"] == "second/cheap"
    assert chosen(long)["repair"] == "first/strong"
    needs = [found["jobs"]["code"][0]["needs_tokens"] for found in (short, long)]
    assert needs[1] - needs[0] == 100_000


def test_a_budget_decides_who_fits(bench: Bench, routed: Path) -> None:
    """What a call could cost at the worst must be left of it."""
    found = jobs(bench, routed, "--budget", "0.1")
    assert found["budget_left"] == 0.1
    assert chosen(found)["code"] == "second/cheap"
    assert any("are left" in why for why in found["jobs"]["code"][1]["why"])


def test_what_other_tasks_have_spent_today_is_not_left(
    bench: Bench, routed: Path, home: Path
) -> None:
    """The day's cap counts beside the task's, whichever leaves less."""
    env = {"GITAGENT_BUDGET_DAY_USD": "2"}
    before = bench.run("models", "route", "x", "--json", cwd=routed, env={**KEY, **env}).json()
    with DaySpend(spent_folder(), 2.0, "another").reserved(1, 1.6):
        pass
    after = bench.run("models", "route", "x", "--json", cwd=routed, env={**KEY, **env}).json()
    assert before["budget_left"] == 2.0
    assert after["budget_left"] == pytest.approx(0.4)
    assert chosen(before)["code"] == "first/strong"
    assert chosen(after)["code"] == "second/cheap"


def test_a_named_model_is_the_only_one(bench: Bench, routed: Path) -> None:
    """For one job, or for all; no key, no route and no budget can put another in its place."""
    found = jobs(bench, routed, "--model", "plan=second/small", "--budget", "0.01")
    assert [row["model"] for row in found["jobs"]["plan"]] == ["second/small"]
    assert len(found["jobs"]["code"]) == 3
    every = jobs(bench, routed, "--model", "second/x", "--model", "code=first/y")
    assert chosen(every) == {
        **dict.fromkeys(JOBS, "second/x"),
        "code": "first/y",
        "repair": "first/y",
    }


def test_a_provider_that_others_found_down_is_no_first_choice(
    bench: Bench, routed: Path, home: Path
) -> None:
    """What all processes know of it counts, and is said."""
    endpoint = Endpoint("first", "http://llm.example.invalid/v1", "strong", KEY["FIRST_KEY"])
    breaker = Breaker(home / ".cache" / "gitagent" / FOLDER, shared_name(endpoint))
    for _ in range(20):
        breaker.failed(now(), busy=False)
    found = jobs(bench, routed)
    assert set(chosen(found).values()) == {"second/cheap"}
    row = next(row for row in found["jobs"]["code"] if row["model"] == "first/strong")
    assert row["rests_s"] > 0
    assert any("rests for" in why for why in row["why"])


def test_wrong_names_are_exit_2(bench: Bench, routed: Path) -> None:
    """A job or a provider that there is not."""
    for wrong in ("propose=first/x", "frist/x", "plan="):
        ran = bench.run("models", "route", "x", "--model", wrong, cwd=routed, env=KEY)
        assert ran.code == 2, wrong
        assert ran.out == ""
