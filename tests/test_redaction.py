"""What counts as a secret, what does not, and that nothing of one is left in a text."""

from __future__ import annotations

import base64
import json
import random
import string
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gitagent
from gitagent.redaction import Redactor, placeholders

CHANCE = random.Random(7)
LETTERS = string.ascii_letters + string.digits


def of(length: int, characters: str = LETTERS) -> str:
    """Characters by chance, in which no two runs are the same; written out they would be keys."""
    return "".join(CHANCE.choice(characters) for _ in range(length - 3)) + "q7Z"


HEX = "0123456789abcdef"
BASE64_LINE = base64.b64encode(CHANCE.randbytes(48)).decode()
BODY = f"{BASE64_LINE}\n{BASE64_LINE[::-1].lstrip('=')}\n{BASE64_LINE[:22]}==\n"


def pem(name: str = "RSA PRIVATE KEY", body: str = BODY) -> str:
    return f"-----BEGIN {name}-----\n{body}-----END {name}-----"


SHAPES = {
    "openai": ("openai key", "sk-" + of(48)),
    "openai project": ("openai key", "sk-proj-" + of(20) + "_" + of(20) + "-" + of(20)),
    "openrouter": ("openrouter key", "sk-or-v1-" + of(64, HEX)),
    "anthropic": ("anthropic key", "sk-ant-api03-" + of(80) + "-" + of(10) + "AA"),
    "github": ("github token", "ghp_" + of(36)),
    "github app": ("github token", "ghs_" + of(36)),
    "github fine": ("github token", "github_pat_" + of(22) + "_" + of(59)),
    "gitlab": ("gitlab token", "glpat-" + of(20)),
    "aws id": ("aws key id", "AKIA" + of(17, string.ascii_uppercase + "234567")[:13] + "Q7Z"),
    "google": ("google key", "AIza" + of(35)),
    "slack": ("slack token", "xoxb-" + of(12, string.digits) + "-" + of(24)),
    "stripe": ("stripe key", "sk_live_" + of(24)),
    "npm": ("npm token", "npm_" + of(36)),
    "pypi": ("pypi token", "pypi-" + of(100)),
    "hugging face": ("hugging face token", "hf_" + of(34)),
    "jwt": ("web token", "eyJ" + of(33) + ".eyJ" + of(60) + "." + of(43)),
    "private key": ("private key", pem()),
    "openssh": ("private key", pem("OPENSSH PRIVATE KEY")),
    "pkcs8": ("private key", pem("PRIVATE KEY")),
    "pgp": ("private key", pem("PGP PRIVATE KEY BLOCK", f"Version: GnuPG v2\n\n{BODY}=aB3d\n")),
    "encrypted": (
        "private key",
        pem(body=f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n{BODY}"),
    ),
    "crlf": ("private key", pem().replace("\n", "\r\n")),
    "escaped": ("private key", pem().replace("\n", "\\n")),
    "escaped crlf": ("private key", pem().replace("\n", "\\r\\n")),
    "one line": ("private key", pem().replace("\n", " ")),
    "indented": ("private key", pem().replace("\n", "\n        ")),
    "strings": ("private key", pem().replace("\n", '\\n"\n    "')),
}
"""Kind and secret; put together here, so that this file has no key in it."""

SURROUNDINGS = [
    "{}",
    'x = "{}"',
    "'{}'",
    "a {}\nb",
    "({})",
    "k={}&l=1",
    "a\\n{}\\n",
    "`{}`.",
    "\t{}",
]


@pytest.mark.parametrize("around", SURROUNDINGS)
@pytest.mark.parametrize("name", SHAPES)
def test_known_shapes_are_hidden(name: str, around: str) -> None:
    """Keys of providers, web tokens and private keys, whatever stands around them."""
    kind, secret = SHAPES[name]
    assert Redactor().hide(around.format(secret)) == around.format(f"[redacted {kind}]")
    assert Redactor().sure.hide(secret) == f"[redacted {kind}]"


VALUE = of(32)
BASIC = base64.b64encode(b"user:correct").decode()
TOLD: list[tuple[str, str]] = [
    ("postgres://app:{}@db:5432/x", "hunter2x"),
    ("redis://:{}@cache", "p4ss-w0rd!"),
    ("https://u:{}@example.invalid/r.git", "FAKEKEY-url"),
    ("amqp://u:{}@h", "p@ss%40w0rd"),
    ("Authorization: Bearer {}", VALUE),
    ('{{"authorization": "Bearer {}"}}', VALUE),
    ("Authorization: Basic {}", BASIC),
    ("headers = {{'Authorization': f'Bearer {}'}}", VALUE),
    ("machine h login u password {}", "hunter2x"),
    ('API_KEY = "{}"', VALUE),
    ("api_key='{}'", VALUE),
    ("SECRET_KEY = '{}'", of(32, HEX)),
    (
        "SECRET_KEY = 'django-insecure-{}'",
        of(40, string.ascii_lowercase + "0123456789!@#$%^&*(-_=+)"),
    ),
    ("aws_secret_access_key = {}\n", base64.b64encode(CHANCE.randbytes(30)).decode()),
    ("export GH_TOKEN={}\n", VALUE),
    ("  POSTGRES_PASSWORD: {}\r\n", VALUE),
    ('{{"clientSecret":"{}","x":1}}', VALUE),
    ('token: str = "{}"', VALUE),
    ("const accessToken: string = '{}';", VALUE),
    ('const API_KEY: &str = "{}";', VALUE),
    ('apiKey := "{}"', VALUE),
    ('secret_key_base: "{}",', VALUE),
    ('os.environ["OPENAI_API_KEY"] = "{}"', VALUE),
    ('os.getenv("API_KEY", "{}")', VALUE),
    ('curl -H "X-Api-Key: {}" http://h', VALUE),
    ("GET /a?access_token={}&b=1", VALUE),
    ("tool --api-key {} go", VALUE),
    ("<password>{}</password>", VALUE),
    ("AccountName=a;AccountKey={};E=1", base64.b64encode(CHANCE.randbytes(64)).decode()),
    ('password = "{}"', "Tr0ub4dor&3xQ"),
]


@pytest.mark.parametrize(("around", "secret"), TOLD)
def test_what_the_words_around_it_call_secret_is_hidden(around: str, secret: str) -> None:
    """Passwords in addresses, headers, and random values under a telling name."""
    text = around.format(secret)
    hidden = Redactor().hide(text)
    assert secret.removeprefix("django-insecure-") not in hidden
    assert "[redacted " in hidden
    head, _, tail = around.format("\0").partition("\0")
    assert hidden.startswith(head.removesuffix("django-insecure-"))
    assert hidden.endswith(tail)


@pytest.mark.parametrize(("around", "secret"), TOLD)
def test_guesses_are_left_where_only_sure_ones_count(around: str, secret: str) -> None:
    """New code that a model writes may have a password for a test in it."""
    assert Redactor().sure.hide(around.format(secret)) == around.format(secret)


ORDINARY = [
    "commit " + of(40, HEX),
    f'key = "{of(64, HEX)}"',
    f'sha256: "{of(64, HEX)}"',
    f"token_sha256 = '{of(64, HEX)}'",
    f'password_hash = "{of(40, HEX)}"',
    'token = "123e4567-e89b-12d3-a456-426614174000"',
    f'FIXTURE = "{base64.b64encode(CHANCE.randbytes(60)).decode()}"',
    f'cache_key = "{VALUE}"',
    f'public_key = "{VALUE}"',
    f"ssh-rsa {base64.b64encode(CHANCE.randbytes(90)).decode()} me@host",
    pem("PUBLIC KEY"),
    pem("CERTIFICATE"),
    'BEGIN = "-----BEGIN PRIVATE KEY-----"\nEND = "-----END PRIVATE KEY-----"\n',
    'if key.startswith("-----BEGIN RSA PRIVATE KEY-----"):\n    return load(key)\n',
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nXXXX\\nXXXX\\n-----END PRIVATE KEY-----",
    'api_key = "sk-..."',
    "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    'api_key = "<your key>"',
    'api_key = "your-api-key-goes-here-1234"',
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
    "postgres://user:password@localhost/db",
    "postgres://postgres:postgres@localhost/db",
    "postgres://{user}:{password}@{host}/db",
    "postgres://user:${DB_PASSWORD}@host/db",
    "https://user:pass@example.com",
    "http://localhost:8080/a@b",
    "git@github.com:owner/name.git",
    "Authorization: Bearer <token>",
    "Authorization: Bearer ${ACCESS_TOKEN_OF_USER1}",
    'headers["Authorization"] = f"Bearer {self.access_token_v2}"',
    "token = self._next_token_from_stream2(reader)",
    "token = previous_token_of_line_2_or_3",
    "secret_key = os.environ['SECRET_KEY_FOR_V2_API']",
    'password = "correct horse battery staple"',
    'password="password"',
    'token = "test-token-number-2-of-user-1"',
    '"secret": "V1SecretVolumeSource"',
    'token_url = "https://auth0.example.com/oauth2/v1/token"',
    "max_tokens = 16384000000000000000",
    "disk-1234567890abcdefghijklmnop task-0123456789abcdefghijk",
    ".sk-circle-fade-dot .sk-cube-grid-delay-9 { }",
    "def hf_hub_download_with_retries_and_cache(): ...",
    "primary_key = customer_account_identifier_2",
    "CSRF_TOKEN_FIELD = 'csrfmiddlewaretoken1'",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf3",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_no_secret_stays(text: str) -> None:
    """Ids, digests, names, examples and places to fill in are not touched."""
    assert Redactor().hide(text) == text
    assert Redactor().veil([text]).texts == (text,)


def test_our_own_sources_have_nothing_to_hide() -> None:
    """Code that is about keys all the time is no worse for it."""
    files = sorted(Path(gitagent.__file__).parent.rglob("*.py"))
    found = {str(f): Redactor().find(text) for f in files if (text := f.read_text())}
    assert {name for name, spans in found.items() if spans} == set()


# --- The environment ------------------------------------------------------------------------------

KEPT = "FAKEKEY-4f9a/x+Ü7"


@pytest.mark.parametrize(
    "name",
    [
        *("OPENAI_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "my_passwd"),
        *("DB_PASS", "SENTRY_DSN", "GOOGLE_CREDENTIALS", "npm_config__auth", "MYSQL_PWD"),
    ],
)
def test_values_of_variables_that_look_like_keys_are_hidden(name: str) -> None:
    """Wherever they stand, and however they are written there."""
    redactor = Redactor.of({name: KEPT})
    basic = base64.b64encode(b"user:" + KEPT.encode()).decode()
    for form in (KEPT, quote(KEPT, safe=""), json.dumps(KEPT), basic, f"x{KEPT}y"):
        hidden = redactor.hide(f"said {form}.")
        assert "[redacted environment secret]" in hidden
        assert "4f9a" not in hidden
    assert basic[8:-4] not in redactor.hide(f"Basic {basic}")


@pytest.mark.parametrize("name", ["HOME", "PWD", "OLDPWD", "KEYBOARD", "TOKENIZERS", "MONKEY"])
def test_other_variables_are_no_secrets(name: str) -> None:
    """A name is read word by word."""
    assert Redactor.of({name: KEPT}).values == frozenset()


@pytest.mark.parametrize(
    "value",
    [
        *("", "0", "true", "admin", "password", "Password", "changeme", "/usr/bin/x", "~/.ssh/id"),
        *("created_at", "12345678", "1.2.3.4:5678", "https://auth.invalid/login", "./keys/a.json"),
        *("your-api-key-here-1", "x" * 40),
    ],
)
def test_an_ordinary_value_is_no_secret(value: str) -> None:
    """A variable that looks like a key must not make a redaction of every `true`."""
    redactor = Redactor.of({"SECRET_KEY": value})
    text = f"a {value} b\n{value}\n"
    assert redactor.hide(text) == text


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("postgres://app:FAKEKEY-dsn@db.internal/app", "FAKEKEY-dsn"),
        ("host=db user=app password=FAKEKEY-dsn dbname=x", "FAKEKEY-dsn"),
        ("Endpoint=sb://x;AccountKey=FAKEKEY-dsn1;E=2", "FAKEKEY-dsn1"),
    ],
)
def test_of_an_address_only_the_password_is_secret(value: str, secret: str) -> None:
    """The host and the user stand in many files and are nobody's secret."""
    redactor = Redactor.of({"DATABASE_URL": value})
    assert secret in redactor.values
    assert redactor.hide(f"{secret} at db.internal for app") == (
        "[redacted environment secret] at db.internal for app"
    )


def test_a_value_that_is_known_otherwise_is_hidden() -> None:
    """A configured key may stand in a variable with any name."""
    assert Redactor.of({}, known=["FAKEKEY-own"]).hide("FAKEKEY-own") == (
        "[redacted environment secret]"
    )


def test_values_are_not_shown_with_the_redactor() -> None:
    """Whoever prints or logs it learns nothing."""
    redactor = Redactor.of({"API_KEY": KEPT})
    assert "FAKEKEY" not in repr(redactor)
    assert "FAKEKEY" not in repr(redactor.veil([KEPT]))


# --- Parts, overlaps, repetitions -----------------------------------------------------------------


def test_a_secret_inside_another_leaves_no_rest() -> None:
    """The longer one is hidden whole, the shorter one elsewhere."""
    redactor = Redactor.of({"A_KEY": "abcd1234", "B_KEY": "xabcd1234y"})
    hidden = redactor.hide("xabcd1234y abcd1234 xabcd1234")
    mark = "[redacted environment secret]"
    assert hidden == f"{mark} {mark} x{mark}"


def test_overlapping_secrets_are_one() -> None:
    """What they have in common is nobody's alone."""
    redactor = Redactor.of({"A_KEY": "abcd1234efgh", "B_KEY": "efgh5678ijkl"})
    assert redactor.hide("<abcd1234efgh5678ijkl>") == "<[redacted environment secret]>"
    url = f"https://u:{SHAPES['github'][1]}@github.com"
    assert Redactor().hide(url) == "https://u:[redacted github token]@github.com"


def test_what_gave_itself_away_once_is_hidden_everywhere() -> None:
    """A gate prints without its name what the settings have under one."""
    hidden = Redactor().hide(f'password = "{VALUE}"\nlogin with {VALUE} failed\n')
    assert hidden == 'password = "[redacted password]"\nlogin with [redacted password] failed\n'
    veiled = Redactor().veil([f"login with {VALUE} failed", f'password = "{VALUE}"'])
    assert VALUE not in "".join(veiled.texts)


def test_a_secret_that_appears_by_hiding_another_is_hidden() -> None:
    """A key right behind a value of the environment begins no word before that value is gone."""
    redactor = Redactor.of({"A_KEY": "abcd1234"})
    assert SHAPES["github"][1] not in redactor.hide("abcd1234" + SHAPES["github"][1])


@pytest.mark.parametrize("cut", [slice(0, 3), slice(2, None)], ids=["below", "above"])
def test_what_an_excerpt_has_left_of_a_private_key_is_hidden(cut: slice) -> None:
    """One header with lines of base64 is enough."""
    left = "\n".join(pem().splitlines()[cut])
    text = f"a = 1\n{left}\nb = 2\n"
    hidden = Redactor().hide(text)
    assert hidden == "a = 1\n[redacted private key]\nb = 2\n"


def test_a_mark_protects_nothing_else() -> None:
    """Nobody can keep a secret from us by writing it into brackets of ours."""
    key = SHAPES["github"][1]
    for text in (f"[redacted {key}]", f"[redacted github token {key}]", f"REDACTED_{key}_1"):
        assert key not in Redactor().hide(text)


# --- Veils ----------------------------------------------------------------------------------------


def test_the_same_secret_has_the_same_placeholder_in_all_texts() -> None:
    """Numbers follow the order of the texts; the same texts give the same ones."""
    one, two = SHAPES["github"][1], "ghp_" + of(36)
    texts = [f"a {one}", f"b {two} {one}", "c"]
    veil = Redactor().veil(texts)
    first, second = "REDACTED_GITHUB_TOKEN_1", "REDACTED_GITHUB_TOKEN_2"
    assert veil.texts == (f"a {first}", f"b {second} {first}", "c")
    assert veil == Redactor().veil(texts)
    assert veil.lift(f"{second}, {first}, REDACTED_GITHUB_TOKEN_3") == (
        f"{two}, {one}, REDACTED_GITHUB_TOKEN_3"
    )
    assert veil.name(f"drop {first}") == "drop [redacted github token]"


def test_a_placeholder_of_the_text_itself_is_never_lifted() -> None:
    """Other numbers are taken than those that stand there, or could be read there."""
    key = SHAPES["github"][1]
    veil = Redactor().veil([f"REDACTED_GITHUB_TOKEN_1 REDACTED_GITHUB_TOKEN_23 {key}"])
    assert veil.texts == (
        "REDACTED_GITHUB_TOKEN_1 REDACTED_GITHUB_TOKEN_23 REDACTED_GITHUB_TOKEN_3",
    )
    assert veil.lift("REDACTED_GITHUB_TOKEN_1") == "REDACTED_GITHUB_TOKEN_1"


def test_a_private_key_keeps_its_lines() -> None:
    """A diff of the lines around it, and its line numbers, stay right."""
    text = f'KEY = """\n{pem()}\n"""\n'
    veil = Redactor().veil([text])
    (shown,) = veil.texts
    assert shown.count("\n") == text.count("\n")
    assert BASE64_LINE not in shown
    diff = "".join(f"-{line}" for line in shown.splitlines(keepends=True))
    assert veil.lift(diff) == "".join(f"-{line}" for line in text.splitlines(keepends=True))


def test_digits_that_follow_are_no_part_of_a_number() -> None:
    """`REDACTED_…_1` before a `2` would be read as the twelfth."""
    redactor = Redactor.of({"A_KEY": "abcd-efgh-XYZ"})
    text = "abcd-efgh-XYZ2 abcd-efgh-XYZ"
    veil = redactor.veil([text])
    assert "abcd-efgh" not in veil.texts[0]
    assert veil.lift(veil.texts[0]) == text


def test_placeholders_left_in_a_file_are_named() -> None:
    """What no veil has given out is found by its shape."""
    assert placeholders("x = 'REDACTED_SECRET_12'; REDACTED_TAPE_1; [redacted secret]") == {
        "REDACTED_SECRET_12"
    }


ENVIRON = {"A_KEY": "abcd1234efgh", "B_KEY": "efgh5678ijkl\U0001f511", "C_TOKEN": "-\udc80tail99X"}
SECRETS = [secret for _, secret in SHAPES.values()] + list(ENVIRON.values())
REDACTOR = Redactor.of(ENVIRON)
PARTS = st.one_of(
    st.sampled_from(SECRETS),
    st.sampled_from([around.format(secret) for around, secret in TOLD]),
    st.sampled_from(
        ["\n", "\r\n", " ", '"', "=", "key=", "7", "REDACTED_SECRET_1", "é\u2028", "\ud800"]
    ),
    st.sampled_from(["[redacted secret]", "-----BEGIN PRIVATE KEY-----", "://u:", "@h", "\\n"]),
    st.text(max_size=8),
)
TEXTS = st.lists(PARTS, max_size=8).map("".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_hiding_twice_is_hiding_once(text: str) -> None:
    """What is hidden has nothing left to hide."""
    once = REDACTOR.hide(text)
    assert REDACTOR.hide(once) == once


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_lifting_gives_back_what_was_veiled(texts: list[str]) -> None:
    """Byte for byte, whatever stands around the secrets; and no secret is left to be found."""
    veil = REDACTOR.veil(texts)
    assert [veil.lift(text) for text in veil.texts] == texts
    assert [REDACTOR.find(text) for text in veil.texts] == [[]] * len(texts)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SECRETS), st.sampled_from(["\n", " ", '"', ", "]))))
def test_no_secret_is_left_in_a_veiled_text(told: list[tuple[str, str]]) -> None:
    """Not a single line of one."""
    text = "".join(secret + apart for secret, apart in told)
    for shown in (REDACTOR.veil([text]).texts[0], REDACTOR.hide(text)):
        lines = [line for secret in SECRETS for line in secret.splitlines() if len(line) > 20]
        assert not [line for line in lines if line in shown]


# --- Bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        *("eyJ", "eyJaaaaaaaaa.eyaaaaaaaaaa.", "sk-", "glpat-", "-----BEGIN PRIVATE KEY-----\n"),
        *("-----BEGIN PRIVATE KEY-----" + "\nVersion: a" * 40, "://a:", 'key="', "Authorization: "),
        *("a" * 70 + "\n-----END PRIVATE KEY-----\n", "password   :  ", "machine a login ", "Ab12"),
    ],
)
def test_no_text_makes_it_slow(part: str) -> None:
    """The time grows with the text, not with its square, whatever somebody put into it."""
    text = part * (200_000 // len(part))
    began = time.process_time()
    REDACTOR.hide(text)
    assert time.process_time() - began < 2


def test_nothing_is_compiled_at_import() -> None:
    """A command that hides nothing does not wait for the expressions of all shapes."""
    code = "from gitagent.redaction import shapes; print(shapes.shapes.cache_info().currsize)"
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.strip() == "0"
