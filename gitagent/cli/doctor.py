"""`git agent doctor`: what is here, what is missing, and how to get it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

SHORT_GATE = 3
"""As many commands are named in one line."""


@dataclass(frozen=True)
class Finding:
    """One line of the report; `ok` None is neither good nor bad."""

    subject: str
    ok: bool | None
    text: str
    hint: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(as_json: bool) -> int:
    """Check git, the repository, the configuration, the model and the gate.

    The exit code is 2 where a task could not run.
    """
    import dataclasses

    from gitagent.cli.screen import print_json, printable
    from gitagent.errors import USAGE_EXIT_CODE

    findings = [
        finding
        for check in (
            *(_git, _repository, _configuration, _model, _keys),
            *(_index, _gate, _tasks, _sandbox),
        )
        for finding in _guarded(check)
    ]
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    for finding in () if as_json else findings:
        mark, color = {True: ("ok", "green"), False: ("!!", "red"), None: ("--", None)}[finding.ok]
        line = f"{click.style(mark, fg=color)}  {finding.subject:<14} {printable(finding.text)}"
        click.echo(line)
        if finding.hint:
            click.echo(f"    {'':<14} {printable(finding.hint)}")
    return USAGE_EXIT_CODE if any(finding.ok is False for finding in findings) else 0


def _guarded(check: Callable[[], Finding | list[Finding]]) -> list[Finding]:
    from gitagent.errors import AgentError

    try:
        found = check()
    except AgentError as error:
        return [Finding(check.__name__.strip("_"), False, str(error), error.hint)]
    return found if isinstance(found, list) else [found]


def _git() -> Finding:
    from gitagent.git.program import version

    return Finding("git", True, version())


def _repository() -> Finding:
    from gitagent.git.repository import GitRepo

    repo = GitRepo.open(Path.cwd())
    head = repo.resolve("HEAD")
    repo.check_identity()
    return Finding("repository", True, f"{repo.checkout or repo.folder} at {head[:10]}")


def _configuration() -> Finding:
    from gitagent.site import find_repo, load_config

    ignored = load_config(os.environ, find_repo(Path.cwd()))[0].ignored
    if ignored:
        return Finding("configuration", None, ignored[0], "See `git agent config check`.")
    return Finding("configuration", True, "in order")


def _model() -> Finding:
    from gitagent.cli.asking import asking
    from gitagent.llm.choose import routes

    config, world = asking()
    ranked = routes(config, world, jobs=("code",))["code"]
    choice, later = ranked[0].choice, [each.choice.profile.ref for each in ranked[1:]]
    named = f"{choice.profile.ref} ({choice.why})"
    hint = f"Where it cannot answer: {', '.join(later)}." if later else ""
    if choice.endpoint is None:
        return Finding("model", True, f"{named}, started when a task needs it", hint)
    world.names(choice.endpoint)
    return Finding("model", True, f"{named}; {choice.endpoint.shown_url} answers", hint)


def _keys() -> Finding:
    """Where each provider's key was found; the keys themselves are never shown."""
    from gitagent.cli.asking import asking
    from gitagent.llm.places import SERVERS, providers

    config, world = asking()
    found, absent = [], []
    for provider in providers(config, world.environ):
        key = None if provider in SERVERS else world.key(provider)
        if key is not None:
            found.append(f"{provider.name}: {_origin(key.variable)}")
        elif provider.key_env:
            absent.append(f"{provider.name} ({provider.key_env})")
    hint = f"None for {', '.join(absent)}." if absent else ""
    return Finding("keys", True if found else None, "; ".join(found) or "none", hint)


def _origin(variable: str) -> str:
    if not variable:
        return "the system keyring"
    place = "the environment" if variable in os.environ else "your own .env"
    return f"{variable} in {place}"


def _index() -> Finding:
    """A database that does not answer is no reason against a task: the files are read anew."""
    from gitagent.errors import NoDatabase
    from gitagent.index.code import is_small
    from gitagent.searching import WITHOUT, opened
    from gitagent.site import cache_folder, open_site

    site = open_site(Path.cwd(), os.environ)
    dsn = site.config.index_dsn
    if dsn == WITHOUT:
        return Finding("index", None, "without a database, as configured")
    commit = site.repo.resolve("HEAD")
    if is_small(site.repo.files(site.repo.tree_of(commit))):
        return Finding("index", None, "no database needed: the files are read in a moment")
    where = (
        "the Postgres at index.dsn" if dsn else f"our own Postgres in {cache_folder() / 'index'}"
    )
    try:
        with opened(site, commit) as store:
            kept, apart = store.sizes(), store.filtered()
    except NoDatabase as error:
        further = error.hint if error.hint != NoDatabase.hint else ""
        return Finding("index", None, f"without a database: {error}", further)
    hint = "" if apart else "As a superuser it is our queries alone that hold repositories apart."
    return Finding("index", True, f"{where} answers, {kept.listings} trees and pasts", hint)


def _gate() -> list[Finding]:
    """What would be run for each package and by what, then what is missing and how to get it."""
    from gitagent import gating
    from gitagent.cli import here
    from gitagent.gates.versions import shown

    site = here.site(quiet=True)
    tree = site.repo.tree_of(site.repo.resolve("HEAD"))
    found = gating.found(site, tree, gating.Asked())
    lacking = [Finding("gate", None, f"missing: {sentence}") for sentence in found.missing]
    if not found.commands:
        hint = "Name one: `gate.commands` in gitagent.toml, or --gate."
        nothing = "nothing was found to run; commits will say `none`"
        return [Finding("gate", None, nothing, hint), *lacking]
    packages = {command.package for command in found.commands}
    said = [shown(command, site.repo.checkout) for command in found.commands]
    if len(said) <= SHORT_GATE:
        return [Finding("gate", True, "; ".join(said)), *lacking]
    whole = f"{len(said)} commands for {len(packages)} packages"
    return [*(Finding("gate", True, each) for each in (whole, *said)), *lacking]


def _tasks() -> Finding:
    from gitagent.caches import left_over, size
    from gitagent.cli.screen import amount
    from gitagent.git.log import FAMILY, listing
    from gitagent.git.salvage import FOLDER
    from gitagent.site import cache_folder, find_repo

    repo, cache = find_repo(Path.cwd()), cache_folder()
    if repo is None:
        return Finding("tasks", None, f"no repository; {amount(size(cache))} in caches")
    found, unreadable = listing(repo)
    salvaged = len(repo.refs(FOLDER))
    text = f"{len(found)}, {len(repo.refs(FAMILY))} refs, {amount(size(cache))} in caches"
    if unreadable:
        names = ", ".join(bad.id for bad in unreadable)
        return Finding("tasks", None, f"{text}; unreadable: {names}", unreadable[0].hint)
    dead = len(left_over(cache))
    hint = f"`git agent gc` removes {dead} folders of dead processes." if dead else ""
    return Finding("tasks", True, f"{text}; {salvaged} salvaged" if salvaged else text, hint)


def _sandbox() -> Finding:
    """What guards the gate; without it a task is refused wherever nobody is at a terminal."""
    from gitagent.sandbox.plain import LIMITS
    from gitagent.sandbox.probe import Absent, probe
    from gitagent.site import cache_folder, find_repo, load_config

    config = load_config(os.environ, find_repo(Path.cwd()))[0].config
    if config.gate_sandbox == "plain":
        return Finding("sandbox", None, "plain, as configured", LIMITS)
    tool = probe(os.environ, cache_folder() / "sandbox")
    if isinstance(tool, Absent):
        ok = False if config.gate_sandbox == "bubblewrap" else None
        text = f"{tool.why}; without it the gate runs only at a terminal, or with --no-gate"
        return Finding("sandbox", ok, text, tool.hint)
    return Finding("sandbox", True, f"{tool.version} ({tool.program}), {tool.said}")
