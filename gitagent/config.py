"""One frozen Config out of one file a side, `git config agent.*` and the environment.

Each setting is one field below, with its key, who may set it and what it means; the file's
tables, the git configuration, the environment's names, `config show` and the documentation all
follow from it. What could redirect spending, keys or protection is taken from the user's side
only, whatever a repository says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_type_hints

from gitagent.errors import ConfigError
from gitagent.rows import EDIT_FORMATS, ModelRow, Provider, rows_of
from gitagent.scalars import check_choice, scalar

FILE_NAME = "gitagent.toml"
HIDDEN = "(set, not shown)"

Scope = Literal["repository", "checkout", "user"]
"""Who may set a key: the repository's file too, its .git/config too, or only the user."""

_ORDER: tuple[Scope, ...] = ("repository", "checkout", "user")


def _key(
    key: str,
    default: Any,
    scope: Scope,
    text: str,
    one_of: tuple[str, ...] = (),
    *,
    secret: bool = False,
) -> Any:
    """One setting; what is `secret` is never shown, nor left in a text that leaves."""
    told = {"key": key, "scope": scope, "help": text, "one_of": one_of, "secret": secret}
    return field(default=default, metadata=told)


@dataclass(frozen=True)
class Config:
    """All settings. Money in USD, times in seconds."""

    model: str = _key("model", "", "checkout", "PROVIDER/NAME that answers every call")
    providers: tuple[Provider, ...] = _key(
        "providers", (), "user", "endpoints, one table [providers.NAME] each"
    )
    models: tuple[ModelRow, ...] = _key(
        "models", (), "user", 'limits and prices, one table [models."NAME"] each'
    )
    route_models: tuple[str, ...] = _key(
        "route.models", (), "user", "models (PROVIDER/NAME) that are chosen among, job by job"
    )
    route_margin: float = _key(
        "route.margin", 5.0, "user", "points of a job's score that a lower price is worth"
    )
    timeout_s: float = _key(
        "call.timeout_s", 600.0, "user", "longest wait for the first word of a reply, in seconds"
    )
    idle_s: float = _key("call.idle_s", 120.0, "user", "longest silence inside a reply, in seconds")
    total_s: float = _key("call.total_s", 3600.0, "user", "longest reply, in seconds")
    retry_attempts: int = _key("retry.attempts", 4, "user", "attempts of one call at one model")
    retry_first_wait_s: float = _key(
        "retry.first_wait_s", 1.0, "user", "wait before the second attempt; it doubles from there"
    )
    retry_s: float = _key(
        "retry.seconds", 600.0, "user", "seconds after which no further attempt of a call begins"
    )
    retry_usd: float = _key(
        "retry.usd", 1.0, "user", "what the failed attempts of one call may be charged; 0 is no cap"
    )
    cache: bool = _key(
        "cache.answers", False, "user", "answer what was asked before out of the repository's logs"
    )
    keyring: bool = _key("keys.keyring", False, "user", "look for keys in the system's keyring too")
    budget_usd: float = _key("budget.task_usd", 0.0, "user", "cap for one task; 0 is none")
    budget_day_usd: float = _key(
        "budget.day_usd", 0.0, "user", "cap for all tasks of a day (UTC); 0 is none"
    )
    max_calls: int = _key("budget.max_calls", 40, "user", "most model calls of one task")
    edit_format: str = _key(
        "edit.format",
        "auto",
        "checkout",
        "auto, whole, search-replace or udiff",
        ("auto", *EDIT_FORMATS),
    )
    plan: str = _key(
        "plan.mode", "auto", "checkout", "auto, always or never", ("auto", "always", "never")
    )
    max_steps: int = _key("plan.max_steps", 5, "repository", "most steps of a plan")
    attempts: int = _key(
        "repair.attempts",
        0,
        "repository",
        "tries of one step at most; 0 is 4, or 12 for a weak model of your own machine",
    )
    candidates: int = _key(
        "repair.candidates",
        0,
        "checkout",
        "proposals side by side in one try; 0 is what is known to be best for the model",
    )
    context_tokens: int = _key(
        "context.tokens", 12000, "repository", "most tokens of context in a prompt"
    )
    rounds: int = _key(
        "context.rounds",
        2,
        "repository",
        "times that a model may ask to see more, 0 to 5; a weak one never does",
    )
    ignore: tuple[str, ...] = _key(
        "context.ignore", (), "repository", "path patterns that are never shown to a model"
    )
    embeddings: str = _key(
        "index.embeddings", "", "user", "PROVIDER/NAME that makes vectors of the code; none without"
    )
    weights: tuple[str, ...] = _key(
        "context.weights", (), "repository", 'reasons and what they count, as "commits=0.8"'
    )
    index_dsn: str = _key(
        "index.dsn",
        "",
        "user",
        "a Postgres with pgvector for the index, for a team say; `none` is without a database",
        secret=True,
    )
    index_share: str = _key(
        "index.share",
        "",
        "user",
        "a secret word: who has it too shares the rows at index.dsn",
        secret=True,
    )
    gate_commands: tuple[str, ...] = _key(
        "gate.commands", (), "repository", "the gate, in place of what is found"
    )
    gate_timeout_s: float = _key(
        "gate.timeout_s", 600.0, "repository", "longest run of one gate command, in seconds"
    )
    gate_sandbox: str = _key(
        "gate.sandbox",
        "auto",
        "user",
        "auto, bubblewrap or plain; `plain` lets the gate run unguarded where there is no other",
        ("auto", "bubblewrap", "plain"),
    )
    gate_memory_mb: int = _key(
        "gate.memory_mb", 0, "user", "most memory of a gate command, in MB; 0 is 60 % of all"
    )
    hurry_s: float = _key(
        "gate.hurry_s",
        10.0,
        "repository",
        "seconds, or ten times the base's, that one of several candidates has at first",
    )
    allow: tuple[str, ...] = _key(
        "paths.allow", (), "user", "control files and tests that a reply may change, as patterns"
    )
    keep_days: int = _key(
        "tasks.keep_days", 30, "user", "days for which `gc` keeps a task that has ended"
    )
    expire_days: int = _key(
        "tasks.expire_days", 0, "user", "days after which `gc` drops an open task; 0 is never"
    )
    salvaged_days: int = _key(
        "tasks.salvaged_days", 90, "user", "days for which `gc` keeps what it salvaged; 0 is always"
    )
    bot_name: str = _key("bot.name", "gitagent", "user", "author of the commits")
    bot_email: str = _key("bot.email", "gitagent@localhost", "user", "its e-mail address")
    local_window: int = _key("local.window", 16384, "user", "tokens of the local model's window")
    local_threads: int = _key("local.threads", 0, "user", "its threads; 0 is one a core")
    local_idle_s: float = _key("local.idle_s", 600.0, "user", "seconds after which it ends, unused")


@dataclass(frozen=True)
class Setting:
    """One value as it came out, or that it is secret: its key, and the place that set it ('default'
    for none)."""

    key: str
    value: Any
    origin: str
    help: str


@dataclass(frozen=True)
class GitEntry:
    """One `agent.*` entry of the git configuration; `own` where it is the user's own level."""

    key: str
    value: str
    own: bool


@dataclass(frozen=True)
class Loaded:
    """The configuration, where each value came from, and what was ignored and why."""

    config: Config
    settings: tuple[Setting, ...]
    ignored: tuple[str, ...]


def load(
    *,
    repository: tuple[str, bytes] | None,
    user: Path,
    git: Iterable[GitEntry],
    environ: Mapping[str, str],
) -> Loaded:
    """Merge all sources, weakest first; `repository` is (name, content) of its file.

    Raises ConfigError where a value is not of its kind. What a source may not set is not read.
    """
    merge = _Merge()
    if repository is not None:
        merge.table(_parse(*repository), repository[0], "repository")
    if user.is_file():
        merge.table(_parse(str(user), user.read_bytes()), str(user), "user")
    merge.git(git)
    merge.environment(environ)
    return merge.loaded()


def fields() -> dict[str, dataclasses.Field[Any]]:
    """The fields of Config by their key."""
    return {f.metadata["key"]: f for f in dataclasses.fields(Config)}


class _Merge:
    """Collects values by key; a later source overrides an earlier one."""

    def __init__(self) -> None:
        self._fields = fields()
        self._hints = get_type_hints(Config)
        self._values: dict[str, tuple[Any, str]] = {}
        self._ignored: list[str] = []

    def table(self, table: Mapping[str, Any], origin: str, scope: Scope) -> None:
        for key, value in _flatten(table, self._fields):
            self._set(key, value, origin, scope)

    def git(self, entries: Iterable[GitEntry]) -> None:
        found: dict[tuple[str, bool], list[str]] = {}
        for entry in entries:
            name = entry.key.removeprefix("agent.").replace("-", "_")
            found.setdefault((name, entry.own), []).append(entry.value)
        for (key, own), values in sorted(found.items(), key=lambda item: not item[0][1]):
            many = self._many(key)
            origin = f"git config agent.{key.replace('_', '-')}"
            self._set(key, values if many else values[-1], origin, "user" if own else "checkout")

    def environment(self, environ: Mapping[str, str]) -> None:
        names = {"GITAGENT_" + key.upper().replace(".", "_"): key for key in self._fields}
        for name, key in names.items():
            if name in environ and key not in ("providers", "models"):
                value = environ[name]
                self._set(key, value.split("\n") if self._many(key) else value, name, "user")

    def loaded(self) -> Loaded:
        values = {self._fields[key].name: value for key, (value, _) in self._values.items()}
        config = Config(**values)
        settings = tuple(
            Setting(
                key,
                _shown(f, getattr(config, f.name)),
                self._values.get(key, (None, "default"))[1],
                f.metadata["help"],
            )
            for key, f in self._fields.items()
        )
        return Loaded(config, settings, tuple(self._ignored))

    def _set(self, key: str, value: Any, origin: str, scope: Scope) -> None:
        if key not in self._fields:
            self._ignored.append(f"{origin}: there is no setting `{key}`{self._near(key)}.")
        elif _ORDER.index(scope) < _ORDER.index(self._fields[key].metadata["scope"]):
            self._ignored.append(
                f"{origin}: `{key}` is taken from your own side only and was ignored here."
            )
        else:
            where = f"{origin}: `{key}`"
            found = _convert(value, self._hints[self._fields[key].name], where)
            check_choice(found, self._fields[key].metadata["one_of"], where)
            self._values[key] = (found, origin)

    def _near(self, key: str) -> str:
        import difflib

        near = difflib.get_close_matches(key, self._fields, 1)
        return f" (did you mean `{near[0]}`?)" if near else ""

    def _many(self, key: str) -> bool:
        return key in self._fields and self._hints[self._fields[key].name] == tuple[str, ...]


def _parse(name: str, content: bytes) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from error


def _flatten(
    table: Mapping[str, Any], known: Mapping[str, Any], prefix: str = ""
) -> Iterable[tuple[str, Any]]:
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and key not in known:
            yield from _flatten(value, known, key + ".")
        else:
            yield key, value


def _convert(value: Any, kind: Any, where: str) -> Any:
    if kind == tuple[Provider, ...]:
        return rows_of(value, Provider, where)
    if kind == tuple[ModelRow, ...]:
        return rows_of(value, ModelRow, where)
    if kind == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{where} must be a list of strings.")
        return tuple(value)
    return scalar(value, kind, where)


def _shown(setting: dataclasses.Field[Any], value: Any) -> Any:
    """A value as people see it."""
    return HIDDEN if setting.metadata["secret"] and value not in ("", "none") else value
