"""Puts the gate of a task together: what is run on its trees, and what guards this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gitagent import caches
from gitagent.domain.verdict import Bring, GateCommand
from gitagent.errors import Unwritable
from gitagent.gates.detect import Found, configured, detect
from gitagent.gates.identity import machine
from gitagent.gates.kept import KeptRuns
from gitagent.gates.places import LeftOut, Places
from gitagent.gates.project import Project
from gitagent.gates.python import interpreter, needed_by
from gitagent.git.export import Exported, export
from gitagent.git.repository import GitRepo
from gitagent.git.stand_in import StandIn
from gitagent.index.suites import read_suite
from gitagent.line import Checks
from gitagent.ports import Repo
from gitagent.progress import News, Tell
from gitagent.sandbox.choosing import Chosen, Surroundings, attended, chosen
from gitagent.sandbox.plain import PlainSandbox
from gitagent.site import Site, cache_folder, spent_folder, user_folder


@dataclass(frozen=True)
class Asked:
    """The gate as a command asks for it: `lines` of the shell in place of what would be found, or
    `none` at all."""

    lines: tuple[str, ...] = ()
    none: bool = False


def found(site: Site, tree: str, asked: Asked) -> Found:
    """The gate of a tree, as asked for, else as configured, else as found in the tree; with what
    is missing for it."""
    if asked.none:
        return Found()
    repo = site.repo
    project = Project.of(repo.files(tree), repo.read, repo.checkout, site.environ)
    lines = asked.lines or site.config.gate_commands
    if not lines:
        return detect(project)
    python = interpreter(repo.checkout, site.environ)
    # the lines may call a program of gitagent's own environment
    own = needed_by(sys.executable)
    return Found(tuple(_with(own, each) for each in configured(lines, python, project)))


def sandbox(site: Site) -> Chosen:
    """What guards the gate here; UsageError where nothing does and nobody allowed that."""
    return chosen(site.config.gate_sandbox, _surroundings(site), site.config.gate_memory_mb)


def check_sandbox(site: Site, commands: Sequence[GateCommand]) -> None:
    """UsageError where these commands would run, and may not."""
    # want of room is no reason against a task: it stops when it comes to its gate, and can go on
    with suppress(Unwritable):
        if commands:
            sandbox(site)


def checks(site: Site, repo: GitRepo, base: str, gate: Found, tell: Tell) -> Checks:
    """What was found for a base, a commit, ready to run on trees of `repo`; it is to be closed."""
    guard = sandbox(site) if gate.commands else Chosen(PlainSandbox(site.environ))
    for sentence in (*gate.missing, *filter(None, [guard.warning])):
        tell(News("gate", sentence, warning=True))
    kind, scratch = guard.sandbox, cache_folder() / "gate"
    trees = _Trees(StandIn(repo, site.repo, base))
    around = f"{type(kind).__name__} {machine(site.environ)}"
    return Checks(
        repo=repo,
        sandbox=kind,
        export=trees.export,
        commands=gate.commands,
        missing=gate.missing,
        scratch=scratch,
        timeout_s=site.config.gate_timeout_s,
        hide=site.redactor.hide,
        base=repo.tree_of(base),
        allow=site.config.allow,
        read=read_suite,
        places=Places(repo, scratch, trees.export, trees.held if kind.keeps_folder else None),
        kept=KeptRuns(caches.runs(cache_folder()), around, green_only=not kind.isolates),
    )


@dataclass(frozen=True)
class _Trees:
    """Writes trees, each with a git folder that speaks of it alone, for programs that ask git."""

    stand_in: StandIn

    def export(self, repo: Repo, tree: str, folder: Path) -> LeftOut:
        left_out = export(repo, tree, folder)
        self.stand_in.write(tree, folder)
        return left_out

    def held(self, repo: Repo, folder: Path) -> _Held:
        return _Held(Exported(repo, folder), folder, self.stand_in)


@dataclass(frozen=True)
class _Held:
    exported: Exported
    folder: Path
    stand_in: StandIn

    def hold(self, tree: str) -> LeftOut:
        left_out = self.exported.hold(tree)
        self.stand_in.write(tree, self.folder)
        return left_out


def _with(brings: Sequence[Bring], command: GateCommand) -> GateCommand:
    return replace(command, brings=tuple(dict.fromkeys((*command.brings, *brings))))


def _surroundings(site: Site) -> Surroundings:
    own = (Path.home(), user_folder(), spent_folder(), cache_folder())
    repo = site.repo
    return Surroundings(
        site.environ,
        scratch=cache_folder() / "sandbox",
        checkout=repo.checkout,
        closed=tuple(str(folder) for folder in own),
        covered=tuple(dict.fromkeys((str(repo.folder), str(Path(repo.pygit2.path))))),
        attended=attended(site.environ, sys.stdin.isatty(), sys.stderr.isatty()),
    )
