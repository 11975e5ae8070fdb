"""Makes a verdict of what ran: on the base, and now.

What failed before does not block, so that an agent can work in a repository that is not green.
Nothing else passes: a test that is gone or skipped has not passed, and neither has a run that
ended well without having said so test by test, where it did on the base.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gitagent.domain.verdict import CommandRun, TestOutcome, Verdict, VerdictKind
from gitagent.gates.compare import COMPILE_PREFIX, Comparison, above_of, compare
from gitagent.gates.demand import named_in, speaks_of_defect
from gitagent.gates.failures import said

OUTPUT_CHARS = 4_000
NAMED = 3
_NO_TESTS_EXIT = 5
_NO_TESTS = re.compile(
    r"no tests (?:ran|collected)|^Ran 0 tests|^running 0 tests$|\[no test files\]"
    r"|There are no tests to run",
    re.IGNORECASE | re.MULTILINE,
)
# Of cargo and go: another program or package of the same run had some.
_TESTS = re.compile(r"^running [1-9]|^(?:ok|FAIL)\s", re.MULTILINE)


def judge(text: str, base: Sequence[CommandRun], now: Sequence[CommandRun]) -> Verdict:
    """The verdict on the runs `now`, beside those of the base; `text` is the task's."""
    base = [run for run in base if not run.left]
    left = {run.name for run in now if run.left}
    now = [run for run in now if not run.left]
    before = {run.name: run for run in base if run.name not in left}
    # what failed in a package that nothing touches fails still
    found = Comparison(
        still_failing=[test for run in base if run.name in left for test in _failing(run)]
    )
    for run in now:
        found += compare(_beside(before.get(run.name), run), run.tests)
    reasons = [*_named_lists(found), *_runs(before, now, found), *_undone(text, base, found)]
    kind = _kind(reasons, base, now)
    return Verdict(
        kind,
        "; ".join(reasons) or _praise(found, now, kind),
        passed=tuple(found.passed),
        fixed=tuple(found.fixed),
        broken=tuple(found.broken),
        still_failing=tuple(found.still_failing),
        skipped=tuple(found.skipped),
        vanished=tuple(found.vanished),
        output=_output(now) if kind == "fail" or (found.fixed and found.still_failing) else "",
        seconds=sum(run.spent for run in now),
        known=bool(now) and all(run.known for run in now),
        flaky=tuple(dict.fromkeys(test for run in now for test in run.flaky)),
    )


def _beside(before: CommandRun | None, run: CommandRun) -> dict[str, TestOutcome]:
    """What the base has of the tests that were to be run."""
    known = before.tests if before else {}
    if not run.partial:
        return known
    above = {each for test in run.tests for each in above_of(test)}
    return {test: known[test] for test in known if test in run.tests or test in above}


def found_nothing(run: CommandRun) -> bool:
    """Whether a test runner had no test to run."""
    if run.tests or run.timed_out or run.exit_code not in (0, _NO_TESTS_EXIT):
        return False
    silent = run.exit_code == _NO_TESTS_EXIT and not run.output.strip()  # pytest -qq
    return silent or bool(_NO_TESTS.search(run.output) and not _TESTS.search(run.output))


def _kind(
    reasons: Sequence[str], base: Sequence[CommandRun], now: Sequence[CommandRun]
) -> VerdictKind:
    if reasons:
        return "fail"
    outcomes = [each for run in now for each in run.tests.items()]
    if outcomes and {outcome for _, outcome in outcomes} == {"skipped"}:
        return "none"
    unbuilt = all(o == "failed" and test.startswith(COMPILE_PREFIX) for test, o in outcomes)
    return "none" if unbuilt and all(run.failed or found_nothing(run) for run in now) else "pass"


def _named_lists(found: Comparison) -> Iterator[str]:
    if found.broken:
        yield f"{len(found.broken)} broken: {_names(found.broken)}"
    if found.silenced:
        yield f"{len(found.silenced)} skipped that ran on the base: {_names(found.silenced)}"
    if found.vanished:
        yield f"{len(found.vanished)} vanished that ran on the base: {_names(found.vanished)}"


def _runs(
    before: dict[str, CommandRun], now: Sequence[CommandRun], found: Comparison
) -> Iterator[str]:
    for run in now:
        reason = _trouble(before.get(run.name), run)
        if reason:
            yield reason
        if run.partial:
            yield f"of `{run.name}` only the tests nearest to the change were run"
    ran = {run.name for run in now}
    # After a compile error the rest is not run, and that is said already.
    if not any(test.startswith(COMPILE_PREFIX) for test in found.broken):
        yield from (f"`{name}` did not run" for name in before if name not in ran)


def _trouble(before: CommandRun | None, run: CommandRun) -> str:
    """What a run as a whole has against it, beside what its single tests say."""
    if run.timed_out:
        return f"`{run.name}` was ended after {run.seconds:.0f} s, its time limit"
    if run.ended:
        return f"`{run.name}` was ended: {run.ended}"
    if run.exit_code is None:
        return f"`{run.name}` could not be run to its end"
    if run.exit_code == 0 or found_nothing(run) or "failed" in run.tests.values():
        return ""
    if before is not None and _as_before(before, run):
        return ""
    if before is None or before.exit_code == 0 or found_nothing(before):
        return f"`{run.name}` ends with exit code {run.exit_code}{_unlike(before)}"
    return f"`{run.name}` still ends with exit code {run.exit_code}, without a failing test"


def _as_before(before: CommandRun, run: CommandRun) -> bool:
    """Whether all tests pass and the command is discontent for the same reason as on the base.

    A coverage threshold is such a reason.
    """
    quiet = bool(before.tests) and "failed" not in before.tests.values()
    return quiet and bool(run.tests) and run.exit_code == before.exit_code


def _unlike(before: CommandRun | None) -> str:
    return f" ({before.exit_code} on the base)" if before is not None else ""


def _failing(run: CommandRun) -> list[str]:
    return [test for test, outcome in run.tests.items() if outcome == "failed"]


def _undone(text: str, base: Sequence[CommandRun], found: Comparison) -> Iterator[str]:
    """What the task's text demands of the base's failures and the tree does not do."""
    failing = [test for run in base for test in _failing(run)]
    named = named_in(text, dict.fromkeys([*failing, *found.still_failing]))
    open_ = [test for test in named if _stands_in(test, found.still_failing)]
    if open_:
        yield f"named in the task and still failing: {_names(open_)}"
    elif speaks_of_defect(text) and not named and not found.fixed:
        tests = [test for test in failing if not test.startswith(COMPILE_PREFIX)]
        if tests:
            yield f"none of the base's {len(tests)} failing tests is fixed: {_names(tests)}"


def _stands_in(test: str, failing: Sequence[str]) -> bool:
    below = (f"{test}::", f"{test}.")
    return any(each == test or each.startswith(below) for each in failing)


def _praise(found: Comparison, now: Sequence[CommandRun], kind: VerdictKind) -> str:
    if kind == "none" and found.skipped:
        return f"All {len(found.skipped)} tests are skipped."
    if kind == "none" and found.still_failing:
        return f"Nothing could be built, as on the base: {_names(found.still_failing)}."
    if kind == "none":
        return "Nothing was found to run." if not now else "No test was found to run."
    parts = []
    if found.passed:
        parts.append(f"{len(found.passed)} passed")
    if found.fixed:
        parts.append(f"{len(found.fixed)} fixed ({_names(found.fixed)})")
    if found.skipped:
        parts.append(f"{len(found.skipped)} skipped")
    if found.still_failing:
        parts.append(f"{len(found.still_failing)} still failing as on the base")
    if not found.passed:
        well = (run for run in now if run.exit_code == 0 and not found_nothing(run))
        parts += [f"`{run.name}` passes" for run in well]
    if any(found_nothing(run) for run in now):
        parts.append("no test was found")
    return ", ".join(parts)


def _names(tests: Sequence[str]) -> str:
    more = len(tests) - NAMED
    return ", ".join(tests[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _output(now: Sequence[CommandRun]) -> str:
    """The outputs of what failed; of everything where each command claims to be content."""
    telling = [run for run in now if run.failed and not found_nothing(run)] or list(now)
    return said(telling, OUTPUT_CHARS)
