"""What an index leaves out, and why, in words for the one who misses a file.

Two questions, because facts belong to a blob and a blob has no path: what the path says is asked
anew for each tree, what the content says is found once.
"""

from __future__ import annotations

import re
from functools import cache

from gitagent.edits.paths import secret
from gitagent.edits.patterns import Patterns

LARGEST = 1024 * 1024
"""In bytes; a file beyond it is no source that a person wrote."""
LARGEST_DATA = 256 * 1024
MEAN_LINE = 400
SMALLEST_MINIFIED = 4096
SNIFFED = 8000
_HEAD = 1024

_LFS = b"version https://git-lfs.github.com/spec/"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_VENDORED = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|vendored|_vendor|third[_-]party|site-packages|"
    r"jspm_packages|\.yarn|Pods|Godeps|\.venv|venv)/"
)
_BUILT = re.compile(r"(?:^|/)(?:priv/static|__pycache__|\.next|\.nuxt|\.svelte-kit|_build)/")
_LOCKS = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"),
    *("cargo.lock", "poetry.lock", "uv.lock", "pdm.lock", "pipfile.lock", "mix.lock", "go.sum"),
    *("gemfile.lock", "composer.lock", "flake.lock", "deno.lock", "go.work.sum"),
)
_GENERATED_NAMES = (
    *("*.min.js", "*.min.css", "*.min.mjs", "*.bundle.js", "*.map", "*.pb.go", "*.pb.gw.go"),
    *("*.pb.cc", "*.pb.h", "*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb.js", "*_pb.d.ts"),
    *("*_generated.go", "zz_generated.*", "*.generated.*", "*_parsetab.py", "*_lextab.py"),
    *("mockserviceworker.js", "*.designer.cs", "*.g.dart", "*.snap"),
)
_IMAGES = ("*.svg", "*.eps", "*.ps", "*.dxf", "*.xpm")
_DATA = (
    *("*.csv", "*.tsv", "*.json", "*.jsonl", "*.ndjson", "*.geojson", "*.xml", "*.sql", "*.ipynb"),
    *("*.po", "*.pot", "*.yaml", "*.yml", "*.txt", "*.log", "*.html"),
)

# Go's own rule for generated files, and the mark that Phabricator and its heirs agreed on
_GENERATED_MARK = re.compile(
    rb"^(?:[ \t]*(?://|#|--|;|%|/?\*+|<!--|\"\"\")[^\n]{0,80})?"
    rb"(?:Code generated .{0,200}DO NOT EDIT|@generated\b|"
    rb"(?:This|The) (?:file|code|module|class) (?:is|was|has been) "
    rb"(?:auto(?:matically)?[- ]?)generated)",
    re.MULTILINE | re.IGNORECASE,
)


def by_path(path: str, size: int) -> str:
    """Why a file is left out before it is read, or an empty string; `size` is in bytes."""
    if secret(path):
        return "its name says that it holds secrets"
    name = path.rpartition("/")[2].lower()
    if _VENDORED.search(path):
        return "vendored"
    if name in _LOCKS:
        return "a lock file"
    if _BUILT.search(path) or _any_of(_GENERATED_NAMES).fit(name):
        return "generated, by its name"
    if _any_of(_IMAGES).fit(name):
        return "an image"
    if size > LARGEST:
        return f"larger than {LARGEST // 1024} KiB"
    if size > LARGEST_DATA and _any_of(_DATA).fit(name):
        return f"data, and larger than {LARGEST_DATA // 1024} KiB"
    return ""


def by_content(data: bytes) -> str:
    """Why a blob is left out whatever its path, or an empty string."""
    if data.startswith(_LFS) and len(data) < _HEAD:
        return "a pointer of Git LFS; the content is elsewhere"
    if len(data) > LARGEST:
        return f"larger than {LARGEST // 1024} KiB"
    if not data.startswith(_UTF16) and b"\0" in data[:SNIFFED]:
        return "binary"
    if len(data) > SMALLEST_MINIFIED and len(data) / (data.count(b"\n") + 1) > MEAN_LINE:
        return "minified, or data: its lines are too long to be read"
    if _GENERATED_MARK.search(data[:_HEAD]):
        return "generated, as it says itself"
    return ""


def readable(data: bytes) -> bytes:
    """The same text as UTF-8 without a mark; line numbers stay what they were.

    UTF-16 goes by its mark; what is no UTF-8 is taken for Latin-1, which no byte can break.
    """
    if data.startswith(_UTF16):
        return data.decode("utf-16", errors="replace").encode()
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()
    return data


@cache
def _any_of(patterns: tuple[str, ...]) -> Patterns:
    return Patterns(patterns)
