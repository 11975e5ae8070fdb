"""Where a command runs: the repository around it, the configuration, the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent import config
from gitagent.config import Config, Loaded
from gitagent.errors import NotARepository, UsageError
from gitagent.git.repository import GitRepo

if TYPE_CHECKING:
    from gitagent.redaction import Redactor

ENV_FILE = ".env"


@dataclass(frozen=True)
class Site:
    """`environ` has the names of the user's own .env too; the environment itself goes before."""

    repo: GitRepo
    loaded: Loaded
    environ: Mapping[str, str]

    @cached_property
    def redactor(self) -> Redactor:
        """Knows what is secret here."""
        from gitagent.redaction import Redactor

        named = (provider.key_env for provider in self.config.providers)
        keys = (self.environ.get(name, "") for name in named)
        return Redactor.of(self.environ).also(*keys, self.config.index_dsn, self.config.index_share)

    @property
    def config(self) -> Config:
        return self.loaded.config


def open_site(start: Path, environ: Mapping[str, str], base: str = "HEAD") -> Site:
    """The site of a folder inside a repository. Shared settings are those of the commit `base`.

    Raises NotARepository, ConfigError.
    """
    repo = GitRepo.open(start)
    loaded, merged = load_config(environ, repo, base)
    bot = loaded.config.bot_name, loaded.config.bot_email
    return Site(repo.by(bot), loaded, merged)


def load_config(
    environ: Mapping[str, str], repo: GitRepo | None = None, base: str = "HEAD"
) -> tuple[Loaded, Mapping[str, str]]:
    """The configuration and the environment with the user's .env; `repo` None is outside of any."""
    folder = user_folder()
    merged = {**_user_env(folder), **environ}
    loaded = config.load(
        repository=_repository_file(repo, base) if repo else None,
        user=folder / config.FILE_NAME,
        git=repo.settings("agent.") if repo else (),
        environ=merged,
    )
    return loaded, merged


def find_repo(start: Path) -> GitRepo | None:
    """The repository around a folder, or None."""
    try:
        return GitRepo.open(start)
    except NotARepository:
        return None


def user_folder() -> Path:
    """The user's configuration folder; it need not be there."""
    import platformdirs

    return platformdirs.user_config_path("gitagent")


def spent_folder() -> Path:
    """Where it is kept what a day's tasks have spent; that is state, and no cache."""
    import platformdirs

    return platformdirs.user_state_path("gitagent") / "spent"


def cache_folder() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("gitagent")


def _repository_file(repo: GitRepo, base: str) -> tuple[str, bytes] | None:
    try:
        commit = repo.resolve(base)
    except UsageError:
        return None
    file = repo.file(repo.tree_of(commit), config.FILE_NAME)
    return (f"{config.FILE_NAME} at {commit[:10]}", file.data) if file else None


def _user_env(folder: Path) -> Mapping[str, str]:
    file = folder / ENV_FILE
    if not file.is_file():
        return {}
    import dotenv

    values = dotenv.dotenv_values(file, interpolate=False)
    return {name: value for name, value in values.items() if value is not None}
