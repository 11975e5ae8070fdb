"""What a provider, the log and the files get to see of secrets, over a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.domain.call import Message, Reply, Request
from gitagent.domain.task import Task, TaskState
from gitagent.errors import ProviderRejected
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.journal import JournalModel
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.llm.redacting import HidingModel, RedactingModel
from gitagent.llm.retry import RetryModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import ModelProfile
from gitagent.redaction import Redactor
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Item, Say, ScriptedServer, Status

LIMITS = Limits(5, 5)

Serve = Callable[..., ScriptedServer]
Make = Callable[..., Path]
KEY = "ghp_" + "FAKEKEY0123456789ab" * 2
OTHER = "glpat-" + "FAKEKEY_0123456789ab"
OWN = "FAKEKEY-of-the-environment"
REDACTOR = Redactor.of({"SOME_TOKEN": OWN})
FILE = f'settings.py\n```\nTOKEN = "{KEY}"\n```\n'
ASKED = Request("propose", (Message("system", "rules"), Message("user", FILE)), 100, step=1)


def new_log(folder: Path) -> TaskLog:
    repo = GitRepo.open(folder)
    task = Task("abc", "text", "agent/abc", repo.resolve("HEAD"), "b" * 32, "2026")
    return TaskLog.create(repo, TaskState(task))


def stack(
    server: ScriptedServer,
    log: TaskLog,
    told: list[str] | None = None,
    redactor: Redactor = REDACTOR,
) -> RedactingModel:
    """The wrappers in the order in which they keep their promise."""
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    endpoint = Endpoint("p", server.base_url, "m", "FAKEKEY-server")
    client = ChatClient(endpoint, profile, limits=LIMITS, trace_id="b" * 32)
    hiding = HidingModel(client, redactor, on_hidden=[].append if told is None else told.append)
    ledger = Ledger(log, Budget(0, 100))
    paid = RetryModel(LedgerModel(hiding, ledger), first_wait_s=0.01)
    return RedactingModel(JournalModel(paid, ledger), redactor)


def everything(folder: Path) -> str:
    """All objects of the repository as text."""
    return git(folder, "cat-file", "--batch-all-objects", "--batch", "--unordered")


def test_neither_provider_nor_log_sees_a_key_that_the_file_keeps(repo: Make, server: Serve) -> None:
    """The model copies a placeholder; the edit that comes back has the key in its place."""
    folder = repo({"a": "1"})

    def answer(body: dict[str, object]) -> Item:
        return Say(str(body["messages"][1]["content"]).replace("TOKEN =", "NAME ="))  # type: ignore[index]

    running = server(answer)
    reply = stack(running, new_log(folder)).complete(ASKED)
    assert reply.text == FILE.replace("TOKEN =", "NAME =")
    (call,) = running.calls
    assert b"FAKEKEY" not in call.body
    assert (
        call.json["messages"][1]["content"].splitlines()[2] == 'TOKEN = "REDACTED_GITHUB_TOKEN_1"'
    )
    assert "FAKEKEY" not in everything(folder)
    assert "REDACTED_GITHUB_TOKEN_1" in everything(folder)


def test_a_resumed_run_gets_the_same_reply_out_of_the_log(repo: Make, server: Serve) -> None:
    """The same question has the same placeholders, so an old answer can be lifted."""
    folder = repo({"a": "1"})
    running = server([Say('TOKEN = "REDACTED_GITHUB_TOKEN_1"  # kept')])
    first = stack(running, new_log(folder)).complete(ASKED)
    later = TaskLog.load(GitRepo.open(folder), "abc")
    again = stack(running, later).complete(ASKED)
    assert again == first
    assert again.text == f'TOKEN = "{KEY}"  # kept'
    assert len(running.calls) == 1


@pytest.mark.parametrize("secret", [OTHER, OWN], ids=["by its shape", "of the environment"])
def test_a_secret_that_a_reply_brings_is_nowhere_kept(
    repo: Make, server: Serve, secret: str
) -> None:
    """It is taken out before the ledger sees it, at every place where it stands, and told."""
    folder, told = repo({"a": "1"}), []
    running = server([Say(f"x = '{secret}'\nassert x == '{secret}'\n")])
    reply = stack(running, new_log(folder), told).complete(ASKED)
    assert "FAKEKEY" not in reply.text
    assert reply.text.count("[redacted ") == 2
    assert "FAKEKEY" not in everything(folder)
    assert len(told) == 1
    assert "FAKEKEY" not in told[0]


def test_new_code_is_not_hurt_by_guesses(repo: Make, server: Serve) -> None:
    """A password that a model makes up for a test is no secret of anybody."""
    text = 'DSN = "postgres://app:s3cret-for-tests@db/app"\npassword = "xY9-aB3-kL5-mN7"\n'
    told: list[str] = []
    reply = stack(server([Say(text)]), new_log(repo({"a": "1"})), told).complete(ASKED)
    assert reply.text == text
    assert told == []


def test_a_plan_names_what_was_hidden_and_never_has_it(repo: Make, server: Serve) -> None:
    """What becomes the title of a commit needs no key."""
    asked = Request("plan", ASKED.messages, 100)
    running = server([Say('{"steps": [{"title": "Read REDACTED_GITHUB_TOKEN_1 from outside"}]}')])
    reply = stack(running, new_log(repo({"a": "1"}))).complete(asked)
    assert reply.text == '{"steps": [{"title": "Read [redacted github token] from outside"}]}'


def test_an_error_that_quotes_a_secret_is_cleaned(repo: Make, server: Serve) -> None:
    """A proxy may say which key it did not like; neither the log nor the screen repeats it."""
    folder = repo({"a": "1"})
    running = server([Status(401, {"error": {"message": f"bad key {OWN}, try {OTHER}"}})])
    with pytest.raises(ProviderRejected) as caught:
        stack(running, new_log(folder)).complete(ASKED)
    assert "bad key [redacted environment secret]" in str(caught.value)
    assert "FAKEKEY" not in str(caught.value) + caught.value.hint
    assert "FAKEKEY" not in everything(folder)


def test_a_question_without_secrets_goes_as_it_is(repo: Make, server: Serve) -> None:
    """Byte for byte, and so does its answer; what else is in a reply stays as well."""
    text = "é\r\n\u2028 REDACTED_SECRET_1 [redacted secret] REDACTED_"
    asked = Request("propose", (Message("user", text),), 100, schema={"type": "object"}, tree="t")
    running = server([Say(text)])
    log = new_log(repo({"a": "1"}))
    reply: Reply = stack(running, log).complete(asked)
    assert reply.text == text
    assert running.calls[0].json["messages"] == [{"role": "user", "content": text}]
    assert log.state.calls[0].key == asked.key


def test_the_profile_is_that_of_the_model(repo: Make, server: Serve) -> None:
    """A wrapper answers for the model that it wraps."""
    profile = stack(server([]), new_log(repo({"a": "1"}))).profile
    assert (profile.name, profile.provider, profile.window) == ("m", "p", 8000)
