"""git's format for many objects in two files, a pack and its index, as far as we write it.

Each object stands in a pack as a whole, compressed, never as a difference to another one: so an
entry means the same in whichever pack it stands, and can be copied from one to the next. See
gitformat-pack(5); the index is of version 2.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping
from itertools import accumulate, pairwise

ID_BYTES = 20
HEAD, INDEX_HEAD = b"PACK\0\0\0\2", b"\xfftOc\0\0\0\2"
FANOUT_BYTES = 4 * 256
WHOLE_KINDS = (1, 2, 3, 4)
LEVEL, SMALL = 1, 1000
"""How content is compressed, for git copies an entry as it is into the packs that it makes and
sends; and the bytes for which that takes longer than it is worth."""

Entries = Mapping[bytes, bytes]
"""Of each object, by its id: kind and size, then its content, compressed."""


def entry(kind: int, data: bytes) -> bytes:
    """How an object stands in a pack."""
    size = len(data)
    head, left = [kind << 4 | size & 15], size >> 4
    while left:
        head[-1] |= 0x80
        head.append(left & 0x7F)
        left >>= 7
    return bytes(head) + (zlib.compress(data, LEVEL) if size > SMALL else _stored(data))


def _stored(data: bytes) -> bytes:
    """What zlib makes of it without compression; setting zlib up takes longer than that."""
    size = len(data)
    head = struct.pack("<2sBHH", b"\x78\x01", 1, size, size ^ 0xFFFF)
    return head + data + zlib.adler32(data).to_bytes(4)


def joined(entries: Entries) -> tuple[bytes, bytes]:
    """The bytes of a pack with these entries, and of its index."""
    names = sorted(entries)
    body = HEAD + struct.pack(">I", len(names)) + b"".join(entries[name] for name in names)
    pack = body + _sum(body)
    ends = accumulate((len(entries[name]) for name in names), initial=len(HEAD) + 4)
    index = b"".join(
        (
            INDEX_HEAD,
            _fanout(names),
            *names,
            *(struct.pack(">I", zlib.crc32(entries[name])) for name in names),
            *(struct.pack(">I", offset) for offset, _ in zip(ends, names, strict=False)),
            _sum(body),
        )
    )
    return pack, index + _sum(index)


def entries_of(pack: bytes, index: bytes) -> dict[bytes, bytes]:
    """What `joined` was given; ValueError where one of the two is damaged, or by somebody else."""
    for data, head in ((pack, HEAD), (index, INDEX_HEAD)):
        if not data.startswith(head) or data[-ID_BYTES:] != _sum(data[:-ID_BYTES]):
            raise ValueError("damaged")
    here = len(INDEX_HEAD) + FANOUT_BYTES
    count = int.from_bytes(index[here - 4 : here])
    if len(index) != here + count * (ID_BYTES + 4 + 4) + 2 * ID_BYTES:
        raise ValueError("not of our making")
    names = [index[here + n * ID_BYTES : here + (n + 1) * ID_BYTES] for n in range(count)]
    here += count * ID_BYTES
    sums = struct.unpack_from(f">{count}I", index, here)
    offsets = struct.unpack_from(f">{count}I", index, here + 4 * count)
    ends = dict(pairwise([*sorted(offsets), len(pack) - ID_BYTES]))
    found = {}
    for name, crc, offset in zip(names, sums, offsets, strict=True):
        found[name] = data = pack[offset : ends[offset]]
        if zlib.crc32(data) != crc or int.from_bytes(data[:1]) >> 4 & 7 not in WHOLE_KINDS:
            raise ValueError("no whole object")
    return found


def _fanout(names: list[bytes]) -> bytes:
    """How many names come before or with each first byte."""
    counts = [0] * 256
    for name in names:
        counts[name[0]] += 1
    return struct.pack(">256I", *accumulate(counts))


def _sum(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
