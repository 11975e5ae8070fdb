"""Private folders: gone when their process is, and never under the feet of a living one."""

from __future__ import annotations

import os
from pathlib import Path

from gitagent import scratch


def test_a_folder_in_use_is_not_dead(tmp_path: Path) -> None:
    """Only its owner's end makes it so, and then it is gone already."""
    with scratch.private_folder(tmp_path, "gate-") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert scratch.dead(tmp_path, "gate-") == []
        assert scratch.remove_dead(folder) is False
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_nobody_is_dead_and_can_go(tmp_path: Path) -> None:
    """Read-only folders in it, too; what only looks like one by its beginning is let be."""
    left = tmp_path / "gate-abcd_123"
    (left / "tree").mkdir(parents=True)
    (left / "tree" / "a").write_text("x")
    (left / "tree").chmod(0o500)
    (tmp_path / "gate-mine").mkdir()
    (tmp_path / "gate-abcd_124").symlink_to(tmp_path / "gate-mine")
    assert scratch.dead(tmp_path, "gate-") == [left]
    assert scratch.remove_dead(left) is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gate-abcd_124", "gate-mine"]


def test_a_child_that_lives_on_does_not_hold_the_folder(tmp_path: Path) -> None:
    """The lock is not handed down to programs that are started."""
    with scratch.private_folder(tmp_path, "gate-") as folder:
        held = [f for f in Path("/proc/self/fd").iterdir() if f.exists() and f.samefile(folder)]
        assert [os.get_inheritable(int(f.name)) for f in held] == [False]
