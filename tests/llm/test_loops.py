"""A text that says the same over and over is known as such, and what people write is not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

import gitagent
from gitagent.llm.loops import SEEN, TIMES, Loops

CODE = "def total(prices):\n    return sum(price.net + price.tax for price in prices)\n\n\n"


def stops_at(pieces: Iterator[str], most: int = 20_000) -> int:
    """The characters after which a text is given up; -1 where it never is."""
    loops, length = Loops(), 0
    for piece in pieces:
        length += len(piece)
        if loops.add(piece):
            return length
        if length > most:
            break
    return -1


def forever(line: str) -> Iterator[str]:
    """A sound beginning, then the same line, which may count up, in small pieces."""
    yield CODE
    for n in count():
        text = line.format(n=n)
        yield from (text[k : k + 3] for k in range(0, len(text), 3))


@pytest.mark.parametrize(
    "line",
    [
        "    cards.append(deck.pop())\n",
        "    if value == {n}:\n        return number_to_name({n})\n",
        "1, ",
        "{n}",
        " ",
        "\n",
        "# And so on, with the next one of them.\n\n    assert play(deck) == other_deck\n" * 2,
    ],
)
def test_what_goes_round_in_a_circle_is_given_up(line: str) -> None:
    """Soon after it has filled what is looked at, whether it counts up or not."""
    assert SEEN <= stops_at(forever(line)) < 3 * SEEN


def test_as_many_rounds_as_people_write_are_none() -> None:
    """A long part that stands there three times is not given up."""
    part = "".join(f"    total_{name} += {name}.total\n" for name in map(chr, range(97, 110)))
    assert len(part) * TIMES > SEEN
    assert stops_at(iter([CODE, part, part, part])) == -1


def test_no_module_of_this_package_is_a_loop() -> None:
    """Real code, piece by piece as a model writes it."""
    for path in Path(gitagent.__file__).parent.rglob("*.py"):
        text = path.read_text()
        assert stops_at(text[n : n + 4] for n in range(0, len(text), 4)) == -1, path
