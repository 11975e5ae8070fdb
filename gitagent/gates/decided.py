"""The verdict on a tree whose tests were changed: the base's own decide, and its own pass as well.

Two runs are one verdict: what the base has is judged as it ran with the base's tests, what is new
as it ran in the tree itself.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gitagent.domain.verdict import CommandRun, TestOutcome, Verdict
from gitagent.gates.honest import Trial
from gitagent.gates.judge import NAMED, found_nothing, judge
from gitagent.gates.weakening import MOVED, Finding

Runs = Sequence[CommandRun]
_LAST = re.compile(r"::|\.")


def judged(text: str, base: Runs, own: Runs, trial: Trial, decide: Callable[[], Runs]) -> Verdict:
    """The verdict on a tree whose own runs are `own`; `text` is the task's.

    `decide` runs the gate on the trial's tree. It is not asked where the tree's own tests fail, or
    where they are the base's.
    """
    base = _without(base, own, lambda test: _of(test, trial.allowed))
    plain = judge(text, base, own)
    excused = judge(text, _without(base, own, lambda _test: True), own)
    if not trial.differs or not excused.acceptable:
        return _said(plain, trial.sure, trial)
    both = _Both(base, own, decide(), trial)
    found = judge(text, base, both.runs())
    gone = both.gone()
    if not found.acceptable:
        gone += [Finding(path, 0, "passes only as it was changed") for path in both.bent(found)]
    return _said(found, (*trial.sure, *gone), trial)


def none_without_tests(verdict: Verdict, ran: bool, missing: Sequence[str]) -> Verdict:
    """`none` where no test was `ran` and it is known that there are some: why is in `missing`."""
    if verdict.kind != "pass" or not missing:
        return verdict
    said = "; ".join(sentence.rstrip(".") for sentence in missing)
    if ran:
        return replace(verdict, reason=f"{verdict.reason}; not run: {said}")
    return replace(verdict, kind="none", reason=f"No test was run: {said}")


def leave(verdict: Verdict, task_id: str) -> str:
    """How the user takes what weakens the tests, where he finds that it is meant."""
    paths = list(dict.fromkeys(said.partition(":")[0] for said in verdict.weakened))
    if verdict.kind != "weakened" or not paths:
        return ""
    if len(paths) > 1:
        return f" Only if it is meant: name {_first(paths)} in `paths.allow`, and accept it."
    allowed = f"GITAGENT_PATHS_ALLOW={shlex.quote(paths[0])}"
    return f" Only if it is meant: `{allowed} git agent accept {task_id}`."


def ran_tests(runs: Runs) -> bool:
    return any(
        not run.left and run.exit_code is not None and not found_nothing(run) for run in runs
    )


def _said(found: Verdict, sure: Sequence[Finding], trial: Trial) -> Verdict:
    """A verdict with what was found beside it; not green where something of it is sure."""
    noted = [str(each) for each in trial.findings if not each.sure]
    told = {each.path for each in sure} | {each.path for each in trial.findings}
    if found.acceptable:
        noted += [
            f"{path}: changed; as it is on the base it passes, too"
            for path in trial.changed
            if path not in told
        ]
    found = replace(found, noted=tuple(noted))
    if sure:
        weakened = tuple(dict.fromkeys(map(str, sure)))
        reason = _first(weakened)
        if not found.acceptable:
            reason += f"; {found.reason}"
        return replace(found, kind="weakened", reason=reason, weakened=weakened)
    if not found.acceptable:
        return found
    return replace(found, reason="; ".join([found.reason, *_changes(trial)]))


def _changes(trial: Trial) -> Iterator[str]:
    if trial.changed:
        yield f"tests changed: {_first(trial.changed)}"
    if trial.allowed:
        yield f"changed with your leave: {_first(trial.allowed)}"


def _first(said: Sequence[str]) -> str:
    more = len(said) - NAMED
    return ", ".join(said[:NAMED]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class _Both:
    """The runs of a tree by its own tests and by those of the base."""

    base: Runs
    own: Runs
    decided: Runs
    trial: Trial

    def runs(self) -> list[CommandRun]:
        own, before = _named(self.own), _named(self.base)
        decided = {name: run for name, run in _named(self.decided).items() if not run.left}
        found = [
            self._one(before.get(name), own[name], run)
            if name in own and not own[name].left
            else run
            for name, run in decided.items()
        ]
        return [*found, *(run for run in self.own if run.name not in decided)]

    def _one(self, base: CommandRun | None, own: CommandRun, run: CommandRun) -> CommandRun:
        known = base.tests if base else {}
        ignored = {test for test in run.tests if self._foreign(test, known, own)}
        tests = {
            test: _worse(outcome, own.tests.get(test))
            for test, outcome in run.tests.items()
            if test not in ignored
        }
        tests |= {test: outcome for test, outcome in own.tests.items() if test not in tests}
        failing = "failed" in (run.tests[test] for test in run.tests if test not in ignored)
        speaks = run.failed and (failing or not any(run.tests[t] == "failed" for t in ignored))
        told = run if speaks else own
        return replace(
            told,
            tests=tests,
            seconds=own.spent + run.spent,
            known=own.known and run.known,
            flaky=tuple(dict.fromkeys([*own.flaky, *run.flaky])),
        )

    def _foreign(self, test: str, known: Mapping[str, TestOutcome], own: CommandRun) -> bool:
        """A new test that only runs beside the tree's own helpers, not beside the base's."""
        if test in known or _of(test, self.trial.changed):
            return False
        # a file that cannot be imported is one failing test, and several once it can be
        below = (f"{test}::", f"{test}.")
        here = [outcome for each, outcome in own.tests.items() if each.startswith(below)]
        return own.tests.get(test, "passed" if here else "failed") != "failed"

    def gone(self) -> list[Finding]:
        """Tests that pass as they are on the base, and do not run as they are here."""
        own, before = _named(self.own), _named(self.base)
        told = {each.path for each in self.trial.findings if each.sure}
        elsewhere = [each.what for each in self.trial.findings if each.what.endswith(MOVED)]
        found = []
        for run in self.decided:
            if run.name not in own or own[run.name].left:
                continue
            here = own[run.name].tests
            known = before[run.name].tests if run.name in before else {}
            for test, outcome in run.tests.items():
                lost = test in known and known[test] != "skipped" and outcome == "passed"
                if not lost or here.get(test) in ("passed", "failed"):
                    continue
                path, name = _path(test, self.trial.changed), _last(test).partition("[")[0]
                # one that is told of a whole file says it of its tests
                if path not in told and not any(name in what for what in elsewhere):
                    what = "is skipped" if test in here else "runs no more"
                    found.append(Finding(path, 0, f"{test} {what}"))
        return found

    def bent(self, found: Verdict) -> Sequence[str]:
        """The changed files whose tests fail as they are on the base; all, where none is named."""
        failing = [*found.broken, *found.still_failing, *found.vanished]
        named = [p for p in self.trial.changed if any(_of(test, (p,)) for test in failing)]
        return named or self.trial.changed or self.trial.removed


def _worse(decided: TestOutcome, own: TestOutcome | None) -> TestOutcome:
    """A test passes where it passes both ways; one that is skipped in the tree is found apart."""
    return "failed" if "failed" in (decided, own) else decided


def _without(base: Runs, own: Runs, excused: Callable[[str], bool]) -> Runs:
    """The base's runs without the tests that are gone or skipped now, as far as they may be."""
    here = _named(own)
    return [
        replace(
            run,
            tests={
                test: outcome
                for test, outcome in run.tests.items()
                if not (run.name in here and _lost(test, here[run.name].tests) and excused(test))
            },
        )
        for run in base
    ]


def _lost(test: str, now: Mapping[str, TestOutcome]) -> bool:
    return now.get(test, "skipped") == "skipped" and not any(
        each.startswith((f"{test}::", f"{test}.")) for each in now
    )


def _of(test: str, paths: Iterable[str]) -> bool:
    """Whether a test's id says that it stands in one of these files."""
    for path in paths:
        stem = path.rpartition(".")[0] or path
        if test.startswith((f"{path}::", f"{stem.replace('/', '.')}.")) or test == path:
            return True
        if f"/{stem}.".endswith(f"/{test.partition('.')[0]}.") and "::" not in test:
            return True
    return False


def _path(test: str, paths: Sequence[str]) -> str:
    return next((path for path in paths if _of(test, (path,))), test.partition("::")[0])


def _last(test: str) -> str:
    name, bracket, rest = test.partition("[")
    return _LAST.split(name)[-1] + bracket + rest


def _named(runs: Runs) -> dict[str, CommandRun]:
    return {run.name: run for run in runs}
