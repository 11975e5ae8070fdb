"""The program `git-agent`: finds the command, and turns what goes wrong into one clear sentence.

Only click is loaded here, so that `-h` and `--version` answer at once.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import sys
from typing import Any, NoReturn, TypeGuard

import click

from gitagent import __version__
from gitagent.errors import USAGE_EXIT_CODE, AgentError, Ending, Interrupted

PROGRAM = "git agent"
COMPLETE_VARIABLE = "_GIT_AGENT_COMPLETE"

COMMANDS = {
    "task": "Turn a sentence into a branch of gated commits.",
    "resume": "Go on with a task that was interrupted.",
    "list": "List the tasks of this repository.",
    "show": "Show one task with its evidence.",
    "diff": "Show what a task, or one step of it, changes.",
    "log": "Show the commits of a task.",
    "accept": "Cherry-pick a task's commits onto your branch.",
    "drop": "Give a task up and remove its branch.",
    "gc": "Drop tasks that ended long ago, and clean up.",
    "patch": "Write a task as patch files for `git am`.",
    "replay": "Rebuild the trees of a recorded task, offline.",
    "context": "Rank the files that a text is about.",
    "ask": "Answer a question about the repository, with sources.",
    "index": "Bring the index up to date, or say what it has.",
    "cost": "Sum up what model calls cost.",
    "trace": "Show what a task did when, over all its runs.",
    "models": "List models, or pull the local one.",
    "config": "Show, make or check the configuration.",
    "doctor": "Say what is here, what is missing, and how to get it.",
    "demo": "Run the main job on a sample repository.",
}


# commands whose function cannot have their name
_BUILT_IN = {"list": "list_"}


class Commands(click.Group):
    """Knows every command by name and loads the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"gitagent.cli.{cmd_name}")
        command: click.Command = getattr(module, _BUILT_IN.get(cmd_name, cmd_name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message=f"{PROGRAM} version %(version)s")
def cli() -> None:
    """A git-native AI coding bot: a sentence becomes a branch that you review with git.

    Your HEAD, index, files, config and hooks stay as they are; the agent's work is on a branch
    of its own until you accept it.
    """


def run() -> NoReturn:
    """The process boundary; the exit code is that of the ending."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # what an old terminal's encoding lacks is shown as an escape
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(prog_name=PROGRAM, standalone_mode=False, complete_var=COMPLETE_VARIABLE)
        sys.stdout.flush()
    except AgentError as error:
        code = _fail(str(error), error.hint, error.exit_code)
    except click.ClickException as error:
        error.show()
        code = _document(error.format_message(), "", USAGE_EXIT_CODE)
    except (KeyboardInterrupt, click.Abort):
        code = _fail(str(Interrupted()), Interrupted.hint, Ending.INTERRUPTED.exit_code)
    except BrokenPipeError:
        # the reader went away, as `| head` does; nothing more can be told to it
        _print_no_more()
        code = 0
    except Exception as error:  # noqa: BLE001  an unexpected error becomes a log with a path
        if _is_of_stdout(error):
            _print_no_more()
            said = f"The output cannot be written: {error.strerror}."
            code = _fail(said, "What was done is done.", Ending.INTERRUPTED.exit_code)
        else:
            from gitagent.cli.crash import report

            code = _fail(*report(error), Ending.INTERNAL.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _is_of_stdout(error: Exception) -> TypeGuard[OSError]:
    """Whether a write to the standard output failed: the next one fails, too."""
    if not isinstance(error, OSError) or error.errno is None:
        return False
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except OSError as again:
        return again.errno == error.errno
    return False


def _print_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(_signal: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _fail(message: str, hint: str, code: int) -> int:
    from gitagent.cli.screen import printable
    from gitagent.redaction import Redactor

    hide = Redactor.of(os.environ).hide
    message, hint = hide(message), hide(hint)
    text = printable(f"{PROGRAM}: {message}")
    click.echo(f"{text}\n  {printable(hint)}" if hint else text, err=True)
    return _document(message, hint, code)


def _document(message: str, hint: str, code: int) -> int:
    """What a script reads where it asked for JSON; the code, as it is."""
    if "--json" in sys.argv[1:]:
        click.echo(json.dumps({"error": message, "hint": hint, "exit_code": code}))
    return code
