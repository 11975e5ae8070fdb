"""`--cache`: what any task of the repository had answered is answered from that task's log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gitagent.domain.call import Message, Request, Usage
from gitagent.domain.task import Task, TaskState
from gitagent.errors import ProviderUnavailable
from gitagent.git.log import TaskLog, delete, tips
from gitagent.git.repository import GitRepo
from gitagent.llm.answers import AnswersModel, AnswerStore
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.journal import JournalModel
from gitagent.llm.ledger import Budget, Ledger, LedgerModel, is_taken
from gitagent.llm.redacting import HidingModel, RedactingModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import Model, ModelProfile
from gitagent.redaction import Redactor
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Item, Refuse, Say, ScriptedServer, Status

LIMITS = Limits(5, 5)

Serve = Callable[..., ScriptedServer]
Make = Callable[..., Path]
PROFILE = ModelProfile("m", "p", 8000, 1000, "whole", input_price=1.0, output_price=2.0)
ASKED = Request("propose", (Message("system", "s"), Message("user", "é x" * 99)), 1000, step=1)
ONE_MORE = Budget(0, 1)


def new_log(folder: Path, task_id: str) -> TaskLog:
    repo = GitRepo.open(folder)
    task = Task(task_id, "text", f"agent/{task_id}", repo.resolve("HEAD"), "b" * 32, "2026")
    return TaskLog.create(repo, TaskState(task))


def store(folder: Path) -> AnswerStore:
    repo = GitRepo.open(folder)
    return AnswerStore(folder / "index", partial(tips, repo), partial(TaskLog.load, repo))


def stack(
    server: ScriptedServer,
    log: TaskLog,
    *,
    profile: ModelProfile = PROFILE,
    budget: Budget = ONE_MORE,
    told: list[str] | None = None,
) -> Model:
    """Journal, answers, ledger, client; one call is all that a task may make."""
    endpoint = Endpoint(profile.provider, server.base_url, profile.name, "FAKEKEY-answers")
    client = ChatClient(endpoint, profile, limits=LIMITS, trace_id="b" * 32)
    ledger = Ledger(log, budget)
    said: list[str] = [] if told is None else told
    answers = AnswersModel(
        LedgerModel(client, ledger), ledger, store(log.repo.folder.parent), on_taken=said.append
    )
    return JournalModel(answers, ledger)


def test_another_task_is_answered_from_the_log_of_the_first(repo: Make, server: Serve) -> None:
    """It pays nothing, says so, and has the whole exchange in its own log."""
    folder = repo({"a": "1"})
    running = server([Say("the answer ☃", usage=Usage(500, 50), model="m-2026-01-01")])
    first, second = new_log(folder, "one"), new_log(folder, "two")
    reply = stack(running, first).complete(ASKED)
    told: list[str] = []
    again = replace(ASKED, step=3, attempt=2, tree="elsewhere")
    assert stack(running, second, told=told).complete(again) == reply
    assert (len(running.calls), told) == (1, ["one"])
    (call,) = second.state.calls
    assert is_taken(call)
    assert (call.status, call.from_journal, call.model) == ("ok", True, "m-2026-01-01")
    assert (call.cost_usd, call.prompt_tokens, call.completion_tokens, call.seconds) == (0, 0, 0, 0)
    assert (call.step, call.attempt, call.key) == (3, 2, again.key)
    kept = [log.read("exchange/0001.reply.json") for log in (first, second)]
    assert kept[0] == kept[1] is not None
    request = json.loads(second.read("exchange/0001.request.json") or b"")
    assert (request["asked"], request["step"]) == ("p/m", 3)


def test_what_was_taken_is_there_without_the_first_task(repo: Make, server: Serve) -> None:
    """The second task resumes anywhere, and a third is answered from it."""
    folder = repo({"a": "1"})
    running = server([Say("x")])
    stack(running, new_log(folder, "one")).complete(ASKED)
    stack(running, new_log(folder, "two")).complete(ASKED)
    delete(GitRepo.open(folder), "one")
    resumed = TaskLog.load(GitRepo.open(folder), "two")
    assert stack(running, resumed).complete(ASKED).text == "x"
    assert stack(running, new_log(folder, "three")).complete(ASKED).text == "x"
    assert len(running.calls) == 1


def test_how_long_a_reply_may_be_is_no_part_of_the_question(repo: Make, server: Serve) -> None:
    """It depends on what is left of a budget; a whole answer stays one."""
    folder = repo({"a": "1"})
    running = server([Say("x")])
    stack(running, new_log(folder, "one")).complete(replace(ASKED, max_tokens=999))
    assert stack(running, new_log(folder, "two")).complete(ASKED).text == "x"


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, messages=(Message("user", "something else"),)),
        replace(ASKED, messages=(Message("user", "s"), ASKED.messages[1])),
        replace(ASKED, temperature=0.3),
        replace(ASKED, schema={"type": "object"}),
    ],
    ids=["words", "role", "temperature", "schema"],
)
def test_another_question_is_asked(repo: Make, server: Serve, other: Request) -> None:
    """Whatever a model could tell apart is not the same question."""
    folder = repo({"a": "1"})
    running = server([Say("x"), Say("y")])
    stack(running, new_log(folder, "one")).complete(ASKED)
    assert stack(running, new_log(folder, "two")).complete(other).text == "y"


@pytest.mark.parametrize("other", [replace(PROFILE, name="n"), replace(PROFILE, provider="q")])
def test_another_model_is_asked(repo: Make, server: Serve, other: ModelProfile) -> None:
    """The model that is asked and its provider are part of the question."""
    folder = repo({"a": "1"})
    running = server([Say("x", model="n"), Say("y")])
    stack(running, new_log(folder, "one")).complete(ASKED)
    assert stack(running, new_log(folder, "two"), profile=other).complete(ASKED).text == "y"


def test_what_is_asked_with_chance_is_asked_again(repo: Make, server: Serve) -> None:
    """Above temperature 0 another answer is what is wanted."""
    folder, warm = repo({"a": "1"}), replace(ASKED, temperature=0.3)
    running = server([Say("x"), Say("y")])
    stack(running, new_log(folder, "one")).complete(warm)
    assert stack(running, new_log(folder, "two")).complete(warm).text == "y"


@pytest.mark.parametrize(
    "item", [Refuse("no"), Status(500), Say("half", "length")], ids=["refused", "failed", "cut off"]
)
def test_only_whole_answers_are_taken(repo: Make, server: Serve, item: Item) -> None:
    """What came to nothing may come to more elsewhere."""
    folder = repo({"a": "1"})
    running = server([item, Say("y")])
    one = stack(running, new_log(folder, "one"))
    if isinstance(item, Say):
        one.complete(ASKED)
    else:
        with pytest.raises(Exception, match=r"refused|500"):
            one.complete(ASKED)
    assert stack(running, new_log(folder, "two")).complete(ASKED).text == "y"


def test_an_answer_that_was_taken_is_no_call(repo: Make, server: Serve) -> None:
    """`--max-calls` counts what is sent, and a spent budget does not keep an answer away."""
    folder = repo({"a": "1"})
    running = server([Say("x", usage=Usage(500, 50)), Say("y")])
    stack(running, new_log(folder, "one")).complete(ASKED)
    model = stack(running, new_log(folder, "two"), budget=ONE_MORE)
    assert model.complete(ASKED).text == "x"
    assert model.complete(replace(ASKED, messages=ASKED.messages[:1], step=2)).text == "y"
    spent = stack(running, new_log(folder, "three"), budget=Budget(1e-9, 0))
    assert spent.complete(ASKED).text == "x"


# --- What is not believed -------------------------------------------------------------------------


def index(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in (folder / "index").glob("*.json")}


def test_the_index_is_made_again_where_it_is_missing(repo: Make, server: Serve) -> None:
    """It holds nothing that the logs do not; what cannot be read of it is made again."""
    folder = repo({"a": "1"})
    running = server([Say("x")])
    stack(running, new_log(folder, "one")).complete(ASKED)
    stack(running, new_log(folder, "two")).complete(ASKED)
    for path in (folder / "index").iterdir():
        path.write_bytes(b"{")
    assert stack(running, new_log(folder, "three")).complete(ASKED).text == "x"
    assert sorted(index(folder)) == ["one", "three", "two"]
    delete(GitRepo.open(folder), "two")
    assert store(folder).find("0" * 64) is None
    assert sorted(index(folder)) == ["one", "three"]


def test_an_index_that_cannot_be_written_costs_time_only(repo: Make, server: Serve) -> None:
    """The cache folder is a file."""
    folder = repo({"a": "1"})
    (folder / "index").touch()
    running = server([Say("x")])
    stack(running, new_log(folder, "one")).complete(ASKED)
    assert stack(running, new_log(folder, "two")).complete(ASKED).text == "x"


@pytest.mark.parametrize("what", ["seq", "sha256", "task"])
def test_an_index_that_lies_finds_nothing(repo: Make, server: Serve, what: str) -> None:
    """A place is looked at before it is believed: number, bytes and question must be right."""
    folder = repo({"a": "1"})
    running = server([Say("x"), Say("y"), Say("z")])
    one = stack(running, new_log(folder, "one"), budget=Budget(0, 9))
    one.complete(ASKED)
    one.complete(replace(ASKED, messages=ASKED.messages[:1], step=2))
    store(folder).find("")
    told = json.loads((folder / "index" / "one.json").read_bytes())
    first, second = told["places"].values()
    if what == "seq":
        first["seq"], second["seq"] = second["seq"], first["seq"]
    if what == "sha256":
        first["sha256"] = second["sha256"]
    if what == "task":
        first |= second
    (folder / "index" / "one.json").write_text(json.dumps(told))
    assert stack(running, new_log(folder, "two")).complete(ASKED).text == "z"


def test_a_log_from_elsewhere_answers_nothing(repo: Make, server: Serve, tmp_path: Path) -> None:
    """Whoever can push a ref must not be able to say what a model answered."""
    folder, there = repo({"a": "1"}), tmp_path / "there"
    running = server([Say("forged"), Say("y")])
    git(folder, "clone", "--quiet", str(folder), str(there))
    stack(running, new_log(there, "one")).complete(ASKED)
    git(folder, "fetch", "--quiet", str(there), "refs/gitagent/*:refs/gitagent/*")
    assert "one" in tips(GitRepo.open(folder))
    assert stack(running, new_log(folder, "two")).complete(ASKED).text == "y"


# --- Secrets --------------------------------------------------------------------------------------


def veiled(server: ScriptedServer, log: TaskLog) -> Model:
    """As in a task: placeholders outside, and what a reply brings along is hidden inside."""
    client = ChatClient(
        Endpoint("p", server.base_url, "m", ""), PROFILE, limits=LIMITS, trace_id="b" * 32
    )
    redactor, ledger = Redactor(), Ledger(log, Budget(0, 9))
    paid = LedgerModel(HidingModel(client, redactor), ledger)
    answers = AnswersModel(paid, ledger, store(log.repo.folder.parent))
    return RedactingModel(JournalModel(answers, ledger), redactor)


def test_a_placeholder_is_lifted_to_the_secret_of_the_task_that_asks(
    repo: Make, server: Serve
) -> None:
    """What is kept has none; the key that the file has now goes back into it."""
    keys = ["ghp_" + f"FAKEKEY{n}123456789ab" * 2 for n in (1, 2)]
    files = [f'settings.py\n```\nTOKEN = "{key}"\n```\n' for key in keys]
    folder = repo({"a": "1"})
    running = server(lambda body: Say(str(body["messages"][0]["content"])))
    for n, file in enumerate(files):
        asked = Request("propose", (Message("user", file),), 100, step=1)
        assert veiled(running, new_log(folder, f"task{n}")).complete(asked).text == file
    assert len(running.calls) == 1
    objects = git(folder, "cat-file", "--batch-all-objects", "--batch", "--unordered")
    assert "FAKEKEY" not in objects + "".join(map(bytes.decode, index(folder).values()))


def test_a_failed_question_is_still_an_error(repo: Make, server: Serve) -> None:
    """The store answers or stands aside."""
    with pytest.raises(ProviderUnavailable):
        stack(server([Status(503)]), new_log(repo({"a": "1"}), "one")).complete(ASKED)
