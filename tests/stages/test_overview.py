"""A planner is told of the folders that matter, in the room that is left."""

from __future__ import annotations

from gitagent.domain.folder import Folder
from gitagent.stages.overview import overview


def folder(path: str, summary: str = "It sums.") -> Folder:
    return Folder(path, "a" * 40, 3, 9, summary=summary)


FOLDERS = [folder(""), folder("docs"), folder("shop"), folder("shop/cart"), folder("shop/old", "")]


def test_each_folder_that_was_summed_up_has_a_line() -> None:
    """In the order of the tree; one that nothing was said of has none."""
    assert overview(FOLDERS, [], 1000) == (
        "All of it: It sums.",
        "docs/: It sums.",
        "shop/: It sums.",
        "shop/cart/: It sums.",
    )


def test_folders_of_the_tasks_files_go_before_others() -> None:
    """Where there is no room for all."""
    assert overview(FOLDERS, ["shop/cart/a.py"], 60) == (
        "All of it: It sums.",
        "shop/: It sums.",
        "shop/cart/: It sums.",
    )


def test_what_does_not_fit_is_left_out() -> None:
    """Room is never passed."""
    assert overview(FOLDERS, [], 0) == ()
    assert overview([folder("a", "x" * 100), folder("b")], [], 50) == ("b/: It sums.",)
