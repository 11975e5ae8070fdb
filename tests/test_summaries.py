"""Summaries of folders are made when told, once a tree, and read by everybody here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from bench import Bench, block, plan_of

from gitagent.domain.code import Definition
from gitagent.errors import BudgetExceeded, ProviderError
from gitagent.folders import mapped
from gitagent.git.calls import calls
from gitagent.git.log import kept_logs, tips
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index.code import CodeIndex
from gitagent.progress import News
from gitagent.site import Site, open_site
from gitagent.summaries import Summarised, summarise
from gitagent.testing.repositories import commit, git
from gitagent.testing.scripted import Item, Say, ScriptedServer, Status

Make = Callable[..., Path]
Serve = Callable[..., ScriptedServer]
FILES = {
    **{f"shop/cart/part{n}.py": f"class Cart{n}:\n    pass\n" for n in range(3)},
    **{f"shop/stock/part{n}.py": f"def count_{n}():\n    return {n}\n" for n in range(3)},
    "shop/README.md": "# The shop\n\nSells things.\n",
    "deep/er/a.py": "A = 1\n",
    "deep/er/b.py": "B = 1\n",
    "deep/er/c.py": "C = 1\n",
    "README.md": "# All\n",
    "shop/.env": "KEY=FAKEKEY-summary\n",
}
PATHS = ["", "deep/er", "shop", "shop/cart", "shop/stock"]


@pytest.fixture
def bench(server: Serve, agent_inline: Callable[..., Any]) -> Bench:
    return Bench(server, agent_inline)


@pytest.fixture
def shop(repo: Make) -> Path:
    return repo(FILES)


def silent(_news: News) -> None: ...


def told(asked: Any) -> Item:
    """Names the folder that is asked about, so that a summary shows whose it is."""
    question = asked["messages"][-1]["content"]
    return Say(f"About {question.splitlines()[2].split(':')[0]}. It works.")


def outline(site: Site, base: str = "HEAD") -> Callable[[str], Sequence[Definition]]:
    commit = site.repo.resolve(base)
    tree, index = site.repo.tree_of(commit), CodeIndex(site.repo, Past(site.repo), commit)
    return lambda path: index.outline(tree, path)


def make(folder: Path, server: ScriptedServer, **options: Any) -> Summarised:
    site = open_site(folder, {**os.environ, **server.environment})
    return summarise(site, outline(site), silent, **options)


def summaries(folder: Path, base: str = "HEAD") -> dict[str, str]:
    site = open_site(folder, os.environ)
    tree = site.repo.tree_of(site.repo.resolve(base))
    return {f.path: f.summary for f in mapped(site.repo, tree, outline(site, base))}


def questions(server: ScriptedServer) -> list[str]:
    return [call.json["messages"][-1]["content"] for call in server.calls]


def test_folders_of_some_size_are_mapped(shop: Path) -> None:
    """A folder whose files all lie in one below it is passed over; names come without a model."""
    site = open_site(shop, os.environ)
    tree = site.repo.tree_of(site.repo.resolve("HEAD"))
    found = {f.path: f for f in mapped(site.repo, tree, outline(site))}
    assert sorted(found) == PATHS
    assert found["shop/cart"].names == ("Cart0", "Cart1", "Cart2")
    assert found["shop"].files == 7  # and not what looks like a secret
    assert {f.summary for f in found.values()} == {""}


def test_what_is_ignored_is_not_mapped(shop: Path) -> None:
    """As for prompts."""
    site = open_site(shop, os.environ)
    tree = site.repo.tree_of(site.repo.resolve("HEAD"))
    found = mapped(site.repo, tree, outline(site), ignore=["shop/stock/*"])
    assert [f.path for f in found] == ["", "deep/er", "shop", "shop/cart"]


def test_each_folder_is_asked_about_once(shop: Path, server: Serve) -> None:
    """From the bottom up, so that what is said of one is shown with the one that it is in."""
    asked = server(told)
    assert make(shop, asked) == Summarised(made=5, known=0, left=0, usd=pytest.approx(0, abs=1))
    shown = questions(asked)
    assert len(shown) == 5
    assert "shop/cart/ (3 files): About `shop/cart/`. It works." in shown[3]
    assert "Sells things." in shown[3]
    assert "The whole repository" in shown[4]
    assert summaries(shop)["shop/cart"] == "About `shop/cart/`. It works."
    assert make(shop, asked).known == 5
    assert len(asked.calls) == 5


def test_a_summary_belongs_to_the_tree_of_its_folder(shop: Path, server: Serve) -> None:
    """A commit changes what it is in; all else is known, in every commit and on every branch."""
    asked = server(told)
    make(shop, asked)
    commit(shop, {"shop/cart/part0.py": "class Other:\n    pass\n"}, "Change the cart")
    assert [path for path, said in summaries(shop).items() if not said] == ["", "shop", "shop/cart"]
    assert all(summaries(shop, "HEAD~1").values())
    assert make(shop, asked).made == 3
    assert len(asked.calls) == 8
    assert all(summaries(shop).values())
    assert len(git(shop, "for-each-ref", "refs/gitagent/").splitlines()) == 1


def test_secrets_are_not_shown(shop: Path, server: Serve) -> None:
    """Neither the file nor its name."""
    asked = server(told)
    make(shop, asked)
    assert "FAKEKEY" not in "".join(questions(asked))
    assert ".env" not in "".join(questions(asked))


def test_a_run_ends_at_its_budget_and_the_next_goes_on(shop: Path, server: Serve) -> None:
    """What was made stays; the caps are those of a run."""
    asked = server(told)
    with pytest.raises(BudgetExceeded):
        make(shop, asked, max_calls=2)
    assert sum(bool(said) for said in summaries(shop).values()) == 2
    with pytest.raises(BudgetExceeded):
        make(shop, asked, max_calls=2)
    assert make(shop, asked, max_calls=2) == Summarised(1, 4, 0, pytest.approx(0, abs=1))
    assert len(asked.calls) == 5


def test_the_largest_may_be_enough(shop: Path, server: Serve) -> None:
    """`most` bounds a run."""
    asked = server(told)
    assert make(shop, asked, most=2).made == 2
    assert {path for path, said in summaries(shop).items() if said} == {"", "shop"}


def test_a_provider_that_fails_loses_nothing(shop: Path, server: Serve) -> None:
    """What was answered before is kept, and not asked again."""
    failing = server([Say("One."), Say("Two."), Status(401)])
    with pytest.raises(ProviderError):
        make(shop, failing)
    asked = server(told)
    assert make(shop, asked).made == 3
    assert all(summaries(shop).values())


def test_an_empty_reply_leaves_one_folder_without(shop: Path, server: Serve) -> None:
    """The others have theirs; the next run asks again."""

    def answer(asked: Any) -> Item:
        question = str(asked["messages"])
        return Say("") if "`shop/cart/`" in question else told(asked)

    assert make(shop, server(answer)) == Summarised(4, 0, 1, pytest.approx(0, abs=1))
    assert summaries(shop)["shop/cart"] == ""


def test_the_calls_are_in_the_ledger_and_in_no_list(shop: Path, server: Serve) -> None:
    """What they cost is counted; they are no task that could be resumed or collected."""
    make(shop, server(told))
    repo = GitRepo.open(shop)
    ((log_id, made),) = calls(repo)[0].items()
    assert log_id.startswith("summaries-")
    assert len(made) == 5
    assert tips(repo) == {}


def test_the_log_is_no_task(shop: Path, server: Serve, agent_inline: Callable[..., Any]) -> None:
    """It can be looked at and dropped, but not worked on or swept up."""
    make(shop, server(told))
    (log_id,) = kept_logs(GitRepo.open(shop))
    assert agent_inline("list", "--json", cwd=shop).json() == []
    shown = agent_inline("show", log_id, "--json", cwd=shop).json()
    assert shown["totals"]["calls"] == 5
    assert agent_inline("cost", "--by", "task", "--json", cwd=shop).json()
    resumed = agent_inline("resume", log_id, cwd=shop)
    assert (resumed.code, "index --summaries" in resumed.err) == (2, True)
    replayed = agent_inline("replay", log_id, cwd=shop)
    assert (replayed.code, "made no tree" in replayed.err) == (2, True)
    assert "0 tasks" in agent_inline("gc", "--dry-run", cwd=shop).out
    assert agent_inline("gc", "--keep-days", "0", cwd=shop).code == 0
    assert all(summaries(shop).values())
    dropped = agent_inline("drop", log_id, cwd=shop)
    assert dropped.code == 0, dropped.err
    assert not any(summaries(shop).values())


def test_what_was_fetched_is_not_believed(shop: Path, server: Serve, tmp_path: Path) -> None:
    """A summary that was written elsewhere may say anything; it is read by nobody here."""
    make(shop, server(told))
    git(tmp_path, "clone", "--quiet", str(shop), "other")
    other = tmp_path / "other"
    git(other, "fetch", "--quiet", "origin", "refs/gitagent/*:refs/gitagent/*")
    assert git(other, "for-each-ref", "refs/gitagent/")
    assert set(summaries(other).values()) == {""}
    assert make(other, server(told)).made == 5
    git(other, "push", "--quiet", "origin", "refs/gitagent/*")
    assert len(git(shop, "for-each-ref", "refs/gitagent/").splitlines()) == 2


RUN = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_summaries import outline, silent
from gitagent.site import open_site
from gitagent.summaries import summarise
site = open_site(Path(sys.argv[1]), os.environ)
summarise(site, outline(site), silent)
"""


def elsewhere(folder: Path, server: ScriptedServer) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    tests = str(Path(__file__).parent)
    env = {**os.environ, **server.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", RUN, str(folder), tests]
    return subprocess.Popen(argv, env=env, stderr=subprocess.PIPE, text=True)


def test_a_killed_run_is_gone_on_with(shop: Path, server: Serve) -> None:
    """No answered call is paid for again; the one in flight is."""
    running: list[subprocess.Popen[str]] = []

    def answer(asked: Any) -> Item:
        if len(seen.calls) == 3 and running:
            running.pop().send_signal(signal.SIGKILL)
        return told(asked)

    seen = server(answer)
    run = elsewhere(shop, seen)
    running.append(run)
    assert run.wait(60) == -signal.SIGKILL
    assert len(seen.calls) == 3
    assert make(shop, seen).made == 3
    assert len(seen.calls) == 6
    assert all(summaries(shop).values())


def test_two_runs_do_not_meet(shop: Path, server: Serve) -> None:
    """While one is at it, another is refused before it pays."""

    refused: list[str] = []

    def answer(asked: Any) -> Item:
        if len(first.calls) == 1:
            refused.append(elsewhere(shop, second).communicate()[1])
        return told(asked)

    second = server(told)
    first = server(answer)
    assert make(shop, first).made == 5
    assert "is being worked on by" in refused[0]
    assert not second.calls


def test_a_planner_is_told_what_is_known(shop: Path, server: Serve, bench: Bench) -> None:
    """Beside the files; a task reads summaries, and has none made."""
    make(shop, server(told), most=2)
    commit(shop, {"shop/cart/part9.py": "class Cart9:\n    pass\n"}, "Another cart")
    commit(shop, {"shop/cart/part9.py": None}, "Not needed")
    fix = block("shop/cart/part0.py", "class Cart0:", "class Cart00:")
    done = bench.task(shop, "--plan", "always", "--no-gate", says=(plan_of("Rename it"), fix))
    assert done.code == 0, done.err
    assert "# Folders\n\nAll of it: About The whole repository. It works." in done.asked[0]
    assert "shop/: About `shop/`. It works." in done.asked[0]
    assert len(done.asked) == 2
    assert "# Folders" not in done.asked[1]
    assert "About `shop/`" in done.state("context.json")
    assert bench.run("replay", done.id, "--json", cwd=shop).json()["differences"] == []
