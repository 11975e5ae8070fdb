"""Prompts are text files, so that a change of one is a diff that people can read."""

from __future__ import annotations

from importlib import resources
from string import Template


def render(name: str, **values: str) -> str:
    """The prompt `name`.md with its `$placeholders` filled in."""
    text = resources.files(__name__).joinpath(f"{name}.md").read_text()
    return Template(text).substitute(values).strip() + "\n"
