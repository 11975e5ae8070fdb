"""Values whose name says that they are secret: `API_KEY = "…"`, `password: …`, `?access_token=…`.

The name decides first, then whether the value looks random: code is full of keys and tokens that
are names themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitagent.redaction.plausible import password, random_looking

KINDS = ("password", "secret")

_LONGEST_NAME, _LONGEST_OPTION = 60, 20
_TELLING = re.compile(
    r"(?:key|token|secret|passw(?:or)?d|passphrase|pwd|credential)"
    r"[a-z0-9_-]{0,24}[\"'`\]]{0,2}\s{0,4}[=:,(> ]"
)
_QUOTED = re.compile(
    r"(?:\s*[A-Za-z_.\[\]|&'<> ]{1,30}\s*=)?>?=?\s{0,4}[bfrBFR]{0,2}(?P<quote>[\"'`])"
    r"(?P<secret>[^\s\"'`\\]{12,512})(?P=quote)"
)
_BARE = re.compile(r">?=?[ \t]{0,4}(?P<secret>[A-Za-z0-9+/=_.~!@#$%^*-]{16,512})(?![\w(\[{.:/])")
_NAME_BEFORE = re.compile(r"[A-Za-z0-9_.-]*\Z")
_NAME_AFTER = re.compile(r"[A-Za-z0-9_-]*")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_STRONG = frozenset(
    {
        *("secret", "secrets", "token", "credential", "credentials"),
        *("apikey", "accesskey", "secretkey", "privatekey", "authtoken", "accesstoken"),
    }
)
_PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd"})
_KEYS_FOR = frozenset(
    {
        *("access", "account", "admin", "api", "app", "auth", "client", "deploy", "encryption"),
        *("hmac", "jwt", "license", "master", "private", "secret", "service", "session"),
        *("shared", "signing", "storage", "subscription", "webhook", "encrypt", "sign"),
    }
)
_ABOUT = frozenset(
    {
        *("public", "pub", "type", "name", "url", "uri", "path", "file", "dir", "endpoint"),
        *("hash", "digest", "checksum", "fingerprint", "sha", "sha1", "sha256", "md5", "etag"),
        *("cache", "sort", "primary", "foreign", "partition", "index", "field", "column"),
        *("length", "size", "count", "limit", "max", "pattern", "regex", "format", "re"),
        *("csrf", "page", "next", "continuation", "cancellation", "example", "label", "error"),
    }
)


def found(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of the value of every assignment to a telling name."""
    for match in _TELLING.finditer(_lowered(text)):
        if value := _value(text, match):
            kind = _kind(_name(text, match), text[slice(*value)])
            if kind:
                yield *value, kind


def _lowered(text: str) -> str:
    """In lower case, every character at its place."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


def _value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """Quoted, or bare as in a settings file, an element, or a program's option."""
    at, sign = match.end(), text[match.end() - 1]
    if sign not in "> " and (quoted := _QUOTED.match(text, at)):
        return quoted.span("secret")
    option = (
        sign == " "
        and text.rfind("--", max(0, match.start() - _LONGEST_OPTION), match.start()) >= 0
    )
    if (option or sign in "=:>") and (bare := _BARE.match(text, at)):
        return bare.span("secret")
    return None


def _name(text: str, match: re.Match[str]) -> str:
    before = _NAME_BEFORE.search(text[max(0, match.start() - _LONGEST_NAME) : match.start()])
    after = _NAME_AFTER.match(text, match.start())
    return (before[0] if before else "") + (after[0] if after else "")


def _kind(name: str, value: str) -> str | None:
    words = [word.lower() for word in _WORDS.findall(name)]
    if _ABOUT.intersection(words):
        return None
    if _PASSWORDS.intersection(words):
        return "password" if password(value) or random_looking(value) else None
    keyed = any(word == "key" and _KEYS_FOR.intersection(words[:n]) for n, word in enumerate(words))
    strong = keyed or _STRONG.intersection(words) or (name.isupper() and words[-1:] == ["key"])
    return "secret" if strong and random_looking(value) else None
