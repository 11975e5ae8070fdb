"""The plain runner: what goes in, what comes out, and what is left afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from gitagent.errors import AgentError
from gitagent.ports import Execution
from gitagent.sandbox.plain import LIMITS, PlainSandbox


def run(folder: Path, program: str, *, timeout: float = 20.0, **settings: object) -> Execution:
    sandbox = PlainSandbox(grace=0.3, **settings)  # type: ignore[arg-type]
    argv = [sys.executable, "-c", textwrap.dedent(program)]
    return sandbox.run(argv, folder, timeout=timeout)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pid: int) -> bool:
    """Whether a process is dead, or will be once the kernel has got round to it."""
    for _ in range(200):
        if not alive(pid):
            return True
        time.sleep(0.01)
    return False


def wait_for(path: Path) -> str:
    for _ in range(500):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.01)
    raise AssertionError(f"{path} did not appear")


DAEMON = """
    import os, sys, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open("daemon", "w").write(str(os.getpid()))
            {more}
            time.sleep(60)
        os._exit(0)
    while not os.path.exists("daemon") or not open("daemon").read():
        time.sleep(0.01)
"""


def test_output_and_exit_code_come_back(tmp_path: Path) -> None:
    """Standard output and standard error are one stream, in order."""
    done = run(tmp_path, "import os; os.write(1, b'a\\n'); os.write(2, b'b\\n'); os._exit(3)")
    assert (done.exit_code, done.output, done.timed_out) == (3, "a\nb\n", False)


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    """A command that dies of a signal has not ended well."""
    assert run(tmp_path, "import os; os.kill(os.getpid(), 11)").exit_code == -11


def test_a_missing_program_is_said(tmp_path: Path) -> None:
    """No exit code, and an output that names the program."""
    done = PlainSandbox().run(["no-such-program"], tmp_path, timeout=5)
    assert done.exit_code is None
    assert "no-such-program: No such file or directory" in done.output


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """Our own mistake is not blamed on the command."""
    with pytest.raises(AgentError, match="No command can be run"):
        PlainSandbox().run(["true"], tmp_path / "absent", timeout=5)


def test_nothing_of_the_environment_is_passed_on(tmp_path: Path) -> None:
    """Only the allowed names are: a key reaches no child, nor the process that runs it."""
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "OPENAI_API_KEY": "FAKEKEY-1"}
    program = """
        import os
        print(sorted(os.environ))
        print(os.environ["HOME"], os.listdir(os.environ["HOME"]), os.listdir(os.environ["TMPDIR"]))
        print(open(f"/proc/{os.getppid()}/environ").read())
    """
    done = run(tmp_path, program, environ=environ)
    names = "['AGENT_GATE_RUN', 'HOME', 'LC_ALL', 'PATH', 'TERM', 'TMPDIR']"
    assert names in done.output
    assert "FAKEKEY" not in done.output
    assert "[] []" in done.output


def test_the_environment_argument_is_added(tmp_path: Path) -> None:
    """What the caller names is there."""
    done = PlainSandbox().run(["sh", "-c", "echo $A"], tmp_path, timeout=5, env={"A": "b"})
    assert done.output == "b\n"


def test_there_is_no_input(tmp_path: Path) -> None:
    """A command that asks a question gets the end of the file, not the user's terminal."""
    assert run(tmp_path, "import sys; print(repr(sys.stdin.read()))").output == "''\n"


def test_the_private_folders_are_removed(tmp_path: Path) -> None:
    """Read-only folders inside do not keep them."""
    program = """
        import os
        place = os.environ["TMPDIR"] + "/a/b"
        os.makedirs(place); open(place + "/f", "w"); os.chmod(place, 0); print(place)
    """
    done = run(tmp_path, program)
    assert done.exit_code == 0
    assert not Path(done.output.strip()).parents[2].exists()


def test_the_time_limit_ends_what_ignores_it(tmp_path: Path) -> None:
    """A command that ignores TERM is killed, with its children; its output so far is kept."""
    program = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.fork()
        open(f"pid{os.getpid()}", "w").close()
        print("here", flush=True)
        time.sleep(60)
    """
    done = run(tmp_path, program, timeout=1.0)
    pids = [int(path.name[3:]) for path in tmp_path.glob("pid*")]
    assert done.timed_out
    assert done.exit_code is None
    assert done.output == "here\nhere\n"
    assert done.seconds < 4
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)


def test_a_command_may_say_goodbye(tmp_path: Path) -> None:
    """It is asked to end before it is killed."""
    program = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye")))
        time.sleep(60)
    """
    done = run(tmp_path, program, timeout=1.0)
    assert (done.timed_out, done.output) == (True, "bye\n")


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("pass", id="with its environment"),
        pytest.param(
            'os.environ.clear(); os.execve(sys.executable, ["x", "-c", '
            '"import time; time.sleep(60)"], {})',
            id="without its environment",
        ),
    ],
)
def test_a_daemon_does_not_survive(tmp_path: Path, more: str) -> None:
    """What left session and group is gone when the command has ended, and holds nothing up."""
    done = run(tmp_path, DAEMON.format(more=more))
    assert done.exit_code == 0
    assert done.seconds < 5
    assert gone(int((tmp_path / "daemon").read_text()))


def test_a_daemon_does_not_survive_the_end_of_its_watcher(tmp_path: Path) -> None:
    """A command that kills the process above it is found by its environment, and is no success."""
    program = DAEMON.format(more="pass") + "    os.kill(os.getppid(), 9); time.sleep(60)\n"
    done = run(tmp_path, program)
    assert done.exit_code is None
    assert not done.timed_out
    assert "killed the process that ran it" in done.output
    assert gone(int((tmp_path / "daemon").read_text()))


def test_the_death_of_the_caller_ends_the_command(tmp_path: Path) -> None:
    """SIGKILL of the whole of gitagent leaves no test run behind."""
    program = f"""
        import pathlib
        from gitagent.sandbox.plain import PlainSandbox
        command = ["sh", "-c", "echo $$ > pid; sleep 60; true"]
        PlainSandbox().run(command, pathlib.Path({str(tmp_path)!r}), timeout=60)
    """
    caller = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path)},
    )
    pid = int(wait_for(tmp_path / "pid"))
    caller.kill()
    caller.wait()
    for _ in range(300):
        if not alive(pid):
            break
        time.sleep(0.01)
    assert not alive(pid)


def test_an_interruption_ends_the_command(tmp_path: Path) -> None:
    """Ctrl-C reaches the caller only; it takes the command with it."""

    def interrupt() -> None:
        wait_for(tmp_path / "pid")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        PlainSandbox(grace=0.2).run(["sh", "-c", "echo $$ > pid; sleep 60"], tmp_path, timeout=60)
    assert not alive(int((tmp_path / "pid").read_text()))


def test_a_flood_is_bounded(tmp_path: Path) -> None:
    """Head and tail are kept, the rest is counted."""
    program = """
        import os
        os.write(1, b"first\\n")
        for _ in range(500):
            os.write(1, b"x" * 65536)
        os.write(1, b"\\nlast\\n")
    """
    done = run(tmp_path, program, output_cap=100_000)
    assert len(done.output) < 101_000
    assert done.output.startswith("first\n")
    assert done.output.endswith("\nlast\n")
    assert f"[{500 * 65536 + 12 - 100_000} bytes of output left out]" in done.output


def test_a_flood_ends_at_the_time_limit(tmp_path: Path) -> None:
    """Output without end keeps nothing busy for longer than the limit."""
    done = PlainSandbox(grace=0.2).run(["yes"], tmp_path, timeout=0.5)
    assert done.timed_out
    assert done.seconds < 4
    assert len(done.output) < 2_100_000


def test_a_fork_bomb_is_ended(tmp_path: Path) -> None:
    """Processes that fork while they are being killed are all gone in the end."""
    program = """
        import os, time
        end = time.monotonic() + 20
        for _ in range(4):
            os.fork()
        open(f"pid{os.getpid()}", "w").close()
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
            time.sleep(0.01)
    """
    done = run(tmp_path, program + "    time.sleep(30)\n", timeout=1.0)
    marked = [p for p in Path("/proc").glob("[0-9]*/cwd") if _leads_to(p, tmp_path)]
    assert done.seconds < 8
    assert marked == []


def _leads_to(link: Path, folder: Path) -> bool:
    try:
        return link.readlink() == folder
    except OSError:
        return False


def test_memory_and_files_can_be_limited(tmp_path: Path) -> None:
    """Limits hold for the command and its children; no core file is written."""
    program = """
        import resource
        print(resource.getrlimit(resource.RLIMIT_CORE))
        try:
            bytearray(1 << 30)
        except MemoryError:
            print("no memory")
        try:
            open("big", "wb").write(b"x" * 2_000_000)
        except OSError as error:
            print(error.strerror)
    """
    done = run(tmp_path, program, memory=1 << 29, file_size=1_000_000)
    assert done.output.startswith("(0, 0)\nno memory\n")
    assert (tmp_path / "big").stat().st_size <= 1_000_000


def test_what_it_cannot_guard_is_said() -> None:
    """The runner's own words name the network and the home."""
    assert PlainSandbox().limits is LIMITS
    assert "network" in LIMITS
    assert "home" in LIMITS
