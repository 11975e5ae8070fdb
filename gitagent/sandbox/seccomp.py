"""A filter for the few calls of the kernel that reach through namespaces.

A session's keyring is inherited, an AF_VSOCK socket talks to the machine below this one, and an
io_uring makes sockets without asking. Everything that tests need is let through.
"""

from __future__ import annotations

import errno
import platform
import socket
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x40000000
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # the last is AF_NETLINK


@dataclass(frozen=True)
class _Machine:
    """The audit number of an architecture, and the numbers of its calls."""

    audit: int
    socket: int
    refused: tuple[int, ...]


# add_key, request_key, keyctl, io_uring_setup, bpf, perf_event_open, userfaultfd, kexec_load
_MACHINES = {
    "x86_64": _Machine(0xC000003E, 41, (248, 249, 250, 425, 321, 298, 323, 246)),
    "aarch64": _Machine(0xC00000B7, 198, (217, 218, 219, 425, 280, 241, 282, 104)),
}


def program(machine: str = "") -> bytes:
    """The filter for this machine's processor; empty where we know none."""
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return b""
    refused = _refuse(errno.EPERM)
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, known.audit, yes=1),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
    ]
    # x32 has numbers of its own for what is refused by number
    lines += [_line(_AT_LEAST, _X32, no=1), _refuse(errno.ENOSYS)]
    for number in known.refused:
        lines += [_line(_EQUAL, number, no=1), refused]
    lines += [_line(_EQUAL, known.socket, yes=1), _line(_RETURN, _ALLOW)]
    lines.append(_line(_LOAD, _FIRST_ARGUMENT))
    for family in _FAMILIES:
        lines += [_line(_EQUAL, int(family), no=1), _line(_RETURN, _ALLOW)]
    return b"".join([*lines, _refuse(errno.EAFNOSUPPORT)])


def _refuse(number: int) -> bytes:
    return _line(_RETURN, _ERRNO | number)


def _line(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """One struct sock_filter; `yes` and `no` are how many lines a comparison skips."""
    return struct.pack("<HBBI", code, yes, no, value)
