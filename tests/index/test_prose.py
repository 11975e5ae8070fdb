"""Headings are the definitions of prose."""

from __future__ import annotations

from gitagent.index.facts import facts_of


def test_sections_of_markdown_nest_by_rank() -> None:
    """Each goes on to the next of its rank or above; what a fence shows is no heading."""
    text = b"# Shop\ntext\n## Cart\n```sh\n# no heading\n```\n### Row\n## Api ##\n# End\n"
    assert [(s.qualified, s.line, s.end) for s in facts_of("markdown", text).defs] == [
        ("Shop", 1, 8),
        ("Shop.Cart", 3, 7),
        ("Shop.Cart.Row", 7, 7),
        ("Shop.Api", 8, 8),
        ("End", 9, 9),
    ]


def test_sections_of_restructuredtext_nest_by_their_marks() -> None:
    """Ranks are in the order in which their marks first appear."""
    text = b"Shop\n====\n\nCart\n----\ntext\n\nApi\n===\n"
    assert [(s.qualified, s.line, s.end) for s in facts_of("restructuredtext", text).defs] == [
        ("Shop", 1, 7),
        ("Shop.Cart", 4, 7),
        ("Api", 8, 9),
    ]
