"""`git agent replay`: does the code of today make of a recorded task what it made then?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gitagent.cli.complete import task_ids

SHORT = 10


@click.command("replay")
@click.argument("task_id", metavar="[ID]", required=False, shell_complete=task_ids)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def replay(task_id: str | None, as_json: bool) -> int:
    """Rebuild the trees of a task from its journal, the newest where no ID is given.

    The recorded answers and verdicts take the place of the model and the gate: nothing is asked,
    run or written. What is built differently now is said; where a tree is not the same, byte for
    byte, the exit code is 8. Prompts that are worded differently are only said.

    \b
    git agent replay 4f0c21
    """
    import os

    from gitagent import replay as again
    from gitagent.cli.screen import print_json, printable
    from gitagent.errors import Ending
    from gitagent.git import log
    from gitagent.git.repository import GitRepo
    from gitagent.redaction import Redactor

    repo = GitRepo.open(Path.cwd())
    recorded = log.TaskLog.load(repo, task_id or log.newest(repo))
    document = again.document(again.replay(recorded, Redactor.of(os.environ)))
    if as_json:
        print_json(document)
    else:
        click.echo(printable("\n".join(_lines(document))))
    return 0 if document["same"] else Ending.CONFLICT.exit_code


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield f"Task     {document['id']}  {document['ending'] or 'open'}"
    for run in document["runs"]:
        yield f"Run      {run['epoch']} with {run['model']}"
    for call in document["calls"]:
        place = f"{call['phase']} {call['step']}.{call['attempt']}"
        yield f"Call     {call['seq']} {place}: {ASKED[call['prompt']]}"
    for step in document["steps"]:
        for attempt in step["attempts"]:
            yield f"Try      {step['n']}.{attempt['n']} {_tree(attempt)}"
        if step["tree"] is not None:
            yield f"Step     {step['n']} {_tree(step)}  {step['title']}"
    for difference in document["differences"]:
        yield f"Differs  {difference['where']}: {difference['said']}"
        yield from (f"         {line}" for line in difference["diff"].splitlines())
    yield _sum(document)


ASKED = {
    "same": "asked the same",
    "differs": "asked differently",
    "not asked": "not asked again",
}


def _tree(made: dict[str, Any]) -> str:
    if not made["same"]:
        return f"{made['tree'][:SHORT] or 'no tree'} differs"
    return f"{made['tree'][:SHORT]} same" if made["tree"] else "did not fit, and does not now"


def _sum(document: dict[str, Any]) -> str:
    trees = [a for s in document["steps"] for a in s["attempts"] if a["tree"]]
    trees += [s for s in document["steps"] if s["tree"]]
    same = sum(tree["same"] for tree in trees)
    if not trees and document["same"]:
        return "No tree was recorded; so far as it went, the task goes the same way."
    if not document["same"]:
        return (
            f"The task goes another way now: {same} of {len(trees)} trees are the same. "
            "Nothing was changed."
        )
    trees_said = "the 1 tree is" if len(trees) == 1 else f"all {len(trees)} trees are"
    return f"Rebuilt: {trees_said} the same, byte for byte."
