"""Imports run downward only, nothing heavy is loaded at the start, and no module acts on import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import gitagent

ROOT = Path(gitagent.__file__).parent

# From the top down; a module may import from lower rows only, and from its own folder.
ADAPTERS = ("git", "llm", "index", "sandbox", "forge", "queues", "tracing")
ROWS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("gc", "indexing"),
    (
        *("accept", "asks", "drop", "finding", "leftovers", "replay", "report"),
        *("summaries", "surroundings", "written"),
    ),
    ("app",),
    ("searching",),
    ("embedding", "folders", "gating", "models", "observing"),
    ("site",),
    ("answering", "pipeline", "surveying"),
    ("gathering", "repair"),
    ("landing",),
    ("proposing",),
    ("basing", "looking", "planned", "reading", "tries"),
    ("ending", "inquiry", "line"),
    ("contest",),
    ("stages", *ADAPTERS),
    ("gates", "library"),
    ("packing",),
    ("edits",),
    ("caches", "logs", "ports", "user_file"),
    ("config", "graph", "holder", "names", "progress", "redaction", "scratch", "takeover", "trace"),
    ("leases", "processes", "rows"),
    ("domain", "scalars"),
    ("errors", "failpoints"),
    ("__init__",),
)
ASSEMBLING = (
    "cli",
    "gc",
    "accept",
    "asks",
    "drop",
    "embedding",
    "finding",
    "gating",
    "indexing",
    "leftovers",
    "replay",
    "searching",
    "app",
    "models",
    "observing",
    "folders",
    "site",
    "summaries",
    "surroundings",
    *ADAPTERS,
)
FOREIGN = {
    "pygit2": "git",
    "git": "git",
    "openai": "llm",
    "httpx2": "llm",
    "tenacity": "llm",
    "genai_prices": "llm",
    "keyring": "llm",
    "secretstorage": "llm",
    "tomlkit": "user_file",
    "xllamacpp": "llm",
    "psycopg": "index",
    "tree_sitter": "index",
    "opentelemetry": "tracing",
    "click": "cli",
    "rich": "cli",
}
MODULES = sorted(
    path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] != "testing"
)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def place(name: str) -> str:
    """The folder or top-level module that a module of gitagent belongs to."""
    return name.split(".")[1] if "." in name else "__init__"


def row(part: str) -> int:
    found = [n for n, parts in enumerate(ROWS) if part in parts]
    assert found, f"{part} has no place in the layers yet"
    return found[0]


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports, inside of functions too; not what only types need."""
    tree = ast.parse(path.read_text())
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (_full(str(node.module), alias.name) for alias in node.names)


def _full(module: str, name: str) -> str:
    if module == "gitagent" and not name.startswith("__"):
        return f"gitagent.{name}"
    inner = ROOT.parent.joinpath(*module.split("."), name)
    return f"{module}.{name}" if inner.with_suffix(".py").exists() or inner.is_dir() else module


def _running(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _running(child)


def top(path: Path) -> str:
    return named(path).removesuffix(".py").split("/")[0]


def breaches(rule: Callable[[str, str], bool], paths: list[Path] | None = None) -> list[str]:
    """Every import for which `rule`, from the importing part and the imported name, is false."""
    return [
        f"{named(path)} imports {name}"
        for path in (MODULES if paths is None else paths)
        for name in imports(path)
        if not rule(top(path), name)
    ]


def test_imports_run_downward() -> None:
    """From cli to errors: no module knows of what stands above it."""

    def downward(own: str, name: str) -> bool:
        if name.split(".")[0] != "gitagent" or place(name) == own:
            return True
        # the demonstration runs the sample that ships with the product
        return (own, place(name)) == ("cli", "testing") or row(place(name)) > row(own)

    assert breaches(downward) == []


def test_adapters_are_handed_out_from_above() -> None:
    """The line and its stages see ports; only what puts the parts together knows which they are."""

    def allowed(own: str, name: str) -> bool:
        adapter = name.startswith("gitagent.") and place(name) in ADAPTERS
        return not adapter or own in ASSEMBLING

    assert breaches(allowed) == []


def test_types_of_libraries_stop_at_their_folder() -> None:
    """What is foreign enters at one place, where its errors are translated, too."""

    def at_home(own: str, name: str) -> bool:
        return FOREIGN.get(name.split(".")[0], own) == own

    assert breaches(at_home) == []


SHARED = (
    *("asking", "lookup", "material", "prompts", "ranking", "rounds", "scope", "unread", "view"),
)


def test_stages_share_material_only() -> None:
    """A stage takes values and collaborators; it does not know another stage."""

    def shared(_own: str, name: str) -> bool:
        parts = name.split(".")
        return parts[:2] != ["gitagent", "stages"] or parts[2] in SHARED

    assert breaches(shared, sorted((ROOT / "stages").glob("*.py"))) == []


def test_only_the_gate_is_given_exported_trees() -> None:
    """Writing trees to disk is the composition root's to hand out."""
    assert breaches(lambda own, name: name != "gitagent.git.export" or own == "gating") == []


def test_nothing_happens_at_import() -> None:
    """At the top of a module stand definitions and constants: no call for its effect, no loop."""
    paths = [*MODULES, *sorted((ROOT / "testing").glob("*.py"))]
    acting = [
        f"{named(path)}: {ast.unparse(node).splitlines()[0]}"
        for path in paths
        for node in ast.parse(path.read_text()).body
        if not _only_defines(node)
    ]
    assert acting == []


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'")
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, DEFINITIONS)


DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
)


def loaded(code: str) -> set[str]:
    argv = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    return set(subprocess.check_output(argv, text=True, cwd=ROOT.parent).split())


def test_the_start_loads_click_and_nothing_else() -> None:
    """`-h` and `--version` answer at once: of gitagent only the errors, of others only click."""
    found = loaded("import gitagent.cli.main") - loaded("import click, json, signal, importlib")
    ours = {name for name in found if name.split(".")[0] == "gitagent"}
    assert ours == {"gitagent", "gitagent.cli", "gitagent.cli.main", "gitagent.errors"}
    assert {name.split(".")[0] for name in found} - sys.stdlib_module_names == {"gitagent"}


HEAVY = {
    "opentelemetry",
    "openai",
    "pygit2",
    "git",
    "genai_prices",
    "tenacity",
    "msgspec",
    "psycopg",
    "unidiff",
    "rich",
    "keyring",
    "secretstorage",
    "tomlkit",
    "tree_sitter",
}


def test_importing_everything_loads_nothing_heavy() -> None:
    """Heavy packages are loaded by the function that needs them."""
    names = [
        "gitagent." + named(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in MODULES
        if path.name not in ("__main__.py",) and path != ROOT / "__init__.py"
    ]
    found = loaded("import " + ", ".join(names))
    assert not HEAVY & found


LATER = {
    "gitagent.domain.task",
    "gitagent.edits.outline",
    "gitagent.git.locks",
    "gitagent.index.facts",
    "gitagent.index.harvest",
    "gitagent.index.links",
    "gitagent.index.pg.vectors",
    "gitagent.index.syntax",
    "gitagent.packing.pack",
    "gitagent.redaction",
    "difflib",
    "tomllib",
    "asyncio",
}


def test_a_query_loads_only_what_it_needs() -> None:
    """Most of its time is the loading of modules, so what reads files and packs prompts waits."""
    asking = "gitagent.cli.main, gitagent.cli.context, gitagent.cli.here, gitagent.finding"
    found = loaded(f"import {asking}, gitagent.index.pg.opened")
    assert not LATER & found
