"""A repository whose base was gated, and verdicts on what is changed in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from gitagent.domain.edit import File
from gitagent.domain.verdict import CommandRun, Verdict
from gitagent.gates.detect import Found, configured, detect
from gitagent.gates.honest import Trial, deciding
from gitagent.gates.project import Project as Seen
from gitagent.git.export import export
from gitagent.git.repository import GitRepo
from gitagent.index.suites import read_suite
from gitagent.line import Checks
from gitagent.sandbox.plain import PlainSandbox
from gitagent.testing import repositories

Changes = Mapping[str, str | None]


class Project:
    """A repository whose base was gated once, and verdicts on changes to it."""

    def __init__(self, folder: Path, files: Mapping[str, str], gate: str = "") -> None:
        self.repo = GitRepo.open(repositories.build(folder / "repo", files))
        self.tree = self.repo.tree_of(self.repo.resolve("HEAD"))
        self.folder = folder
        environ = {"PATH": str(Path(sys.executable).parent)}
        found = (
            Found(configured([gate]))
            if gate
            else detect(Seen.of(self.repo.files(self.tree), self.repo.read, None, environ))
        )
        self.commands = found.commands

    def checks(self, *allow: str, missing: tuple[str, ...] = ()) -> Checks:
        return Checks(
            self.repo,
            PlainSandbox(grace=0.2),
            export,
            self.commands,
            self.folder / "scratch",
            60.0,
            base=self.tree,
            allow=allow,
            read=read_suite,
            missing=missing,
        )

    @cached_property
    def base(self) -> tuple[CommandRun, ...]:
        return self.checks().run(self.tree)

    def made(self, changes: Changes) -> str:
        written = {p: None if t is None else File(t.encode()) for p, t in changes.items()}
        return self.repo.with_files(self.tree, written)

    def trial(self, changes: Changes) -> Trial:
        tree = self.made(changes)
        return deciding(self.repo, self.tree, tree, read=read_suite, commands=self.commands)

    def verdict(
        self, changes: Changes, text: str = "change it", *, allow: tuple[str, ...] = ()
    ) -> Verdict:
        return self.checks(*allow).verdict(self.made(changes), text, self.base)
