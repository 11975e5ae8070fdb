"""Branch names out of what people write: short, lower case, letters, digits and hyphens."""

from __future__ import annotations

import re
import unicodedata

from gitagent.errors import UsageError

LONGEST_SLUG = 40
LONGEST_BRANCH = 200


def slug(text: str) -> str:
    """`Fix the Ünicode bug!` becomes `fix-the-unicode-bug`; at most 40 characters, whole words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    short = ""
    for word in words:
        longer = f"{short}-{word}" if short else word[:LONGEST_SLUG]
        if len(longer) > LONGEST_SLUG:
            break
        short = longer
    return short or "task"


def branch_name(text: str, task_id: str) -> str:
    return f"agent/{slug(text)}-{task_id}"


def check_branch(name: str) -> str:
    """A name that the user chose; it stays under `agent/`, where the agent may write."""
    bare = name.removeprefix("agent/")
    fits = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_-]+)*", bare)
    if not fits or len(bare) > LONGEST_BRANCH or re.search(r"\.lock(?:/|$)", bare):
        raise UsageError(
            f"`{name}` cannot be the name of a branch.", hint="Use letters, digits, `-`, `_`, `/`."
        )
    return f"agent/{bare}"
