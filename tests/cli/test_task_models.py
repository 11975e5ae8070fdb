"""A task with several models behind it: who is asked, who goes on, and what it says of that."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FILES, FIX, GREEN, TEXT, Bench, block, line_of, plan_of, trailers

from gitagent.domain.call import Usage
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Item, Refuse, Say, ScriptedServer, Status, overflow

Serve = Callable[[Sequence[Item]], ScriptedServer]
README = block("README.md", "Adds and subtracts.", "Adds, and subtracts.", "Say so")
DOWN = [Status(503)] * 4
TALK = Say("I would change the line with the minus.")

PROVIDER = """
[providers.{name}]
base_url = "{url}"
model = "{name}-model"
[models."{name}-model"]
window = {window}
max_output = {max_output}
weak = {weak}
edit_format = "search-replace"
input_price = 1.0
output_price = 2.0
cache = {cache}
"""


@dataclass(frozen=True)
class Two:
    """Two providers of a user, the first before the second."""

    first: ScriptedServer
    second: ScriptedServer


@pytest.fixture
def calc(repo: Callable[..., Path]) -> Path:
    return repo(FILES)


@pytest.fixture
def two(home: Path, server: Serve) -> Callable[..., Two]:
    """A user whose file names two providers with these scripts."""

    def make(first: Sequence[Any], second: Sequence[Any] = (), more: str = "", **rows: Any) -> Two:
        found = Two(*(server([_item(each) for each in says]) for says in (first, second)))
        usual = {"window": 32000, "cache": '""', "max_output": 1500, "weak": "false"}
        known = {**usual, **rows}
        text = "".join(
            PROVIDER.format(name=name, url=each.base_url, **known)
            for name, each in (("one", found.first), ("two", found.second))
        )
        place = home / ".config" / "gitagent" / "gitagent.toml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"[retry]\nfirst_wait_s = 0.01\n{more}{text}")
        return found

    return make


def _item(said: Any) -> Item:
    return Say(said) if isinstance(said, str) else said


def run(bench: Bench, folder: Path, *args: str) -> Any:
    return bench.run("task", TEXT, "--gate", GREEN, *args, cwd=folder, env={})


def shown(bench: Bench, folder: Path) -> Any:
    task = json.loads(bench.run("list", "--json", cwd=folder).out)[0]["id"]
    return json.loads(bench.run("show", task, "--json", cwd=folder).out)


def test_the_next_model_goes_on_in_the_middle_of_a_task(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """What the first has answered stays; each commit names the model that wrote it; one line says
    what happened."""
    gate = "grep -q 'return a + b' calc.py || ! grep -q 'Adds, and' README.md"
    servers = two([plan_of("Add in add", "Say so"), FIX, *DOWN], [README])
    ran = bench.run("task", TEXT, "--plan", "always", "--gate", gate, cwd=calc)
    assert ran.code == 0, ran.err
    assert "one/one-model gave up: " in ran.err
    assert "two/two-model goes on." in ran.err
    branch = ran.out.strip()
    commits = git(calc, "rev-list", "--reverse", f"main..{branch}").split()
    models = [trailers(calc, each)["Agent-Model"] for each in commits]
    assert models == ["one/one-model", "two/two-model"]
    assert [len(servers.first.calls), len(servers.second.calls)] == [6, 1]
    calls = shown(bench, calc)["calls"]
    assert [call["status"] for call in calls] == ["ok", "ok", *["error"] * 4, "ok"]


def test_a_pinned_model_has_nobody_behind_it(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """--model bypasses selection entirely: nobody else is sent the code."""
    servers = two(DOWN, [FIX])
    ran = run(bench, calc, "--model", "one/one-model")
    assert ran.code == 6
    assert servers.second.requests == ()


def test_each_job_may_have_a_model_of_its_own(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """Plans by one, code by the other; the first line of the task says so."""
    servers = two([plan_of("Add in add")], [line_of("*"), FIX])
    pins = ("--model", "plan=one/one-model", "--model", "code=two/two-model")
    ran = run(bench, calc, "--plan", "always", *pins)
    assert ran.code == 0, ran.err
    assert [len(servers.first.calls), len(servers.second.calls)] == [1, 2]
    assert "with two/two-model (asked for); plan: one/one-model" in ran.err


def test_a_model_that_misses_the_form_twice_makes_room_for_the_next(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """It is told once what was wrong; then somebody else is asked."""
    servers = two([TALK, TALK, TALK], [FIX])
    ran = run(bench, calc)
    assert ran.code == 0, ran.err
    assert [len(servers.first.calls), len(servers.second.calls)] == [2, 1]
    assert "one/one-model has had its tries. two/two-model goes on." in ran.err


def test_a_plan_that_is_none_is_asked_of_the_next_model(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """After the reason was told to the first."""
    servers = two(["no plan", "still none", FIX], [plan_of("Add in add")])
    ran = run(bench, calc, "--plan", "always")
    assert ran.code == 0, ran.err
    assert len(servers.second.calls) == 1


def test_a_prompt_that_is_too_long_is_cut_twice_then_it_stops(
    bench: Bench, repo: Callable[..., Path], two: Callable[..., Two]
) -> None:
    """Each time the model is shown less, and nobody is asked a fourth time."""
    filler = "\n".join(f"def add_{n}(a, b):\n    return a + b + {n}\n" for n in range(400))
    folder = repo({**FILES, "more.py": filler, "other.py": filler.replace("add_", "adds_")})
    servers = two([overflow()] * 9)
    ran = run(bench, folder, "--model", "one/one-model")
    assert ran.code == 6
    assert ran.err.count("Less is shown.") == 2
    sizes = [len(call.body) for call in servers.first.calls]
    assert len(sizes) == 3
    assert sizes[0] > sizes[1] > sizes[2]


def test_what_was_too_long_is_done_with_less(
    bench: Bench, repo: Callable[..., Path], two: Callable[..., Two]
) -> None:
    """The rejected call costs nothing, and the task goes on."""
    servers = two([overflow(), FIX])
    ran = run(bench, repo({**FILES, "big.py": CALC * 300}), "--model", "one/one-model")
    assert ran.code == 0, ran.err
    assert len(servers.first.calls) == 2


def test_what_was_cut_from_the_prompt_is_not_overwritten(
    bench: Bench, repo: Callable[..., Path], two: Callable[..., Two]
) -> None:
    """After an overflow the model sees a part of the file; it cannot write it whole."""
    lines = "first = 0\n" + "".join(f"option_{n} = {n} of the settings\n" for n in range(700))
    whole = "Commit: Change the first\n\nbig.txt\n```\nfirst = 2\n```\n"
    servers = two([overflow(), *[whole] * 4], window=64000)
    folder = repo({"big.txt": lines})
    pin = ("--model", "one/one-model", "--no-gate")
    ran = bench.run("task", "In big.txt make `first` 2", *pin, cwd=folder)
    assert ran.code == 4, ran.err
    assert "cannot be written whole" in ran.err
    assert len(servers.first.calls) > 1


def test_a_resume_knows_what_was_cut_from_the_prompt(
    bench: Bench, repo: Callable[..., Path], two: Callable[..., Two]
) -> None:
    """The answer to the shorter question is no answer to the longer one; nothing is asked again."""
    lines = "first = 0\n" + "".join(f"option_{n} = {n} of the settings\n" for n in range(700))
    whole = "Commit: Change the first\n\nbig.txt\n```\nfirst = 2\n```\n"
    right = block("big.txt", "first = 0", "first = 2")
    servers = two([overflow(), whole, right], window=64000)
    folder = repo({"big.txt": lines})
    pin = ("--model", "one/one-model", "--no-gate")
    ran = bench.run("task", "In big.txt make `first` 2", *pin, "--max-calls", "2", cwd=folder)
    assert ran.code == 5, ran.err
    again = bench.run("resume", *pin, cwd=folder)
    assert again.code == 0, again.err
    assert len(servers.first.calls) == 3
    branch = again.out.strip()
    assert git(folder, "diff", "--shortstat", "main", branch).split()[3:] == [
        *("1", "insertion(+),", "1", "deletion(-)"),
    ]
    replayed = bench.run("replay", cwd=folder)
    assert replayed.code == 0, replayed.err + replayed.out


def test_a_commit_names_the_model_whose_edits_it_holds(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """Not the one that was asked last."""
    two([line_of("*"), *[Status(400)] * 9], [TALK] * 9)
    ran = bench.run("task", TEXT, "--gate", "false", cwd=calc)
    assert ran.code == 3, ran.err
    assert trailers(calc, ran.out.strip())["Agent-Model"] == "one/one-model"


def test_a_local_model_that_is_not_here_is_one_less(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """In the middle of a task it is no wrong command: the task ends for want of a model."""
    names = '["one/one-model", "local/qwen2.5-coder-1.5b"]'
    two([Status(400)] * 9, weak="true", more=f"[route]\nmodels = {names}\n")
    ran = bench.run("task", TEXT, "--gate", GREEN, cwd=calc)
    assert ran.code == 6, ran.err
    assert shown(bench, calc)["ending"] == "provider"


def test_a_refusal_is_not_paid_for_again_after_a_budget_has_shortened_it(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """How long a reply may be is no part of what was asked."""
    refuse = Refuse("I will not.")
    servers = two([refuse, refuse, refuse, refuse], max_output=16000)
    pin = ("--model", "one/one-model")
    assert run(bench, calc, *pin, "--budget", "0.02").code == 6
    before = len(servers.first.calls)
    assert servers.first.calls[0].json["max_tokens"] < 16000
    assert bench.run("resume", *pin, "--budget", "1", "--gate", GREEN, cwd=calc).code == 6
    assert len(servers.first.calls) == before


def test_a_budget_holds_over_the_models_of_a_task(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """What the first was charged for nothing is missing to the second; a resume with more goes
    on, and asks nothing again that was answered."""
    servers = two([TALK, Status(500)], [FIX], more="attempts = 1\n")
    ran = run(bench, calc, "--budget", "0.007")
    assert ran.code == 5, ran.err
    found = shown(bench, calc)
    assert found["ending"] == "budget"
    assert 0 < found["totals"]["cost_usd"] <= 0.007
    assert servers.second.calls == ()
    again = bench.run("resume", "--budget", "1", "--gate", GREEN, cwd=calc)
    assert again.code == 0, again.err
    first = [call.json["messages"] for call in servers.first.calls]
    assert first.count(first[0]) == 1


def test_a_day_has_a_cap_over_all_tasks(bench: Bench, calc: Path, two: Callable[..., Two]) -> None:
    """The second task of the day finds what the first has spent."""
    usage = Usage(3000, 500)
    fix = Say(FIX, usage=usage)
    servers = two([fix, fix, fix], more="[budget]\nday_usd = 0.0115\n")
    pin = ("--model", "one/one-model")
    assert run(bench, calc, *pin).code == 0
    assert run(bench, calc, *pin).code == 0
    ran = run(bench, calc, *pin)
    assert ran.code == 5
    assert "budget.day_usd" in ran.err
    assert len(servers.first.calls) == 2


def test_a_question_of_another_task_is_answered_from_its_log(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """With --cache only; the ledger says so, and it costs nothing."""
    servers = two([FIX, FIX])
    pin = ("--model", "one/one-model")
    assert run(bench, calc, *pin).code == 0
    cached = run(bench, calc, *pin, "--cache")
    assert cached.code == 0, cached.err
    assert "nothing is paid" in cached.err
    assert len(servers.first.calls) == 1
    (call,) = shown(bench, calc)["calls"]
    assert (call["from_journal"], call["cost_usd"]) == (True, 0)
    assert run(bench, calc, *pin).code == 0
    assert len(servers.first.calls) == 2


def test_a_call_that_fills_the_window_is_named(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """Before the next one is cut off."""
    two([Say(FIX, usage=Usage(3500, 100))], window=4000)
    ran = run(bench, calc, "--model", "one/one-model", "--no-gate")
    assert "filled 90 % of the window (3,600 of 4,000 tokens)" in ran.err


def test_the_beginning_of_a_prompt_is_marked_where_the_provider_wants_that(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """The rules, and the question up to where it changes; a repair begins as the first try did."""
    servers = two([line_of("*"), FIX], cache='"marks"')
    ran = run(bench, calc, "--model", "one/one-model")
    assert ran.code == 0, ran.err
    first, second = (call.json["messages"] for call in servers.first.calls)
    assert second[: len(first)] == first
    marked = [part for message in first for part in message["content"] if "cache_control" in part]
    assert [part["cache_control"] for part in marked] == [{"type": "ephemeral"}] * 2
    assert "calc.py" in marked[1]["text"]
    assert "# What to do" not in marked[1]["text"]


CHEAP = """
[route]
models = ["one/one-model", "two/two-model"]
margin = 100.0
[models."one/one-model"]
input_price = 0.1
output_price = 0.1
[models."one/one-model".scores]
repair = {one}
[models."two/two-model".scores]
repair = {two}
[context]
rounds = 0
"""


def test_a_better_model_repairs_what_a_cheaper_one_cannot(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """After two tries that the gate fails, the better one is asked, and it is said who and why."""
    servers = two([line_of("*"), line_of("/")], [FIX], more=CHEAP.format(one=40, two=80))
    ran = run(bench, calc)
    assert ran.code == 0, ran.err
    assert (len(servers.first.calls), len(servers.second.calls)) == (2, 1)
    assert "one/one-model failed in 2 tries; two/two-model is asked" in ran.err
    assert trailers(calc, ran.out.strip())["Agent-Model"] == "two/two-model"
    replayed = bench.run("replay", cwd=calc)
    assert replayed.code == 0, replayed.err + replayed.out


def test_a_model_that_walks_in_circles_gives_place_to_a_better_one(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """A tree that was there before would have been the end."""
    servers = two([line_of("*"), line_of("*")], [FIX], more=CHEAP.format(one=40, two=80))
    ran = run(bench, calc)
    assert ran.code == 0, ran.err
    assert "walks in circles; two/two-model is asked" in ran.err
    assert len(servers.first.calls) == 2
    assert bench.run("replay", cwd=calc).code == 0


def test_a_model_that_is_no_better_is_not_asked_for_the_gates_sake(
    bench: Bench, calc: Path, two: Callable[..., Two]
) -> None:
    """A change of hands is worth its price only towards a higher score."""
    servers = two([line_of(s) for s in "*/%@"], [FIX], more=CHEAP.format(one=80, two=40))
    assert run(bench, calc).code == 3
    assert len(servers.second.calls) == 0
