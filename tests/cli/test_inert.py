"""Markdown of others is text, whichever way it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gitagent.cli.inert import inert, inert_line

IMG = "<img src=http://evil.invalid/x>"
HOSTILE = (
    IMG,
    "![x](http://evil.invalid/x)",
    "\\![x](http://evil.invalid/x)",
    f"\\{IMG}",
    f"\\`{IMG}\\`",
    f"``` {IMG} and no end",
    f"one ` here\n`{IMG}`",
    f"| a | b |\n|---|---|\n| ` | `{IMG}` |",
    f"| a | b | c |\n|---|---|---|\n|`|` `{IMG}` `|`|",
    f"- x\n  ```\n{IMG}\n```",
    f"> ```\n{IMG}\n```",
    f"~~~\n```\n~~~\n{IMG}\n```",
    f"  ```\nx\n```\n{IMG}\n```",
    f"```\nx\n   ```\n{IMG}\n```",
    f"````\n```\n````\n{IMG}\n```",
    f"``` a`b\n{IMG}\n```",
    f"[a]: /u`x\n`x` {IMG} `",
    f"<!-- -->\n{IMG}",
    f"```\r{IMG}\n```\r{IMG}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_fetched_or_run(text: str) -> None:
    """A reader of CommonMark with tables finds no picture and no tag in it, nor in its line."""
    reader = MarkdownIt("commonmark").enable("table")
    for told in (inert(text), f"# {inert_line(text)}", f"- {inert_line(text)}"):
        assert not [t.content for t in _all(reader.parse(told)) if _is_active(t)], told


@pytest.mark.parametrize(
    "code",
    [
        "a `Vec<T>` and a `![x]` stand here",
        "```html\n<b>&\n```\nand `a<b>`",
        "~~~~\n<b>\n~~~\n~~~~",
        "1 < 2 and wow!",
    ],
)
def test_code_is_as_it_was(code: str) -> None:
    """Where it is code for every reader."""
    assert inert(code) == code


def test_an_open_fence_is_closed() -> None:
    """What was cut in the middle of code does not take in what follows it."""
    assert inert("so:\n````py\nx = [") == "so:\n````py\nx = [\n````"


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def _is_active(token: Token) -> bool:
    return token.type in ("html_inline", "html_block", "image")
