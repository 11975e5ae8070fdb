"""How a model is asked for edits, and what it is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from bench import FIX

from gitagent.domain.call import Reply, Request, Usage
from gitagent.domain.context import Context, Excerpt, Span
from gitagent.domain.edit import EditFormat
from gitagent.domain.plan import Plan, PlanStep
from gitagent.domain.verdict import Verdict
from gitagent.ports import ModelProfile
from gitagent.stages.asking import asking
from gitagent.stages.propose import Dialogue, again, not_applied, not_green, opening, propose

CONTEXT = Context(
    excerpts=(
        Excerpt("a.py", "x = 1\n", whole=True),
        Excerpt("b.md", "````\nfence\n````", whole=False, spans=(Span(3, 5), Span(9, 9))),
    ),
    listing=("a.py", "b.md", "c.py"),
)
ONE = Plan((PlanStep(1, "Do it", "Do it well"),))
TWO = Plan((PlanStep(1, "First", "one"), PlanStep(2, "Second", "two")), planned=True)


@dataclass
class Writer:
    text: str
    finish: str = "stop"
    profile: ModelProfile = field(
        default_factory=lambda: ModelProfile("m", "p", 4000, 1000, "whole")
    )
    asked: list[Request] = field(default_factory=list)

    def complete(self, request: Request) -> Reply:
        self.asked.append(request)
        return Reply(self.text, "m", "p", self.finish, Usage(5, 7), 0.0)


NOTHING = Dialogue("", "")
FIRST = asking(1, "whole", weak=False)


def begun(
    plan: Plan = ONE, n: int = 1, form: EditFormat = "whole", failing: str = "", weak: bool = False
) -> Dialogue:
    step = plan.steps[n - 1]
    return opening("The task", plan, step, CONTEXT, edit_format=form, failing=failing, weak=weak)


def opened(
    plan: Plan = ONE, n: int = 1, form: EditFormat = "whole", failing: str = "", weak: bool = False
) -> str:
    dialogue = begun(plan, n, form, failing, weak)
    messages = dialogue.messages(asking(1, form, weak=weak))
    return "\n".join(message.content for message in messages)


def test_the_prompt_holds_rules_files_and_task_and_no_placeholder() -> None:
    """Files stand under their paths, with what is not shown named."""
    text = opened()
    assert "a.py\n```python\nx = 1\n```" in text
    assert "b.md (only lines 3-5, 9-9; the rest is not shown)" in text
    assert "`````markdown" in text, "the fence is longer than any in the file"
    assert "c.py" in text
    assert "The task" in text
    assert "$" not in text


@pytest.mark.parametrize("weak", [False, True])
@pytest.mark.parametrize("form", ["whole", "search-replace", "udiff"])
def test_each_format_has_its_own_rules(form: EditFormat, weak: bool) -> None:
    """One of three, and no other; a weak model may write less than the whole file."""
    whole = "`# a.py`" if weak else "complete new content"
    marks = {"whole": whole, "search-replace": "<<<<<<<", "udiff": "```diff"}
    assert [name for name, mark in marks.items() if mark in opened(form=form, weak=weak)] == [form]


def test_a_step_of_several_is_shown_beside_the_whole_task() -> None:
    """The model knows where it stands; a single step is just the task."""
    assert "2 of 2" in opened(TWO, 2)
    assert "Second" in opened(TWO, 2)
    assert "of 1" not in opened()


def test_failing_tests_are_shown_only_where_there_are_some() -> None:
    """An empty heading would be a riddle."""
    assert "boom" in opened(failing="boom\n")
    assert "fail before" not in opened()


def test_dollar_signs_in_files_and_tasks_stay() -> None:
    """What is filled in is not filled in again."""
    context = Context(excerpts=(Excerpt("a.sh", "echo $task $$ ${x}\n", whole=True),))
    step = ONE.steps[0]
    dialogue = opening(
        "Pay $5 for $files", ONE, step, context, edit_format="whole", failing="", weak=False
    )
    assert "echo $task $$ ${x}" in dialogue.question
    assert "Pay $5 for $files" in dialogue.question


def asked(writer: Writer, attempt: int = 1) -> Request:
    how = asking(attempt, "whole", weak=False)
    known = {"calc.py": ""}
    propose(writer, NOTHING, how=how, step=2, attempt=attempt, tree="t", known=known)
    return writer.asked[0]


def test_a_request_has_its_place_in_the_task() -> None:
    """Step, attempt and tree make the key that a resumed run looks for."""
    assert asked(Writer("x"), 3).key == "propose:2.3:t"


def test_the_reply_gets_the_room_that_is_left() -> None:
    """Never more than the model can write, never more than its window has."""
    small = ModelProfile("m", "p", 1200, 1000, "whole")
    writer = Writer("x", profile=small)
    assert asked(Writer("x")).max_tokens == 1000
    long = Dialogue("", "y" * 3000)
    propose(writer, long, how=FIRST, step=1, attempt=1, tree="t", known={})
    assert 0 < writer.asked[0].max_tokens <= 256


def test_a_weak_model_has_room_for_the_file_and_a_good_deal_more() -> None:
    """However much it is shown beside: one that runs on is stopped soon."""
    weak = ModelProfile("m", "p", 16000, 4000, "whole", weak=True)
    shown = replace(NOTHING, question="y" * 30000, path="calc.py")
    for text, most in (("", 1200), ("x" * 900, 1500)):
        writer = Writer("x", profile=weak)
        propose(writer, shown, how=FIRST, step=1, attempt=1, tree="t", known={"calc.py": text})
        assert writer.asked[0].max_tokens == most


def test_the_subject_line_is_the_models_own_where_it_gives_one() -> None:
    """`Commit:` is taken, tidied; nothing is made up."""
    for text, subject in (
        (FIX, "Add in place of subtracting"),
        (FIX.replace("Commit: Add", "**Commit:** `add") + "`", "Add in place of subtracting"),
        (FIX.replace("Commit: ", ""), ""),
        (FIX.replace("in place", "\x1b[31min\u202e place"), "Add [31min place of subtracting"),
    ):
        [(_, proposal)] = propose(
            Writer(text), NOTHING, how=FIRST, step=1, attempt=1, tree="t", known={"calc.py": ""}
        )
        assert proposal.subject == subject
        assert len(proposal.edits) == 1


def test_a_cut_off_reply_is_a_problem_not_an_edit() -> None:
    """`length` means that the end is missing, however whole it looks."""
    [(_, proposal)] = propose(
        Writer(FIX, "length"),
        NOTHING,
        how=FIRST,
        step=1,
        attempt=1,
        tree="t",
        known={"calc.py": ""},
    )
    assert proposal.edits == ()
    assert "cut off" in proposal.problems[0]


def test_what_became_of_a_reply_is_told_with_what_to_do() -> None:
    """Every problem, the verdict's reason and output, and the format again."""
    text = not_applied(["first", "second"], again("udiff", weak=False))
    assert "- first\n- second" in text
    assert "unified diff" in text
    red = not_green(
        Verdict("fail", "1 broken: t", output="E assert $x"), again("whole", weak=False)
    )
    assert "1 broken: t" in red
    assert "E assert $x" in red
    assert "whole" in red


def test_the_last_words_about_the_files_as_they_are_stay() -> None:
    """What the gate said of the edits that are in the files is told until others are; a reply that
    could not be used is told of once. No number of repairs outgrows the window."""
    dialogue = begun()
    how = asking(2, "search-replace", weak=False)
    opening_ = dialogue.messages(how)
    later = dialogue.misfit("one", "two").judged("three", "four").misfit("five", "six")
    later = later.misfit("seven", "eight")
    said = [message.content for message in later.messages(how)[len(opening_) :]]
    assert said == ["three", "four", "seven", "eight"]
    assert later.judged("nine", "ten").messages(how)[len(opening_) :] == tuple(
        later.judged("nine", "ten").landed
    )
    assert later.anew().messages(how) == opening_
    assert begun().going_on(later).messages(how) == later.messages(how)


def test_a_weak_model_is_asked_for_functions_and_never_for_the_file() -> None:
    """Under the path of the file that is most likely meant, not under an example of one."""
    assert "whole" not in again("whole", weak=True)
    assert again("udiff", weak=True) == again("udiff", weak=False)
    for n in range(1, 5):
        asked = begun(weak=True).messages(asking(n, "whole", weak=True))
        assert "`# a.py`" in asked[1].content
        assert "path/to" not in asked[1].content
