"""The cap of a day: all processes of a user together never pass it, whoever of them dies."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import PIPE

import pytest

from gitagent.domain.call import Call, Message, Request, Usage
from gitagent.domain.task import Task, TaskState
from gitagent.errors import BudgetExceeded, Conflict, Ending, Unwritable
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.llm import day
from gitagent.llm.charge import worst
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.day import DaySpend
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import ModelProfile
from gitagent.testing.scripted import Item, Say, ScriptedServer

Serve = Callable[..., ScriptedServer]
Make = Callable[..., Path]
MONDAY = date(2026, 3, 2)
CALL = Call(1, "plan", 0, 1, "m", "p", "ok", "k", "h", "t", f"{MONDAY}T10:00:00+00:00")
PROFILE = ModelProfile("m", "p", 8000, 1000, "whole", input_price=1.0, output_price=2.0)
ASKED = Request("propose", (Message("user", "x" * 300),), 1000, step=1)
WORST = worst(PROFILE, ASKED)

SPENDER = """
import sys, time
from pathlib import Path
from gitagent.errors import BudgetExceeded
from gitagent.llm.day import DaySpend
spend = DaySpend(Path(sys.argv[1]), 1.0, f"task {sys.argv[2]}")
print("ready", flush=True)
sys.stdin.readline()
seq = 1
while seq <= 15:
    try:
        with spend.reserved(seq, 0.3):
            time.sleep(0.002)
        spend.settle(seq, 0.0005)
        seq += 1
    except BudgetExceeded:
        time.sleep(0.001)
"""

DYING = """
import os, signal, sys
from pathlib import Path
from gitagent.llm.day import DaySpend
with DaySpend(Path(sys.argv[1]), 1.0, "dying").reserved(1, 0.25):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def on(folder: Path, cap: float = 1.0, owner: str = "a task", at: date = MONDAY) -> DaySpend:
    return DaySpend(folder, cap, owner, today=lambda: at)


def spend(of: DaySpend, seq: int, usd: float, settled: float | None = None) -> None:
    with of.reserved(seq, usd):
        pass
    if settled is not None:
        of.settle(seq, settled)


def test_what_fits_is_reserved_and_what_does_not_is_not(tmp_path: Path) -> None:
    """Over all tasks; the sentence has the figures of the day and what to do."""
    spend(on(tmp_path), 1, 0.5, settled=0.2)
    other = on(tmp_path, owner="another")
    spend(other, 1, 0.7)
    with pytest.raises(BudgetExceeded) as caught:
        spend(other, 2, 0.1001)
    said = "could cost $0.1001; $0.9000 of $1.0000 for 2026-03-02 (UTC) are spent, over all tasks"
    assert said in str(caught.value)
    assert "budget.day_usd" in caught.value.hint
    assert caught.value.ending is Ending.BUDGET
    spend(other, 2, 0.1)
    assert on(tmp_path).spent == pytest.approx(1.0)


def test_a_new_day_begins_at_nothing(tmp_path: Path) -> None:
    """A call belongs to the day on which it was sent, whenever its answer comes."""
    now = [MONDAY]
    of = DaySpend(tmp_path, 1.0, "a task", today=lambda: now[0])
    spend(of, 1, 0.9)
    now[0] += timedelta(days=1)
    assert of.spent == 0
    of.settle(1, 0.3)
    assert (of.spent, on(tmp_path).spent) == (0, 0.3)


def test_without_a_cap_no_file_is_touched(tmp_path: Path) -> None:
    """0 is none."""
    of = on(tmp_path / "state", cap=0)
    of.resume([CALL])
    spend(of, 1, 1e9, settled=1e9)
    assert of.spent == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_put_on_record_is_not_charged(tmp_path: Path) -> None:
    """It was not sent."""
    of = on(tmp_path)

    def full() -> None:
        with of.reserved(1, 0.9):
            raise Conflict

    with pytest.raises(Conflict):
        full()
    assert of.spent == 0


def test_processes_never_pass_the_cap_together(tmp_path: Path) -> None:
    """Eight at once, where three calls fit: line by line, the file was never above the cap."""
    argv = [sys.executable, "-c", SPENDER, str(tmp_path)]
    running = [subprocess.Popen([*argv, str(n)], stdin=PIPE, stdout=PIPE) for n in range(8)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait(50) for process in running] == [0] * 8
    (file,) = tmp_path.iterdir()
    charged: dict[object, float] = {}
    totals = []
    for line in map(json.loads, file.read_text().splitlines()):
        charged[line["owner"], line["seq"]] = line["usd"]
        totals.append(sum(charged.values()))
    assert 0.6 < max(totals) <= 1.0
    assert set(charged.values()) == {0.0005}
    assert DaySpend(tmp_path, 1.0, "reader").spent == pytest.approx(8 * 15 * 0.0005)


def test_a_killed_process_has_spent_what_it_reserved(tmp_path: Path) -> None:
    """Until its task is resumed, whose log says what became of the call."""
    argv = [sys.executable, "-c", DYING, str(tmp_path)]
    assert subprocess.run(argv, check=False).returncode == -signal.SIGKILL
    today = datetime.now(UTC).date()
    assert on(tmp_path, at=today).spent == 0.25
    call = replace(CALL, cost_usd=0.1, started=f"{today}T00:00:00+00:00")
    for log, spent in (
        ([replace(call, status="reserved", cost_usd=0.25)], 0.25),
        ([call], 0.1),
        ([replace(call, cost_usd=0.9)], 0.1),
    ):
        on(tmp_path, owner="dying", at=today).resume(log)
        assert on(tmp_path, at=today).spent == spent


def test_a_call_that_is_not_in_the_log_was_never_sent(tmp_path: Path) -> None:
    """The process died between the two."""
    spend(on(tmp_path), 1, 0.25)
    on(tmp_path).resume([])
    assert on(tmp_path).spent == 0


def test_a_resumed_task_brings_what_it_has_spent_today(tmp_path: Path) -> None:
    """Where the file was lost, or the task began elsewhere; other days' calls stay with them."""
    before = replace(CALL, seq=2, started="2026-03-01T23:59:59+00:00")
    forged = replace(CALL, seq=3, cost_usd=-5)
    on(tmp_path).resume([replace(CALL, cost_usd=0.4), replace(before, cost_usd=0.5), forged])
    assert on(tmp_path).spent == 0.4
    size = (tmp_path / "2026-03-02.jsonl").stat().st_size
    on(tmp_path).resume([replace(CALL, cost_usd=0.4), forged])
    assert (tmp_path / "2026-03-02.jsonl").stat().st_size == size


@pytest.mark.parametrize(
    "broken",
    [
        b'{"owner": "x", "se',
        b"\x00" * 60,
        b'{"owner": "x", "seq": 1, "usd": NaN}\n',
        b'{"owner": "x", "seq": 1, "usd": -3}\n',
        b"[1]\n\n\xff\n",
    ],
    ids=repr,
)
def test_broken_lines_are_passed_over(tmp_path: Path, broken: bytes) -> None:
    """What died in the middle of a line takes neither the lines before with it nor those behind."""
    reader = on(tmp_path)
    spend(on(tmp_path), 1, 0.1)
    assert reader.spent == 0.1
    with (tmp_path / "2026-03-02.jsonl").open("ab") as file:
        file.write(broken)
    spend(on(tmp_path), 2, 0.2)
    assert reader.spent == on(tmp_path).spent == pytest.approx(0.3)


def test_the_file_is_private_and_may_be_removed(tmp_path: Path) -> None:
    """Nobody else reads what was spent; without the file the day begins anew."""
    of = on(tmp_path / "new" / "spend")
    spend(of, 1, 0.1)
    file = tmp_path / "new" / "spend" / "2026-03-02.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.unlink()
    spend(of, 2, 0.2)
    assert of.spent == 0.2


def test_files_of_long_ago_are_removed(tmp_path: Path) -> None:
    """After 40 days; what is not ours stays."""
    for name in ("2026-01-20", "2026-01-21", "2026-02-28", "notes"):
        (tmp_path / f"{name}.jsonl").touch()
    spend(on(tmp_path), 1, 0.1)
    kept = sorted(path.stem for path in tmp_path.iterdir())
    assert kept == ["2026-01-21", "2026-02-28", "2026-03-02", "notes"]


def test_a_cap_that_cannot_be_kept_stops_before_anything_is_sent(tmp_path: Path) -> None:
    """The folder is a file."""
    (tmp_path / "state").touch()
    with pytest.raises(Unwritable, match="What was spent today cannot be kept"):
        spend(on(tmp_path / "state"), 1, 0.1)


def test_a_lock_that_is_never_left_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds it may be stopped; an answer is not lost for that."""
    monkeypatch.setattr(day, "PATIENCE_S", 0.05)
    of = on(tmp_path)
    spend(of, 1, 0.1)
    code = (
        "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, 2); "
        "print(flush=True); time.sleep(50)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "2026-03-02.jsonl")]
    holder = subprocess.Popen(argv, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        os.kill(holder.pid, signal.SIGSTOP)
        of.settle(1, 0.05)
        with pytest.raises(Conflict, match="is locked by another process"):
            spend(of, 2, 0.1)
    finally:
        holder.kill()
        holder.wait()


# --- With the ledger ------------------------------------------------------------------------------


def new_log(folder: Path, task_id: str) -> TaskLog:
    repo = GitRepo.open(folder)
    task = Task(task_id, "text", f"agent/{task_id}", repo.resolve("HEAD"), "b" * 32, "2026")
    return TaskLog.create(repo, TaskState(task))


def asking(server: ScriptedServer, log: TaskLog, spent: DaySpend) -> LedgerModel:
    client = ChatClient(
        Endpoint("p", server.base_url, "m", ""), PROFILE, limits=Limits(5, 5), trace_id="b" * 32
    )
    return LedgerModel(client, Ledger(log, Budget(0, 99), day=spent))


def test_tasks_share_the_cap_of_a_day(repo: Make, server: Serve, tmp_path: Path) -> None:
    """What one has spent, with what it has under way, the other cannot; nothing is sent then."""
    folder, state = repo({"a": "1"}), tmp_path / "spend"
    one, two = new_log(folder, "one"), new_log(folder, "two")
    cap = WORST * 2.5
    mine, yours = on(state, cap, "one"), on(state, cap, "two")
    seen: list[float] = []

    def answer(_asked: dict[str, object]) -> Item:
        seen.append(on(state, cap).spent)
        return Say("x", usage=Usage(0, int(WORST * 1e6 / 4)))

    running = server(answer)
    asking(running, one, mine).complete(ASKED)
    asking(running, one, mine).complete(replace(ASKED, step=2))
    asking(running, two, yours).complete(ASKED)
    assert seen == pytest.approx([WORST, WORST * 1.5, WORST * 2], rel=0.01)
    asking(running, two, yours).complete(replace(ASKED, step=2))
    with pytest.raises(BudgetExceeded, match="over all tasks"):
        asking(running, two, yours).complete(replace(ASKED, step=3))
    assert len(running.calls) == 4
    assert len(two.state.calls) == 2
    spent = sum(call.cost_usd for log in (one, two) for call in log.state.calls)
    assert on(state, cap).spent == pytest.approx(spent)


def test_a_call_that_is_cut_off_stays_charged_until_its_task_goes_on(
    repo: Make, tmp_path: Path
) -> None:
    """Even then, where nobody knows how it ended."""
    log = new_log(repo({"a": "1"}), "abc")

    class Dying:
        profile = PROFILE

        def complete(self, request: Request) -> object:
            raise KeyboardInterrupt

    state = tmp_path / "spend"
    with suppress(KeyboardInterrupt):
        LedgerModel(Dying(), Ledger(log, Budget(0, 9), day=on(state, owner="abc"))).complete(ASKED)  # type: ignore[arg-type]
    assert on(state).spent == pytest.approx(WORST)
    Ledger(log, Budget(0, 9), day=on(state, owner="abc"))
    assert on(state).spent == pytest.approx(WORST)
