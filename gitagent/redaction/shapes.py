"""The shapes by which a secret is known, whoever it belongs to.

Sure shapes say by themselves what they are, as the prefix does that a provider gives to its keys.
Guesses read the words around a value: `user:…@host`, `Authorization: Bearer …`.

A text is searched for each shape's hint first, which costs next to nothing; the expression runs
only where one stands.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from gitagent.redaction.plausible import filled_in, random_looking, url_password

KINDS = (
    "anthropic key",
    "openrouter key",
    "openai key",
    "github token",
    "gitlab token",
    "aws key id",
    "google key",
    "slack token",
    "stripe key",
    "npm token",
    "pypi token",
    "hugging face token",
    "groq key",
    "xai key",
    "digitalocean token",
    "sendgrid key",
    "web token",
    "url password",
    "password",
    "authorization",
)

_WORD = "[A-Za-z0-9_-]"
_WITH_DIGIT = "(?=[A-Za-z_-]{0,64}[0-9])"
_PREFIXES: tuple[tuple[str, str, str], ...] = (
    ("anthropic key", "sk-ant-", _WORD + "{20,}"),
    ("openrouter key", "sk-or-", _WORD + "{20,}"),
    ("openai key", "sk-", f"(?!ant-|or-){_WITH_DIGIT}{_WORD}{{20,}}"),
    *(("github token", f"gh{kind}_", "[A-Za-z0-9]{20,}") for kind in "pousr"),
    ("github token", "github_pat_", "[A-Za-z0-9_]{22,}"),
    *(
        ("gitlab token", f"gl{kind}-", _WORD + "{20,}")
        for kind in ("pat", "dt", "rt", "ptt", "cbt", "ft", "oas", "soat")
    ),
    *(("aws key id", kind, "[A-Z0-9]{16}(?![A-Za-z0-9])") for kind in ("AKIA", "ASIA")),
    ("google key", "AIza", _WORD + "{35}(?![A-Za-z0-9_])"),
    ("google key", "GOCSPX-", _WORD + "{24,}"),
    ("google key", "ya29.", _WORD + "{30,}"),
    *(("slack token", f"xox{kind}-", "[A-Za-z0-9-]{16,}") for kind in "abeoprs"),
    ("slack token", "xoxe.xox", "[bp]-[A-Za-z0-9-]{16,}"),
    ("slack token", "xapp-", "[A-Za-z0-9-]{20,}"),
    ("slack token", "hooks.slack.com/services/", "[A-Za-z0-9/_-]{20,}"),
    *(
        ("stripe key", f"{kind}_{mode}_", "[A-Za-z0-9]{16,}")
        for kind in ("sk", "rk")
        for mode in ("live", "test")
    ),
    ("stripe key", "whsec_", "[A-Za-z0-9+/=]{24,}"),
    ("npm token", "npm_", "[A-Za-z0-9]{30,}"),
    ("pypi token", "pypi-", f"{_WITH_DIGIT}{_WORD}{{40,}}"),
    ("hugging face token", "hf_", "[A-Za-z0-9]{30,}"),
    ("groq key", "gsk_", "[A-Za-z0-9]{40,}"),
    ("xai key", "xai-", "[A-Za-z0-9]{40,}"),
    ("digitalocean token", "dop_v1_", "[0-9a-f]{64}"),
    ("sendgrid key", "SG.", rf"{_WORD}{{16,}}\.{_WORD}{{16,}}"),
)

_WEB_TOKEN = (
    r"eyJ(?:(?<![A-Za-z0-9_-]eyJ)|(?<=\\[nrt]eyJ))[A-Za-z0-9_-]{8,}+"
    r"\.ey[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{16,}"
)
_TEACHING = ".eyJzdWIiOiIxMjM0NTY3ODkwI"
"""The subject 1234567890, in the example that every tutorial shows."""

_URL = r"://(?P<user>[^\s:/@\"'<>`\\]{0,80}+):(?P<secret>[^\s/\"'<>`\\]{1,200})@(?=[A-Za-z0-9\[{$%._-])"
_NETRC = r"machine\s+\S+\s+login\s+\S+\s+password\s+(?P<secret>[^\s\"'\\]+)"
_CREDENTIALS = "(?P<secret>[A-Za-z0-9._~+/=-]{16,})"
_AUTHORIZATION = (
    r"[\"'\]]{0,2}\s{0,4}(?:[:=,]|=>)\s{0,4}[bfr]?[\"'`]?"
    rf"(?:(?:Bearer|Basic|Token|bearer|basic|token)\s+)?{_CREDENTIALS}"
)


@dataclass(frozen=True)
class Shape:
    """One way to know a secret: the group `secret` of `pattern`, else all of it.

    `hint` stands in every text that has it. `fits` says of a match whether it is one.
    """

    kind: str
    hint: str
    pattern: re.Pattern[str]
    fits: Callable[[re.Match[str]], bool]
    sure: bool = True


@cache
def shapes() -> tuple[Shape, ...]:
    """All shapes; the expressions are compiled when they are first asked for."""
    authorization = (
        *((word, _AUTHORIZATION) for word in ("uthorization", "UTHORIZATION")),
        ("Bearer ", _CREDENTIALS),
    )
    return (
        *(Shape(kind, p, _prefixed(p, rest), _filled) for kind, p, rest in _PREFIXES),
        Shape("web token", "eyJ", re.compile(_WEB_TOKEN), _web_token),
        Shape("url password", "://", re.compile(_URL), _in_url, sure=False),
        Shape("password", "machine", re.compile(_NETRC), _in_netrc, sure=False),
        *(
            Shape("authorization", word, re.compile(word + rest), _in_header, sure=False)
            for word, rest in authorization
        ),
    )


def found(text: str, *, sure: bool) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of whatever has a shape; `sure` leaves the guesses out."""
    for shape in shapes():
        if (shape.sure or not sure) and shape.hint in text:
            group = "secret" if "secret" in shape.pattern.groupindex else 0
            for match in shape.pattern.finditer(text):
                if shape.fits(match):
                    yield *match.span(group), shape.kind


def _prefixed(prefix: str, rest: str) -> re.Pattern[str]:
    """The prefix at the start of a word; an escaped line feed ends the word before it, too.

    The prefix stands first in the expression, where the search for it is quick.
    """
    p = re.escape(prefix)
    return re.compile(rf"{p}(?:(?<![A-Za-z0-9]{p})|(?<=\\[nrt]{p}))(?:{rest})")


def _filled(match: re.Match[str]) -> bool:
    return filled_in(match[0])


def _web_token(match: re.Match[str]) -> bool:
    return filled_in(match[0]) and _TEACHING not in match[0]


def _in_url(match: re.Match[str]) -> bool:
    return url_password(match["secret"], match["user"])


def _in_netrc(match: re.Match[str]) -> bool:
    return url_password(match["secret"], "")


def _in_header(match: re.Match[str]) -> bool:
    return random_looking(match["secret"]) or _user_and_password(match["secret"])


def _user_and_password(value: str) -> bool:
    """Whether it is the base64 of `user:password`."""
    try:
        return b":" in base64.b64decode(value, validate=True)
    except ValueError:
        return False
