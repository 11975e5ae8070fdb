"""What the language of a fence says about the file in it.

Weak models leave the path away and write only the language, so it has to carry some weight: it
tells a file from a shell session, and with one candidate left it names the file.
"""

from __future__ import annotations

from pathlib import PurePosixPath


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "c": ("c", "h"),
    "cpp": ("cpp", "cc", "cxx", "hpp", "hh", "h"),
    "csharp": ("cs",),
    "css": ("css",),
    "dockerfile": ("dockerfile",),
    "elixir": ("ex", "exs"),
    "go": ("go",),
    "haskell": ("hs",),
    "html": ("html", "htm"),
    "ini": ("ini", "cfg"),
    "java": ("java",),
    "javascript": ("js", "mjs", "cjs", "jsx"),
    "json": ("json",),
    "jsx": ("jsx",),
    "kotlin": ("kt", "kts"),
    "lua": ("lua",),
    "make": ("mk",),
    "markdown": ("md", "markdown", "mdx"),
    "php": ("php",),
    "python": ("py", "pyi"),
    "rst": ("rst",),
    "ruby": ("rb",),
    "rust": ("rs",),
    "scala": ("scala",),
    "scss": ("scss", "sass"),
    "sql": ("sql",),
    "svelte": ("svelte",),
    "swift": ("swift",),
    "terraform": ("tf",),
    "toml": ("toml",),
    "tsx": ("tsx",),
    "typescript": ("ts", "mts", "cts", "tsx"),
    "vue": ("vue",),
    "xml": ("xml", "svg"),
    "yaml": ("yaml", "yml"),
    "zig": ("zig",),
}

_ALIASES = {
    "c++": "cpp",
    "c#": "csharp",
    "cs": "csharp",
    "ex": "elixir",
    "golang": "go",
    "js": "javascript",
    "kt": "kotlin",
    "makefile": "make",
    "md": "markdown",
    "py": "python",
    "python3": "python",
    "rb": "ruby",
    "rs": "rust",
    "ts": "typescript",
    "yml": "yaml",
}

_OTHER_EXTENSIONS = _words(
    "bat bash cfg conf csv env erl fish gradle graphql ipynb j2 jinja jl lock log m ml mod nix "
    "patch diff pl properties proto ps1 psm1 pth r sh sum sv tcl tex txt v vhd zsh"
)

EXTENSIONS = _OTHER_EXTENSIONS | {ext for exts in _EXTENSIONS.values() for ext in exts}

BARE_NAMES = _words(
    "brewfile caddyfile changelog codeowners copying dockerfile gemfile jenkinsfile justfile "
    "license licence makefile notice procfile rakefile readme vagrantfile"
)
"""Files that have no extension and are files all the same, in lower case."""

DIFFS = frozenset({"diff", "patch", "udiff"})

EXAMPLES = _words(
    "bash bat cmd console fish log none output plain plaintext powershell ps1 sh shell "
    "shell-session shellsession terminal text txt zsh"
)
"""Languages of fences that show something; without a path nobody means them as a file."""

SESSIONS = frozenset({"console", "output", "shell-session", "shellsession", "terminal"})
"""Languages that no file is written in: a path above such a fence is a heading."""


def fits(language: str, path: str) -> bool:
    """Whether a fence marked `language` can hold the file `path`."""
    name = PurePosixPath(path).name.lower()
    wanted = language.lower()
    wanted = _ALIASES.get(wanted, wanted)
    extension = name.rpartition(".")[2]
    if extension in _EXTENSIONS.get(wanted, ()):
        return True
    return bool(wanted) and wanted in (extension, name, _ALIASES.get(name))


def is_markdown(language: str, path: str | None) -> bool:
    """Whether fences inside the fence are to be expected."""
    return language.lower() in ("markdown", "md", "mdx") or fits("markdown", path or "")
