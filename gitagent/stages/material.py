"""Files and output as a model reads them; the same words in every prompt, so that caches hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from gitagent.domain.code import Definition
from gitagent.domain.context import Context, Excerpt
from gitagent.domain.want import Want
from gitagent.stages.prompts import render

LONGEST_LINE, LONGEST_ASK = 160, 200
LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".rs": "rust",
    ".ex": "elixir",
    ".exs": "elixir",
    ".go": "go",
    ".rb": "ruby",
    ".md": "markdown",
}


def one_line(text: str, most: int) -> str:
    """The text on one line of so many characters, without what a terminal or model may obey."""
    plain = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    line = " ".join(plain.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def ask(want: Want) -> str:
    """What a model asked for, on a line."""
    return one_line(str(want), LONGEST_ASK)


def definition(found: Definition) -> str:
    """Where something is defined, and the line that introduces it."""
    said = f"{found.scope}: {found.signature}" if found.scope else found.signature
    return f"{found.path}:{found.span.start}-{found.span.end}: {one_line(said, LONGEST_LINE)}"


def line(path: str, n: int, text: str) -> str:
    """A line with its place."""
    return f"{path}:{n}: {one_line(text, LONGEST_LINE)}"


def question(context: Context, failing_tests: str, task: str, wanted: str = "") -> str:
    """What all questions of a task begin with: the files, what fails now, the task. Tests that say
    what is `wanted` take the place of their failing."""
    return render(
        "task",
        files=files(context.excerpts),
        listing=listing(context),
        failing=render("tests", tests=wanted) if wanted else failing(failing_tests),
        task=task,
    )


def files(excerpts: Sequence[Excerpt]) -> str:
    """Each excerpt under its path, fenced; the best stands last, nearest to the task."""
    if not excerpts:
        return ""
    return "# Files\n\n" + "\n\n".join(map(file, reversed(excerpts))) + "\n"


def looked(excerpts: Sequence[Excerpt]) -> str:
    """What the model asked to see in an earlier try, and made use of."""
    if not excerpts:
        return ""
    return "# More files, as you asked to see them\n\n" + "\n\n".join(map(file, excerpts)) + "\n\n"


def listing(context: Context) -> str:
    """The paths that are not shown, one a line."""
    shown = {excerpt.path for excerpt in context.excerpts}
    others = [path for path in context.listing if path not in shown]
    return "# Other files, not shown\n\n" + "\n".join(others) + "\n" if others else ""


def folders(context: Context) -> str:
    """What was said of folders, one a line."""
    return "# Folders\n\n" + "\n".join(context.folders) + "\n\n" if context.folders else ""


def failing(output: str) -> str:
    return render("failing", output=output.strip()) if output.strip() else ""


def file(excerpt: Excerpt) -> str:
    """One excerpt, fenced, under its path and what of the file it is."""
    fence = "`" * max(3, _longest_run(excerpt.text) + 1)
    language = LANGUAGES.get(PurePosixPath(excerpt.path).suffix, "")
    part = "" if excerpt.whole else f" (only {_lines(excerpt)}; the rest is not shown)"
    end = "" if excerpt.text.endswith("\n") else "\n"
    return f"{excerpt.path}{part}\n{fence}{language}\n{excerpt.text}{end}{fence}"


def _lines(excerpt: Excerpt) -> str:
    return "lines " + ", ".join(f"{span.start}-{span.end}" for span in excerpt.spans)


def _longest_run(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
