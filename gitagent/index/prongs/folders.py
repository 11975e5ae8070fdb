"""Folders: files that stand beside one that is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def mates(where: Sequence[str], total: Mapping[int, float]) -> dict[int, float]:
    """Each file by the best of the others in its folder.

    Files without a score of their own are left out: a folder alone is no reason.
    """
    by_folder: dict[str, list[int]] = {}
    for file in total:
        by_folder.setdefault(where[file].rpartition("/")[0], []).append(file)
    scores = {}
    for files in by_folder.values():
        first, *rest = sorted(files, key=lambda file: -total[file])
        scores.update(dict.fromkeys(rest, total[first]))
        if rest:
            scores[first] = total[rest[0]]
    return scores
