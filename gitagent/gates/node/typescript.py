"""How a package's TypeScript is checked: by its own compiler, as its tsconfig.json says."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"^\s*//[^\n]*$|/\*(?!\*/).*?\*/", re.MULTILINE | re.DOTALL)
_REFERENCES = re.compile(r'"references"\s*:\s*\[\s*\{')
_FILES = re.compile(r'"(?:files|include)"\s*:')


def arguments(tsconfig: str, *, has_members: bool) -> str:
    """What tsc is told; empty where the settings are only there to be taken over by others.

    Projects that refer to each other read what the others compile to, so that they are built: what
    a command writes is thrown away.
    """
    text = _COMMENT.sub("", tsconfig)
    if _REFERENCES.search(text):
        return "-b --pretty false"
    if has_members and not _FILES.search(text):
        return ""
    return "--noEmit --pretty false -p tsconfig.json"
