"""A try with several candidates: the gate decides, then the size; what was paid for is kept."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FILES, FIX, GREEN, Bench, block, line_of

from gitagent.contest import in_threads, in_turn
from gitagent.errors import BudgetExceeded, ProviderUnavailable
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Choices, Item, Say, Status

BIG = block(
    "calc.py",
    CALC.rstrip(),
    "def add(a, b):\n    # the sum of both\n    return a + b\n\n\ndef sub(a, b):\n    return a - b",
)
TESTS = """import unittest

from calc import add


class Adds(unittest.TestCase):
    def test_two(self):
        self.assertEqual(add(1, 2), 3)
"""
STOPPED = "def add(a, b):\n    return a + b\n\n\n# test_calc.py"
WRONG, WORSE = line_of("*"), line_of("/")
MODEL = ("--plan", "never", "--gate", GREEN, "-q")


def row(home: Path, **fields: Any) -> None:
    """The user's own row for the scripted model, which does not ask to see more."""
    rows = "".join(f"{name} = {value}\n" for name, value in fields.items())
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True, exist_ok=True)
    table = f'[models."scripted"]\n{rows}\n[context]\nrounds = 0\n'
    (place / "gitagent.toml").write_text(table)


def by_words(**said: str) -> Callable[[dict[str, Any]], Item]:
    """Answers by the temperature that is asked with, as text: `t03` is 0.3."""

    def answer(request: dict[str, Any]) -> Item:
        return Say(said[f"t{round(10 * request['temperature']):02}"])

    return answer


def test_the_smallest_of_those_that_pass_is_taken(repo: Callable[..., Path], bench: Bench) -> None:
    """Three candidates are asked for; two pass, and the smaller change is committed."""
    done = bench.task(
        repo(FILES), *MODEL, "--candidates", "3", says=by_words(t00=BIG, t03=WRONG, t06=FIX)
    )
    assert done.code == 0, done.err
    assert len(done.server.calls) == 3
    assert "the sum of both" not in git(done.folder, "show", f"{done.branch}:calc.py")
    assert "return a + b" in git(done.folder, "show", f"{done.branch}:calc.py")
    shown = bench.run("show", done.id, "--json", cwd=done.folder).json()
    assert {t["try"]: bool(t["tree"]) for t in shown["tries"]} == dict.fromkeys(
        ("1.1.1", "1.1.2", "1.1.3"), True
    )


def test_one_that_cannot_be_read_is_not_gated(repo: Callable[..., Path], bench: Bench) -> None:
    """Beside one that fails and one that passes, it is left out and its place is told."""
    unread = line_of("+ (")
    done = bench.task(
        repo(FILES), *MODEL[:-1], "--candidates", "3", says=by_words(t00=unread, t03=WRONG, t06=FIX)
    )
    assert done.code == 0, done.err
    assert len(done.server.calls) == 3
    assert "calc.py:2: " in done.err
    tries = bench.run("show", done.id, "--json", cwd=done.folder).json()["tries"]
    found = {t["try"]: t["verdict"] for t in tries}
    assert found["1.1.1"] is None
    assert found["1.1.3"] == "pass"


def test_the_losers_can_be_looked_at_and_are_kept_by_the_tasks_ref(
    repo: Callable[..., Path], bench: Bench
) -> None:
    """Each candidate's tree survives a gc, and `diff --try` shows it."""
    done = bench.task(repo(FILES), *MODEL, "--candidates", "2", says=by_words(t00=WRONG, t03=FIX))
    git(done.folder, "gc", "-q", "--prune=now")
    shown = bench.run("diff", done.id, "--try", "1.1.1", cwd=done.folder)
    assert "+    return a * b" in shown.out
    assert bench.run("diff", done.id, "--try", "9.9", cwd=done.folder).code == 2


def test_equal_trees_are_one_candidate(repo: Callable[..., Path], bench: Bench) -> None:
    """The gate runs once for what several candidates wrote alike."""
    done = bench.task(
        repo(FILES), *MODEL, "--candidates", "3", says=by_words(t00=WRONG, t03=WRONG, t06=FIX)
    )
    tries = bench.run("show", done.id, "--json", cwd=done.folder).json()["tries"]
    assert [t["try"] for t in tries] == ["1.1.1", "1.1.3"]


def test_the_best_of_a_failed_try_is_what_the_next_one_repairs(
    repo: Callable[..., Path], bench: Bench
) -> None:
    """The model sees its best candidate and what is wrong with it, and no other candidate."""
    gate = "sh -c 'grep -q \"a + b\" calc.py'"
    seen: list[str] = []

    def answer(request: dict[str, Any]) -> Item:
        seen.append("\n".join(m["content"] for m in request["messages"]))
        if len(request["messages"]) > 2:
            return Say(FIX)
        return Say({0: WRONG, 3: "no edit at all"}[round(10 * request["temperature"])])

    done = bench.task(
        repo(FILES), "--plan", "never", "-q", "--gate", gate, "--candidates", "2", says=answer
    )
    assert done.code == 0, done.err
    repairs = [text for text in seen if "do not pass" in text]
    assert repairs
    assert all("return a * b" in text for text in repairs)


def test_several_answers_come_with_one_question_where_the_model_knows_how(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """One request with `n`, one call on the ledger, and each answer is counted."""
    row(home, takes_n="4")
    done = bench.task(repo(FILES), *MODEL, "--candidates", "3", says=[Choices((WRONG, WORSE, FIX))])
    assert done.code == 0, done.err
    assert [call.json["n"] for call in done.server.calls] == [3]
    [call] = bench.run("show", done.id, "--json", cwd=done.folder).json()["calls"]
    assert call["completion_tokens"] == sum(len(text) // 4 for text in (WRONG, WORSE, FIX))


@pytest.mark.parametrize(("padding", "n"), [(0, 4), (25, 2), (60, None)])
def test_long_answers_take_turns(
    repo: Callable[..., Path], bench: Bench, home: Path, padding: int, n: int | None
) -> None:
    """Where four of the first one's length would take more than a minute, fewer are asked for."""
    row(home, takes_n="4", candidates="4", weak="true", edit_format='"whole"', tokens_per_s="10")
    long = "".join(f"    # {random.Random(n).random().hex()}\n" for n in range(padding))

    def whole(sign: str) -> str:
        return f"```python\n# calc.py\ndef add(a, b):\n{long}    return a {sign} b\n```"

    answers = (Say(whole("*")), Choices((whole("+"),) * (n or 1)))
    done = bench.task(repo(FILES), *MODEL, says=answers)
    assert done.code == 0, done.err
    assert [call.json.get("n") for call in done.server.calls] == [None, n]


def test_a_weak_model_whose_answers_take_turns_may_come_back_to_a_tree(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """It is asked again in another way, as it would be with several answers at once."""
    row(home, takes_n="4", candidates="4", weak="true", edit_format='"whole"', tokens_per_s="1")
    long = "".join(f"    # {random.Random(n).random().hex()}\n" for n in range(20))
    says = [
        f"```python\n# calc.py\ndef add(a, b):\n{long}    return a {sign} b\n```"
        for sign in "*/%*+"
    ]
    done = bench.task(repo(FILES), *MODEL, says=[Say(each) for each in says])
    assert done.code == 0, done.err
    assert [call.json.get("n") for call in done.server.calls] == [None] * 5


def test_a_weak_model_that_says_the_same_over_and_over_is_stopped(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """Long before the stream would end; its answer is none, and the next one counts."""
    row(home, weak="true", edit_format='"whole"')
    endless = "```python\n# calc.py\n" + "    total = total + add(a, b)\n" * 4000
    fix = "```python\n# calc.py\ndef add(a, b):\n    return a + b\n```"
    done = bench.task(repo(FILES), *MODEL[:-1], says=[Say(endless), Say(fix)])
    assert done.code == 0, done.err
    assert "the same again and again" in done.err
    first, second = bench.run("show", done.id, "--json", cwd=done.folder).json()["calls"]
    assert (first["status"], second["status"]) == ("length", "ok")


def test_behind_the_code_nothing_of_a_file_to_be_written_is_read(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """The endpoint is told where an answer is over; what it then lacks is its fence."""
    row(home, weak="true", edit_format='"whole"')
    stub = {"calc.py": "def add(a, b):\n    pass\n", "test_calc.py": TESTS}
    done = bench.task(
        repo(stub), "--plan", "never", "-q", says=[Say("```python\n# calc.py\n" + STOPPED)]
    )
    assert done.code == 0, done.err
    [call] = done.server.calls
    assert "\nimport unittest" in call.json["stop"]
    assert (
        git(done.folder, "show", f"{done.branch}:calc.py") == "def add(a, b):\n    return a + b\n"
    )


def test_answers_that_nobody_needs_any_more_are_not_waited_for(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """The first answer that is whole and passes ends the call; the long one is left unread."""
    row(home, takes_n="4", candidates="2", weak="true", edit_format='"search-replace"')
    slow = WRONG + "# and more\n" * 400
    done = bench.task(repo(FILES), *MODEL, says=[Choices((FIX, slow), chunk_size=64, pace=0.05)])
    assert done.code == 0, done.err
    [call] = bench.run("show", done.id, "--json", cwd=done.folder).json()["calls"]
    assert call["seconds"] < 0.05 * len(slow) / 64 / 2
    assert call["status"] == "ok"


def test_an_answer_that_cannot_be_read_ends_no_call(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """The gate would pass it; it is not asked, neither early nor then, and the others are read."""
    row(home, takes_n="4", candidates="2", weak="true", edit_format='"search-replace"')
    unread = block("calc.py", "def add(a, b):\n    return a - b", "def add(a, b:\n    return a + b")
    later = FIX + "# and more\n" * 20
    done = bench.task(
        repo(FILES), *MODEL, says=[Choices((unread, later), chunk_size=64, pace=0.02)]
    )
    assert done.code == 0, done.err
    tries = bench.run("show", done.id, "--json", cwd=done.folder).json()["tries"]
    assert [(t["try"], t["verdict"]) for t in tries] == [("1.1.1", None), ("1.1.2", "pass")]


def test_an_endpoint_that_knows_no_n_gives_one_answer(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """It says so with 400, and is asked again without."""
    row(home, takes_n="4")
    refused = Status(400, {"error": {"message": "Field n_cmpl must be at most 1", "code": 400}})
    done = bench.task(repo(FILES), *MODEL, "--candidates", "3", says=[refused, FIX])
    assert done.code == 0, done.err
    assert "n" not in done.server.calls[1].json


def test_candidates_stay_within_the_calls_that_are_allowed(
    repo: Callable[..., Path], bench: Bench
) -> None:
    """Two calls are allowed and four wanted: two are made, and the better of them is taken."""
    done = bench.task(
        repo(FILES), *MODEL, "--candidates", "4", "--max-calls", "2",
        says=lambda _request: Say(FIX),
    )  # fmt: skip
    assert len(done.server.calls) == 2
    assert done.code == 0, done.err


def test_without_a_gate_there_is_nothing_to_choose_by(
    repo: Callable[..., Path], bench: Bench
) -> None:
    """One proposal is asked for, whatever is said of candidates."""
    done = bench.task(
        repo(FILES), "--plan", "never", "-q", "--no-gate", "--candidates", "4", says=[FIX]
    )
    assert len(done.server.calls) == 1


@pytest.mark.parametrize("ask", [in_threads, in_turn])
def test_an_answer_that_is_not_to_be_had_is_left_out(ask: Callable[..., Any]) -> None:
    """Budget and provider errors cost the candidate, anything else the try."""

    def fails(error: Exception) -> Callable[[], str]:
        def question() -> str:
            raise error

        return question

    found = ask([fails(BudgetExceeded()), lambda: "a", fails(ProviderUnavailable()), lambda: "b"])
    assert found == ["a", "b"]
    with pytest.raises(BudgetExceeded):
        ask([fails(BudgetExceeded()), fails(ProviderUnavailable())])
    with pytest.raises(KeyError):
        ask([lambda: "a", fails(KeyError())])


def test_threads_ask_at_the_same_time() -> None:
    """Each waits for the other: one after the other they would wait for ever."""
    both = threading.Barrier(2, timeout=10)
    assert sorted(in_threads([both.wait, both.wait])) == [0, 1]


SLOW = "sh -c 'grep -q slow calc.py && sleep 3; grep -q \"return a + b\" calc.py'"
SLOW_FIX = line_of("+").replace("return a + b", "return a + b  # slow")


def hurry(home: Path) -> None:
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True, exist_ok=True)
    (place / "gitagent.toml").write_text("[gate]\nhurry_s = 1.0\n[repair]\nattempts = 1\n")


def test_a_candidate_that_does_not_end_keeps_nobody_waiting(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """It has a moment at first; the next one passes and is taken."""
    hurry(home)
    done = bench.task(
        repo(FILES), "--plan", "never", "--gate", SLOW, "-q", "--candidates", "2",
        says=by_words(t00=SLOW_FIX, t03=BIG),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "the sum of both" in git(done.folder, "show", f"{done.branch}:calc.py")
    assert "1.1.1 fail" in done.err


def test_what_only_was_too_slow_is_looked_at_again(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """Nothing else passes: now it has the time that it needs."""
    hurry(home)
    done = bench.task(
        repo(FILES), "--plan", "never", "--gate", SLOW, "-q", "--candidates", "2",
        says=by_words(t00=SLOW_FIX, t03=WRONG),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "# slow" in git(done.folder, "show", f"{done.branch}:calc.py")


SHOUT = """import unittest
from shout import shout


class ShoutTest(unittest.TestCase):
    def test_word(self):
        self.assertEqual(shout("hi"), "HI!")

    def test_nothing(self):
        self.assertEqual(shout(""), "")

    def test_two(self):
        self.assertEqual(shout("a b"), "A B!")
"""
STUB = {"shout.py": "def shout(text):\n    pass\n", "test_shout.py": SHOUT}
LOUD = "```python\n# shout.py\ndef shout(text):\n    return {}\n```\n"
HALF, NONE, ALL = (
    LOUD.format(code) for code in ('text.upper() + "!"', "text", 'text and text.upper() + "!"')
)


def test_a_file_that_is_to_be_written_is_finished(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """A weak model sees the tests; half of them is not enough; then it is asked anew with what came
    out wrong, and does not see its own code."""
    row(home, takes_n="4", candidates="2", weak="true", edit_format='"whole"')
    done = bench.task(
        repo(STUB), "-q", text="Write shout in shout.py.", says=[Say(HALF), Choices((NONE, ALL))]
    )
    assert done.code == 0, done.err
    first, second = done.asked
    assert "# The tests that the code must pass" in first
    assert "Tests that fail before" not in first
    assert second.startswith(first[: first.index("Write the new code")])
    assert 'self.assertEqual(shout(""), "")' in second[len(first) - 200 :]
    assert "AssertionError: '!' != ''" in second
    assert "text.upper()" not in second
    assert "text and" in git(done.folder, "show", f"{done.branch}:shout.py")


def test_the_best_half_is_taken_where_nothing_better_comes(
    repo: Callable[..., Path], bench: Bench, home: Path
) -> None:
    """What fixes nothing passes the gate as well, and is no better."""
    row(home, takes_n="4", candidates="2", weak="true", edit_format='"whole"')
    worse = [Choices((NONE, LOUD.format("None or 1"))), *[Status(400)] * 9]
    done = bench.task(repo(STUB), "-q", text="Write shout in shout.py.", says=[Say(HALF), *worse])
    assert done.code == 0, done.err
    assert "text.upper()" in git(done.folder, "show", f"{done.branch}:shout.py")
