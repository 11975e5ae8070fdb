"""One command after the other on one tree, or what is known of it; failures have a second try.

Whatever runs is given a private folder that is gone afterwards, and limits; what it prints comes
back without secrets and with paths that are the tree's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.gates import again
from gitagent.gates.kept import KeptRuns
from gitagent.gates.nearest import nearest, worth
from gitagent.gates.places import Place, Places
from gitagent.gates.results import read_output, read_results, told
from gitagent.gates.trim import plain_text, trim
from gitagent.ports import Repo, Sandbox
from gitagent.scratch import private_folder

OUTPUT_CHARS = 40_000


class Running:
    """Runs commands on one tree, within `timeout` seconds together.

    The tree is exported when the first of them runs; `kept` are runs of before, with which it need
    not be.
    """

    def __init__(
        self,
        repo: Repo,
        sandbox: Sandbox,
        tree: str,
        places: Places,
        kept: KeptRuns | None,
        timeout: float,
        hide: Callable[[str], str],
    ) -> None:
        self._repo = repo
        self._sandbox = sandbox
        self._tree = tree
        self._places = places
        self._kept = kept
        self._until = time.monotonic() + timeout
        self._hide = hide
        self._place: Place | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *raised: object) -> None:
        self._leave()

    def on_base(self, command: GateCommand) -> CommandRun:
        """A command as of the base; what fails there has a second try as well."""
        run = self.command(command)
        suspects = () if command.compiles else again.suspects_on_base(run)
        worth = run.seconds <= again.LONG_S
        return self._settled(command, run, suspects, (), whole=worth)

    def tests(
        self, command: GateCommand, before: CommandRun | None, part: Sequence[str] = ()
    ) -> CommandRun:
        """A command, or a part of its tests; what the base passed has a second try."""
        run = self.command(command, part)
        return self._settled(command, run, again.suspects(run, before), part)

    def nearest(
        self,
        command: GateCommand,
        before: CommandRun | None,
        changed: Sequence[str],
        packages: Collection[str],
    ) -> Sequence[str]:
        """The part of a command's tests to begin with; empty where all is known or none is near."""
        if before is None or not worth(command, before):
            return ()
        if self._kept and self._kept.find(self._tree, command):
            return ()
        files, read = self._repo.files(self._tree), self._repo.read
        return nearest(command, before, changed, files, packages, read)

    def command(self, command: GateCommand, part: Sequence[str] = ()) -> CommandRun:
        """The run of before, else one now."""
        known = self._kept.find(self._tree, command, part) if self._kept else None
        if known is not None:
            return replace(known, name=command.name)
        run = self._execute(command, part)
        self._keep(command, run, part)
        return run

    def _settled(
        self,
        command: GateCommand,
        run: CommandRun,
        suspects: Sequence[str],
        part: Sequence[str],
        *,
        whole: bool = True,
    ) -> CommandRun:
        """The run after the second try of these tests; `whole` says that all may be run for it."""
        if not suspects:
            return run
        paths = {file.path for file in self._repo.files(self._tree)}
        alone = again.alone(command, suspects, paths)
        if alone is not None and set(alone) != set(part):
            run = again.broken(run, self._anew(command, alone), suspects)
            suspects = [test for test in suspects if test not in run.twice]
        if suspects and whole:
            run = again.settled(run, self._anew(command, part), suspects)
        self._keep(command, run, part)
        return run

    def _anew(self, command: GateCommand, part: Sequence[str]) -> CommandRun:
        """A run in a folder in which the one before can have left nothing."""
        self._leave()
        return self._execute(command, part)

    def _keep(self, command: GateCommand, run: CommandRun, part: Sequence[str]) -> None:
        if self._kept:
            self._kept.keep(self._tree, command, run, part)

    def _leave(self) -> None:
        self._stack.close()
        self._place = None

    def _execute(self, command: GateCommand, part: Sequence[str]) -> CommandRun:
        began = time.monotonic()
        if began >= self._until:
            return CommandRun(command.name, None, "There was no time left for it.", 0.0, True)
        # the first run is charged with the export, so that the seconds are all of the gate's
        place = self._place
        if place is None:
            place = self._place = self._stack.enter_context(self._places.at(self._tree))
        tree = self._sandbox.seen(place.folder)
        # A folder for each run: a report of the command before would speak for this one.
        with private_folder(place.private, "results-") as results:
            seen = told(command, results=str(results), tree=str(tree))
            done = self._sandbox.run(
                (*seen.narrow, *part) if part else seen.argv,
                place.folder,
                timeout=max(0.0, self._until - time.monotonic()),
                env=dict(seen.env),
                inside=command.folder,
                brings=command.brings,
                results=results,
            )
            tests = read_results(command, done, results, str(tree))
            said = read_output(command, done, results)
        output = _cleaned(said, place, tree, self._hide)
        if done.exit_code != 0:
            output = "".join(f"[not exported: {p}: {r}]\n" for p, r in place.left_out) + output
        return CommandRun(
            command.name,
            done.exit_code,
            output,
            time.monotonic() - began,
            done.timed_out,
            tests,
            ended=done.ended,
            partial=bool(part),
        )


def _cleaned(output: str, place: Place, tree: Path, hide: Callable[[str], str]) -> str:
    """An output in which paths are the tree's own, and which holds no secret."""
    for own, seen in (
        (f"{tree}/", ""),
        (str(tree), "."),
        (f"{place.private}/", ""),
    ):
        output = output.replace(own, seen)
    text = hide(plain_text(output))
    return text if len(text) <= OUTPUT_CHARS else trim(text, OUTPUT_CHARS)
