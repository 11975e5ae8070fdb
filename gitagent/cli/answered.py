"""What is printed of a question: its answer, its sources, what was read for it and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gitagent import report, written
from gitagent.cli.inert import inert, inert_line
from gitagent.cli.screen import print_json, printable
from gitagent.domain import summary
from gitagent.domain.ask import Answer, Source
from gitagent.domain.task import TaskState
from gitagent.errors import Ending

MOST_NAMED = 200
CUT = "(The answer was cut where the longest reply ends that the model was allowed.)"


def tell(state: TaskState, place: Path | None, *, as_json: bool) -> int:
    """Print the outcome, and write the report where one is wanted; the exit code is that of the
    ending."""
    if place is not None and state.answer is not None:
        written.put(place, markdown(state))
    if as_json:
        print_json(document(state))
    elif state.answer is not None and place is not None:
        click.echo(place)
    elif state.answer is not None:
        click.echo(printable("\n".join(_answer(state.answer))))
    if not as_json:
        _closing(state)
    return (state.ending or Ending.INTERNAL).exit_code


def document(state: TaskState) -> dict[str, Any]:
    """What `--json` prints. Money in USD, times in seconds."""
    task, answer = state.task, state.answer or Answer("")
    whole = bool(task.ask and task.ask.whole)
    known = report.document(state)
    kept = ("id", "text", "state", "ending", "message", "base", "trace_id", "created")
    return {
        **{name: known[name] for name in kept},
        "kind": "ask",
        "whole": whole,
        "answer": state.answer and answer.text,
        "cut": answer.cut,
        "sources": [_source(source) for source in answer.sources],
        "unfound": answer.unfound,
        "files": answer.files,
        "read": [
            {"path": r.path, "whole": r.whole, "spans": [[s.start, s.end] for s in r.spans]}
            for r in answer.read
        ],
        "left_out": [asdict(each) for each in answer.left_out],
        "calls": known["calls"],
        "totals": known["totals"],
    }


def lines(state: TaskState) -> Iterator[str]:
    """What `show` prints of a question."""
    task = state.task
    yield f"Question {task.id}  {state.ending or report.status(state)}"
    yield from (f"         {line}" for line in task.text.splitlines())
    if state.message:
        yield f"Ended    {state.message}"
    yield f"Of       {task.base[:10]}, begun {task.created}, {_way(state)}"
    yield f"Trace    {task.trace_id}"
    if state.answer:
        yield ""
        yield from _answer(state.answer)
        yield ""
        yield f"Read     {_read(state.answer)}"


def markdown(state: TaskState) -> str:
    """The report. What a reader's program could act on, beside text, is escaped in it."""
    answer = state.answer or Answer("")
    question = " ".join(state.task.text.split())
    head = [f"# {inert_line(question)}", "", f"Of commit `{state.task.base}`, {_way(state)}.", ""]
    body = [
        inert(answer.text),
        *(["", CUT] if answer.cut else []),
        "",
        "## Sources",
        "",
        *_sources(answer, inert_line),
        "",
        "## What was read",
        "",
    ]
    rest = [*_reading(answer), "", "## What it cost", "", *_cost(state)]
    return printable("\n".join([*head, *body, *rest])) + "\n"


def _answer(answer: Answer) -> Iterator[str]:
    yield answer.text
    yield ""
    if answer.cut:
        yield CUT
        yield ""
    yield "Sources:"
    yield from _sources(answer)


def _sources(answer: Answer, told: Callable[[str], str] = printable) -> Iterator[str]:
    for source in answer.sources:
        doubt = "" if source.shown else " (exists, but was not among the lines it was shown)"
        yield f"- {told(_place(source))}{doubt}"
    if not answer.sources:
        yield "- none is named"
    for place in answer.unfound:
        yield f"- {told(place)}: named in the answer, and not there"


def _reading(answer: Answer) -> Iterator[str]:
    yield f"{_read(answer)}:"
    yield ""
    for read in answer.read[:MOST_NAMED]:
        spans = ", ".join(f"{span.start}-{span.end}" for span in read.spans)
        yield f"- {inert_line(read.path)}" + ("" if read.whole else f", lines {spans}")
    yield from _more(len(answer.read))
    if answer.left_out:
        yield ""
        yield "Not read:"
        yield ""
        counts = Counter(each.reason for each in answer.left_out)
        yield from (f"- {count}: {reason}" for reason, count in counts.most_common())
        yield ""
        named = answer.left_out[:MOST_NAMED]
        yield from (f"- {inert_line(each.path)}: {each.reason}" for each in named)
        yield from _more(len(answer.left_out))
    elif answer.files > len(answer.read):
        yield ""
        others = answer.files - len(answer.read)
        yield f"The other {others} files were not looked at for this answer."


def _more(count: int) -> Iterator[str]:
    if count > MOST_NAMED:
        yield f"- and {count - MOST_NAMED} more"


def _cost(state: TaskState) -> Iterator[str]:
    models = Counter(f"{call.provider}/{call.model}" for call in state.calls)
    yield f"{_spent(state)}."
    yield ""
    yield from (f"- {name}: {_calls(count)}" for name, count in models.most_common())
    yield f"- asked as {state.task.id}; `git agent show {state.task.id}` has every call"


def _closing(state: TaskState) -> None:
    spent = _spent(state)
    if state.ending is Ending.DONE and state.answer is not None:
        click.secho(f"done    {_read(state.answer)}; {spent}", err=True, fg="green")
        return
    click.secho(f"{state.ending}: {printable(state.message)}", err=True, fg="red")
    click.echo(f"        {spent}", err=True)
    click.echo(f"Go on with:  git agent resume {state.task.id}, or ask the same again", err=True)


def _spent(state: TaskState) -> str:
    used = summary.totals(state)
    return (
        f"{_calls(used.calls)}, {used.prompt_tokens} tokens in, {used.completion_tokens} out, "
        f"${used.cost_usd:.4f}, {used.seconds:.0f} s"
    )


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def _read(answer: Answer) -> str:
    whole = sum(read.whole for read in answer.read)
    parts = len(answer.read) - whole
    files = "1 file" if whole == 1 else f"{whole} files"
    said = f"{files} whole" + (f" and {parts} in part" if parts else "")
    return f"read {said}, of {answer.files}"


def _way(state: TaskState) -> str:
    ask = state.task.ask
    return "by reading everything" if ask and ask.whole else "by looking things up"


def _place(source: Source) -> str:
    span = source.span
    return f"{source.path}:{span.start}" + (f"-{span.end}" if span.end != span.start else "")


def _source(source: Source) -> dict[str, Any]:
    return {
        "path": source.path,
        "start": source.span.start,
        "end": source.span.end,
        "shown": source.shown,
    }
