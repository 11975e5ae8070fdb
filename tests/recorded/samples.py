"""Small repositories with a failing test each, and the task that asks for it to be made right."""

from __future__ import annotations

SLUG_TASK = (
    "Capital letters in a title must become small letters in the slug instead of getting lost."
)
SLUG = {
    "textkit/__init__.py": "",
    "textkit/slugs.py": '''\
"""Turns titles into parts of addresses."""

import re
import unicodedata


def slugify(title: str, longest: int = 40) -> str:
    """Lower-case words joined by hyphens, at most `longest` characters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain)
    slug = "-".join(words)
    return slug[:longest].rstrip("-")


def unique(slug: str, taken: set[str]) -> str:
    """The slug, or the slug with the first free number behind it."""
    if slug not in taken:
        return slug
    number = 2
    while f"{slug}-{number}" in taken:
        number += 1
    return f"{slug}-{number}"
''',
    "tests/__init__.py": "",
    "tests/test_slugs.py": """\
import unittest

from textkit.slugs import slugify, unique


class SlugTest(unittest.TestCase):
    def test_words_are_joined(self):
        self.assertEqual(slugify("a nice day"), "a-nice-day")

    def test_capitals_become_small(self):
        self.assertEqual(slugify("Hello World"), "hello-world")

    def test_taken(self):
        self.assertEqual(unique("a", {"a", "a-2"}), "a-3")
""",
}

ROMAN_TASK = (
    "Implement to_roman in roman.py: Roman numerals for 1 to 3999, ValueError for anything else."
)
ROMAN = {
    "roman.py": "def to_roman(number):\n    pass\n",
    "test_roman.py": """\
import unittest

from roman import to_roman


class RomanTest(unittest.TestCase):
    def test_small(self):
        self.assertEqual(to_roman(3), "III")

    def test_subtractive(self):
        self.assertEqual(to_roman(49), "XLIX")

    def test_large(self):
        self.assertEqual(to_roman(1994), "MCMXCIV")

    def test_zero_is_refused(self):
        with self.assertRaises(ValueError):
            to_roman(0)
""",
}

BANK_TASK = "withdraw must raise Overdrawn when the balance is not enough, and change nothing then."
BANK = {
    "bank/__init__.py": "",
    "bank/account.py": '''\
"""Accounts and what may happen to them."""

from dataclasses import dataclass, field


class Overdrawn(Exception):
    """There is not enough money in the account."""


@dataclass
class Account:
    owner: str
    balance: int = 0
    history: list[str] = field(default_factory=list)

    def deposit(self, amount: int) -> None:
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance += amount
        self.history.append(f"+{amount}")

    def withdraw(self, amount: int) -> None:
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.balance -= amount
        self.history.append(f"-{amount}")


def transfer(source: Account, target: Account, amount: int) -> None:
    """Move money from one account to another."""
    source.withdraw(amount)
    target.deposit(amount)
''',
    "tests/__init__.py": "",
    "tests/test_account.py": """\
import unittest

from bank.account import Account, Overdrawn, transfer


class AccountTest(unittest.TestCase):
    def test_deposit(self):
        account = Account("Ann")
        account.deposit(5)
        self.assertEqual(account.balance, 5)

    def test_no_overdraft(self):
        account = Account("Ann", 5)
        with self.assertRaises(Overdrawn):
            account.withdraw(6)
        self.assertEqual(account.balance, 5)
        self.assertEqual(account.history, [])

    def test_transfer(self):
        a, b = Account("Ann", 5), Account("Bob")
        transfer(a, b, 5)
        self.assertEqual((a.balance, b.balance), (0, 5))
""",
}

DURATION_TASK = (
    "Implement seconds() in durations.py: 1h30m are 5400 seconds; ValueError for what is empty, "
    "has another unit, or names a unit twice or in the wrong order."
)
DURATION = {
    "durations.py": "def seconds(text):\n    pass\n",
    "test_durations.py": """\
import unittest

from durations import seconds


class DurationTest(unittest.TestCase):
    def test_one_unit(self):
        self.assertEqual(seconds("90s"), 90)

    def test_all_units(self):
        self.assertEqual(seconds("2h5m7s"), 7507)

    def test_what_is_no_duration(self):
        for text in ("", "5", "1d", "m5", "5m1h", "1h2h", "1h 2m"):
            with self.subTest(text), self.assertRaises(ValueError):
                seconds(text)
""",
}
