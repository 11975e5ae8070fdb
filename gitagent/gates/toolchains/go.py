"""How a Go project is checked: build, vet and test of each module."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitagent.domain.verdict import Bring, GateCommand
from gitagent.gates.go_events import EVENTS
from gitagent.gates.project import Project
from gitagent.gates.toolchains.installed import home_of, path_with, root_of, seen, several
from gitagent.gates.toolchains.modules import Module, Version, cached_as, modules, version_of

# From this version on, `go` refuses what asks for a newer one than itself.
_STRICT = (1, 21)
_KNOWS_BUILDVCS = (1, 18)
_TO_FILE = 'report=$1; shift; exec "$@" > "$report"'
# Vet has run by itself already, and a cached outcome is not this run's.
_TEST = ("test", "-json", "-count=1", "-vet=off")
# `go test` takes folders.
_NEAREST = r"""
report=$1 count=$2
shift 2
for word; do
  shift
  if [ "$count" -gt 0 ]; then
    count=$((count - 1))
    set -- "$@" "$word"
  else
    file=./$word
    set -- "$@" "${file%/*}"
  fi
done
exec "$@" > "$report"
"""


@dataclass(frozen=True)
class _Go:
    """An installed Go, and what this user has built and downloaded with it."""

    root: Path
    version: Version
    built: Path | None
    downloaded: Path | None

    @classmethod
    def find(cls, project: Project) -> _Go | None:
        root = root_of(project, "go", "src/runtime", "golang", "go")
        if root is None:
            return None
        settings = _settings(project)
        path = settings.get("GOPATH", "").split(":")[0]
        cache = settings.get("XDG_CACHE_HOME", "")
        return cls(
            root,
            _version(root),
            _place(settings.get("GOCACHE", ""))
            or _place(cache, "go-build")
            or home_of(project, ".cache", "go-build"),
            _place(settings.get("GOMODCACHE", ""))
            or _place(path, "pkg", "mod")
            or home_of(project, "go", "pkg", "mod"),
        )

    def refuses(self, module: Module) -> bool:
        if self.version >= _STRICT:
            return module.version > self.version
        return module.new_form

    def absent(self, module: Module) -> list[str]:
        """The modules that one needs and that were not downloaded."""
        if module.vendored:
            return []
        place = self.downloaded
        return [
            path
            for path, version in module.needs
            if place is None or not (place / cached_as(path, version)).is_dir()
        ]

    def lacks_all(self, module: Module) -> bool:
        """Whether nothing was downloaded for a module.

        Where only some is absent, it may be what another platform needs.
        """
        return bool(module.needs) and len(self.absent(module)) == len(module.needs)


def commands(project: Project) -> tuple[GateCommand, ...]:
    """Nothing for a module that cannot be built on this machine; `missing` says why."""
    go = _Go.find(project)
    if go is None:
        return ()
    every = modules(project)
    known = {module.folder: module for module in every}
    return tuple(
        command
        for module in every
        if not go.refuses(module) and not go.lacks_all(module)
        for command in _commands(project, go, module, _below(module, known))
    )


def missing(project: Project) -> tuple[str, ...]:
    every = modules(project)
    go = _Go.find(project) if every else None
    return tuple(sentence for module in every for sentence in _missing(go, module))


def _missing(go: _Go | None, module: Module) -> Iterator[str]:
    file = posixpath.join(module.folder, "go.mod")
    asked = ".".join(map(str, module.version))
    if go is None:
        yield (
            f"{file}: there is no go on this machine. Install Debian's package `golang-go`, or the "
            "version from go.dev/dl."
        )
        return
    if go.refuses(module) or module.version > go.version:
        own = ".".join(map(str, go.version))
        effect = "is not checked" if go.refuses(module) else "may not compile"
        yield (
            f"{file}: it asks for Go {asked}, this machine has {own}, so it {effect}. "
            "The newer version is at go.dev/dl."
        )
    absent = go.absent(module)
    if absent:
        yield (
            f"{file}: modules that it names are not on this machine ({several(absent)}), so it "
            f"{'is not checked' if go.lacks_all(module) else 'may not compile'}. "
            "To get them: `go mod download` in your checkout."
        )


def _commands(
    project: Project, go: _Go, module: Module, uses: tuple[str, ...]
) -> Iterator[GateCommand]:
    program = str(go.root / "bin" / "go")
    where = f" in {module.folder}" if module.folder else ""
    common = {
        "folder": module.folder,
        "env": _environment(project, go, module),
        "brings": _brings(go),
        "package": module.folder,
        "uses": uses,
        "tool": f"go {'.'.join(map(str, go.version))}",
    }
    for verb in ("build", "vet"):
        # Without `-o`, build of one single program would write it into the tree.
        keep = ("-o", "/dev/null") if verb == "build" else ()
        argv = (program, verb, *keep, "./...")
        yield GateCommand(f"go {verb}{where}", argv, "go", stage="compile", **common)  # type: ignore[arg-type]
    run = (program, *_TEST)
    report = f"{{results}}/{EVENTS}"
    yield GateCommand(
        f"go test{where}",
        ("sh", "-c", _TO_FILE, "sh", report, *run, "./..."),
        "go",
        narrow=("sh", "-c", _NEAREST, "sh", report, str(len(run)), *run),
        **common,  # type: ignore[arg-type]
    )


def _environment(project: Project, go: _Go, module: Module) -> tuple[tuple[str, str], ...]:
    flags = ["-mod=vendor" if module.vendored and module.work is None else "-mod=readonly"]
    if go.version >= _KNOWS_BUILDVCS:
        flags.append("-buildvcs=false")
    linker = any(project.program(name) for name in ("cc", "gcc", "clang"))
    return (
        ("PATH", path_with(go.root / "bin")),
        ("GOFLAGS", " ".join(flags)),
        ("GOPROXY", "off"),
        ("GOSUMDB", "off"),
        ("GOTOOLCHAIN", "local"),
        ("GOENV", "off"),
        *((("GOWORK", "off"),) if module.work is None else ()),
        *((("GOCACHE", str(go.built)),) if _there(go.built) else ()),
        *((("GOMODCACHE", str(go.downloaded)),) if _there(go.downloaded) else ()),
        *(() if linker else (("CGO_ENABLED", "0"),)),
    )


def _brings(go: _Go) -> tuple[Bring, ...]:
    built = (Bring(str(go.built), how="scratch"),) if _there(go.built) else ()
    downloaded = (Bring(str(go.downloaded)),) if _there(go.downloaded) else ()
    return (*seen(go.root), *built, *downloaded)


def _below(module: Module, known: Mapping[str, Module]) -> tuple[str, ...]:
    found: set[str] = set()
    todo = list(module.uses)
    while todo:
        folder = todo.pop()
        if folder not in found:
            found.add(folder)
            todo += known[folder].uses if folder in known else ()
    return tuple(sorted(found - {module.folder}))


def _there(folder: Path | None) -> bool:
    return folder is not None and folder.is_dir()


def _place(value: str, *parts: str) -> Path | None:
    return Path(value, *parts) if value.startswith("/") else None


def _version(root: Path) -> Version:
    try:
        return version_of((root / "VERSION").read_text("utf-8", "replace").partition("\n")[0])
    except OSError:
        return ()


def _settings(project: Project) -> dict[str, str]:
    """The environment, over what `go env -w` wrote."""
    written: dict[str, str] = {}
    config = project.environ.get("XDG_CONFIG_HOME", "")
    file = _place(config, "go", "env") or home_of(project, ".config", "go", "env")
    try:
        lines = file.read_text("utf-8", "replace").splitlines() if file else []
    except OSError:
        lines = []
    for line in lines:
        name, found, value = line.partition("=")
        if found:
            written[name.strip()] = value.strip()
    return written | {name: value for name, value in project.environ.items() if value}
