"""Python source of realistic size and shape, made up from a number and always the same.

Benchmarks need thousands of files that differ: in their words, so that ranking has work to do,
and in their imports, so that a symbol graph has edges.
"""

from __future__ import annotations

import random
from collections.abc import Iterator


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NOUNS = _words(
    """
    account address archive batch billing booking branch bucket budget buffer cache carrier cart
    catalog channel charge claim clinic contact contract country coupon courier credit currency
    customer delivery deposit device discount document driver event expense export feed filter
    forecast gateway grant holiday image index inquiry invoice journal label language lease ledger
    license listing loan locale location mailbox margin market media member merchant message
    metric notice offer order outlet parcel partner payment payout permit photo pickup policy
    portfolio price product profile promotion quota quote rating receipt refund region reminder
    report reservation reward route schedule seat segment session shipment signal stock store
    subscription supplier survey tariff tax team template tenant ticket token transfer upload
    vehicle vendor venue visit voucher wallet warehouse webhook workflow zone
    """
)
_VERBS = _words(
    """
    adjust allocate apply approve assign audit balance cancel charge check clear close collect
    compare compute confirm convert count dispatch divide enrich estimate expire extract filter
    find fold gather group issue join limit list load lookup match measure merge move normalize
    notify pack pick plan project prune rank read rebuild reconcile record reduce refresh release
    render replace resolve restore review revoke round route scan schedule score select settle
    share sort split store sum sync trace trim update validate verify weigh
    """
)
_FIELDS = _words(
    """
    amount balance code count created currency days discount due factor height identifier kind
    limit margin minimum name offset owner percent position price priority quantity rate region
    score size start state status step threshold total units updated value version weight width
    """
)

_BODIES = (
    """\
    result = {{}}
    for {item} in {items}:
        key = {item}.{f1}
        result[key] = result.get(key, 0) + {item}.{f2}
    return {{key: value for key, value in result.items() if value > {limit}}}
""",
    """\
    if not {items}:
        return []
    ordered = sorted({items}, key=lambda {item}: ({item}.{f1}, {item}.{f2}), reverse={flag})
    return ordered[:{limit}]
""",
    """\
    {f1} = sum({item}.{f1} for {item} in {items})
    {f2} = max(({item}.{f2} for {item} in {items}), default={limit})
    if {f2} == 0:
        raise ValueError("no {f2} to {verb} {items} by")
    return {f1} / {f2}
""",
    """\
    kept, dropped = [], []
    for {item} in {items}:
        if {item}.{f1} >= {limit} and {item}.{f2} != {other}:
            kept.append({item})
        else:
            dropped.append({item})
    logger.debug("{verb}: %d kept, %d dropped", len(kept), len(dropped))
    return kept
""",
    """\
    previous = None
    changes = 0
    for {item} in {items}:
        if previous is not None and {item}.{f1} != previous.{f1}:
            changes += 1
        previous = {item}
    return min(changes, {limit})
""",
)


def files(count: int) -> Iterator[tuple[str, str]]:
    """`count` modules as (path, text) in sorted packages under `src/`, beside a README."""
    yield "README.md", f"# Synthetic\n\n{count} Python modules that nobody wrote.\n"
    for n in range(count):
        yield f"src/{_module(n).replace('.', '/')}.py", source(n)


def source(n: int) -> str:
    """The text of module `n`; it imports from modules of lower numbers only."""
    dice = random.Random(f"body {n}")
    noun = _noun(n)
    fields = dice.sample(_FIELDS, dice.randint(4, 8))
    parts = [_header(n, noun, dice), _record(noun, fields, dice)]
    parts += [_function(verb, noun, fields, dice) for verb in _function_verbs(n)]
    return "\n\n".join(parts)


def _header(n: int, noun: str, dice: random.Random) -> str:
    others = sorted({dice.randrange(n) for _ in range(dice.randint(0, 3))}) if n else []
    verbs = {other: dice.choice(_function_verbs(other)) for other in others}
    aliases = "".join(f"{verb}_{other}, " for other, verb in verbs.items()).strip()
    lines = [
        f'"""{dice.choice(_VERBS).capitalize()} each {noun} by its {dice.choice(_FIELDS)}."""',
        "",
        "import logging",
        "from dataclasses import dataclass",
        "",
        *(f"from {_module(o)} import {v}_{_noun(o)}s as {v}_{o}" for o, v in verbs.items()),
        "",
        "logger = logging.getLogger(__name__)",
        "",
        f"DEFAULT_{dice.choice(_FIELDS).upper()} = {dice.randrange(1, 500)}",
        f"STEPS = ({aliases})",
        "",
    ]
    return "\n".join(lines)


def _record(noun: str, fields: list[str], dice: random.Random) -> str:
    lines = ["@dataclass(frozen=True)", f"class {noun.capitalize()}:"]
    lines += [f'    """What is known of one {noun}: its {fields[0]} and its {fields[1]}."""', ""]
    lines += [f"    {field}: int = {dice.randrange(100)}" for field in fields]
    return "\n".join([*lines, ""])


def _function(verb: str, noun: str, fields: list[str], dice: random.Random) -> str:
    f1, f2 = dice.sample(fields, 2)
    words = {"verb": verb, "item": noun, "items": f"{noun}s", "f1": f1, "f2": f2}
    limit, other, flag = dice.randrange(2, 90), dice.randrange(9), dice.random() < 0.5
    head = f"def {verb}_{noun}s({noun}s):\n"
    doc = f'    """{verb.capitalize()} the {noun}s by {f1} and {f2}."""\n'
    body = dice.choice(_BODIES).format(**words, limit=limit, other=other, flag=flag)
    return head + doc + body


def _noun(n: int) -> str:
    return random.Random(f"noun {n}").choice(_NOUNS)


def _function_verbs(n: int) -> list[str]:
    dice = random.Random(f"verbs {n}")
    return dice.sample(_VERBS, dice.randint(3, 9))


def _module(n: int) -> str:
    """The dotted name: some fifty modules share a package, as they do in a grown project."""
    return f"{_NOUNS[n // 50 % len(_NOUNS)]}.{_noun(n)}_{n}"
