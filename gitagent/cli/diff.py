"""`git agent diff`: what a task changes."""

from __future__ import annotations

import click

from gitagent.cli.complete import task_ids


@click.command("diff")
@click.argument("task_id", metavar="[ID]", required=False, shell_complete=task_ids)
@click.argument("step", required=False, type=click.IntRange(min=1))
@click.option(
    "--try",
    "label",
    metavar="STEP.TRY[.CANDIDATE]",
    help="What one try proposed, taken or not; `git agent show` lists them.",
)
def diff(task_id: str | None, step: int | None, label: str | None) -> None:
    """Show the changes of a task, or of one STEP of it, as a diff.

    What weakens the tests that decide about it is said first; outside of a terminal on stderr.
    """
    from gitagent.cli import here
    from gitagent.cli.judged import weakened
    from gitagent.cli.screen import colored_diff, page, printable

    site = here.site()
    state = here.task_log(site, task_id).state
    # the trees stay in the state also when the branch and its commits are gone
    trees = [site.repo.tree_of(state.task.base), *(c.tree for c in state.checkpoints)]
    if label is not None:
        tried = {a.label: a for a in state.attempts if a.tree}
        if label not in tried:
            raise click.UsageError(f"Task {state.task.id} has no try {label} that made a tree.")
        trees = [trees[min(tried[label].step, len(trees)) - 1], tried[label].tree]
    elif step is not None:
        if step >= len(trees):
            raise click.UsageError(f"Task {state.task.id} has no step {step}.")
        trees = trees[step - 1 : step + 1]
    shown = [c for c in state.checkpoints if step in (None, c.step)]
    heads = [f"weakened  {printable(each)}\n" for each in weakened(shown)]
    page(
        colored_diff(site.repo.diff(trees[0], trees[-1])),
        click.style("".join(heads), fg="red") if heads else "",
    )
