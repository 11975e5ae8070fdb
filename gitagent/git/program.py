"""The one place that runs the git program, for what pygit2 has no equal to.

The user's environment and configuration may name programs to run and hold keys; none of that
applies here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitagent.errors import Internal, UsageError
from gitagent.git.repository import GitRepo

SAFE = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "safe.bareRepository=explicit",
    "-c",
    "protocol.ext.allow=never",
    "-c",
    "core.quotePath=true",
)

PASSED_ON = (
    "PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE",
    "LC_MESSAGES",
)  # fmt: skip

# The same patch whatever `format.*`, `diff.*` and `log.*` say; `git am` must take it.
PLAIN_PATCH = (
    "--binary",
    "--full-index",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    "--unified=3",
    "-O/dev/null",
    "--no-show-signature",
    "--no-signature",
    "--no-attach",
    "--no-thread",
    "--no-signoff",
    "--no-cover-letter",
    "--no-add-header",
    "--no-to",
    "--no-cc",
    "--no-notes",
    "--no-base",
    "--subject-prefix=PATCH",
    "--suffix=.patch",
)

# What was promised to a partial clone is elsewhere, and is not fetched to be counted.
DISK_USE = ("rev-list", "--objects", "--disk-usage", "--exclude-promisor-objects")
LASTING = ("--exclude=agent/*", "--branches", "--tags", "--remotes")


def format_patch(repo: GitRepo, base: str, head: str, folder: Path) -> list[Path]:
    """Patch files for the commits from `base` to `head`, as `git am` takes them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}.") from error
    into = f"--output-directory={folder.resolve()}"
    said = _git(repo, "format-patch", *PLAIN_PATCH, into, f"{base}..{head}", "--")
    return [Path(line) for line in said.splitlines()]


def left_out(repo: GitRepo) -> frozenset[str]:
    """The paths that a sparse checkout leaves out; they are in the index and not on disk."""
    listed = _git(repo, "ls-files", "-t", "-z", "--sparse").split("\0")
    return frozenset(line[2:] for line in listed if line.startswith("S "))


def disk_use_of(repo: GitRepo, task_id: str) -> int:
    """Bytes that a task's log and branch take beside what its base has."""
    return int(_git(repo, *DISK_USE, f"refs/gitagent/{task_id}", "--not", *LASTING, "--"))


def disk_use_of_all(repo: GitRepo) -> int:
    """Bytes that all tasks take together, the salvaged ones too, beside people's branches."""
    agents = ("--glob=refs/gitagent", "--glob=refs/heads/agent")
    return int(_git(repo, *DISK_USE, *agents, "--not", *LASTING, "--"))


def version() -> str:
    """What `git --version` says."""
    return _run([_program(), "--version"])


def _git(repo: GitRepo, *words: str) -> str:
    return _run([_program(), *SAFE, f"--git-dir={repo.pygit2.path}", *words], repo.folder)


def _run(command: list[str], folder: Path | None = None) -> str:
    """Runs in `folder`, since the current one may be gone. UsageError where there is no git."""
    import git

    with _clean_environment():
        try:
            return str(git.Git(folder).execute(command, stdout_as_string=True))
        except git.GitCommandNotFound as error:
            raise UsageError("The git program cannot be found.", hint="Install git.") from error
        except git.GitCommandError as error:
            said = str(error.stderr).strip()
            raise Internal(f"git failed: {said}") from error


def _program() -> str:
    try:
        with _clean_environment():
            import git
    except ImportError as error:
        # GitPython looks for the program when it is imported
        raise UsageError("The git program cannot be found.", hint="Install git.") from error
    return str(git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git")


@contextmanager
def _clean_environment() -> Iterator[None]:
    """Only what git needs while it runs; GitPython offers no way to leave a variable out."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name not in PASSED_ON}
    os.environ["GIT_TERMINAL_PROMPT"] = "0"
    try:
        yield
    finally:
        del os.environ["GIT_TERMINAL_PROMPT"]
        os.environ.update(taken)
