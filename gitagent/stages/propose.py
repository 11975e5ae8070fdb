"""Asks the model for edits, and tells it what became of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gitagent.domain.call import CHARACTERS_PER_TOKEN, REPEATS, Message, Reply, Request
from gitagent.domain.context import Context, Excerpt, is_test
from gitagent.domain.edit import EditFormat, Proposal
from gitagent.domain.plan import Plan, PlanStep, subject_line
from gitagent.domain.verdict import Verdict
from gitagent.domain.want import Sight
from gitagent.edits import wants
from gitagent.edits.parse import parse
from gitagent.gates.evidence import Failure, sources
from gitagent.ports import Model
from gitagent.stages import material
from gitagent.stages.asking import ANYTHING, Asking, Wanted, unwritten, wanted
from gitagent.stages.prompts import render
from gitagent.stages.rounds import NO_MORE, TOOLS, exchange, invitation
from gitagent.stages.scope import told

LEAST_REPLY, SHORT_REPLY = 256, 1200
MOST_HINTS = 2
MOST_SOURCES = 3000
"""Characters of failing tests that are shown beside an output."""
INSTEAD = "edits"
LOOPED = "it said the same again and again, and was stopped"
WEAKENED = (
    "The project's own tests decide, as they were before your change, and nothing may skip, end or "
    "deceive their run. Leave alone what is named here:"
)
ENDS = ("\n```\n\n", "\nimport unittest", "\ndef test_")
"""Where a reply of one block is over: behind its fence, or where it copies the tests."""
FENCE = "```"
Kept = Literal["edits", "partly", "unread"]

AGAIN = {
    "whole": "Write each file that you change again, whole.",
    "search-replace": "Use SEARCH/REPLACE blocks as before.",
    "udiff": "Use a unified diff as before.",
}
AGAIN_WEAK = (
    "Write only the functions that change, each complete, in one block under the comment with the "
    "path; a method stands inside its `class` line."
)


@dataclass(frozen=True)
class Dialogue:
    """What is said to the model for one step: rules, question, what changes from step to step, and
    the last exchanges. `path` is the file that most likely changes, `wanted` what of it.

    What stays the same comes first, so that a provider that keeps the beginning of a prompt does
    not read it twice. `landed` is the last exchange whose edits are in the files, with what the
    gate said of them, `last` one since then that could not be used. Older ones are left out, so
    that no number of repairs outgrows the window. `asked` is what the model asks to see in this
    try, with the answers, `looked` what it made use of in those before. `hints` say what an earlier
    attempt got wrong that is not shown. Behind any of `stops` nothing of a reply is wanted.
    """

    rules: str
    question: str
    now: str = ""
    path: str = "the/file.py"
    wanted: Wanted = ANYTHING
    landed: tuple[Message, ...] = ()
    last: tuple[Message, ...] = ()
    looked: str = ""
    asked: tuple[Message, ...] = ()
    hints: str = ""
    stops: tuple[str, ...] = ()

    def messages(self, how: Asking, *, asks: bool = False) -> tuple[Message, ...]:
        """All that is said; `asks` says that the model may ask to see more."""
        closing = render(how.closing, path=self.path, **vars(self.wanted))
        look = f"{invitation(INSTEAD)}\n" if asks else ""
        question = f"{self.question}\n{self.looked}{self.now}{look}{self.hints}{closing}"
        opening = (
            Message("system", self.rules, len(self.rules)),
            Message("user", question, len(self.question)),
        )
        return (*opening, *self.landed, *self.last, *self.asked)

    def asking(self, reply: str, sight: Sight, left: int) -> Dialogue:
        """The reply asks for more; it is answered, and may ask `left` times again."""
        return replace(self, asked=(*self.asked, *exchange(reply, sight, left)))

    def having(self, looked: Sequence[Excerpt]) -> Dialogue:
        """What was asked for is over and done with; what is left of it are these parts."""
        return replace(self, asked=(), looked=material.looked(looked))

    def anew(self, hints: str = "") -> Dialogue:
        """As it began, with hints to what came of it."""
        return replace(self, landed=(), last=(), hints=hints)

    def going_on(self, earlier: Dialogue) -> Dialogue:
        """With the exchanges of another dialogue about the same step."""
        return replace(self, landed=earlier.landed, last=earlier.last)

    def judged(self, reply: str, said: str) -> Dialogue:
        """The reply's edits were applied, and something is wrong with them."""
        return replace(self, landed=_exchange(reply, said), last=(), hints="")

    def misfit(self, reply: str, said: str) -> Dialogue:
        """The reply could not be used."""
        return replace(self, last=_exchange(reply, said))


def _exchange(reply: str, said: str) -> tuple[Message, ...]:
    return Message("assistant", reply), Message("user", said)


def propose(
    model: Model,
    dialogue: Dialogue,
    *,
    how: Asking,
    step: int,
    attempt: int,
    tree: str,
    known: Mapping[str, str],
    avoid: tuple[str, ...] = (),
    turn: int = 0,
    asks: int = 0,
    candidate: int = 0,
    further: int = 0,
    enough: Callable[[Proposal], bool] | None = None,
) -> list[tuple[Reply, Proposal]]:
    """Each reply of the model and the edits in it, or what it asks to see in place of edits. `tree`
    is what the step stands on, `known` the shown files, path to text, that a block without a path
    may mean, `avoid` the models that are not asked while there is another. `turn` counts the
    questions of this try, from 0; the model may ask `asks` times more. `candidate`, `further` and
    `enough` are as in a Request; one reply comes at least, and `further` more at most."""
    messages = dialogue.messages(how, asks=turn + asks > 0)
    written = _closed if dialogue.stops else str
    request = Request(
        "propose",
        messages,
        _room(model, messages, 1 + further, known.get(dialogue.path, "")),
        temperature=how.temperature,
        step=step,
        attempt=attempt,
        tree=tree,
        avoid=avoid,
        round=turn,
        tools=TOOLS if asks else (),
        candidate=candidate,
        further=further,
        stops=dialogue.stops,
        enough=None if enough is None else lambda text: enough(parse(written(text), known)),
    )
    replies = [replace(each, text=written(each.text)) for each in model.complete(request).each]
    return [(reply, _proposal(reply, known, turn, asks)) for reply in replies]


def _closed(text: str) -> str:
    """A reply that ends before its fence does, or before the tests that it was about to copy."""
    lines = text.split("\n")
    if sum(line.startswith(FENCE) for line in lines) % 2 == 0:
        return text
    while not lines[-1].strip() or is_test(lines[-1].strip("# ")):
        lines.pop()
    return "\n".join([*lines, FENCE, ""])


def _proposal(reply: Reply, known: Mapping[str, str], turn: int, asks: int) -> Proposal:
    if reply.cut:
        cut = f"it was cut off after {reply.usage.completion} tokens"
        return Proposal((), (LOOPED if reply.finish_reason == REPEATS else cut,))
    found, rest = wants.read(reply.text) if turn + asks else ((), "")
    if found and not parse(rest, known).edits:
        return Proposal((), wants=found) if asks else Proposal((), (NO_MORE,))
    proposal = parse(reply.text, known)
    return replace(proposal, subject=_subject(proposal.remark))


def opening(
    text: str,
    plan: Plan,
    step: PlanStep,
    context: Context,
    *,
    edit_format: EditFormat,
    failing: str,
    weak: bool,
    prove: bool = False,
    tests: str = "",
) -> Dialogue:
    """How the dialogue of a step begins: rules, files, what fails now, then the task. A weak model
    is told less; `tests` are those that say what a file must do which is still to be written. With
    `prove`, a strong one is asked for a test of the defect, too."""
    form = render(edit_format).strip()
    where = _where(plan, step)
    if weak:
        rules = render("propose_weak", format="" if edit_format == "whole" else form)
        task = render("step", task=text, **where) if where else text
        said = Dialogue(rules, material.question(context, failing, task, tests))
    else:
        now = [render("step_of", **where)] if where else []
        proof = [render("prove")] if prove else []
        scope = told(step) if plan.planned else ""
        now = [*now, render("propose", format=form), *proof, *([scope] if scope else []), ""]
        question = material.question(context, failing, text)
        said = Dialogue(render("system"), question, "\n".join(now))
    likely = next((each for each in context.excerpts if not is_test(each.path)), None)
    if likely is None:
        return said
    if tests:
        stops = (*ENDS, f"\n{render('tests', tests='').strip()}")
        return replace(said, path=likely.path, wanted=unwritten(likely), stops=stops)
    asked = wanted(f"{step.title}\n{step.detail}", likely, failing)
    return replace(said, path=likely.path, wanted=asked)


def _where(plan: Plan, step: PlanStep) -> dict[str, str]:
    """Where in a plan of several steps this one stands."""
    of = str(len(plan.steps))
    many = len(plan.steps) > 1
    return {"n": str(step.n), "of": of, "title": step.title, "detail": step.detail} if many else {}


def again(edit_format: EditFormat, *, weak: bool) -> str:
    """The form in which a corrected reply is asked for."""
    return AGAIN_WEAK if weak and edit_format == "whole" else AGAIN[edit_format]


def not_applied(problems: Sequence[str], form: str, kept: Kept = "edits") -> str:
    """What the model is told when its reply could not be used; `form` as of `again`. The files are
    as they were, or as its edits left them: those that fit, or all and one cannot be read."""
    listed = "\n".join(f"- {problem}" for problem in problems)
    return render(f"repair_{kept}", problems=listed, again=form)


def not_green(
    verdict: Verdict, form: str, failing: Sequence[Failure] = (), *, one: bool = False
) -> str:
    """What the model is told when the gate failed; `form` as of `again`. With `one` it is told of
    the first of the failing tests and of nothing else."""
    if one and failing and verdict.kind in ("fail", "pass"):
        said, source = failing[0].said, failing[0].source.rstrip()
        return render("repair_gate_one", said=said, source=source, again=form)
    output = verdict.output.strip()
    tests = sources(failing, output, MOST_SOURCES)
    shown = "\n" + render("repair_tests", tests=tests) if tests else ""
    reason = _why(verdict)
    return render("repair_gate", reason=reason, output=output, tests=shown, again=form)


def _why(verdict: Verdict) -> str:
    if verdict.kind == "weakened":
        return f"{WEAKENED} {verdict.reason}"
    return verdict.reason if verdict.kind == "fail" else f"not all is done: {verdict.reason}"


def hints(failing: Sequence[Failure]) -> str:
    """What a model that is asked anew is told of an attempt that it does not see."""
    told = [f"```\n{each.source.rstrip()}\n```\n{each.sentence}" for each in failing[:MOST_HINTS]]
    return render("hints", hints="\n\n".join(told)) + "\n" if told else ""


def _subject(remark: str) -> str:
    found = re.search(r"^\W*Commit:\W*(\w.{9,})$", remark, re.MULTILINE | re.IGNORECASE)
    return subject_line(found.group(1).strip("`*\"' ")) if found else ""


def _room(model: Model, messages: Sequence[Message], replies: int, likely: str) -> int:
    """Tokens for each of several replies, which share what the window leaves. A weak model that
    runs on and on is stopped when it has written the `likely` file and a good deal more."""
    used = sum(len(m.content) for m in messages) // CHARACTERS_PER_TOKEN
    most = min(model.profile.max_output, (model.profile.window - used) // replies)
    if model.profile.weak:
        most = min(most, SHORT_REPLY + len(likely) // CHARACTERS_PER_TOKEN)
    return max(LEAST_REPLY, most)
