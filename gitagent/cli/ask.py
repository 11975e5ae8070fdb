"""`git agent ask`: an answer about the whole repository, with where it stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command("ask")
@click.argument("question")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), metavar="FILE", help="Write a report."
)
@click.option("--whole", is_flag=True, help="Read everything, part by part, not what seems to fit.")
@click.option("--base", default="HEAD", metavar="REV", help="Ask about this commit.  [HEAD]")
@click.option("--model", multiple=True, metavar="PROVIDER/NAME", help="Ask this model.")
@click.option(
    "--budget", type=click.FloatRange(min=0), metavar="USD", help="Cap for this question."
)
@click.option("--max-calls", type=click.IntRange(min=1), metavar="N", help="Most model calls.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and the answer.")
def ask(
    question: str,
    output: str | None,
    whole: bool,
    base: str,
    model: tuple[str, ...],
    budget: float | None,
    max_calls: int | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Answer QUESTION about the repository, however large it is, with sources.

    QUESTION is a text, or `-` for stdin. What seems to fit is looked up first, then what the model
    asks to see, in a few rounds. With `--whole` everything is read part by part; the number of
    calls is said before the first, and it must be within `--max-calls`. Each source is a place,
    `path:line`, that was checked to exist; what does not is marked in the answer.

    Nothing of the repository changes. To ask the same again costs nothing; a question that was
    interrupted, or stopped by its budget, goes on where it was.

    \b
    git agent ask "Where is a price rounded, and how?"
    git agent ask --whole --max-calls 200 "Which settings are read, and where?" -o settings.md
    """
    from gitagent import asks, written
    from gitagent.cli import answered, here
    from gitagent.cli.screen import Progress

    site = here.site(base)
    place = Path(output) if output else None
    if place is not None:
        written.check(place, site.repo.checkout)
    text = sys.stdin.buffer.read() if question == "-" else os.fsencode(question)
    wanted = asks.Question(text.decode(errors="replace"), base, whole, model, budget, max_calls)
    progress = Progress(quiet)
    try:
        state = asks.ask(site, wanted, progress)
    finally:
        progress.close()
    return answered.tell(state, place, as_json=as_json)
