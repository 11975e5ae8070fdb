"""The secrets that the environment holds, and the forms in which a text may show them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

from gitagent.redaction.plausible import distinctive

KIND = "environment secret"

_NAMES = frozenset(
    {
        *("KEY", "KEYS", "TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWORDS", "PASSWD"),
        *("PASSPHRASE", "PASS", "PWD", "CREDENTIAL", "CREDENTIALS", "CREDS", "DSN", "AUTH", "PAT"),
    }
)
_NAME_ENDS = ("PASSWORD", "PASSWD", "TOKEN", "SECRET", "APIKEY", "ACCESSKEY")
_NO_SECRET = frozenset({"PWD", "OLDPWD"})
_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:]*:([^\s/]+)@")
_IN_PARTS = re.compile(
    r"(?i)(?:^|[;\s])(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*([^;\s]+)"
)
_LONG_LINE = 32


def secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """The secret values, in every form in which they may turn up."""
    values = {value for name, held in environ.items() for value in _values(name, held)}
    return frozenset(form for value in values if distinctive(value) for form in forms(value))


def forms(value: str) -> Iterator[str]:
    """A value as it is, and as URLs, JSON, source code and base64 write it."""
    yield value
    yield from (line for line in value.splitlines() if len(line) >= _LONG_LINE)
    yield quote(value, safe="", errors="surrogatepass")
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    if distinctive(plain := unquote(value)):
        yield plain
    yield from _in_base64(value)


def looks_like_a_key(name: str) -> bool:
    """Whether a variable's name says that its value is secret."""
    words = [word for word in re.split(r"[^A-Z0-9]+", name.upper()) if word]
    return name not in _NO_SECRET and any(w in _NAMES or w.endswith(_NAME_ENDS) for w in words)


def _values(name: str, held: str) -> Iterator[str]:
    """Of an address or a connection string only the password: the rest stands in many files."""
    parts = [*_IN_URL.findall(held), *_IN_PARTS.findall(held)]
    yield from parts
    if not parts and looks_like_a_key(name):
        yield held.strip()


def _in_base64(value: str) -> Iterator[str]:
    """What stays the same of its base64 wherever in an encoded text it begins."""
    data = value.encode("utf-8", "surrogatepass")
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).decode()
        whole = encoded[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        if len(whole) >= 12:
            yield whole
            yield whole.replace("+", "-").replace("/", "_")
