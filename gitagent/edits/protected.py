"""The names of files that steer programs, and of files that hold secrets, in lower case.

A pattern fits at any depth, or only at the root where it begins with `/`; `x/**` is all that is in
a folder `x`. What a pattern protects against is the reason beside it, shown to the user.
"""

from __future__ import annotations

_CI = "it steers continuous integration"
_GIT = "it steers git"
_OWN = "it steers gitagent"
_EDITOR = "an editor runs what it says"
_AGENT = "coding agents take it for instructions"
_PYTHON = "Python or pytest runs it unasked"
_HOOK = "it installs or runs git hooks"
_SHELL = "a shell or package manager follows it unasked"

CONTROL: tuple[tuple[str, str], ...] = (
    ("/.github/workflows/**", _CI),
    ("/.github/actions/**", _CI),
    ("/.github/dependabot.y*ml", _CI),
    ("codeowners", "it says who reviews"),
    ("*.gitlab-ci.y*ml", _CI),
    ("/.gitlab/**", _CI),
    (".circleci/**", _CI),
    ("/.gitea/workflows/**", _CI),
    ("/.forgejo/workflows/**", _CI),
    ("/.woodpecker/**", _CI),
    ("/.woodpecker.y*ml", _CI),
    ("/.buildkite/**", _CI),
    ("/.drone.y*ml", _CI),
    ("/.travis.y*ml", _CI),
    ("/.cirrus.y*ml", _CI),
    ("/.appveyor.y*ml", _CI),
    ("/appveyor.y*ml", _CI),
    ("/bitbucket-pipelines.y*ml", _CI),
    ("azure-pipelines*.y*ml", _CI),
    ("/.azure-pipelines/**", _CI),
    ("/cloudbuild.y*ml", _CI),
    ("jenkinsfile*", _CI),
    (".gitattributes", _GIT),
    ("gitatt~*", _GIT),
    ("gi7d29~*", _GIT),
    (".gitmodules", _GIT),
    ("gitmod~*", _GIT),
    ("gi7eba~*", _GIT),
    (".gitconfig", _GIT),
    (".lfsconfig", _GIT),
    (".gitagent*", _OWN),
    (".gitagent*/**", _OWN),
    ("gitagent.toml", _OWN),
    (".vscode/**", _EDITOR),
    (".idea/**", _EDITOR),
    (".zed/**", _EDITOR),
    (".fleet/**", _EDITOR),
    (".devcontainer/**", _EDITOR),
    (".devcontainer.json", _EDITOR),
    ("*.code-workspace", _EDITOR),
    (".exrc", _EDITOR),
    (".nvimrc", _EDITOR),
    (".dir-locals.el", _EDITOR),
    ("agents.md", _AGENT),
    ("agents.override.md", _AGENT),
    ("agent.md", _AGENT),
    ("claude.md", _AGENT),
    ("claude.local.md", _AGENT),
    ("gemini.md", _AGENT),
    (".claude/**", _AGENT),
    (".codex/**", _AGENT),
    (".continue/**", _AGENT),
    (".cursor/**", _AGENT),
    (".cursorrules", _AGENT),
    (".gemini/**", _AGENT),
    (".junie/**", _AGENT),
    (".roo/**", _AGENT),
    (".windsurf/**", _AGENT),
    (".windsurfrules", _AGENT),
    (".clinerules", _AGENT),
    (".clinerules/**", _AGENT),
    (".aider*", _AGENT),
    (".mcp.json", _AGENT),
    (".github/copilot-instructions.md", _AGENT),
    (".github/instructions/**", _AGENT),
    (".github/prompts/**", _AGENT),
    ("conftest.py", _PYTHON),
    ("sitecustomize.py", _PYTHON),
    ("usercustomize.py", _PYTHON),
    ("*.pth", _PYTHON),
    (".pre-commit-config.y*ml", _HOOK),
    (".pre-commit-hooks.y*ml", _HOOK),
    (".husky/**", _HOOK),
    (".githooks/**", _HOOK),
    (".lefthook/**", _HOOK),
    ("lefthook*.y*ml", _HOOK),
    (".lefthook*.y*ml", _HOOK),
    (".envrc", _SHELL),
    (".npmrc", _SHELL),
    (".yarnrc*", _SHELL),
    ("pip.conf", _SHELL),
)

SECRET_FOLDERS = frozenset({".aws", ".azure", ".gnupg", ".kube", ".ssh"})

SECRETS: tuple[str, ...] = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.ppk",
    "*.jks",
    "*.kdbx",
    "*.keystore",
    "*.tfstate",
    "*.tfstate.*",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".dockercfg",
    ".git-credentials",
    ".vault-token",
    "credentials*",
    "secrets.*",
    "secret.*",
    "service-account*.json",
    "service_account*.json",
)

HARMLESS: tuple[str, ...] = tuple(
    f"{name}.{suffix}{more}"
    for name in (".env", ".env.*", "secrets", "credentials")
    for suffix in ("example", "sample", "template", "dist")
    for more in ("", ".*")
) + tuple(f"{more}{name}.env" for name in ("example", "sample", "template") for more in ("", "*."))
"""Names that look like secrets but are there to be copied and filled in."""
