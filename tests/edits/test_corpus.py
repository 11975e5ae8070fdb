"""Replies that models really wrote, and what each of them means.

`corpus/replies.jsonl` has a reply a line: the format it was asked for in, the files it was about
(texts in `corpus/files.json`), the lines of them that were not shown, and what is right: `lands`,
the change by path as a diff without context, or `refused`, why it must not land. That was decided
by reading, not by running. Most are by Qwen2.5-Coder-1.5B, on code of its own samples and of
cachetools, humanize, iniconfig, itsdangerous, python-slugify and toolz; what is wrong in them is
what small models get wrong.

    python tests/edits/test_corpus.py    how many are understood, by format
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitagent.domain.edit import File
from gitagent.edits.land import land
from gitagent.edits.parse import parse
from gitagent.edits.seen import Eyes, only_seen
from gitagent.index.mistakes import mistakes

CORPUS = Path(__file__).with_name("corpus")
MOST_BYTES = 400_000
LEAST_REPLIES = 80

Row = Mapping[str, Any]


def rows() -> list[Row]:
    return [json.loads(line) for line in (CORPUS / "replies.jsonl").open(encoding="utf-8")]


def texts() -> dict[str, str]:
    found: dict[str, str] = json.loads((CORPUS / "files.json").read_text(encoding="utf-8"))
    return found


def outcome(row: Row, known: Mapping[str, str]) -> dict[str, str] | None:
    """The change that the reply makes, by path; None where it is not to land."""
    if row.get("cut"):
        return None
    files = {path: known[name] for path, name in row["files"].items()}
    proposal = parse(row["reply"], files)
    edits, unseen = only_seen(
        proposal.edits, files.get, eyes(row, files), in_parts=row.get("in_parts", False)
    )
    landing = land(edits, {path: File(text.encode()) for path, text in files.items()}.get)
    after = {path: file.data.decode() if file else "" for path, file in landing.changes.items()}
    if proposal.problems or unseen or landing.problems or any(broken(files, after)):
        return None
    changed = {path: text for path, text in after.items() if text != files.get(path)}
    return {path: difference(path, files.get(path, ""), text) for path, text in changed.items()}


def eyes(row: Row, files: Mapping[str, str]) -> Eyes:
    """What the model was shown."""
    shown = dict(files)
    for path, spans in row.get("unseen", {}).items():
        lines = files[path].split("\n")
        for first, last in spans:
            lines[first - 1 : last] = [""] * (last - first + 1)
        shown[path] = "\n".join(lines)
    return Eyes(shown, [path for path in files if path not in row.get("unseen", {})])


def broken(files: Mapping[str, str], after: Mapping[str, str]) -> Sequence[str]:
    """The files that cannot be read any more."""
    return [
        path
        for path, text in after.items()
        if mistakes(path, text.encode()) and not mistakes(path, files.get(path, "").encode())
    ]


def difference(path: str, old: str, new: str) -> str:
    sides = old.split("\n"), new.split("\n")
    return "\n".join(difflib.unified_diff(*sides, path, path, lineterm="", n=0))


def verdict(row: Row, known: Mapping[str, str]) -> str:
    made = outcome(row, known)
    wanted = row.get("lands")
    if made is None:
        return "refused rightly" if wanted is None else "wrongly refused"
    return "understood" if made == wanted else "wrongly applied"


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    return texts()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_a_reply_means_what_a_reader_says(row: Row, known: dict[str, str]) -> None:
    """Nothing lands that was not meant; what was meant and is no guess lands."""
    assert verdict(row, known) in ("understood", "refused rightly")


def test_the_corpus_is_worth_its_name() -> None:
    """Enough of each format, good ones and bad ones, and no more than a repository should carry."""
    found = rows()
    assert len(found) >= LEAST_REPLIES
    formats = Counter(row["format"] for row in found)
    assert set(formats) == {"whole", "search-replace", "udiff"}
    assert min(formats.values()) >= 10
    assert {"refused" in row for row in found} == {True, False}
    assert all(("refused" in row) != ("lands" in row) for row in found)
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < MOST_BYTES


def table() -> str:
    """What becomes of the corpus, by format."""
    known = texts()
    counted = Counter((row["format"], verdict(row, known)) for row in rows())
    lines = [f"{form:16}{kind:18}{count:4}" for (form, kind), count in sorted(counted.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
