"""JavaScript and TypeScript: syntax, types, and the tests of each package, by its own runners.

They come from node_modules in the user's checkout; nothing is installed here, and no package
manager is run.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitagent.domain.verdict import Bring, GateCommand
from gitagent.gates.node import runners
from gitagent.gates.node.packages import Package, install, packages
from gitagent.gates.node.runners import Told
from gitagent.gates.node.scripts import Part, Script, bare, script_of
from gitagent.gates.node.syntax import OPTIONS, PROGRAM
from gitagent.gates.node.typescript import arguments
from gitagent.gates.project import Project

SYNTAX = "javascript syntax"
_NAMED = 3
_MODULES = "node_modules"
_SOURCES = (".js", ".mjs", ".cjs")
_TRANSPILED = ("@babel/core", "babel-core", "flow-bin", "react-scripts", "next", "@swc/core")
_ENV = (("CI", "1"), ("NO_COLOR", "1"), ("GATE_RESULTS", "{results}"))
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/opt")
_INSTALL_NODE = "Debian: `apt-get install nodejs`; else https://nodejs.org"


@dataclass(frozen=True)
class _Found:
    """Commands, what is missing in words, and what is not installed as (package.json, name)."""

    commands: tuple[GateCommand, ...] = ()
    missing: tuple[str, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()


def commands(project: Project) -> tuple[GateCommand, ...]:
    """Syntax and types first, then the tests of each package."""
    return _look(project).commands


def missing(project: Project) -> tuple[str, ...]:
    """What the packages need and this machine does not have, and how to get it."""
    return _look(project).missing


def _look(project: Project) -> _Found:
    here = packages(project)
    if not here:
        return _Found()
    node, why_not = _node(project)
    if node is None:
        return _Found(missing=(why_not,))
    there = _There(project, node, here)
    looks = [_syntax(there), *(_types(there, each) for each in here)]
    looks += [_tests(there, each) for each in here]
    commands_ = [command for look in looks for command in look.commands]
    said = [sentence for look in looks for sentence in look.missing]
    absent = [each for look in looks for each in look.absent]
    return _Found(tuple(commands_), (*_not_installed(project, absent), *dict.fromkeys(said)))


@dataclass(frozen=True)
class _There:
    """The packages, and what is installed for them in the user's checkout."""

    project: Project
    node: str
    packages: tuple[Package, ...]

    def installed(self, package: Package, path: str) -> Path | None:
        """A file below the node_modules from which a package may take it."""
        if self.project.checkout is None:
            return None
        for folder in (package.folder, *_above(package.folder)):
            found = self.project.checkout / folder / _MODULES / path
            if found.exists():
                return found
        return None

    def version(self, package: Package, name: str) -> str:
        """`name 1.2.3`; the name alone where nobody says the version."""
        manifest = self.installed(package, f"{name}/package.json")
        try:
            said = json.loads(manifest.read_bytes())["version"] if manifest else ""
        except (OSError, ValueError, KeyError, TypeError):
            said = ""
        return f"{name} {said}".strip()

    def brings(self, package: Package) -> tuple[Bring, ...]:
        """The node_modules of a package and of all that it uses, and node itself."""
        by_folder = {each.folder: each for each in self.packages}
        wanted, folders = [package.folder, *_above(package.folder)], set[str]()
        while wanted:
            folder = wanted.pop()
            if folder not in folders:
                folders.add(folder)
                wanted += by_folder[folder].uses if folder in by_folder else ()
        modules = (posixpath.join(folder, _MODULES) for folder in sorted(folders))
        checkout = self.project.checkout
        return (
            *_of_node(self.node),
            *(
                Bring(str(checkout / place), place, "scratch")
                for place in modules
                if checkout is not None and (checkout / place).is_dir()
            ),
        )

    def in_shell(self, package: Package, line: str) -> tuple[str, ...]:
        """A line for the shell, which finds programs where a package's script would."""
        ups = [
            posixpath.relpath(folder or ".", package.folder or ".")
            for folder in _above(package.folder)
        ]
        places = [
            f"$PWD/{posixpath.normpath(posixpath.join(up, _MODULES, '.bin'))}" for up in (".", *ups)
        ]
        if not self.node.startswith(_SYSTEM):
            places.append(posixpath.dirname(self.node))
        return ("sh", "-c", f'PATH="{":".join(places)}:$PATH"; export PATH; {line}', "sh")

    def command(
        self, package: Package, name: str, line: str, *, tool: str, **further: object
    ) -> GateCommand:
        titled = f"{name} {package.folder}" if package.folder else name
        command = GateCommand(
            titled,
            self.in_shell(package, line),
            folder=package.folder,
            env=_ENV,
            brings=self.brings(package),
            package=package.folder,
            uses=package.uses,
            tool=f"{tool}, node of {self.node}" if tool else f"node of {self.node}",
        )
        return GateCommand(**{**vars(command), **further})


def _syntax(there: _There) -> _Found:
    """One process for all files of packages that node runs as they are written."""
    plain = [each for each in there.packages if not set(_TRANSPILED) & set(each.needs)]
    folders = [each.folder or "." for each in plain]
    if "." in folders:
        folders = ["."]
    beginnings = ("",) if folders == ["."] else tuple(f"{folder}/" for folder in folders)
    files = (path for path in there.project.files if path.endswith(_SOURCES))
    if not any(beginnings and path.startswith(beginnings) for path in files):
        return _Found()
    argv = (there.node, *OPTIONS, PROGRAM, *folders)
    command = GateCommand(
        SYNTAX,
        argv,
        "compileall",
        brings=_of_node(there.node),
        stage="compile",
        tool=f"node of {there.node}",
    )
    return _Found((command,))


def _types(there: _There, package: Package) -> _Found:
    settings = posixpath.join(package.folder, "tsconfig.json")
    if settings not in there.project.files:
        return _Found()
    words = arguments(there.project.text(settings), has_members=package.has_members)
    if not words:
        return _Found()
    if there.installed(package, "typescript/package.json") is None:
        return _Found(absent=((package.manifest, "typescript"),))
    tool = there.version(package, "typescript")
    return _Found(
        (there.command(package, "tsc", f"tsc {words}", tool=tool, reads="tsc", stage="compile"),)
    )


def _tests(there: _There, package: Package) -> _Found:
    script = script_of(package.scripts)
    if script is None:
        return _Found()
    if not script.parts:
        return _whole(there, package, script)
    rows = [*_rows(there, package, script)]
    known = [(lead, part, name) for lead, part, name in rows if name]
    if known:
        return _joined([_runner(there, package, *row, several=len(known) > 1) for row in known])
    if not rows:
        return _browsers(package, script)
    declared = [name for name in ("vitest", "jest", "mocha", "ava") if name in package.needs]
    if len(declared) == 1 and there.installed(package, declared[0]):
        return _runner(there, package, [], Part(declared[0], (declared[0],), "test"), declared[0])
    return _whole(there, package, script)


def _rows(there: _There, package: Package, script: Script) -> Iterator[tuple[list[str], Part, str]]:
    """Each runner of a script, with the commands before it which it may need; nameless at the end.

    What only looks at the code is left out, what compiles it without writing is done already, and
    what runs the scripts of other packages has these packages' own commands for it.
    """
    lead: list[str] = []
    last: Part | None = None
    for part in script.parts:
        words = bare(part.words)
        if not words or part.fans_out or _only_looks(words):
            continue
        name = runners.recognised(part)
        if name:
            yield list(lead), part, name
            last = None
        else:
            lead.append(part.text)
            last = part
    if last is not None:
        yield lead, last, ""


def _only_looks(words: Sequence[str]) -> bool:
    program = words[0]
    return (
        program in runners.CHECKERS
        or program in runners.BROWSERS
        or (program in ("tsc", "vue-tsc") and "--noEmit" in words)
        or (program == "tsc" and not (set(words) & {"-b", "--build"}) and len(words) == 1)
    )


def _runner(
    there: _There,
    package: Package,
    lead: Sequence[str],
    part: Part,
    name: str,
    several: bool = False,
) -> _Found:
    needed = _program(part, name)
    if needed not in ("node", "bun") and not there.installed(package, needed):
        return _Found(absent=((package.manifest, needed),))
    if needed == "bun" and there.project.program("bun") is None:
        return _Found(missing=(f"{package.manifest}: its tests need bun, see https://bun.sh",))
    if package.runtime and not there.installed(package, ""):
        return _Found(absent=((package.manifest, sorted(package.runtime)[0]),))
    made: Told = runners.told(part)
    brings = there.brings(package)
    if name == "mocha":
        brings = (*brings, Bring(str(runners.mocha_reporter())))
    title = f"{name} ({part.script})" if several else name
    before = "".join(f"{line} && " for line in lead)
    command = there.command(
        package,
        title,
        before + made.line,
        tool="" if name == "node" else there.version(package, name),
        reads=made.reads,
        brings=brings,
        narrow=there.in_shell(package, f'{before}{made.narrow} "$@"') if made.narrow else (),
    )
    return _Found((command,))


def _program(part: Part, name: str) -> str:
    """The package that has to be installed for a runner to start."""
    first = bare(part.words)[0]
    return first if first in ("react-scripts", "tsx", "c8", "nyc") else name


def _whole(there: _There, package: Package, script: Script) -> _Found:
    """A script that we do not understand: its exit code, and TAP where it prints that."""
    words = bare(script.parts[-1].words) if script.parts else ()
    program = words[0] if words else ""
    plain = program and "/" not in program and program != "node"
    if plain and not (
        there.installed(package, f".bin/{program}") or there.project.program(program)
    ):
        return _Found(absent=((package.manifest, program),))
    if package.needs and not there.installed(package, ""):
        return _Found(absent=((package.manifest, sorted(package.needs)[0]),))
    line = script.text.replace("\n", " ")
    return _Found((there.command(package, "test", line, tool=f"`{line}`", reads="tap"),))


def _browsers(package: Package, script: Script) -> _Found:
    programs = {bare(part.words)[0] for part in script.parts if bare(part.words)}
    if found := sorted(programs & set(runners.BROWSERS)):
        said = f"{package.manifest}: {found[0]} needs a browser, which no gate has"
        return _Found(missing=(f"{said}: name another command with gate.commands",))
    return _Found()


def _joined(found: Sequence[_Found]) -> _Found:
    names: dict[str, int] = {}
    commands_ = []
    for command in (command for each in found for command in each.commands):
        names[command.name] = seen = names.get(command.name, 0) + 1
        name = command.name if seen == 1 else f"{command.name} #{seen}"
        commands_.append(GateCommand(**{**vars(command), "name": name}))
    return _Found(
        tuple(commands_),
        tuple(said for each in found for said in each.missing),
        tuple(absent for each in found for absent in each.absent),
    )


def _not_installed(project: Project, absent: Sequence[tuple[str, str]]) -> Iterator[str]:
    """One sentence for all that is not in node_modules, and the command that puts it there."""
    if not absent:
        return
    manifests = _some(dict.fromkeys(manifest for manifest, _ in absent))
    names = [*dict.fromkeys(name for _, name in absent)]
    said = f"{manifests}: {_some(names)} {'is' if len(names) == 1 else 'are'} not in node_modules"
    if project.checkout is None:
        yield f"{said}: a bare repository has none"
    elif any((project.checkout / pnp).exists() for pnp in (".pnp.cjs", ".pnp.js")):
        yield (
            f"{said}; Yarn's Plug'n'Play is not understood: set `nodeLinker: node-modules`, or "
            "name commands with gate.commands"
        )
    else:
        yield f"{said}: `{install(project)}`"


def _some(names: Iterable[str]) -> str:
    each = list(names)
    more = len(each) - _NAMED
    return ", ".join(each[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _node(project: Project) -> tuple[str | None, str]:
    """Node's own program, else why there is none: a version manager's stand-in would not run."""
    found = project.program("node") or project.program("nodejs")
    if found is None:
        return None, f"package.json: node is not in PATH. {_INSTALL_NODE}"
    real = os.path.realpath(found)
    if posixpath.basename(real) not in ("node", "nodejs") or _is_script(real):
        return None, (
            f"package.json: {found} is a stand-in of {posixpath.basename(real)}, which finds no "
            "settings in a sandbox: put node's own folder first in PATH"
        )
    return (found if found.startswith(_SYSTEM) else real), ""


def _is_script(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True


def _of_node(node: str) -> tuple[Bring, ...]:
    """Node's folders, where they are none of the system's."""
    if node.startswith(("/usr/", "/bin/")):
        return ()
    real = Path(os.path.realpath(node))
    prefix = real.parent.parent
    # A program that somebody put into their home must not bring the home.
    own = (prefix / "include" / "node").is_dir() or (prefix / "lib" / _MODULES / "npm").is_dir()
    return (Bring(str(prefix if own else real)),)


def _above(folder: str) -> Iterator[str]:
    while folder:
        folder = posixpath.dirname(folder)
        yield folder
