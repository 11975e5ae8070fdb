"""Comments by which a model leaves out what it should have written.

"# ... rest of the code unchanged" is no code; landed, it deletes the rest. Only whole comments
count, in the known phrasings, so that "# keep the existing code path" stays a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 200
_COMMENT = re.compile(
    r"\s*(?:#+|//+|--+|;+|%+|/\*+|<!--|\{\s*/\*)\s*(?P<text>.*?)\s*"
    r"(?:\*+/\s*\}?|-->)?\s*\Z"
)
_BRACKETED = re.compile(r"\s*(?:\[(?P<square>.+)\]|\((?P<round>.+)\)|(?P<dots>(?:\.{3}|…).*))\s*\Z")
_DOTS = re.compile(r"\.{3}|…")

_THING = (
    r"(?:code|contents?|imports?|functions?|methods?|class(?:es)?|implementations?|logic|tests?|"
    r"definitions?|routes?|fields?|file|lines?|setup|handlers?|helpers?|module|script|body|parts?)"
)
_TAIL = (
    r"(?:\s+(?:is|are|as|remains?|stays?|continues?|goes?|was|were|it|the|same|unchanged|"
    r"unmodified|untouched|before|above|below|omitted|for|brevity|here|follows?|in|original))*"
)
_REST = re.compile(
    rf"(?:keep )?(?:all )?(?:the |your )?(?:rest|remainder)(?: of (?:the |your |this )?(?:\w+ )?"
    rf"{_THING})?{_TAIL}",
    re.IGNORECASE,
)
_SAME = re.compile(
    rf"(?:keep )?(?:all )?(?:the |your |of )*"
    rf"(?:existing|previous|original|unchanged|remaining|other|same) (?:\w+ )?"
    rf"{_THING}(?: (?:and|or) {_THING})?(?P<tail>{_TAIL})",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    rf"(?:unchanged|no changes?(?: here| needed)?|same as (?:before|above|original)|as before|"
    rf"omitted(?: for brevity)?|snip(?:ped)?|truncated|"
    rf"{_THING} (?:is |are |remains? |stays? )?(?:unchanged|omitted|the same|as before)"
    rf"(?: for brevity)?)",
    re.IGNORECASE,
)
_SURE = re.compile(r"(?:code|contents?|implementations?)\b", re.IGNORECASE)
_HINT = re.compile(
    r"\b(?:rest|remain\w*|existing|unchanged|same|other|previous|omitted|original|before|brevity|"
    r"here|code)\b",
    re.IGNORECASE,
)


def elisions(new: Iterable[str], old: Iterable[str]) -> list[str]:
    """The lines of `new` that stand for code left out and that `old` does not have, stripped."""
    suspects = [line.strip() for line in new if len(line) <= _LONGEST and is_elision(line)]
    if not suspects:
        return []
    before = {line.strip() for line in old}
    return [line for line in suspects if line not in before]


def is_elision(line: str) -> bool:
    """Whether `line` is nothing but a note that something was left out."""
    comment = _COMMENT.match(line)
    if comment is not None:
        return _leaves_out(comment["text"])
    bracketed = _BRACKETED.match(line)
    if bracketed is None:
        return False
    text = bracketed["square"] or bracketed["round"] or bracketed["dots"]
    dotted = _DOTS.search(text) is not None or bracketed["dots"] is not None
    return dotted and _leaves_out(text) and _DOTS.sub("", text).strip() != ""


def _leaves_out(text: str) -> bool:
    """Whether the text of a comment says that something was left out, in a known phrasing."""
    text = text.strip(" -=*#")
    words = _DOTS.sub(" ", text).strip(" .:()[]-!")
    if not words:
        return _DOTS.search(text) is not None
    if _REST.fullmatch(words) or _PHRASE.fullmatch(words):
        return True
    dotted = text.startswith(("...", "…", "(...", "[...")) or text.rstrip(")]").endswith(
        ("...", "…")
    )
    if same := _SAME.fullmatch(words):
        return dotted or bool(same["tail"]) or _SURE.search(words) is not None
    return dotted and len(words) < 60 and len(_HINT.findall(words)) >= 2
