"""How a Rust project is checked: a workspace is compiled at once, its crates are tested singly."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from gitagent.domain.verdict import Bring, GateCommand
from gitagent.gates.project import Project
from gitagent.gates.toolchains.crates import Crate, Workspace, below, workspaces
from gitagent.gates.toolchains.installed import path_with, seen, several
from gitagent.gates.toolchains.registry import (
    absent,
    cargo_home,
    downloaded,
    vendored,
    withheld,
)
from gitagent.gates.toolchains.rustup import Rust, rust

_TARGET = "target"

# Cargo compares times to find out what is built already. The user's own builds can be younger than
# the export and come from other sources: what is built of the tree's own crates is forgotten, once
# for all commands that share the folder. What they depend on is known by its version and stays.
_FORGET = r"""
if [ -d target ] && [ ! -e target/.forgotten ]; then
  find "$1" -name target -prune -o -name Cargo.toml -exec sed -n \
    "s/^[[:space:]]*name[[:space:]]*=[[:space:]]*[\"']\([A-Za-z0-9_-]*\)[\"'].*/\1/p" {} + |
  sort -u | while read -r name; do
    for kind in target/* target/*/*; do
      rm -rf "$kind/.fingerprint/$name"-???????????????? "$kind/build/$name"
    done
  done
  : > target/.forgotten
fi
shift
"""
_RUN = f'{_FORGET}exec "$@"'

# `cargo test` takes targets, not files: a file in tests/ is one, all others are the crate's.
_RUN_NEAREST = (
    _FORGET
    + r"""
folder=$1 own=$2 cargo=$3 crate=$4 inside=
shift 4
for file; do
  shift
  path=${file#"$folder"}
  case $path in
    tests/*/main.rs) path=${path#tests/}; set -- "$@" --test "${path%%/*}";;
    tests/*/*) inside=--tests;;
    tests/*.rs) path=${path#tests/}; set -- "$@" --test "${path%.rs}";;
    *) inside=${inside:-$own};;
  esac
done
exec "$cargo" test --offline --no-fail-fast -p "$crate" $inside "$@"
"""
)


def commands(project: Project) -> tuple[GateCommand, ...]:
    """Nothing for a workspace that cannot be built on this machine; `missing` says why."""
    every = workspaces(project)
    known = {crate.folder: crate for workspace in every for crate in workspace.crates}
    found: list[GateCommand] = []
    for workspace in every:
        toolchain = rust(project, workspace.folder)
        if toolchain is not None and _linker(project) and not absent(project, workspace):
            found += _Commands(project, workspace, toolchain, known).all()
    return tuple(found)


def missing(project: Project) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            sentence
            for workspace in workspaces(project)
            for sentence in _missing(project, workspace)
        )
    )


def _missing(project: Project, workspace: Workspace) -> Iterator[str]:
    manifest = posixpath.join(workspace.folder, "Cargo.toml")
    toolchain = rust(project, workspace.folder)
    if toolchain is None:
        yield (
            f"{manifest}: there is no cargo on this machine. Install Rust by rustup, as "
            "rust-lang.org says, or Debian's package `cargo`."
        )
        return
    if toolchain.instead_of:
        yield (
            f"{manifest}: Rust {toolchain.instead_of}, which the project asks for, is not "
            f"installed; {toolchain.folder.name} is used. To get it: "
            f"`rustup toolchain install {toolchain.instead_of}`."
        )
    if not _linker(project):
        yield f"{manifest}: there is no linker (`cc`). Install Debian's package `gcc`."
    crates = absent(project, workspace)
    if crates:
        yield (
            f"{manifest}: crates that it needs are not on this machine ({several(crates)}), so it "
            "is not checked. To get them: `cargo fetch` in your checkout."
        )
    if withheld(project):
        yield (
            f"{manifest}: {withheld(project)} is not used, for it may hold a password or a proxy. "
            "What builds need of it can be moved to the project's .cargo/config.toml."
        )


def _linker(project: Project) -> bool:
    return any(project.program(name) for name in ("cc", "gcc", "clang"))


class _Commands:
    """The commands of one workspace."""

    def __init__(
        self,
        project: Project,
        workspace: Workspace,
        toolchain: Rust,
        known: Mapping[str, Crate],
    ) -> None:
        self._project = project
        self._workspace = workspace
        self._cargo = str(toolchain.programs / "cargo")
        self._known = known
        self._tool = f"cargo of {toolchain.folder.name}"
        home = cargo_home(project)
        self._brings = (
            *seen(toolchain.folder),
            *downloaded(project),
            *vendored(project, workspace),
            *self._built(),
        )
        self._env = (
            ("PATH", path_with(toolchain.programs)),
            *((("CARGO_HOME", str(home)),) if home and downloaded(project) else ()),
            ("CARGO_NET_OFFLINE", "true"),
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_TERM_PROGRESS_WHEN", "never"),
            # Nothing is built twice in a folder that is thrown away.
            ("CARGO_INCREMENTAL", "0"),
            ("RUST_BACKTRACE", "0"),
        )

    def all(self) -> Iterator[GateCommand]:
        yield self._compile()
        yield from (self._test(crate) for crate in self._workspace.crates)

    def _compile(self) -> GateCommand:
        folder = self._workspace.folder
        own = {crate.folder for crate in self._workspace.crates}
        uses = own.union(*(below(crate, self._known) for crate in self._workspace.crates))
        # What `check` makes is of no use to `test`, nor the other way: where crates from outside
        # would have to be checked first, it takes longer than what `test` has to do anyway.
        cheap = not any(crate.outside for crate in self._workspace.crates) or self._checked()
        words = ("check", "--tests") if cheap else ("test", "--no-run")
        run = (self._cargo, *words, "--workspace", "--offline")
        return self._command(
            f"cargo {' '.join(words)}".removesuffix(" --tests")
            + (f" in {folder}" if folder else ""),
            ("sh", "-c", _RUN, "sh", self._above, *run),
            package=folder,
            uses=tuple(sorted(uses - {folder})),
            stage="compile",
        )

    def _test(self, crate: Crate) -> GateCommand:
        folder = self._workspace.folder
        run = (self._cargo, "test", "--offline", "--no-fail-fast", "-p", crate.name)
        return self._command(
            f"cargo test -p {crate.name}" + (f" in {folder}" if folder else ""),
            ("sh", "-c", _RUN, "sh", self._above, *run),
            package=crate.folder,
            uses=below(crate, self._known),
            narrow=self._nearest(crate),
        )

    def _nearest(self, crate: Crate) -> tuple[str, ...]:
        if not crate.usual_tests:
            return ()
        own = " ".join(
            option
            for option, there in (("--lib", crate.library), ("--bins", crate.programs))
            if there
        )
        inside = posixpath.relpath(crate.folder or ".", self._workspace.folder or ".")
        folder = "" if inside == "." else f"{inside}/"
        told = (self._above, folder, own, self._cargo, crate.name)
        return ("sh", "-c", _RUN_NEAREST, "sh", *told)

    def _command(
        self,
        name: str,
        argv: tuple[str, ...],
        *,
        package: str,
        uses: tuple[str, ...],
        stage: str = "test",
        narrow: tuple[str, ...] = (),
    ) -> GateCommand:
        return GateCommand(
            name,
            argv,
            "cargo",
            folder=self._workspace.folder,
            env=self._env,
            brings=self._brings,
            stage="compile" if stage == "compile" else "test",
            package=package,
            uses=uses,
            narrow=narrow,
            tool=self._tool,
        )

    @property
    def _above(self) -> str:
        """The tree's root, seen from the workspace."""
        return posixpath.relpath(".", self._workspace.folder or ".")

    def _built(self) -> Iterator[Bring]:
        target = self._target()
        if target is not None:
            at = posixpath.join(self._workspace.folder, _TARGET)
            yield Bring(str(target), at, "scratch")

    def _target(self) -> Path | None:
        """Where the user's own builds are."""
        at = posixpath.join(self._workspace.folder, _TARGET)
        checkout = self._project.checkout
        tracked = any(path.startswith(f"{at}/") for path in self._project.files)
        if checkout is None or tracked or not (checkout / at).is_dir():
            return None
        return checkout / at

    def _checked(self) -> bool:
        """Whether about all that was built was checked, too: an editor does that."""
        target = self._target()
        if target is None:
            return False
        made = [path.stem for path in target.glob("debug/deps/*.rmeta")]
        built = {path.stem for path in target.glob("debug/deps/*.rlib")}
        return sum(stem not in built for stem in made) > len(built) // 2
