"""Where a provider's key is found: the user's environment or .env, then the system's keyring.

Never in a repository. The keyring is looked at only where `keys.keyring` allows it; one that is
locked, absent or broken is a sentence for people, and the command goes on without it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitagent.rows import Provider

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "gitagent"
"""The service's name in the keyring; the name of the user is the provider's."""

MISSING = "`keys.keyring` is on, but the package is not here: `pip install 'gitagent[keyring]'`."
ASKING = ("EncryptedKeyring", "CryptFileKeyring", "DBusKeyring", "DBusKeyringKWallet4")
"""Backends that ask for a password, by the names of their classes."""

Find = Callable[[str], str]
"""From a provider's name to its key in the keyring; empty where it has none."""


@dataclass(frozen=True)
class Key:
    """A key, never shown, and where it was found: a variable's name, or none for the keyring."""

    value: str = field(repr=False)
    variable: str = ""

    @property
    def why(self) -> str:
        """Where it was found, as a half sentence."""
        return f"{self.variable} is set" if self.variable else "its key is in the system keyring"


def key_of(provider: Provider, environ: Mapping[str, str], keyring: Find) -> Key | None:
    """The key of a provider: from the environment, else from the keyring."""
    if provider.key_env and (value := environ.get(provider.key_env)):
        return Key(value, provider.key_env)
    value = keyring(provider.name)
    return Key(value) if value else None


def nowhere(_provider: str) -> str:
    """A keyring without any key, for where none is to be looked at."""
    return ""


def keyring_for(allowed: bool, warn: Callable[[str], None]) -> Find:
    """The system's keyring where the configuration allows it."""
    if not allowed:
        return nowhere
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    return Keyring(terminal=terminal, warn=warn)


class Keyring:
    """The system's keyring. Each provider is looked up once; what is wrong is told once.

    `terminal` says whether anybody is there to be asked for a password: without one, a backend
    that would ask is passed over.
    """

    def __init__(self, *, terminal: bool, warn: Callable[[str], None]) -> None:
        self._terminal = terminal
        self._warn = warn
        self._found: dict[str, str] = {}
        self._closed: set[str] = set()

    def __call__(self, provider: str) -> str:
        if provider not in self._found:
            self._found[provider] = self._look_up(provider)
        return self._found[provider]

    def _look_up(self, provider: str) -> str:
        try:
            backends = _backends()
        except Exception as error:  # noqa: BLE001  what is configured may be anybody's plug-in
            self._close("", MISSING if _absent(error) else _unreadable(error))
            return ""
        for backend in backends:
            if (name := str(type(backend))) in self._closed:
                continue
            try:
                if not self._terminal and (reason := _would_ask(backend)):
                    self._close(name, f"The keyring {reason}; no key was taken from it.")
                elif found := backend.get_password(SERVICE, provider):
                    return found.strip()
            except Exception as error:  # noqa: BLE001  as above
                self._close(name, _unreadable(error))
        return ""

    def _close(self, backend: str, sentence: str) -> None:
        """Say why a backend is of no use, and do not ask it again."""
        if backend not in self._closed:
            self._closed.add(backend)
            self._warn(sentence)


def _backends() -> tuple[KeyringBackend, ...]:
    """What stands behind the keyring, one at a time: a chain hides which of them would ask."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    backend = keyring.get_keyring()
    return tuple(backend.backends) if isinstance(backend, ChainerBackend) else (backend,)


def _would_ask(backend: KeyringBackend) -> str:
    """Why a backend would ask somebody, as the end of a sentence; empty where it would not."""
    if type(backend).__module__ == "keyring.backends.SecretService":
        return "is locked" if _locked(getattr(backend, "preferred_collection", "")) else ""
    return "asks for a password" if type(backend).__name__ in ASKING else ""


def _locked(preferred: str) -> bool:
    """Whether the Secret Service would open a dialogue before it gives anything away."""
    import contextlib

    from secretstorage import Collection, dbus_init
    from secretstorage.exceptions import ItemNotFoundException

    with contextlib.closing(dbus_init()) as bus:
        try:
            chosen = Collection(bus, preferred) if preferred else Collection(bus)
        except ItemNotFoundException:
            return True  # it would be made, with a password to be thought of
        return chosen.is_locked()


def _absent(error: Exception) -> bool:
    return isinstance(error, ModuleNotFoundError) and error.name == "keyring"


def _unreadable(error: Exception) -> str:
    first = " ".join(str(error).split()).partition(". ")[0].rstrip(".")
    return f"The keyring could not be read ({first or type(error).__name__})."
