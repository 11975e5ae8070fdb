"""`git agent models list`: what can answer, what is known of it, and what a task would use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import Bench

from gitagent.llm.pins import JOBS
from gitagent.testing.scripted import ScriptedServer

ROUTES = """
[route]
models = ["openai/planner", "openai/coder"]
[models.planner]
window = 50000
max_output = 5000
input_price = 1.5
output_price = 0
takes_tools = true
cache = "marks"
scores = { plan = 90, code = 10, repair = 10, ask = 10, review = 10 }
[models.coder]
scores = { plan = 10, code = 90, repair = 90, ask = 90, review = 90 }
"""


def own_file(home: Path, text: str) -> Path:
    place = home / ".config" / "gitagent" / "gitagent.toml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def lines(ran: Any) -> dict[str, list[str]]:
    """The cells of each line by the model's name."""
    cells = [line.removeprefix("* ").split() for line in ran.out.splitlines()]
    return {row[0]: row for row in cells}


def test_what_an_endpoint_offers_is_listed_and_the_choice_is_marked(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """The one model that a task would use has the star, and one behind each of its scores."""
    env = server([]).environment
    for args in (("models",), ("models", "list")):
        ran = bench.run(*args, cwd=calc, env=env)
        assert ran.code == 0, ran.err
        line = next(each for each in ran.out.splitlines() if each.startswith("* openai/scripted "))
        assert line.count("*") == 1 + len(JOBS)
    row = bench.run("models", "list", "--json", cwd=calc, env=env).json()[0]
    assert (row["model"], row["default"], row["jobs"]) == ("openai/scripted", True, list(JOBS))
    assert set(row["scores"]) == set(JOBS)


def test_each_job_has_its_own_mark(bench: Bench, calc: Path, home: Path) -> None:
    """Also models that a route names and the endpoint does not are listed, with all figures."""
    own_file(home, ROUTES)
    with ScriptedServer([], models=("coder", "other")) as running:
        ran = bench.run("models", "list", cwd=calc, env=running.environment)
        found = bench.run("models", "list", "--json", cwd=calc, env=running.environment).json()
    rows = lines(ran)
    assert rows["MODEL"][1:4] == ["WINDOW", "IN", "OUT"]
    assert rows["openai/planner"][1:7] == [
        "50,000",
        "1.50",
        "free",
        "search-replace",
        "tools,cache",
        "90*",
    ]
    assert rows["openai/coder"][5:9] == ["10", "90*", "90*", "90*"]
    assert {row["model"]: row["jobs"] for row in found} == {
        "openai/coder": ["code", "repair", "ask", "review"],
        "openai/other": [],
        "openai/planner": ["plan"],
    }
    planner = next(row for row in found if row["model"] == "openai/planner")
    assert (planner["input_price"], planner["output_price"], planner["cache"]) == (1.5, 0, "marks")


def test_the_shipped_rows_are_listed_where_all_is_asked_for(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """Patterns, behind what can be asked."""
    env = server([]).environment
    rows = bench.run("models", "list", "--all", "--json", cwd=calc, env=env).json()
    assert rows[0]["model"] == "openai/scripted"
    assert all(row.get("shipped") for row in rows[1:])
    assert {"gpt-5*", "claude*", "*"} <= {row["model"] for row in rows[1:]}
    plain = bench.run("models", "list", "--all", cwd=calc, env=env)
    assert "gpt-5*" in lines(plain)


def test_an_endpoint_that_does_not_answer_is_said_beside_those_that_do(
    bench: Bench, calc: Path, home: Path, server: Callable[..., Any]
) -> None:
    """One provider that is down hides nothing of the others."""
    own_file(home, '[providers.down]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "x"\n')
    ran = bench.run("models", "list", cwd=calc, env=server([]).environment)
    assert ran.code == 0
    assert "down (http://127.0.0.1:9/v1) cannot be reached" in ran.err
    assert {"openai/scripted", "down/x"} <= set(lines(ran))


def test_several_models_and_no_choice_are_said(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """A task would not guess; the names to choose from are there."""
    with ScriptedServer([], models=("one", "two")) as running:
        listed = bench.run("models", "list", cwd=calc, env=running.environment)
        task = bench.run("task", "x", cwd=calc, env=running.environment)
    assert listed.code == 0
    assert "openai/one" in listed.out
    assert "openai/two" in listed.out
    assert task.code == 2
    assert "one, two" in task.err


def test_an_endpoints_escapes_do_not_reach_the_terminal(bench: Bench, calc: Path) -> None:
    """Neither in names nor in what it says went wrong."""
    with ScriptedServer([], models=("a\x1b[31m", "b")) as running:
        for command in (("models", "list"), ("doctor",), ("task", "x"), ("models", "route", "x")):
            ran = bench.run(*command, cwd=calc, env=running.environment)
            assert "\x1b" not in ran.out + ran.err
            assert "\\x1b[31m" in ran.out + ran.err


def test_an_unknown_local_model_is_exit_2(bench: Bench, calc: Path) -> None:
    """What can be pulled is named."""
    ran = bench.run("models", "pull", "gpt-9", cwd=calc)
    assert ran.code == 2
    assert "qwen2.5-coder-1.5b" in ran.err
