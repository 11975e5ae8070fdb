"""Edits written as JSON: the arguments of a tool call, as a text or in place of one.

Nobody asked for them, but some models know no other way to edit, and each learned other names for
the same four things: a path, a whole content, what to search for, what to put there. An object is
read only where every one of its fields is understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from gitagent.domain.edit import DeleteFile, Edit, Proposal, Replace, WriteFile
from gitagent.edits import naming
from gitagent.edits.json_reply import DECODER

LONGEST = 2_000_000
DEPTH = 6
PATH = ("path", "file", "filepath", "filename", "targetfile", "relativepath", "absolutepath")
TEXT = ("content", "contents", "text", "code", "filetext", "newcontent", "filecontent", "body")
OLD = ("search", "oldstring", "oldstr", "oldtext", "old", "original", "find", "before")
NEW = ("replace", "newstring", "newstr", "newtext", "new", "updated", "replacement", "after")
MANY = ("edits", "files", "changes", "operations", "modifications", "updates", "toolcalls", "calls")
INNER = ("arguments", "parameters", "input", "args", "function", "toolinput", "actioninput")
SAID = ("reply", "response", "answer", "output", "message", "result", "patch", "diff", "solution")
DOES = ("command", "action", "operation", "op", "type", "mode", "method")
NOISE = (
    *("name", "tool", "id", "index", "language", "status", "toolname", "recipientname"),
    *("explanation", "reasoning", "thought", "thoughts", "summary", "description", "reason"),
    *("comment", "title", "commit", "commitmessage", "instructions", "instruction"),
)
PLACE = ("line", "startline", "endline", "linenumber")
WRITES = {"create", "write", "overwrite", "rewrite", "writefile", "createfile", "save", "add"}
REPLACES = {"replace", "strreplace", "update", "edit", "modify", "searchreplace", "editfile"}
DELETES = {"delete", "remove", "deletefile", "removefile"}
TALKS = {"function", "toolcall", "tooluse", "file", "text", "object", "json", "toolcalls"}
EITHER = WRITES | REPLACES | TALKS | {"change", "patch"}

_TAG = re.compile(
    r"\s*(?:<tool_call>|<\|python_tag\|>|\[TOOL_CALLS\]|<function(?:_call|=\w+)?>)?\s*"
)
_AFTER = re.compile(r"\s*(?:</(?:tool_call|function(?:_call)?)>)?\s*\Z")
_LOOKS = re.compile(
    r'[{,\[]\s*[\\"\']+(?:path|file_?path|file_?name|edits|files|changes|old_?str(?:ing)?'
    r'|arguments|tool_calls)[\\"\']+\s*:',
    re.IGNORECASE,
)

Parse = Callable[[str], Proposal]


class _Unclear(Exception):
    """An order that cannot be carried out as it is; its text says why."""


def begins(line: str) -> bool:
    """Whether orders may begin on `line`; a text in quotes is a reply inside a reply."""
    bare = line[_end_of_tag(line) :]
    return bare.startswith(("{", "[")) or (bare.startswith('"') and bare.rstrip().endswith('"'))


def extent(lines: Sequence[str], at: int) -> tuple[Any, int] | None:
    """The JSON value that begins on the line with index `at`, and the index after its last line.

    None where there is none, or where it shares its last line with something else.
    """
    text = "\n".join(lines[at:])
    if len(text) > LONGEST:
        return None
    try:
        value, end = DECODER.raw_decode(text, _end_of_tag(text))
    except (ValueError, RecursionError):
        return None
    line, _, _ = text[end:].partition("\n")
    if _AFTER.match(line) is None:
        return None
    return value, at + text.count("\n", 0, end) + 1


def look_alike(lines: Sequence[str], at: int) -> bool:
    """Whether what begins at `at`, and is no JSON, was meant for orders."""
    text = "\n".join(lines[at:])[:LONGEST]
    return text[_end_of_tag(text) :].startswith(("{", "[")) and _LOOKS.search(text) is not None


def read(value: Any, known: Collection[str], parse: Parse) -> Proposal | None:
    """What a JSON value orders; None where it orders nothing.

    `parse` reads a reply that is wrapped in it whole. Where one of several orders is not clear,
    that is a problem of all of them.
    """
    try:
        return _Orders(known, parse).of(value, None, DEPTH)
    except _Unclear as reason:
        return Proposal((), (str(reason),))


class _Orders:
    def __init__(self, known: Collection[str], parse: Parse) -> None:
        self._known = known
        self._parse = parse

    def of(self, value: Any, path: str | None, depth: int) -> Proposal | None:
        """The orders in a value; those that name no file mean `path`."""
        if not depth:
            return None
        if isinstance(value, list):
            return self._list(value, path, depth)
        if isinstance(value, str):
            return self._text(value, path, depth)
        if not isinstance(value, dict):
            return None
        fields = {_plain(key): inner for key, inner in value.items()}
        if len(fields) < len(value):
            return None
        own = _one(fields, PATH)
        path = own if isinstance(own, str) and own.strip() else path
        if path is not None and (found := self._inner(fields, path, depth)):
            return found
        if path is not None:
            return Proposal((self._edit(fields, path),))
        return self._inner(fields, None, depth) or self._said(fields) or self._mapping(value)

    def _list(self, values: Sequence[Any], path: str | None, depth: int) -> Proposal | None:
        found = [self.of(value, path, depth - 1) for value in values]
        if not found or not any(found):
            return None
        if not all(found):
            raise _Unclear("it has entries that are no edits beside those that are")
        parts = [part for part in found if part]
        return Proposal(
            tuple(edit for part in parts for edit in part.edits),
            tuple(problem for part in parts for problem in part.problems),
            "\n".join(part.remark for part in parts if part.remark),
        )

    def _text(self, value: str, path: str | None, depth: int) -> Proposal | None:
        """Orders as a text inside of JSON, or a whole reply."""
        if begins(value):
            try:
                return self.of(DECODER.decode(value.strip()), path, depth - 1)
            except (ValueError, RecursionError):
                return None
        found = self._parse(value)
        return found if found.edits or found.problems else None

    def _inner(self, fields: Mapping[str, Any], path: str | None, depth: int) -> Proposal | None:
        """What a list of orders, or the arguments of a call, hold."""
        there = [key for key in (*MANY, *INNER) if isinstance(fields.get(key), list | dict | str)]
        if len(there) != 1 or (there[0] in INNER and path is not None):
            return None
        inner = fields[there[0]]
        if isinstance(inner, str) and not begins(inner):
            return None
        found = self.of(inner, path, depth - 1)
        if found:
            self._understood(fields, (*PATH, there[0]))
        return found

    def _said(self, fields: Mapping[str, Any]) -> Proposal | None:
        there = [key for key in (*SAID, *TEXT) if isinstance(fields.get(key), str)]
        if len(there) != 1:
            return None
        return self._text(fields[there[0]], None, 2)

    def _mapping(self, value: Mapping[str, Any]) -> Proposal | None:
        """Contents by path."""
        if not value or not all(isinstance(text, str) for text in value.values()):
            return None
        if not all(naming.clean(key) in self._known or _is_path(key) for key in value):
            return None
        return Proposal(tuple(WriteFile(naming.clean(k), _whole(v)) for k, v in value.items()))

    def _edit(self, fields: Mapping[str, Any], path: str) -> Edit:
        path = naming.meant(path.strip(), self._known) or path.strip()
        does = {_plain(each) for key in DOES if isinstance(each := fields.get(key), str)}
        text, old, new = (_one(fields, names) for names in (TEXT, OLD, NEW))
        kinds = tuple(each is not None for each in (text, old, new))
        if does & DELETES and not any(kinds):
            self._understood(fields, (*PATH, *DOES))
            return DeleteFile(path)
        if not does <= EITHER:
            raise _Unclear(f"`{sorted(does - EITHER)[0]}` is no way to edit {path} here")
        if kinds == (True, False, False) and isinstance(text, str):
            self._understood(fields, (*PATH, *DOES, *TEXT))
            return WriteFile(path, _whole(text))
        if kinds == (False, True, True) and isinstance(old, str) and isinstance(new, str):
            self._understood(fields, (*PATH, *DOES, *OLD, *NEW, *PLACE))
            return self._replace(path, old, new)
        raise _Unclear(f"it has neither a whole content nor what to search and replace for {path}")

    def _replace(self, path: str, old: str, new: str) -> Replace:
        """Edits are of whole lines; where a part of one stands in one place only, that is meant."""
        old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
        text = self._known.get(path) if isinstance(self._known, Mapping) else None
        if not old or not text or text.count(old) != 1:
            return Replace(path, _whole(old), _whole(new))
        start = text.rfind("\n", 0, text.index(old)) + 1
        after = text.index(old) + len(old)
        if text[after - 1] != "\n" or (new and not new.endswith("\n")):
            end = text.find("\n", after) + 1 or len(text)
        else:
            end = after
        before, behind = text[start : text.index(old)], text[after:end]
        return Replace(path, _whole(before + old + behind), _whole(before + new + behind))

    def _understood(self, fields: Mapping[str, Any], names: Sequence[str]) -> None:
        """Raise where something is said that would be passed over."""
        for key, value in fields.items():
            if key not in (*names, *NOISE, *DOES) and value not in (None, False, "", [], {}):
                raise _Unclear(f"what `{key}` means in it is not known")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _one(fields: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The one of the fields that is there; two of a kind contradict each other."""
    there = [fields[name] for name in names if fields.get(name) is not None]
    if len(there) > 1:
        raise _Unclear("it says the same thing in two ways")
    return there[0] if there else None


def _whole(text: str) -> str:
    """Lines, the last of them ended."""
    text = text.replace("\r\n", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


def _is_path(name: str) -> bool:
    return naming.plausible(name) and bool(PurePosixPath(name).suffix) and "/" in name


def _end_of_tag(text: str) -> int:
    found = _TAG.match(text)
    return found.end() if found else 0
