"""How an Elixir project is checked: `mix compile`, and `mix test` for each app."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from gitagent.domain.verdict import Bring, GateCommand
from gitagent.gates.mix_report import FROM, NAME, PROGRAM, REPORT, TO
from gitagent.gates.project import Project
from gitagent.gates.toolchains.apps import App, apps
from gitagent.gates.toolchains.installed import home_of, path_with, root_of, seen, several

# Mix compares times before it compares contents. What the user built can be younger than the
# export and come from other sources: with the lists of what was built made old, contents decide.
# `AGENT_GATE_FROM` is where a suite's paths start, for mix goes into each app's folder.
_RUN = f"""
if [ -d "$1" ] && [ ! -e "$1/.aged" ]; then
  find "$1" -path '*/.mix/compile.*' -exec touch -d @0 {{}} +
  : > "$1/.aged"
fi
shift
{FROM}=$PWD
export {FROM}
exec "$@"
"""
_DATABASE = re.compile(r"\btest:\s*\[[^\]]*\"ecto\.")
_SERVERS = re.compile(r"\bEcto\.Adapters\.(Postgres|MyXQL|Tds)\b")


def commands(project: Project) -> tuple[GateCommand, ...]:
    """Nothing for an app that cannot be built on this machine; `missing` says why."""
    tools = _Tools.find(project)
    if tools is None:
        return ()
    every = {app.folder: app for app in apps(project)}
    found: list[GateCommand] = []
    for app in every.values():
        top = every[app.umbrella] if app.umbrella is not None else app
        if tools.refuse(top, every) or tools.lack(top, every) or _absent(project, top, every):
            continue
        if app is top:
            found.append(tools.compiling(app, every))
        if not app.apps and _tests(project, app) and not _server(project, app):
            found.append(tools.testing(app, top, every))
    return tuple(sorted(found, key=lambda command: (command.folder, command.stage)))


def missing(project: Project) -> tuple[str, ...]:
    every = {app.folder: app for app in apps(project)}
    if not every:
        return ()
    tools = _Tools.find(project)
    if tools is None:
        how = "Install Debian's package `elixir`, or as elixir-lang.org says."
        return (f"mix.exs: there is no elixir on this machine. {how}",)
    return tuple(
        sentence for app in every.values() for sentence in _missing(project, app, every, tools)
    )


def _missing(project: Project, app: App, every: Mapping[str, App], tools: _Tools) -> Iterator[str]:
    file = posixpath.join(app.folder, "mix.exs")
    absent = _absent(project, app, every) if app.umbrella is None else []
    if absent:
        yield (
            f"{file}: dependencies are not in its folder {app.deps} ({several(absent)}), so it is "
            "not checked. To get them: `mix deps.get` in your checkout."
        )
    if app.umbrella is None and tools.refuse(app, every):
        newest = max(each.version for each in _whole(app, every))
        asked, own = (".".join(map(str, version)) for version in (newest, tools.version))
        yield (
            f"{file}: it asks for Elixir {asked}, this machine has {own}, so it is not checked. "
            "The newer version is at elixir-lang.org."
        )
    if app.umbrella is None and tools.lack(app, every):
        yield f"{file}: it needs Hex, which is not installed: `mix local.hex`."
    if server := _server(project, app):
        yield (
            f"{file}: its tests begin with a database on a server ({server}), which the gate does "
            "not have, so it is compiled only. Tests that need none can be named as gate.commands."
        )


def _absent(project: Project, app: App, every: Mapping[str, App]) -> list[str]:
    """Dependencies of an app, or of all apps of an umbrella, that the checkout does not have."""
    wanted = {name: each.deps for each in _whole(app, every) for name in each.outside}
    return sorted(name for name, deps in wanted.items() if not _is_there(project, deps, name))


def _is_there(project: Project, deps: str, name: str) -> bool:
    folder = posixpath.join(deps, name)
    in_tree = any(path.startswith(f"{folder}/") for path in project.files)
    return in_tree or (project.checkout is not None and (project.checkout / folder).is_dir())


def _whole(app: App, every: Mapping[str, App]) -> list[App]:
    return [app, *(every[folder] for folder in app.apps)]


def _tests(project: Project, app: App) -> bool:
    tests = posixpath.join(app.folder, "test", "")
    return any(path.startswith(tests) and path.endswith("_test.exs") for path in project.files)


def _server(project: Project, app: App) -> str:
    """The kind of database that `mix test` creates first; empty where it creates none."""
    if not _DATABASE.search(project.text(posixpath.join(app.folder, "mix.exs"))):
        return ""
    inside = posixpath.join(app.folder, "")
    for path in project.files:
        if path.startswith(inside) and path.endswith(("repo.ex", "config/test.exs", "config.exs")):
            found = _SERVERS.search(project.text(path))
            if found:
                return found[1]
    return ""


class _Tools:
    """The installed Elixir and what this user has for mix."""

    def __init__(self, project: Project, elixir: Path, erlang: Path | None) -> None:
        self._project = project
        self._elixir = elixir
        self._erlang = erlang
        given = project.environ.get("MIX_HOME", "")
        rebar = project.environ.get("MIX_REBAR3", "")
        self._rebar = Path(rebar) if rebar.startswith("/") and Path(rebar).is_file() else None
        self._home = Path(given) if given.startswith("/") else home_of(project, ".mix")

    @classmethod
    def find(cls, project: Project) -> _Tools | None:
        elixir = root_of(project, "elixir", "lib/elixir/ebin", "elixir")
        erlang = root_of(project, "erl", "releases", "erlang")
        return cls(project, elixir, erlang) if elixir is not None else None

    @property
    def version(self) -> tuple[int, ...]:
        """Empty where Elixir does not say which one it is."""
        try:
            text = (self._elixir / "lib/elixir/ebin/elixir.app").read_text("utf-8", "replace")
        except OSError:
            return ()
        found = re.search(r'\{vsn,\s*"(\d+(?:\.\d+)+)', text)
        return tuple(map(int, found[1].split("."))) if found else ()

    def refuse(self, app: App, every: Mapping[str, App]) -> bool:
        """Whether mix would not run an app, or one of an umbrella's, with this Elixir."""
        own = self.version
        return bool(own) and any(each.version > own for each in _whole(app, every))

    def lack(self, app: App, every: Mapping[str, App]) -> bool:
        """Whether an app needs Hex and there is none."""
        if not any(each.from_hex for each in _whole(app, every)):
            return False
        home = self._home
        return home is None or not any(home.glob("**/archives/hex-*"))

    def compiling(self, app: App, every: Mapping[str, App]) -> GateCommand:
        whole = _whole(app, every)
        uses = {folder for each in whole for folder in (each.folder, *_below(each, every))}
        return self._command(
            "mix compile" + (f" in {app.folder}" if app.folder else ""),
            app,
            ("-S", "mix", "compile", *self._unchecked(app, every)),
            package=app.folder,
            uses=tuple(sorted(uses - {app.folder})),
            stage="compile",
        )

    def testing(self, app: App, top: App, every: Mapping[str, App]) -> GateCommand:
        # From within an app of an umbrella, mix would not compile the apps beside it.
        run = (
            *("-e", PROGRAM, "-S", "mix", "test", "--seed", "0", "--no-color"),
            *("--formatter", "ExUnit.CLIFormatter", "--formatter", NAME),
            *self._unchecked(top, every),
        )
        where = posixpath.relpath(posixpath.join(app.folder, "test"), top.folder or ".")
        return self._command(
            "mix test" + (f" in {app.folder}" if app.folder else ""),
            top,
            (*run, where) if app is not top else run,
            package=app.folder,
            uses=_below(app, every),
            narrow=run,
        )

    def _unchecked(self, app: App, every: Mapping[str, App]) -> tuple[str, ...]:
        """How to take the dependencies as they are.

        Mix refuses those that differ from the tree's lock file, which may be of another commit.
        But what is not checked is not built, either, and an app of this tree may have changed.
        """
        own = {folder for each in _whole(app, every) for folder in each.uses}
        if own - {each.folder for each in _whole(app, every)}:
            return ()
        lock = posixpath.join(app.folder, "mix.lock")
        checkout = self._project.checkout
        try:
            theirs = (checkout / lock).read_text("utf-8", "replace") if checkout else ""
        except OSError:
            theirs = ""
        return () if theirs == self._project.text(lock) else ("--no-deps-check",)

    def _command(
        self,
        name: str,
        top: App,
        run: tuple[str, ...],
        *,
        package: str,
        uses: tuple[str, ...],
        stage: str = "test",
        narrow: tuple[str, ...] = (),
    ) -> GateCommand:
        build = posixpath.relpath(top.build, top.folder or ".")
        shell = ("sh", "-c", _RUN, "sh", build, str(self._elixir / "bin" / "elixir"))
        return GateCommand(
            name,
            (*shell, *run),
            "mix",
            folder=top.folder,
            env=self._environment(),
            brings=self._brings(top),
            stage="compile" if stage == "compile" else "test",
            package=package,
            uses=uses,
            narrow=(*shell, *narrow) if narrow else (),
            tool=f"elixir {'.'.join(map(str, self.version))}".rstrip(),
        )

    def _environment(self) -> tuple[tuple[str, str], ...]:
        programs = [root / "bin" for root in (self._elixir, self._erlang) if root is not None]
        home = self._home
        return (
            ("PATH", path_with(*programs)),
            ("MIX_ENV", "test"),
            *((("MIX_HOME", str(home)),) if home is not None and home.is_dir() else ()),
            *((("MIX_REBAR3", str(self._rebar)),) if self._rebar is not None else ()),
            ("HEX_OFFLINE", "1"),
            # Erlang reads and writes names and texts by the locale.
            ("LANG", "C.UTF-8"),
            ("LC_ALL", "C.UTF-8"),
            (TO, f"{{results}}/{REPORT}"),
        )

    def _brings(self, top: App) -> tuple[Bring, ...]:
        places = []
        checkout = self._project.checkout
        for at in (top.deps, top.build):
            inside = not at.startswith("..")
            tracked = any(path.startswith(f"{at}/") for path in self._project.files)
            if checkout is not None and inside and not tracked and (checkout / at).is_dir():
                # Some dependencies are built in their own folders.
                places.append(Bring(str(checkout / at), at, "scratch"))
        home = (Bring(str(self._home)),) if self._home and self._home.is_dir() else ()
        return (*seen(self._elixir), *seen(self._erlang), *seen(self._rebar), *home, *places)


def _below(app: App, every: Mapping[str, App]) -> tuple[str, ...]:
    found: set[str] = set()
    todo = list(app.uses)
    while todo:
        folder = todo.pop()
        if folder not in found:
            found.add(folder)
            todo += every[folder].uses if folder in every else ()
    return tuple(sorted(found - {app.folder}))
