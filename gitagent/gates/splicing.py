"""Puts the base's tests into a source file that has its tests inside, as Rust's have."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.suite import Inline


def with_base_tests(
    base: bytes, before: Sequence[Inline], now: bytes, after: Sequence[Inline]
) -> bytes:
    """`now` with the test modules of `base` in place of its own of the same name.

    One that is gone comes back at the end; one that is new stays.
    """
    kept = {each.name: base[each.start : each.end] for each in before}
    parts: list[bytes] = []
    at = 0
    for each in after:
        if each.start < at:
            continue
        parts += [now[at : each.start], kept.pop(each.name, now[each.start : each.end])]
        at = each.end
    parts.append(now[at:])
    return b"".join(parts) + b"".join(b"\n\n" + text + b"\n" for text in kept.values())
