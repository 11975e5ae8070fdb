"""What is written is on the disk, by whichever way its file system allows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from gitagent.git import disk


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    disk.in_order.cache_clear()
    yield
    disk.in_order.cache_clear()


def mounts(tmp_path: Path, line: str) -> Path:
    device = tmp_path.stat().st_dev
    place = tmp_path / "mountinfo"
    place.write_text(line.replace("DEV", f"{os.major(device)}:{os.minor(device)}") + "\n")
    return place


@pytest.mark.parametrize(
    ("line", "ordered"),
    [
        ("22 27 DEV / / rw,relatime shared:1 master:2 - xfs /dev/vda rw", True),
        ("22 27 DEV / / rw,relatime - btrfs /dev/vda rw", False),
        ("22 27 DEV / / rw,relatime - nfs4 server:/x rw", False),
        ("22 27 0:999 / / rw,relatime - ext4 /dev/vda rw", False),
        ("22 27 DEV", False),
    ],
)
def test_only_a_disk_known_to_journal_in_order_gets_fewer_syncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, ordered: bool
) -> None:
    """Anything unknown, unsaid or told to write back out of order is synced file by file."""
    monkeypatch.setattr(disk, "MOUNTS", mounts(tmp_path, line))
    assert disk.in_order(str(tmp_path)) == (ordered and disk._range() is not None)


@pytest.mark.parametrize(
    ("options", "ordered"),
    [
        ("rw\ndata=ordered\nerrors=continue\n", True),
        ("rw\ndata=journal\n", True),
        ("rw\ndata=writeback\n", False),
        ("rw\nbsddf\n", False),
        (None, False),
    ],
)
def test_ext4_must_say_that_it_has_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str | None, ordered: bool
) -> None:
    """There is ext4 without one: there an fsync says nothing of other files."""
    line = "22 27 DEV / / rw,relatime - ext4 /dev/vda rw"
    monkeypatch.setattr(disk, "MOUNTS", mounts(tmp_path, line))
    device = tmp_path.stat().st_dev
    monkeypatch.setattr(disk, "DEVICES", tmp_path / "devices")
    monkeypatch.setattr(disk, "EXT4", tmp_path / "ext4")
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / f"{os.major(device)}:{os.minor(device)}").symlink_to("vda")
    if options is not None:
        (tmp_path / "ext4" / "vda").mkdir(parents=True)
        (tmp_path / "ext4" / "vda" / "options").write_text(options)
    assert disk.in_order(str(tmp_path)) == (ordered and disk._range() is not None)


def test_without_a_list_of_mounts_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a system that is no Linux."""
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "none")
    assert not disk.in_order(str(tmp_path))


def opened() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_batch_closes_what_it_was_given(tmp_path: Path) -> None:
    """However many files there are, few are open at once, and none afterwards."""
    before = opened()
    batch = disk.Batch(str(tmp_path), str(tmp_path))
    for n in range(3 * disk.MOST_OPEN):
        place = tmp_path / str(n)
        batch.add(os.open(place, os.O_WRONLY | os.O_CREAT), str(place))
        assert opened() <= before + disk.MOST_OPEN
    assert str(place) in batch
    batch.sync()
    assert str(place) not in batch
    assert opened() <= before


def test_blanks_are_made_beforehand_and_take_a_name(tmp_path: Path) -> None:
    """Without a name a file is nowhere to be seen; with one it is whole."""
    blanks = disk.Blanks(str(tmp_path))
    assert blanks.take() is None
    blanks.prepare()
    ends = time.monotonic() + 5
    while (handle := blanks.take()) is None:
        assert disk.TMPFILE
        assert time.monotonic() < ends
        time.sleep(0.001)
    assert list(tmp_path.iterdir()) == []
    os.write(handle, b"all of it")
    blanks.name(handle, str(tmp_path / "named"))
    os.close(handle)
    assert (tmp_path / "named").read_bytes() == b"all of it"
    assert (tmp_path / "named").stat().st_mode & 0o777 == 0o444


def test_blanks_that_nobody_takes_are_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository that is looked at no more holds no file and no thread."""
    monkeypatch.setattr(disk, "IDLE_S", 0.05)
    before, threads = opened(), threading.active_count()
    blanks = disk.Blanks(str(tmp_path))
    blanks.prepare()
    ends = time.monotonic() + 5
    while opened() > before or threading.active_count() > threads:
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert blanks.take() is None
    blanks.prepare()
    while (handle := blanks.take()) is None:
        assert time.monotonic() < ends
        time.sleep(0.001)
    os.close(handle)


def test_syncs_at_once_say_what_went_wrong(tmp_path: Path) -> None:
    """Whichever of them it was; and none of them goes on behind whoever asked."""
    good = [os.open(tmp_path / str(n), os.O_WRONLY | os.O_CREAT) for n in range(3)]
    disk.fsync_all([])
    disk.fsync_all(good)
    pipe = os.pipe()
    for handles in ([pipe[0], *good], [*good, pipe[0]]):
        with pytest.raises(OSError, match="Invalid argument"):
            disk.fsync_all(handles)
    for handle in (*good, *pipe):
        os.close(handle)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_has_threads_of_its_own_to_sync_with(tmp_path: Path) -> None:
    """Those of its parent are not there, and would be waited for in vain."""
    handles = [os.open(tmp_path / str(n), os.O_WRONLY | os.O_CREAT) for n in range(3)]
    disk.fsync_all(handles)
    if (pid := os.fork()) == 0:
        disk.fsync_all(handles)
        os._exit(7)
    ends = time.monotonic() + 10
    while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if time.monotonic() > ends:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    assert os.waitstatus_to_exitcode(ended[1]) == 7
    for handle in handles:
        os.close(handle)


def test_syncs_without_a_thread_go_one_by_one(tmp_path: Path) -> None:
    """As at the end of a program, when none can be had any more."""
    script = f"""
        import atexit, os
        from gitagent.git import disk
        handles = [os.open({str(tmp_path)!r}, os.O_RDONLY) for _ in range(3)]
        disk.fsync_all(handles)
        atexit.register(lambda: (disk.fsync_all(handles), print("done")))
    """
    argv = [sys.executable, "-c", dedent(script)]
    assert subprocess.run(argv, capture_output=True, text=True, timeout=30).stdout == "done\n"
