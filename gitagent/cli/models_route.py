"""Which model would do which job of a task, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.config import Config
    from gitagent.llm.routing import Need, Ranked

HEAD = ("JOB", "  MODEL", "POINTS", "NEEDS", "WINDOW", "A CALL", "AT MOST", "TIME", "HEALTH", "WHY")
LEFT = (0, 1, 8, 9)
"""The columns of text; the others are figures."""
FIRST, NEXT, UNFIT = "*", " ", "-"


def routing(text: str, wanted: Sequence[str], budget: float | None, *, as_json: bool) -> None:
    """Print the models for each job, best first. Raises NoModel, UsageError."""
    from gitagent.cli.asking import asking
    from gitagent.cli.columns import aligned
    from gitagent.cli.screen import print_json, printable
    from gitagent.llm import health
    from gitagent.llm.choose import routes
    from gitagent.llm.pins import JOBS
    from gitagent.llm.routing import need_of
    from gitagent.site import cache_folder

    config, world = asking()
    left = _left(config, budget)
    ranked = routes(
        config,
        world,
        wanted,
        jobs=JOBS,
        text=text,
        budget_left=left,
        rests=health.rests(cache_folder() / health.FOLDER),
        prices=True,
    )
    needs = {job: need_of(job, text, config.context_tokens) for job in JOBS}
    if as_json:
        jobs = {job: [_row(each, needs[job]) for each in ranked[job]] for job in JOBS}
        print_json({"budget_left": left, "margin": config.route_margin, "jobs": jobs})
        return
    cells = [_cells(job, each, needs[job], n) for job in JOBS for n, each in enumerate(ranked[job])]
    for line in aligned([HEAD, *([printable(cell) for cell in row] for row in cells)], LEFT):
        click.echo(line)
    click.echo("No budget is set." if left is None else f"Budget left: ${left:.4f}.")


def _left(config: Config, budget: float | None) -> float | None:
    """What a call may cost: by the task's cap, and by what the day's has left. None is no cap."""
    from gitagent.llm.day import DaySpend
    from gitagent.site import spent_folder

    caps = [cap] if (cap := config.budget_usd if budget is None else budget) else []
    if config.budget_day_usd:
        day = DaySpend(spent_folder(), config.budget_day_usd, "")
        caps.append(max(0.0, config.budget_day_usd - day.spent))
    return min(caps, default=None)


def _cells(job: str, each: Ranked, need: Need, place: int) -> tuple[str, ...]:
    profile = each.choice.profile
    mark = UNFIT if not each.fits else FIRST if place == 0 else NEXT
    return (
        "" if place else job,
        f"{mark} {profile.ref}",
        f"{each.score:g}",
        f"{need.prompt + need.reply:,}",
        f"{profile.window:,}",
        _price(each.usd),
        _price(each.worst),
        "?" if each.seconds is None else f"{each.seconds:.0f} s",
        f"rests {each.rests_s:.0f} s" if each.rests_s else "well",
        "; ".join([each.choice.why, *each.why]),
    )


def _price(usd: float | None) -> str:
    return "?" if usd is None else "free" if usd == 0 else f"${usd:.4f}"


def _row(each: Ranked, need: Need) -> Mapping[str, Any]:
    return {
        "model": each.choice.profile.ref,
        "fits": each.fits,
        "why": [each.choice.why, *each.why],
        "score": each.score,
        "needs_tokens": need.prompt + need.reply,
        "window": each.choice.profile.window,
        "usd": each.usd,
        "worst_usd": each.worst,
        "seconds": each.seconds,
        "rests_s": each.rests_s,
    }
