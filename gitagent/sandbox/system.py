"""Which parts of this system a sandboxed command may read: programs, libraries, and of /etc what
every user may know and nobody keeps a secret in."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from gitagent.scratch import private_folder

HOME = "/home/agent"
HOST = "sandbox"
USER_ID = 1000
"""Root's commands run as somebody else: what a file's mode forbids is forbidden there too."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_ETC = (
    "alternatives", "bash_completion.d", "ca-certificates", "ca-certificates.conf",
    "crypto-policies", "debian_version", "default/locale", "fonts", "gai.conf", "host.conf",
    "inputrc", "java", "java-*", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias",
    "locale.conf", "localtime", "lsb-release", "magic", "magic.mime", "mime.types", "netconfig",
    "networks", "nsswitch.conf", "os-release", "perl", "pki/ca-trust", "pki/java",
    "pki/tls/certs", "pki/tls/openssl.cnf", "protocols", "python3", "python3.*",
    "redhat-release", "rpc", "services", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
    "xml",
)  # fmt: skip
_NAME = 16


def identity() -> tuple[int, int]:
    """User and group that a command runs as, inside."""
    user, group = os.getuid(), os.getgid()
    return user or USER_ID, group or USER_ID


def seen(etc: Path) -> Iterator[str]:
    """bubblewrap's arguments for what of the system is there; `etc` is a folder from `etc_in`."""
    for path in _SYSTEM:
        if os.path.islink(path):  # noqa: PTH114 - the path is bubblewrap's, a text
            yield from ("--symlink", os.readlink(path), path)  # noqa: PTH115
        elif os.path.exists(path):  # noqa: PTH110
            yield from ("--ro-bind", path, path)
    yield from ("--ro-bind", str(etc), "/etc")


def is_seen(path: str) -> bool:
    """Whether a path is there without being brought."""
    return any(path == root or path.startswith(f"{root}/") for root in _SYSTEM)


def etc_in(scratch: Path) -> Path:
    """A folder below `scratch` to be seen as /etc, made where there is none of the same contents.

    Each of these files could be mounted by itself, which takes as long as all else together.
    """
    folder = scratch / f"etc-{_name()}"
    if not folder.is_dir():
        with private_folder(scratch, "gate-") as private:
            fresh = private / "etc"
            _copy(_sources(), fresh)
            for name, text in _made().items():
                (fresh / name).write_text(text)
            with suppress(OSError):  # another process was faster
                fresh.rename(folder)
    return folder


def _sources() -> list[Path]:
    return [found for pattern in _ETC for found in sorted(Path("/etc").glob(pattern))]


def _made() -> dict[str, str]:
    """Files in place of those that name this machine's people."""
    user, group = identity()
    people = f"agent:x:{user}:{group}::{HOME}:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/sh\n"
    return {
        "passwd": people,
        "group": f"agent:x:{group}:\nnogroup:x:65534:\n",
        "hosts": f"127.0.0.1 localhost {HOST}\n::1 localhost ip6-localhost ip6-loopback\n",
        "hostname": f"{HOST}\n",
    }


@cache
def _name() -> str:
    """Says what is in the folder: it is another one where the system's has changed."""
    told = [repr(sorted(_made().items()))]
    for source in _sources():
        with suppress(OSError):
            found = source.lstat()
            told.append(f"{source} {found.st_mtime_ns} {found.st_size} {found.st_ino}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:_NAME]


def _copy(sources: Iterable[Path], folder: Path) -> None:
    folder.mkdir(mode=0o755)
    for source in sources:
        target = folder / source.relative_to("/etc")
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if source.is_symlink() and _is_there(source.resolve()):
            target.symlink_to(source.readlink())
        elif source.is_dir():
            with _unread():
                shutil.copytree(source, target, symlinks=True, copy_function=_copied)
        else:
            _copied(source, target)


def _copied(source: str | Path, target: str | Path, **_: object) -> str | Path:
    with suppress(PermissionError, FileNotFoundError):
        shutil.copyfile(source, target)
    return target


@contextmanager
def _unread() -> Iterator[None]:
    """What we may not read, a command need not; anything else is trouble of our own."""
    try:
        yield
    except shutil.Error as error:
        others = [why for _, _, why in error.args[0] if f"[Errno {errno.EACCES}]" not in str(why)]
        if others:
            raise OSError(errno.EIO, str(others[0])) from error


def _is_there(path: Path) -> bool:
    return is_seen(str(path)) or path.is_relative_to("/etc")
