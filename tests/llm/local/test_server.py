"""One server on demand, warm between commands, gone when idle, nothing left after a kill."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitagent.errors import NoModel, ProviderError, ProviderUnavailable, UsageError
from gitagent.llm.local.room import Room
from gitagent.llm.local.server import _healthy, ensure, status, stop
from gitagent.llm.local.settings import Settings, cores

ENGINE = str(Path(__file__).with_name("tiny_engine.py"))
ROOT = Path(__file__).parents[3]
WARM = Settings(n_ctx=4096, threads=1, idle_s=60, start_s=20)


@pytest.fixture
def weights(tmp_path):
    """Weights of the tiny engine: what it shall do, as JSON."""
    file = tmp_path / "tiny.gguf"
    file.write_text("{}")
    return file


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "room"
    stop(tmp_path / "room")


def start(weights, folder, settings=WARM):
    return ensure(weights, settings, folder, engine=ENGINE)


def loads(weights):
    return Path(f"{weights}.loads").read_text().split()[::2]


def eventually(holds, seconds=10.0):
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def alive(pid):
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


CLIENT = """
import sys, time
from pathlib import Path
from gitagent.llm.local.server import ensure
from gitagent.llm.local.settings import Settings
held = ensure(Path({weights!r}), {settings!r}, Path({folder!r}), engine={engine!r})
print(held.base_url, flush=True)
time.sleep(60)
"""


def client(weights, folder, settings):
    """Another process that holds the server until it is ended."""
    script = CLIENT.format(
        weights=str(weights), folder=str(folder), settings=settings, engine=ENGINE
    )
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_second_client_finds_the_server_warm(weights, folder):
    """A server outlives the client that started it, and the next one uses it."""
    with start(weights, folder) as first:
        pass
    with start(weights, folder) as second:
        assert second.base_url == first.base_url
    assert len(loads(weights)) == 1


def test_ten_clients_at_once_get_one_server(weights, folder):
    """However many processes ask at the same moment, one model is loaded."""
    weights.write_text('{"load_s": 0.5}')
    processes = [client(weights, folder, WARM) for _ in range(10)]
    try:
        urls = {one.stdout.readline() for one in processes}
    finally:
        for one in processes:
            one.kill()
            one.communicate()
    assert len(urls) == 1
    assert len(loads(weights)) == 1


def test_a_killed_server_is_replaced(weights, folder):
    """After SIGKILL of the server the next client starts another one."""
    with start(weights, folder) as first:
        killed = status(folder).pid
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: status(folder) is None)
    with start(weights, folder) as second:
        assert status(folder).pid != killed
        assert second.api_key != first.api_key


def test_killed_clients_do_not_keep_a_server(weights, folder):
    """When every client was SIGKILLed the server ends itself after its idle time."""
    holder = client(weights, folder, Settings(idle_s=0.5, start_s=20))
    holder.stdout.readline()
    pid = status(folder).pid
    time.sleep(1.0)
    assert alive(pid)
    holder.kill()
    holder.communicate()
    assert eventually(lambda: not alive(pid), 3)
    assert status(folder) is None
    assert not (folder / "state.json").exists()


def test_a_starter_killed_while_loading_leaves_one_server(weights, folder):
    """The server that a killed client was starting is found by the next one."""
    weights.write_text('{"load_s": 1.5}')
    starter = client(weights, folder, WARM)
    assert eventually(lambda: status(folder) is not None)
    starter.kill()
    starter.communicate()
    with start(weights, folder):
        assert len(loads(weights)) == 1


def test_an_idle_server_never_leaves_a_client_with_nothing(weights, folder):
    """A client that comes just as the server ends gets one that lives."""
    brief = Settings(idle_s=0.1, start_s=20)
    for pause in (0.0, 0.05, 0.1, 0.12, 0.15, 0.2):
        with start(weights, folder, brief):
            assert _healthy(Room(folder).state())
        time.sleep(pause)


def test_a_server_ends_with_its_folder(weights, folder):
    """Removing the folder ends the server, even one that is held."""
    with start(weights, folder):
        pid = status(folder).pid
        shutil.rmtree(folder)
        assert eventually(lambda: not alive(pid), 5)


def test_a_server_is_one_process_without_terminal_or_children(weights, folder):
    """It lives in a session of its own and has no child."""
    with start(weights, folder):
        pid = status(folder).pid
        assert os.getsid(pid) != os.getsid(0)
        assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""
        assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"  # noqa: PTH115


def test_stop_ends_a_server_in_use(weights, folder):
    """Stop does not wait for clients, and says whether there was a server."""
    with start(weights, folder):
        pid = status(folder).pid
        assert stop(folder)
        assert not alive(pid)
        assert not stop(folder)


def test_stop_ends_a_server_that_loads(weights, folder):
    """A server can be ended before it is ready."""
    weights.write_text('{"load_s": 30}')
    starter = client(weights, folder, WARM)
    assert eventually(lambda: status(folder) is not None)
    assert not status(folder).ready
    starter.kill()
    starter.communicate()
    assert stop(folder)


def test_a_smaller_window_is_served_by_a_larger_one(weights, folder):
    """A server with a larger window than wanted is used as it is."""
    with start(weights, folder), start(weights, folder, Settings(n_ctx=1024)) as other:
        assert other.n_ctx == 4096


def test_an_idle_server_that_does_not_fit_is_replaced(weights, folder):
    """A larger window ends a server that nobody else holds."""
    with start(weights, folder):
        pass
    with start(weights, folder, Settings(n_ctx=8192, start_s=20)) as larger:
        assert larger.n_ctx == 8192
    assert len(loads(weights)) == 2


def test_a_server_in_use_is_not_replaced(weights, folder):
    """A client keeps its server; the one that wants another is told why it cannot have it."""
    with start(weights, folder) as held:
        with pytest.raises(ProviderUnavailable, match="4096"):
            start(weights, folder, Settings(n_ctx=8192))
        with start(weights, folder) as again:
            assert again.base_url == held.base_url


def test_a_server_that_cannot_load_says_why(weights, folder):
    """The error carries the server's own last words, and no process stays."""
    weights.write_text('{"fail": "no such tensor"}')
    with pytest.raises(ProviderError, match="no such tensor"):
        start(weights, folder)
    assert status(folder) is None


def test_a_server_that_loads_too_long_is_waited_for_no_longer(weights, folder):
    """The wait for a loading server is bounded."""
    weights.write_text('{"load_s": 30}')
    with pytest.raises(ProviderUnavailable, match="not ready"):
        start(weights, folder, Settings(start_s=1))


def test_the_users_keys_do_not_reach_the_server(weights, folder, monkeypatch):
    """The environment of the server is an allow-list."""
    monkeypatch.setenv("OPENAI_API_KEY", "FAKEKEY")
    monkeypatch.setenv("LC_PLANTED", "FAKEKEY")
    with start(weights, folder):
        pid = status(folder).pid
        assert b"FAKEKEY" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert "FAKEKEY" not in weights.with_suffix(".environ").read_text()


def test_the_key_of_the_server_is_kept_private(weights, folder):
    """The key stands in one file that only the user reads, and on no command line."""
    with start(weights, folder) as held:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "state.json").stat().st_mode) == 0o600
        pid = status(folder).pid
        assert held.api_key.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert held.api_key not in repr(held)


def test_a_folder_that_others_can_write_is_refused(weights, folder):
    """Nobody else can plant a state file for us."""
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(UsageError):
        start(weights, folder)


def test_a_stale_state_file_is_ignored(weights, folder):
    """A state file whose server is gone leads nobody to a foreign port."""
    with start(weights, folder):
        kept = (folder / "state.json").read_text()
    stop(folder)
    (folder / "state.json").write_text(json.dumps({**json.loads(kept), "pid": os.getpid()}))
    assert status(folder) is None
    assert not stop(folder)
    with start(weights, folder) as held:
        assert held.base_url != f"http://127.0.0.1:{json.loads(kept)['port']}/v1"


def test_the_log_does_not_grow_without_bound(weights, folder):
    """A server that floods its log stops at a megabyte and lives on."""
    weights.write_text('{"loud": 3000000}')
    with start(weights, folder):
        assert 1_000_000 < (folder / "server.log").stat().st_size <= 1 << 20
        assert status(folder).ready


def test_code_in_the_current_folder_is_not_run(weights, folder, tmp_path, monkeypatch):
    """The repository that the user stands in has no say in how a server is started."""
    (tmp_path / "repo" / "gitagent").mkdir(parents=True)
    (tmp_path / "repo" / "gitagent" / "__init__.py").write_text("raise SystemExit('canary')")
    (tmp_path / "repo" / "argparse.py").write_text("raise SystemExit('canary')")
    monkeypatch.chdir(tmp_path / "repo")
    with start(weights, folder):
        assert status(folder).ready


def test_absent_weights_name_the_way_to_get_them(tmp_path, folder):
    """Without weights the error says what pulls them."""
    with pytest.raises(NoModel) as caught:
        start(tmp_path / "absent.gguf", folder)
    assert "models pull" in caught.value.hint


def test_threads_fit_the_machine():
    """There is at least one thread and never more than the CPUs that we may use."""
    assert 1 <= cores() <= len(os.sched_getaffinity(0))


def test_many_threads_of_one_process_share_one_server(weights, folder):
    """Leases of one process count one by one."""
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda _: start(weights, folder), range(8)))
    assert len({one.base_url for one in held}) == 1
    assert status(folder).in_use
    for one in held:
        one.close()
    assert not status(folder).in_use
