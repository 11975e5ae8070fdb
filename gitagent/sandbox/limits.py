"""How much a command and all that it starts may use together."""

from __future__ import annotations

import os
from dataclasses import dataclass

_SHARE_OF_MEMORY = 0.6
_TASKS_PER_CORE = 256
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Bytes of memory (files in /tmp are memory too), processes and threads, bytes of one file,
    bytes written to disk, bytes of output that are kept.

    The default for memory is 60 % of the machine's: what fits into a machine is not known here,
    what it does not survive is.
    """

    memory: int
    tasks: int
    file_size: int = 2_000 * MEGABYTE
    written: int = 10_000 * MEGABYTE
    output: int = 2 * MEGABYTE

    @classmethod
    def of_this_machine(cls) -> Limits:
        memory = int(_SHARE_OF_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        return cls(memory, max(4096, _TASKS_PER_CORE * (os.cpu_count() or 1)))


def amount(size: int) -> str:
    """Bytes as people say them."""
    for unit, bytes_ in (("GB", 1_000_000_000), ("MB", MEGABYTE), ("kB", 1000)):
        if size >= bytes_:
            return f"{size / bytes_:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"
