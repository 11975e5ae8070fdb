"""`git agent models`: what can answer, what would, what endpoints say, and the local weights."""

from __future__ import annotations

import click


@click.group("models", invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List models, say which would be chosen, or pull the local one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@models.command("list")
@click.option("--all", "shipped", is_flag=True, help="Also the rows that gitagent ships.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(as_json: bool, shipped: bool) -> None:
    """List what the configured endpoints offer, and what is known of each model.

    `*` before a name marks what writes a task's code, behind a score what does that job. Windows
    are tokens, prices USD per million of them, times seconds.
    """
    from gitagent.cli.models_list import listing

    listing(as_json=as_json, shipped=shipped)


@models.command("route")
@click.argument("text")
@click.option(
    "--model",
    "wanted",
    multiple=True,
    metavar="[JOB=]PROVIDER/NAME",
    help="Use this model for every call, or for one job (repeatable).",
)
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="Cap for the task.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def route(text: str, wanted: tuple[str, ...], budget: float | None, as_json: bool) -> None:
    """Show which model would be chosen for each job of a task, the runners-up, and why.

    No model is asked. A provider that others of your processes have found down counts as such.
    """
    from gitagent.cli.models_route import routing

    routing(text, wanted, budget, as_json=as_json)


@models.command("update")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
def update(names: tuple[str, ...], yes: bool) -> None:
    """Take limits, prices and abilities of models from their endpoints into your own file.

    NAME is PROVIDER/NAME, NAME, or a pattern of either with `*`; without one it is what your file
    names already. The change is shown as a diff, and made where you agree.
    """
    from gitagent.cli.models_update import updating

    updating(names, yes=yes)


@models.command("pull")
@click.argument("name")
def pull(name: str) -> None:
    """Fetch the weights of a local model, for use without any server or key.

    A pull that was interrupted goes on where it stopped. Nothing but the one known SHA-256 is
    accepted, whatever the source.
    """
    from gitagent.cli.bar import Bar
    from gitagent.llm.local import weights
    from gitagent.llm.local.pull import pull as pull_weights
    from gitagent.llm.local.sources import default_sources

    known = weights.known(name)
    with Bar() as bar:
        place = pull_weights(known, weights.default_folder(), default_sources(), bar)
    click.echo(place)
