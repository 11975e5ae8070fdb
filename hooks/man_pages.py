#!/usr/bin/env python
"""Write docs/man out of the commands themselves, so that git's own help cannot say anything else.

`git agent --help` and `git help agent-task` open these pages: git looks for a manual page before
it asks the program. They carry the version and no date, so that the same commands always give the
same bytes.

    python hooks/man_pages.py            write what is out of date, and say so with exit code 1
    python hooks/man_pages.py --check    write nothing
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "man"
sys.path.insert(0, str(ROOT))

import click  # noqa: E402

from gitagent import __version__  # noqa: E402
from gitagent.cli.main import COMMANDS, PROGRAM, cli  # noqa: E402
from gitagent.errors import USAGE_EXIT_CODE, AgentError, Ending  # noqa: E402

UNWRAPPED = "\b"

PLACES = {
    "gitagent.toml": "At the top of a repository: the settings that everybody who works on it "
    "shares. In your configuration folder: your own, endpoints, budget and models among them. "
    "`git agent config show` says what applies and where it came from.",
    "refs/heads/agent/*": "The branches of tasks, one commit a step.",
    "refs/gitagent/*": "All that is known of each task: what was asked, what the models were "
    "told and answered, the verdicts and the cost. Push and fetch them to go on elsewhere.",
}


def main(arguments: list[str]) -> int:
    """0 where the pages are those of the commands, 1 where they are not or were not."""
    wanted = pages()
    present = {path.name: path.read_text() for path in PAGES.glob("*.1")}
    stale = sorted(name for name in wanted | present if wanted.get(name) != present.get(name))
    for name in stale:
        print(f"docs/man/{name} is out of date")
        if "--check" not in arguments:
            _put(PAGES / name, wanted.get(name))
    return 1 if stale else 0


def pages() -> dict[str, str]:
    """Every page by its file name."""
    top = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
    written = {"git-agent.1": "\n".join(_program(top)) + "\n"}
    for name, brief in COMMANDS.items():
        command = cli.get_command(top, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=top)
        written[f"git-agent-{name}.1"] = "\n".join(_command(context, brief)) + "\n"
        # `git help agent-task` asks for this name: agent-task is no command that git can find
        written[f"gitagent-{name}.1"] = f".so man1/git-agent-{name}.1\n"
    return written


def _put(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _program(context: click.Context) -> Iterator[str]:
    yield from _head("git-agent", "turn a sentence into a branch that you review with git")
    yield from _synopsis(context)
    yield from _description(context.command)
    yield ".SH COMMANDS"
    for name, brief in COMMANDS.items():
        yield from (".TP", rf"\fBgit\-agent\-{name}\fR(1)", _prose(brief))
    yield from _options(context, ".SH OPTIONS")
    yield ".SH EXIT STATUS"
    for code, meaning in _endings():
        yield from (".TP", rf"\fB{code}\fR", _prose(meaning))
    yield ".SH FILES AND REFS"
    for place, what in PLACES.items():
        yield from (".TP", rf"\fI{_escaped(place)}\fR", _prose(what))
    yield from _see_also([f"git-agent-{name}" for name in COMMANDS])


def _command(context: click.Context, brief: str) -> Iterator[str]:
    yield from _head(f"git-agent-{context.info_name}", brief.rstrip("."))
    yield from _synopsis(context)
    yield from _description(context.command)
    yield from _options(context, ".SH OPTIONS")
    if isinstance(context.command, click.Group):
        yield ".SH COMMANDS"
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            inner = click.Context(command, info_name=name, parent=context)
            yield from (f".SS {_escaped(_usage(inner))}", *_body(command))
            yield from _options(inner, "", without=("-h", "--help"))
    yield from _examples(context.command)
    yield from _see_also(["git-agent"])


def _head(title: str, brief: str) -> Iterator[str]:
    yield '.\\" Written by hooks/man_pages.py out of the commands; edit those.'
    yield f'.TH "{title.upper()}" "1" "" "gitagent {__version__}" "Git Agent Manual"'
    yield from (".nh", ".ad l", ".SH NAME")
    yield rf"{_escaped(title)} \- {_prose(brief[0].lower() + brief[1:])}"


def _synopsis(context: click.Context) -> Iterator[str]:
    yield from (
        ".SH SYNOPSIS",
        rf"\fB{_escaped(context.command_path)}\fR {_escaped(_words(context))}",
    )


def _words(context: click.Context) -> str:
    return " ".join(context.command.collect_usage_pieces(context))


def _usage(context: click.Context) -> str:
    return f"{context.command_path} {_words(context)}".removesuffix(" [OPTIONS]").strip()


def _description(command: click.Command) -> Iterator[str]:
    yield from (".SH DESCRIPTION", *_body(command))


def _body(command: click.Command) -> Iterator[str]:
    for n, paragraph in enumerate(p for p in _paragraphs(command) if not _is_example(p)):
        if n:
            yield ".PP"
        yield _prose(" ".join(paragraph.split()))


def _examples(command: click.Command) -> Iterator[str]:
    """A block that click is told not to wrap is a list of commands."""
    examples = [p for p in _paragraphs(command) if _is_example(p)]
    if examples:
        yield ".SH EXAMPLES"
    for example in examples:
        lines = [_escaped(line) for line in example.splitlines() if line.strip(UNWRAPPED)]
        yield from (".PP", ".RS 4", ".nf", *lines, ".fi", ".RE")


def _paragraphs(command: click.Command) -> Iterator[str]:
    return (p for p in re.split(r"\n\s*\n", cleandoc(command.help or "")) if p.strip())


def _is_example(paragraph: str) -> bool:
    return paragraph.startswith(UNWRAPPED)


def _options(context: click.Context, heading: str, without: Sequence[str] = ()) -> Iterator[str]:
    options = [p for p in context.command.get_params(context) if isinstance(p, click.Option)]
    options = [option for option in options if not {*option.opts} & {*without}]
    found = [record for option in options if (record := option.get_help_record(context))]
    if found and heading:
        yield heading
    for names, text in found:
        yield from (".TP", _option(names), _prose(text))


def _option(names: str) -> str:
    """`-o, --output DIRECTORY` with the names in bold and the value in italics."""
    flags = re.match(r"(?:--?[\w-]+(?:, |$)?)+", names)
    end = flags.end() if flags else 0
    bold = re.sub(r"--?[\w-]+", lambda m: rf"\fB{_escaped(m[0])}\fR", names[:end])
    value = names[end:].strip()
    return rf"{bold} \fI{_escaped(value)}\fR" if value else bold


def _endings() -> Iterator[tuple[int, str]]:
    """Exit codes, in the words of the exceptions that stand for them."""
    meanings = {Ending.DONE.exit_code: "Done, and what was to be gated is green."}
    for kind in AgentError.__subclasses__():
        code = USAGE_EXIT_CODE if kind.ending is None else kind.ending.exit_code
        meanings.setdefault(
            code, f"`{kind.ending or 'usage'}`: {(kind.__doc__ or '').splitlines()[0]}"
        )
    return iter(sorted(meanings.items()))


def _see_also(names: list[str]) -> Iterator[str]:
    yield ".SH SEE ALSO"
    yield ",\n".join(rf"\fB{_escaped(name)}\fR(1)" for name in [*names, "git"])


def _prose(text: str) -> str:
    """Text with what stands in backticks in bold."""
    parts = text.split("`")
    marked = [rf"\fB{_escaped(p)}\fR" if n % 2 else _escaped(p) for n, p in enumerate(parts)]
    return _line("".join(marked))


def _escaped(text: str) -> str:
    return _line(text.replace("\\", r"\e").replace("-", r"\-"))


def _line(text: str) -> str:
    """A dot or an apostrophe at the start of a line would be a command."""
    return rf"\&{text}" if text[:1] in (".", "'") else text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
