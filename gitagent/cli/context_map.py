"""`git agent context --map`: the folders of a commit, what they define, what was said of them."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.domain.folder import Folder

INDENT = "    "
NARROWEST = 40


def context_map(*, base: str, depth: int | None, limit: int | None, as_json: bool) -> None:
    """Print the map; `depth` None shows all folders, `limit` so many of the largest."""
    from gitagent.cli import here
    from gitagent.cli.screen import Progress, print_rows
    from gitagent.folders import mapped
    from gitagent.searching import index_of

    site = here.site(base)
    commit = site.repo.resolve(base)
    tree = site.repo.tree_of(commit)
    progress = Progress()
    with index_of(site, site.repo, commit, progress) as index:
        found = mapped(
            site.repo, tree, lambda path: index.outline(tree, path), ignore=site.config.ignore
        )
    progress.close()
    shown = _chosen(found, depth, limit)
    if as_json:
        print_rows(map(_row, shown))
        return
    if not found:
        click.echo("There is no file to be mapped.", err=True)
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for folder in shown:
        _print(folder, columns)
    if len(shown) < len(found):
        click.echo(f"{len(found) - len(shown)} folders more are not shown.", err=True)


def _chosen(folders: Sequence[Folder], depth: int | None, limit: int | None) -> list[Folder]:
    near = [folder for folder in folders if depth is None or folder.depth <= depth]
    largest = set(sorted(near, key=lambda folder: -folder.size)[:limit])
    return [folder for folder in near if folder in largest]


def _print(folder: Folder, columns: int | None) -> None:
    from gitagent.cli.screen import amount, printable

    name = printable(f"{folder.path}/" if folder.path else "./")
    count = f"{folder.files} file{'s' * (folder.files != 1)}, {amount(folder.size)}"
    click.echo(f"{click.style(name, bold=True)}  {click.style(count, dim=True)}")
    said = printable(folder.summary or ", ".join(folder.names))
    width = max((columns or 0) - 1, NARROWEST) if columns else len(said) + len(INDENT) + 1
    for line in textwrap.wrap(said, width, initial_indent=INDENT, subsequent_indent=INDENT):
        click.echo(line)


def _row(folder: Folder) -> dict[str, Any]:
    return {
        "path": folder.path,
        "tree": folder.tree,
        "files": folder.files,
        "bytes": folder.size,
        "names": folder.names,
        "summary": folder.summary or None,
    }
