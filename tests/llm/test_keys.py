"""Where a key is found, and what a keyring that gives none costs: one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gitagent
from gitagent.llm.keys import Key, Keyring, key_of, keyring_for, nowhere
from gitagent.rows import Provider

WORK = Provider("work", "http://127.0.0.1:1/v1", "WORK_KEY")
BARE = Provider("bare", "http://127.0.0.1:1/v1")
KEY = "FAKEKEY-ring"

PLAIN = "keyrings.alt.file.PlaintextKeyring"

BACKENDS = '''
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Base(KeyringBackend):
    priority = 1

    def set_password(self, service, username, password):
        raise NotImplementedError


class EncryptedKeyring(Base):
    """Asks for a password."""

    def get_password(self, service, username):
        open("asked", "a").write(username)
        return input("Password: ")


class Locked(Base):
    """Says no, at length."""

    def get_password(self, service, username):
        open("asked", "a").write(username + " ")
        raise KeyringLocked("Failed to unlock it. There is much\\nmore to say.")


class Broken(Locked):
    """Breaks."""

    def get_password(self, service, username):
        raise ZeroDivisionError
'''

LOOK = """
import sys
from gitagent.llm.keys import Keyring
find = Keyring(terminal=False, warn=lambda said: print("said:", said))
print(*(f"{name}={find(name)}" for name in ("work", "other", "work")))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "odd.py").write_text(BACKENDS)
    return tmp_path


def run(code: str, folder: Path, backend: str) -> str:
    """What a program prints for which this is the keyring; a process of its own, since the
    keyring package keeps its backend."""
    path = os.pathsep.join([str(Path(gitagent.__file__).parent.parent), str(folder)])
    env = {**os.environ, "PYTHONPATH": path, "PYTHON_KEYRING_BACKEND": backend}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return ran.stdout


def test_the_environment_goes_before_the_keyring() -> None:
    """Where both have a key; an empty variable is none."""

    def ring(provider: str) -> str:
        return f"ring-{provider}"

    assert key_of(WORK, {"WORK_KEY": "a"}, ring) == Key("a", "WORK_KEY")
    assert key_of(WORK, {"WORK_KEY": ""}, ring) == Key("ring-work")
    assert key_of(WORK, {"OTHER": "a"}, nowhere) is None
    assert key_of(BARE, {"": "a"}, ring) == Key("ring-bare")


def test_a_key_is_not_in_its_own_description() -> None:
    """Whoever prints or logs it learns where it was found."""
    assert KEY not in repr(Key(KEY, "WORK_KEY"))
    assert "WORK_KEY" in Key(KEY, "WORK_KEY").why


def test_what_is_not_allowed_is_not_looked_at() -> None:
    """Without `keys.keyring` the package is not even loaded."""
    code = (
        "import sys\nfrom gitagent.llm.keys import keyring_for\n"
        "assert keyring_for(False, print)('work') == ''\nprint('keyring' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
    assert isinstance(keyring_for(True, print), Keyring)


def test_a_key_in_a_real_keyring_is_found(folder: Path) -> None:
    """Under the service `gitagent`, by the provider's name; a line end behind it is none of it."""
    put = f"import keyring; keyring.set_password('gitagent', 'work', '{KEY}\\n')"
    run(put, folder, PLAIN)
    assert run(LOOK, folder, PLAIN) == f"work={KEY} other= work={KEY}\n"


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("keyring.backends.fail.Keyring", "could not be read (No recommended backend"),
        ("odd.Locked", "could not be read (Failed to unlock it)."),
        ("odd.Broken", "could not be read (ZeroDivisionError)."),
        ("odd.Absent", "could not be read (module 'odd' has no attribute 'Absent')"),
        ("nowhere.Keyring", "could not be read (No module named 'nowhere')"),
        ("odd.EncryptedKeyring", "asks for a password; no key was taken"),
    ],
)
def test_a_keyring_of_no_use_is_one_sentence(folder: Path, backend: str, said: str) -> None:
    """Said once, however many providers are looked up; no traceback, and the command goes on."""
    lines = run(LOOK, folder, backend).splitlines()
    assert len(lines) == 2
    assert said in lines[0]
    assert lines[1] == "work= other= work="


def test_without_a_terminal_nobody_is_asked(folder: Path) -> None:
    """A backend that would ask for a password is not called at all."""
    run(LOOK, folder, "odd.EncryptedKeyring")
    assert not (folder / "asked").exists()


def test_a_keyring_that_was_refused_once_is_not_asked_again(folder: Path) -> None:
    """Somebody who closed the dialogue does not get it for the next provider."""
    run(LOOK.replace("terminal=False", "terminal=True"), folder, "odd.Locked")
    assert (folder / "asked").read_text() == "work "


def test_without_the_package_the_way_to_it_is_said(folder: Path) -> None:
    """As it is where only the base of gitagent is installed."""
    hidden = "import sys\nsys.modules['keyring'] = None\n" + LOOK
    assert "pip install 'gitagent[keyring]'" in run(hidden, folder, PLAIN)
