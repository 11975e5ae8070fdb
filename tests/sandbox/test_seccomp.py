"""The filter as a program: which calls it lets through, played line by line."""

from __future__ import annotations

import errno
import struct

import pytest

from gitagent.sandbox.seccomp import program

ALLOWED, KILLED = 0x7FFF0000, 0x80000000
X86, ARM = 0xC000003E, 0xC00000B7


def outcome(machine: str, audit: int, number: int, argument: int = 0) -> int:
    """What the kernel would do: the instructions of seccomp's filters that ours is made of."""
    lines = list(struct.iter_unpack("<HBBI", program(machine)))
    data = {0: number, 4: audit, 16: argument}
    at, value = 0, 0
    while True:
        code, yes, no, operand = lines[at]
        at += 1
        if code == 0x20:
            value = data[operand]
        elif code == 0x06:
            return int(operand)
        else:
            holds = value == operand if code == 0x15 else value >= operand
            at += yes if holds else no


def refused(number: int) -> int:
    return 0x00050000 | number


@pytest.mark.parametrize(("machine", "audit"), [("x86_64", X86), ("aarch64", ARM)])
def test_common_calls_pass(machine: str, audit: int) -> None:
    """All but a few."""
    listed = {"x86_64": (0, 1, 2, 9, 57, 59, 101, 202, 435), "aarch64": (56, 63, 64, 221, 117, 435)}
    assert {outcome(machine, audit, number) for number in listed[machine]} == {ALLOWED}


@pytest.mark.parametrize(("machine", "audit", "call"), [("x86_64", X86, 41), ("aarch64", ARM, 198)])
def test_sockets_are_of_four_families(machine: str, audit: int, call: int) -> None:
    """Local, IPv4, IPv6 and netlink; no vsock, packet, bluetooth or crypto socket."""
    families = [n for n in range(64) if outcome(machine, audit, call, n) == ALLOWED]
    assert families == [1, 2, 10, 16]
    assert outcome(machine, audit, call, 40) == refused(errno.EAFNOSUPPORT)


def test_another_architecture_s_numbers_are_no_way_around() -> None:
    """32-bit calls end the process, x32's are not there."""
    assert outcome("x86_64", 0x40000003, 1) == KILLED
    assert outcome("x86_64", X86, 0x40000000 | 41, 40) == refused(errno.ENOSYS)


def test_a_processor_that_we_do_not_know_has_no_filter() -> None:
    """Wrong numbers would refuse the wrong calls."""
    assert program("riscv64") == b""
