"""`git agent ask`: an answer with sources that exist, by looking up or by reading everything."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FILES, Bench, every_object, refs

from gitagent.domain.call import Usage
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Answer, Hang, Item, Say, ScriptedServer, Status, overflow
from gitagent.testing.snapshot import snapshot

QUESTION = "What does add in calc.py do?"
ANSWER = "It subtracts, which is a mistake (`calc.py:2`)."
KEYS = {
    "id", "text", "state", "ending", "message", "base", "trace_id", "created", "kind", "whole",
    "answer", "cut", "sources", "unfound", "files", "read", "left_out", "calls", "totals",
}  # fmt: skip
PRICES = '[models."scripted"]\ninput_price = 2.0\noutput_price = 10.0\n'
SMALL_WINDOW = '[models."scripted"]\nwindow = 3000\nmax_output = 1000\n'
KEY = "AKIA" + "Z7Q4M2X9K1P8R5T3"
USE = "def helper(n):\n    return n\n\n\nprint(helper(2))\n"
MANY = {f"part{n:02}.py": "".join(f"value_{n}_{m} = {m}\n" for m in range(90)) for n in range(12)}


@dataclass(frozen=True)
class Asked:
    """How the command ended, and the server that it talked to."""

    code: int
    out: str
    err: str
    server: ScriptedServer

    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def prompts(self) -> list[str]:
        return [call.json["messages"][-1]["content"] for call in self.server.calls]


Ask = Callable[..., Asked]


@pytest.fixture
def ask(server: Callable[[Sequence[Item] | Answer], ScriptedServer], bench: Bench) -> Ask:
    """`ask(folder, *args, says=…)`; `server=` asks one that is there already."""

    def asked(
        folder: Path,
        *args: str,
        says: Sequence[str | Item] | Answer = (ANSWER,),
        command: Sequence[str] = ("ask", QUESTION),
        env: Mapping[str, str] | None = None,
    ) -> Asked:
        script = says if callable(says) else [Say(s) if isinstance(s, str) else s for s in says]
        model = server(script)
        environ = {**model.environment, **(env or {})}
        # the address is no part of a question, so another server's answer counts as well
        words = [*command, *args, "--model", "openai/scripted"]
        ran = bench.run(*words, cwd=folder, env=environ)
        return Asked(ran.code, ran.out, ran.err, model)

    return asked


def ask_id(folder: Path) -> str:
    (name,) = refs(folder, "refs/gitagent/ask-*")
    return name.rpartition("/")[2]


def configure(home: Path, text: str) -> None:
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True, exist_ok=True)
    (place / "gitagent.toml").write_text(text)


def reading(note: Callable[[str], str], answer: str = ANSWER) -> Answer:
    """A model that notes what `note` says of a part, and answers from notes."""

    def say(asked: dict[str, Any]) -> Item:
        content = asked["messages"][-1]["content"]
        if content.startswith("# Part"):
            return Say(note(content))
        return Say("merged: part00.py:1") if "Make one list" in content else Say(answer)

    return say


# --- An answer --------------------------------------------------------------------------------


def test_the_answer_is_printed_with_its_sources(ask: Ask, calc: Path) -> None:
    """The answer on stdout, with places that were checked; progress and cost on stderr."""
    before = snapshot(calc)
    done = ask(calc)
    assert (done.code, done.out) == (0, f"{ANSWER}\n\nSources:\n- calc.py:2\n")
    assert "reads calc.py" in done.err
    assert "1 call," in done.err
    (prompt,) = done.prompts
    assert "2|     return a - b" in prompt
    assert QUESTION in prompt
    assert before.diff(snapshot(calc)) == []
    assert refs(calc, "refs/heads/") == {"refs/heads/main": git(calc, "rev-parse", "HEAD").strip()}


def test_a_script_gets_one_document(ask: Ask, calc: Path) -> None:
    """All of it: what was asked, of which commit, answer, sources, what was read, calls, cost."""
    document = ask(calc, "--json").json()
    assert set(document) == KEYS
    assert (document["kind"], document["ending"], document["answer"]) == ("ask", "done", ANSWER)
    assert document["base"] == git(calc, "rev-parse", "main").strip()
    assert document["sources"] == [{"path": "calc.py", "start": 2, "end": 2, "shown": True}]
    assert {"path": "calc.py", "whole": True, "spans": [[1, 6]]} in document["read"]
    assert document["files"] == 2
    assert (document["totals"]["calls"], document["calls"][0]["phase"]) == (1, "ask")


def test_a_place_that_is_not_there_is_marked(ask: Ask, calc: Path) -> None:
    """A line behind the end and a file that nobody has are named as such, in the text as well."""
    says = "See calc.py:2, calc.py:99 and lost.py:3; at 12:30 http://localhost:80 said so."
    document = ask(calc, "--json", says=[says]).json()
    marked = "calc.py:99 [not there] and lost.py:3 [not there]; at 12:30 http://localhost:80 said"
    assert marked in document["answer"]
    assert [s["path"] for s in document["sources"]] == ["calc.py"]
    assert document["unfound"] == ["calc.py:99", "lost.py:3"]


def test_a_place_that_was_not_shown_is_said_to_be_so(
    ask: Ask, repo: Callable[..., Path], home: Path
) -> None:
    """It exists, and the model cannot know what is there."""
    configure(home, "[context]\ntokens = 200\n")
    folder = repo({**MANY, "calc.py": CALC})
    done = ask(folder, says=["See calc.py:1 and part07.py:80."])
    assert "- calc.py:1\n" in done.out
    assert "- part07.py:80 (exists, but was not among the lines it was shown)" in done.out


def test_another_commit_can_be_asked_about(ask: Ask, calc: Path) -> None:
    """`--base` names it, and files, lines and configuration are its own."""
    (calc / "calc.py").write_text(CALC.replace("a - b", "a + b", 1))
    git(calc, "commit", "-qam", "Add")
    assert "2|     return a + b" in ask(calc).prompts[0]
    assert "2|     return a - b" in ask(calc, "--base", "HEAD~1").prompts[0]


# --- Looking further --------------------------------------------------------------------------


def test_the_model_may_ask_to_see_more(ask: Ask, repo: Callable[..., Path], home: Path) -> None:
    """What it searches and reads is in the next prompt, and a source may stand there."""
    configure(home, "[context]\ntokens = 200\n")
    folder = repo({**MANY, "calc.py": CALC})
    looks = "SEARCH: value_7_80\nREAD: part07.py:80-82\nREAD: nowhere.py"
    done = ask(folder, says=[looks, "It is 80, says part07.py:81."])
    assert (done.code, done.out.splitlines()[0]) == (0, "It is 80, says part07.py:81.")
    assert "- part07.py:81\n" in done.out
    first, second = done.prompts
    assert "81| value_7_80 = 80" not in first
    assert "81| value_7_80 = 80" in second
    assert "READ: nowhere.py → There is no file nowhere.py." in second
    assert "looks up SEARCH: value_7_80; READ: part07.py:80-82" in done.err


def test_the_model_may_ask_for_definitions_and_uses(
    ask: Ask, repo: Callable[..., Path], home: Path
) -> None:
    """By the index of the repository, in whatever language."""
    configure(home, "[context]\ntokens = 200\n")
    folder = repo(
        {**MANY, "till.go": "package till\n\nfunc Pay() int { return 1 }\n", "use.py": USE}
    )
    done = ask(folder, says=["SYMBOLS: Pay\nREFERENCES: helper", "See till.go:3 and use.py:5."])
    assert "till.go:3-3: func Pay() int" in done.prompts[1]
    assert "use.py:5: print(helper(2))" in done.prompts[1]
    assert done.out.endswith("Sources:\n- till.go:3\n- use.py:5\n")


def test_looking_up_is_bounded(ask: Ask, calc: Path) -> None:
    """Four rounds, then it is told to answer; who goes on all the same gives no answer (6)."""
    looks = [f"READ: calc.py:{n}" for n in range(1, 8)]
    done = ask(calc, says=[*looks[:4], ANSWER])
    assert (done.code, len(done.prompts)) == (0, 5)
    assert "3 more times" in done.prompts[1]
    assert "once more" in done.prompts[3]
    assert "answer now" in done.prompts[4]


def test_who_only_looks_things_up_has_not_answered(ask: Ask, calc: Path) -> None:
    """It is asked once more; then the question ends as one that no model could answer."""
    done = ask(calc, says=[f"READ: calc.py:{n}" for n in range(1, 8)])
    assert (done.code, len(done.server.calls)) == (6, 6)
    assert "gives no answer" in done.err
    assert f"git agent resume {ask_id(calc)}" in done.err


def test_asking_for_the_same_again_ends_the_looking(ask: Ask, calc: Path) -> None:
    """Another round of it would cost and bring nothing."""
    done = ask(calc, says=["READ: calc.py:1", "READ: calc.py:1", ANSWER])
    assert done.code == 0
    assert "answer now" in done.prompts[2]


def test_a_weak_model_is_not_told_of_looking_up(ask: Ask, calc: Path, home: Path) -> None:
    """It would cost minutes, and it asks for what it has."""
    configure(home, '[models."scripted"]\nweak = true\n')
    (prompt,) = ask(calc).prompts
    assert "SEARCH:" not in prompt


def test_a_prompt_that_is_too_long_is_cut(ask: Ask, repo: Callable[..., Path]) -> None:
    """Twice, as for a task; what was shown in the end is what counts as read."""
    folder = repo({**MANY, "calc.py": CALC})
    done = ask(folder, says=[overflow(), ANSWER])
    assert done.code == 0
    assert len(done.prompts[1]) < len(done.prompts[0])


# --- Reading everything -----------------------------------------------------------------------


def test_whole_reads_every_line_once(ask: Ask, repo: Callable[..., Path], home: Path) -> None:
    """Each line of each file is in one part, and the notes lead to the answer."""
    configure(home, SMALL_WINDOW)
    folder = repo(MANY)
    seen: list[str] = []

    def note(content: str) -> str:
        seen.append(content)
        return "NOTHING" if "part05.py" not in content else "- the value is 7 (part05.py:8)"

    done = ask(folder, "--whole", "--json", says=reading(note, "It is 7 (part05.py:8)."))
    document = done.json()
    assert (done.code, document["answer"]) == (0, "It is 7 (part05.py:8).")
    assert len(seen) > 3
    for name, text in MANY.items():
        for line in text.splitlines():
            assert sum(f"| {line}\n" in content for content in seen) == 1, (name, line)
    assert "the value is 7 (part05.py:8)" in done.prompts[-1]
    assert all(read["whole"] for read in document["read"])
    assert len(document["read"]) == 12
    assert f"part 1 of {len(seen)}: " in done.err


def test_notes_that_are_too_long_are_made_into_fewer(
    ask: Ask, repo: Callable[..., Path], home: Path
) -> None:
    """In as many levels as it takes; the last prompt fits."""
    configure(home, SMALL_WINDOW)
    done = ask(repo(MANY), "--whole", says=reading(lambda _: "- a fact (part00.py:1)\n" * 60))
    assert done.code == 0
    merges = [prompt for prompt in done.prompts if "Make one list" in prompt]
    assert len(merges) > 1
    assert len(done.prompts[-1]) < 6000
    assert "notes are made into fewer" in done.err


def test_a_part_that_is_too_long_after_all_is_read_in_two(
    ask: Ask, repo: Callable[..., Path]
) -> None:
    """A window may be smaller than is known of it."""
    parts: list[str] = []

    def say(asked: dict[str, Any]) -> Item:
        content = asked["messages"][-1]["content"]
        if content.startswith("# Part") and len(content) > 9000:
            return overflow()
        parts.append(content)
        return Say("NOTHING" if content.startswith("# Part") else ANSWER)

    done = ask(repo(MANY), "--whole", says=say)
    assert done.code == 0
    assert all(
        sum(f"| {line}\n" in content for content in parts) == 1
        for text in MANY.values()
        for line in text.splitlines()
    )


def test_what_is_not_read_is_said(ask: Ask, repo: Callable[..., Path]) -> None:
    """Secrets, ignored, vendored and binary files, by their reason."""
    folder = repo(
        {
            **FILES,
            ".env": "TOKEN=abc",
            "node_modules/x.js": "x",
            "logo.bin": b"\0\1",
            "old/a.py": "a = 1\n",
            "gitagent.toml": '[context]\nignore = ["old/*"]\n',
        }
    )
    done = ask(folder, "--whole", "--json", says=reading(lambda _: "NOTHING"))
    reasons = {each["path"]: each["reason"] for each in done.json()["left_out"]}
    assert reasons == {
        ".env": "its name says that it holds secrets",
        "old/a.py": "`context.ignore` leaves it out",
        "logo.bin": "binary",
        "node_modules/x.js": "vendored",
    }


def test_a_whole_that_cannot_be_paid_is_not_begun(
    ask: Ask, repo: Callable[..., Path], home: Path
) -> None:
    """Calls and USD that cannot be enough are said before the first call, with what would be."""
    configure(home, SMALL_WINDOW + "input_price = 100.0\noutput_price = 100.0\n")
    folder = repo(MANY)
    few = ask(folder, "--whole", "--max-calls", "3")
    assert (few.code, len(few.server.calls)) == (5, 0)
    assert "Allow them, and some to spare: `--max-calls" in few.err
    cheap = ask(folder, "--whole", "--budget", "0.05")
    assert (cheap.code, len(cheap.server.calls)) == (5, 0)
    assert "Reading everything costs $" in cheap.err


# --- Twice ------------------------------------------------------------------------------------


def test_the_same_question_again_costs_nothing(ask: Ask, calc: Path) -> None:
    """The answer is in the log; another base tree, mode or text is another question."""
    assert ask(calc).code == 0
    again = ask(calc, says=[])
    assert (again.code, again.server.calls) == (0, ())
    assert again.out == f"{ANSWER}\n\nSources:\n- calc.py:2\n"
    assert "answered before" in again.err
    git(calc, "commit", "-q", "--allow-empty", "-m", "No other tree")
    assert ask(calc, says=[]).code == 0
    assert len(ask(calc, "--whole", says=reading(lambda _: "NOTHING")).server.calls) == 2
    assert len(refs(calc, "refs/gitagent/")) == 2


def three_facts() -> Answer:
    """Three notes on parts, then a refusal."""
    facts = iter((1, 2, 3))

    def answer(_asked: dict[str, Any]) -> Item:
        fact = next(facts, None)
        return Status(400) if fact is None else Say(f"- fact {fact} (part00.py:1)")

    return answer


def test_a_question_that_was_stopped_goes_on(
    ask: Ask, repo: Callable[..., Path], home: Path
) -> None:
    """Asked again, or by its id, only what is missing is paid for."""
    configure(home, SMALL_WINDOW + "[retry]\nattempts = 1\n")
    folder = repo(MANY)
    first = ask(folder, "--whole", says=three_facts())
    assert (first.code, len(first.server.calls)) == (6, 4)
    second = ask(folder, "--whole", says=reading(lambda _: "NOTHING"))
    whole = json.loads(git(folder, "show", f"refs/gitagent/{ask_id(folder)}:answer.json"))
    assert (second.code, whole["text"][:12]) == (0, ANSWER[:12])
    assert "3 answered calls" in second.err
    assert not any("part00.py\n" in prompt for prompt in second.prompts[:-1])
    assert all(f"fact {n} " in second.prompts[-1] for n in (1, 2, 3))


def test_another_window_has_nothing_read_twice(
    ask: Ask, repo: Callable[..., Path], home: Path
) -> None:
    """The parts stay those of the first run, whatever the model that goes on would have cut."""
    configure(home, SMALL_WINDOW + "[retry]\nattempts = 1\n")
    folder = repo(MANY)
    first = ask(folder, "--whole", says=three_facts())
    assert (first.code, len(first.server.calls)) == (6, 4)
    configure(home, SMALL_WINDOW.replace("3000", "30000"))
    second = ask(folder, "--whole", says=reading(lambda _: "NOTHING"))
    assert second.code == 0, second.err
    prompts = (*first.prompts[:3], *second.prompts)
    for line in (line for text in MANY.values() for line in text.splitlines()):
        assert sum(f"| {line}\n" in prompt for prompt in prompts) == 1, line
    assert all(f"fact {n} " in second.prompts[-1] for n in (1, 2, 3))


def test_resume_takes_a_question_by_its_id(ask: Ask, calc: Path, home: Path) -> None:
    """With the options of that command that mean something; a task is what it takes without."""
    configure(home, "[retry]\nattempts = 1\n")
    assert ask(calc, says=[Status(400)]).code == 6
    task_id = ask_id(calc)
    without = ask(calc, command=("resume",))
    assert (without.code, without.server.calls) == (2, ())
    done = ask(calc, "--json", command=("resume", task_id))
    assert (done.code, done.json()["answer"]) == (0, ANSWER)


def test_an_answer_from_elsewhere_is_made_anew(
    ask: Ask, calc: Path, repo: Callable[..., Path], tmp_path: Path
) -> None:
    """A fetched log is data: its replies are used, what it says that came of them is not."""
    assert ask(calc, says=["Look at calc.py:3 and calc.py:99"]).code == 0
    clone = tmp_path / "clone"
    git(calc, "clone", "-q", str(calc), str(clone))
    git(clone, "fetch", "-q", "origin", "refs/gitagent/*:refs/gitagent/*")
    again = ask(clone, says=[])
    assert (again.code, again.server.calls) == (0, ())
    assert "was not written here" in again.err
    assert "calc.py:99 [not there]" in again.out


def test_one_that_is_interrupted_says_how_it_goes_on(
    ask: Ask, agent: Any, server: Callable[..., ScriptedServer], calc: Path
) -> None:
    """130, resumable; while it is at work nobody else answers the same question (8)."""
    running = server([Hang(30)])
    words = ("ask", QUESTION, "--model", "openai/scripted")
    process = agent.start(*words, cwd=calc, env=running.environment)
    end = time.monotonic() + 20
    while not running.calls:
        assert time.monotonic() < end
        time.sleep(0.02)
    other = ask(calc)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (other.code, other.server.calls) == (8, ())
    assert (process.returncode, b"Go on with:  git agent resume ask-" in err) == (130, True)
    done = ask(calc)
    assert (done.code, done.out.splitlines()[0]) == (0, ANSWER)
    assert "0 answered calls" in done.err


# --- The report -------------------------------------------------------------------------------


def test_a_report_says_all_of_it(ask: Ask, calc: Path) -> None:
    """What was asked, of which commit, the answer, sources, what was read, what it cost."""
    done = ask(calc, "-o", "report.md")
    assert (done.code, done.out) == (0, "report.md\n")
    text = (calc / "report.md").read_text()
    assert text.startswith(f"# {QUESTION}\n\nOf commit `{git(calc, 'rev-parse', 'HEAD').strip()}`")
    for said in (
        ANSWER,
        "## Sources\n\n- calc.py:2\n",
        "- calc.py\n",
        "- openai/scripted: 1 call\n",
    ):
        assert said in text
    assert [path.name for path in calc.iterdir() if "report" in path.name] == ["report.md"]


def test_an_answer_that_was_cut_says_so(ask: Ask, calc: Path) -> None:
    """On the screen, in the report and in the document."""
    says = [Say(ANSWER, finish_reason="length")]
    assert "(The answer was cut " in ask(calc, says=says).out
    ask(calc, "-o", "report.md", says=[])
    assert "(The answer was cut " in (calc / "report.md").read_text()
    assert ask(calc, "--json", says=[]).json()["cut"] is True


def test_a_report_is_inert(ask: Ask, calc: Path) -> None:
    """No picture that is fetched by whoever shows it, no tag, no escape; code stays as it is."""
    says = "![x](http://evil.invalid/?q=1) <img src=x>\n```\n<b>&\n```\nand `a<b>` \x1b[31mred"
    ask(calc, "-o", "report.md", says=[says])
    text = (calc / "report.md").read_text()
    assert "&#33;[x](http" in text
    assert "&lt;img src" in text
    assert "```\n<b>&\n```" in text
    assert "`a<b>`" in text
    assert r"\x1b[31mred" in text


def test_paths_in_a_report_are_inert(ask: Ask, repo: Callable[..., Path]) -> None:
    """A folder may be called as a picture is written, or have a line's end in its name."""
    picture, tag, two = "![i](http:/evil/q.png)/x.py", "<img src=http:/e>/y.py", "a\n## Sources"
    folder = repo({picture: USE, tag: USE, two: USE})
    done = ask(folder, "--whole", "-o", "report.md", says=reading(lambda _: "x.py:1", "x.py:1"))
    assert done.code == 0, done.err
    text = (folder / "report.md").read_text()
    assert f"- {picture.replace('!', '&#33;')}:1\n" in text
    assert f"- {tag.replace('<', '&lt;')}\n" in text
    assert text.count("\n## Sources") == 1
    assert f"- {picture}:1\n" in ask(folder, "--whole", says=[]).out


def test_a_report_is_not_written_through_a_link(ask: Ask, calc: Path, tmp_path: Path) -> None:
    """A link or a folder that leads out may be the repository's doing: nothing is spent."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (calc / "report.md").symlink_to(victim)
    (calc / "docs").symlink_to(tmp_path)
    (calc / ".other.md.gitagent").symlink_to(victim)
    for place in ("report.md", "docs/report.md", "lost/report.md", ".", "other.md", "x" * 300):
        done = ask(calc, "-o", place)
        assert (done.code, done.server.calls) == (2, ()), place
    assert victim.read_text() == "mine"
    assert not (tmp_path / "report.md").exists()


# --- What must not be -------------------------------------------------------------------------


def test_no_secret_leaves(ask: Ask, repo: Callable[..., Path], home: Path) -> None:
    """Files that look secret are not shown whatever is asked for; a key in code is taken out, and
    the lines behind it keep their numbers."""
    block = "-----BEGIN RSA PRIVATE KEY-----\n" + f"{'Q7x' * 20}\n" * 8
    block += "-----END RSA PRIVATE KEY-----\n"
    folder = repo(
        {
            ".env": f"KEY={KEY}\n",
            "calc.py": f'"""add"""\nKEY = """{block}"""\nAWS = "{KEY}"\nlast = "add"\n',
        }
    )
    looks = "READ: .env\nREAD: ./.env:1\nREAD: ../../etc/passwd\nREAD: .git/config\nSEARCH: KEY"
    done = ask(folder, says=[looks, "KEY stands in .env:1, and calc.py:14 is last."])
    whole = ask(folder, "--whole", says=reading(lambda _: "NOTHING"))
    sent = b"".join(call.body for call in (*done.server.calls, *whole.server.calls)).decode()
    assert KEY not in sent
    assert "Q7xQ7x" not in sent
    assert '14| last = \\"add\\"' in sent
    assert sent.count(".env is not shown: what is called so holds secrets.") == 2
    assert sent.count(" is refused: ") == 2
    assert ".env:1 [not there]" in done.out
    kept = (
        every_object(folder).decode(errors="replace").replace((folder / "calc.py").read_text(), "")
    )
    assert kept.count(KEY) == 1  # the file .env itself


def test_a_secret_in_the_question_is_left_out(ask: Ask, calc: Path) -> None:
    """It is neither sent nor kept, and that is said."""
    done = ask(calc, command=("ask", f"Is {KEY} used in calc.py?"))
    assert KEY not in done.server.calls[0].body.decode()
    assert KEY not in every_object(calc).decode(errors="replace")
    assert "was left out" in done.err


def test_wrong_use_leaves_nothing(ask: Ask, calc: Path) -> None:
    """2, before anything is spent or written."""
    for words in (("ask", " "), ("ask",)):
        assert ask(calc, command=words).code == 2
    assert ask(calc, "--base", "nowhere").code == 2
    assert refs(calc, "refs/gitagent/") == {}


@pytest.mark.parametrize("how", [(), ("--whole",)])
def test_where_nothing_can_be_read_nothing_is_asked(
    ask: Ask, repo: Callable[..., Path], how: tuple[str, ...]
) -> None:
    """2, and no log."""
    folder = repo({".env": "A=1\n"})
    done = ask(folder, *how)
    assert (done.code, done.server.calls) == (2, ())
    assert refs(folder, "refs/gitagent/") == {}


def test_a_file_with_a_line_that_is_cut_is_not_read_whole(
    ask: Ask, repo: Callable[..., Path]
) -> None:
    """Nobody saw the end of the line."""
    long = "add " * 800
    done = ask(repo({"add.txt": f"{long}\n", "add.md": "add\n"}), "--json").json()
    assert {each["path"]: each["whole"] for each in done["read"]} == {
        "add.txt": False,
        "add.md": True,
    }


# --- Beside tasks -----------------------------------------------------------------------------


def test_questions_are_listed_shown_traced_summed_up_and_dropped(
    ask: Ask, bench: Bench, calc: Path, home: Path
) -> None:
    """As what they are: no command takes one for a task."""
    configure(home, PRICES)
    ask(calc, says=[Say(ANSWER, usage=Usage(1000, 100))])
    task_id = ask_id(calc)
    task = bench.task(calc, "--no-gate")
    lines = {line.split()[0]: line.split() for line in bench.run("list", cwd=calc).out.splitlines()}
    assert lines[task_id][1:4] == ["done", "ask", "$0.0030"]
    assert set(lines) == {task_id, task.id}
    rows = {row["id"]: row for row in bench.run("list", "--json", cwd=calc).json()}
    assert (rows[task_id]["kind"], "kind" in rows[task.id]) == ("ask", False)
    assert bench.run("show", cwd=calc).out.startswith(f"Task     {task.id}")
    shown = bench.run("show", task_id, cwd=calc).out
    assert shown.startswith(f"Question {task_id}  done")
    assert ANSWER in shown
    assert "Branch" not in shown
    assert bench.run("show", task_id, "--json", cwd=calc).json()["answer"] == ANSWER
    traced = bench.run("trace", task_id, cwd=calc).out
    assert "round 1" in traced
    assert "call 1 ask" in traced
    by_phase = {
        row["phase"]: row for row in bench.run("cost", "--by", "phase", "--json", cwd=calc).json()
    }
    assert by_phase["ask"]["cost_usd"] == pytest.approx(0.003)
    for command in (("diff",), ("log",), ("accept",), ("patch",), ("replay",)):
        ran = bench.run(*command, task_id, cwd=calc)
        assert (ran.code, "is a question" in ran.err) == (2, True), command
    assert bench.run("drop", task_id, cwd=calc).code == 0
    assert set(refs(calc, "refs/gitagent/")) == {f"refs/gitagent/{task.id}"}


def test_gc_removes_old_questions(ask: Ask, bench: Bench, calc: Path) -> None:
    """One that was answered goes as a task that has ended does."""
    ask(calc)
    gone = bench.run("gc", "--keep-days", "0", "--json", cwd=calc).json()
    assert [each["id"][:4] for each in gone["dropped"]] == ["ask-"]
    assert refs(calc, "refs/gitagent/") == {}


def test_a_forged_log_is_no_answer(ask: Ask, bench: Bench, calc: Path) -> None:
    """A task's state under the name of a question is unreadable, and so is the reverse."""
    ask(calc)
    task = bench.task(calc, "--no-gate")
    git(calc, "update-ref", "refs/gitagent/ask-0123456789", f"refs/gitagent/{task.id}")
    git(calc, "update-ref", "refs/gitagent/abcdef", f"refs/gitagent/{ask_id_of(calc)}")
    lines = [line.split()[:2] for line in bench.run("list", cwd=calc).out.splitlines()]
    assert ["ask-0123456789", "unreadable"] in lines
    assert ["abcdef", "unreadable"] in lines


def ask_id_of(folder: Path) -> str:
    names = [name.rpartition("/")[2] for name in refs(folder, "refs/gitagent/ask-*")]
    return next(name for name in names if name != "ask-0123456789")


def test_a_question_needs_no_terminal_and_reads_stdin(bench: Bench, calc: Path) -> None:
    """`-` is the text on stdin; without a model it says how to get one."""
    ran = bench.run("ask", "-", cwd=calc, input=QUESTION, env={"PATH": os.environ["PATH"]})
    assert ran.code == 2
    assert "No language model" in ran.err
