"""Real git repositories, built by the git program, the same bytes and commit ids every time.

Nothing of the person's own set-up takes part: no system or global configuration, no template, no
hook, a fixed identity and fixed dates.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitagent.errors import Internal, UsageError
from gitagent.testing import sample_package, synthetic

SAMPLE_TASK = sample_package.TASK

EPOCH = 1_700_000_000
"""The date of the first commit, in seconds; each further one is a minute later."""

_IDENTITY = {"NAME": "Ada Example", "EMAIL": "ada@example.invalid"}
_QUIET = ("gc.auto=0", "maintenance.auto=false", "core.fsmonitor=false", "core.hooksPath=/dev/null")
_FROM_STDIN = ("--pathspec-from-file=-", "--pathspec-file-nul")


@dataclass(frozen=True)
class Entry:
    """A file of a tree, where a plain text or bytes does not say enough."""

    data: str | bytes = b""
    executable: bool = False
    symlink_to: str | None = None


Content = str | bytes | Entry


def build(folder: Path, files: Mapping[str, Content], *, message: str = "base") -> Path:
    """Make a repository with one commit on `main` out of paths and contents; returns `folder`.

    Without files the branch stays unborn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    if files:
        commit(folder, files, message)
    return folder


def commit(folder: Path, changes: Mapping[str, Content | None], message: str) -> str:
    """Write (None: delete) files, stage and commit them on HEAD; returns the commit's id."""
    for path in changes:
        _remove(folder / path)
    for path, content in changes.items():
        if content is not None:
            _write(folder / path, content)
    names = b"\0".join(os.fsencode(path) for path in changes)
    if changes:
        _plumb(folder, "--literal-pathspecs", "add", "--all", "--force", *_FROM_STDIN, stdin=names)
    date = f"{_next_date(folder)} +0000"
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    _plumb(folder, "commit", "--quiet", "--allow-empty", "--message", message, env=dates)
    return _plumb(folder, "rev-parse", "HEAD").decode().strip()


def git(folder: Path, *args: str) -> str:
    """Run git in a clean environment; returns its output (undecodable bytes as `os.fsdecode` does).

    The repository's own configuration and hooks hold, as when a person runs it. Raises Internal
    with what git said where it fails, UsageError where there is no git.
    """
    return os.fsdecode(_run(folder, args))


def sample(folder: Path) -> Path:
    """A small Python package with unittest tests, of which one fails; SAMPLE_TASK asks for it."""
    build(folder, sample_package.FILES, message=sample_package.MESSAGE)
    return folder


def big(folder: Path, n_files: int) -> Path:
    """A repository of `n_files` Python modules that import each other, beside a README.

    The same number always gives the same commit id.
    """
    build(folder, {})
    _plumb(folder, "fast-import", "--quiet", stdin=b"".join(_stream(n_files)))
    _plumb(folder, "reset", "--quiet", "--hard", "main")
    return folder


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def _write(path: Path, content: Content) -> None:
    entry = content if isinstance(content, Entry) else Entry(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry.symlink_to is not None:
        path.symlink_to(entry.symlink_to)
        return
    path.write_bytes(entry.data if isinstance(entry.data, bytes) else entry.data.encode())
    path.chmod(0o755 if entry.executable else 0o644)


def _next_date(folder: Path) -> int:
    """A minute after HEAD; EPOCH where the branch is unborn."""
    if not _plumb(folder, "rev-parse", "--verify", "--quiet", "HEAD", check=False):
        return EPOCH
    return int(_plumb(folder, "show", "--no-patch", "--format=%ct", "HEAD")) + 60


def _stream(n_files: int) -> Iterator[bytes]:
    """The input of git fast-import: one commit on main."""
    yield b"commit refs/heads/main\ncommitter %s <%s> %d +0000\n" % (
        _IDENTITY["NAME"].encode(),
        _IDENTITY["EMAIL"].encode(),
        EPOCH,
    )
    yield _data("base")
    for path, text in synthetic.files(n_files):
        yield f"M 100644 inline {path}\n".encode() + _data(text)


def _data(text: str) -> bytes:
    data = text.encode()
    return b"data %d\n%s\n" % (len(data), data)


def _plumb(
    folder: Path,
    *args: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    check: bool = True,
) -> bytes:
    """Git for the builder itself: hooks and the like that a repository has planted stay out."""
    quiet = [word for setting in _QUIET for word in ("-c", setting)]
    return _run(folder, (*quiet, *args), stdin=stdin, env=env, check=check)


def _run(
    folder: Path,
    args: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    check: bool = True,
) -> bytes:
    environment = {**_environment(), **(env or {})}
    try:
        done = subprocess.run(
            ["git", *args], cwd=folder, env=environment, input=stdin, capture_output=True
        )
    except FileNotFoundError as error:
        raise UsageError("The git program cannot be found.") from error
    if check and done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise Internal(f"git {' '.join(args)} failed in {folder}: {said}")
    return done.stdout


def _environment() -> dict[str, str]:
    roles = ("AUTHOR", "COMMITTER")
    return {
        **{f"GIT_{role}_{key}": value for role in roles for key, value in _IDENTITY.items()},
        **{f"GIT_{role}_DATE": f"{EPOCH} +0000" for role in roles},
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": os.devnull,
        "LC_ALL": "C",
        "PATH": os.environ.get("PATH", os.defpath),
        "TZ": "UTC",
    }
