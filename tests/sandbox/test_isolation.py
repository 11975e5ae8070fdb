"""What a command in the sandbox can see, reach and change of the machine around it: nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from boxing import SECRET, Box

SEARCH = f"""
    import os
    secret = {SECRET[:4].encode()!r} + {SECRET[4:].encode()!r}  # this text is a command line
    seen = []
    for place, folders, names in os.walk("/"):
        folders[:] = [f for f in folders if os.path.join(place, f) not in ("/usr", "/proc")]
        for path in (os.path.join(place, name) for name in names):
            try:
                if os.path.isfile(path) and secret in open(path, "rb").read():
                    seen.append(path)
            except OSError:
                pass
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline", "mountinfo"):
            try:
                if secret in open(f"/proc/{{pid}}/{{name}}", "rb").read():
                    seen.append((pid, name))
            except OSError:
                pass
    found = [name for name, value in os.environ.items() if secret in value.encode()]
    print(seen, found)
"""


def test_no_planted_key_is_anywhere(box: Box) -> None:
    """Not in the environment, in no file, in no process: one's own, the parent's, anybody's."""
    assert box.python_runs(SEARCH).output == "[] []\n"


def test_the_search_would_find_one(box: Box) -> None:
    """The same program finds what is planted in the tree: it is no blind search."""
    (box.tree / "planted").write_text(SECRET)
    found = box.python_runs(SEARCH, env={"A": SECRET}).output
    assert f"{box.checkout}/planted" in found
    assert "['A']" in found


def test_of_the_environment_a_few_names_are_passed_on(box: Box) -> None:
    """A home that is empty, a temporary folder, the language, the path, and what was given."""
    done = box.run(["env"], env={"GIVEN": "1"})
    names = {line.partition("=")[0] for line in done.output.splitlines()}
    assert {"HOME", "TMPDIR", "PATH", "GIVEN"} <= names
    assert names <= {"HOME", "TMPDIR", "PATH", "GIVEN", "TERM", "PWD"} | {
        name for name in names if name.startswith(("LC_", "LANG"))
    }


def test_nothing_of_the_user_is_there(box: Box) -> None:
    """No home, no key, no socket of a service, no git folder, nobody else's temporary files; the
    folders above the checkout hold nothing but the way to it."""
    program = f"""
        import os
        home = os.environ["HOME"]
        print(home, os.listdir(home), os.listdir("/tmp"))
        print([p for p in ("/root", "/run", "/var", "/sys", "/srv", "/mnt", "/boot", "/etc/shadow",
              "/etc/ssh", "/etc/gitconfig", "/etc/npmrc", "/etc/pip.conf", "/var/run/docker.sock")
              if os.path.exists(p)])
        print(os.listdir({str(box.home)!r}), os.path.exists({str(box.checkout / ".git")!r}))
        print(open("/etc/passwd").read())
    """
    lines = box.python_runs(program).output.splitlines()
    assert lines[:3] == [f"/home/agent [] ['{box.base.name}']", "[]", "['project'] False"]
    assert [line.split(":")[0] for line in lines[3:] if line] == ["agent", "nobody"]


def test_no_process_of_anybody_else_is_seen(box: Box) -> None:
    """Its own first process, itself, and nobody: there is no parent whose environment to read."""
    program = """
        import os
        pids = sorted(int(pid) for pid in os.listdir("/proc") if pid.isdigit())
        print(len(pids), os.getppid(), [os.kill(os.getppid(), 9), os.getpgid(0)][0])
        try:
            os.kill(%d, 0)
        except ProcessLookupError:
            print("no such process")
    """
    done = box.python_runs(program % os.getpid())
    assert done.output == "2 1 None\nno such process\n"
    assert done.exit_code == 0


def test_nobody_is_root_inside(box: Box) -> None:
    """No right of root's, not even over one's own namespaces; a file's mode binds."""
    program = """
        import os
        print(os.getuid() != 0, [line.split()[1].strip("0") for line in open("/proc/self/status")
              if line.startswith(("CapEff", "CapPrm", "CapInh", "CapAmb"))])
        os.mkdir("shut", 0o000)
        for act in (lambda: os.listdir("shut"), lambda: os.sethostname("x") or None,
                    lambda: os.chroot("/"), lambda: open("/usr/x", "w"), lambda: open("/x", "w"),
                    lambda: open("/etc/x", "w"), lambda: os.mknod("n", 0o020666, 261)):
            try:
                act()
                print("done")
            except OSError as error:
                print(error.strerror)
    """
    lines = box.python_runs(program.replace("os.sethostname", "__import__('socket').sethostname"))
    assert lines.output.splitlines()[0] == "True ['', '', '', '']"
    assert "done" not in lines.output


def test_no_switch_of_the_kernel_can_be_turned(box: Box) -> None:
    """Root outside owns the files below /proc/sys in every namespace: they are read-only."""
    program = """
        import os
        opened = []
        for root in ("/proc/sys", "/proc/irq", "/proc/fs", "/proc/bus", "/proc/sysrq-trigger"):
            paths = [root] if os.path.isfile(root) else (
                os.path.join(place, name) for place, _, names in os.walk(root) for name in names)
            for path in paths:
                try:
                    os.close(os.open(path, os.O_WRONLY))
                    opened.append(path)
                except OSError:
                    pass
        print(opened)
    """
    assert box.python_runs(program).output == "[]\n"


def test_no_namespace_can_be_made_inside(box: Box) -> None:
    """What a namespace of one's own would open of the kernel stays shut."""
    done = box.run(["unshare", "--user", "--map-root-user", "true"])
    assert done.exit_code not in (0, None)


def test_the_network_is_its_own_loopback(box: Box) -> None:
    """Servers on this machine, by TCP, UDP or an abstract socket, hear nothing; a test's own
    server on loopback is heard."""
    heard: list[str] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        name = f"\0sandbox-{os.getpid()}"
        with socket.socket(socket.AF_UNIX) as abstract:
            abstract.bind(name)
            abstract.listen()
            for server in (tcp, udp, abstract):
                server.settimeout(0.2)
            done = box.python_runs(_REACH.format(tcp.getsockname()[1], udp.getsockname()[1], name))
            for kind, act in (("tcp", tcp.accept), ("udp", lambda: udp.recv(9)),
                              ("abstract", abstract.accept)):  # fmt: skip
                try:
                    act()
                    heard.append(kind)
                except TimeoutError:
                    pass
    assert heard == []
    lines = done.output.splitlines()
    assert lines[:4] == ["tcp refused", "abstract refused", "dns refused", "elsewhere refused"]
    assert lines[4:] == ["own hello"]


_REACH = """
    import socket, threading
    def attempt(what, act):
        try:
            act(); print(what, "reached")
        except OSError:
            print(what, "refused")
    attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {0}), 2))
    socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {1}))
    attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect({2!r}))
    attempt("dns", lambda: socket.getaddrinfo("example.com", 80))
    attempt("elsewhere", lambda: socket.create_connection(("192.0.2.1", 80), 2))
    own = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: own.accept()[0].sendall(b"hello")).start()
    print("own", socket.create_connection(own.getsockname()).recv(9).decode())
"""


def test_what_namespaces_do_not_divide_is_shut(box: Box) -> None:
    """The machine below by vsock, the keyrings of the session, rings that skip the filter."""
    program = """
        import ctypes, socket
        for family in (40, 38, 31, 17):
            try:
                socket.socket(family, socket.SOCK_STREAM)
                print("made", family)
            except OSError:
                pass
        call = ctypes.CDLL(None, use_errno=True).syscall
        import platform
        numbers = {"x86_64": (250, 248, 425), "aarch64": (219, 217, 425)}[platform.machine()]
        print([call(number, 0, -3, 0, 0, 0) for number in numbers])
    """
    assert box.python_runs(program).output == "[-1, -1, -1]\n"


def test_the_session_s_keyring_is_shut() -> None:
    """The call that is refused inside works outside: it is the filter that refuses it."""
    import ctypes
    import platform

    number = {"x86_64": 250, "aarch64": 219}.get(platform.machine())
    if number is None:
        pytest.skip("no filter for this processor")
    assert ctypes.CDLL(None).syscall(number, 0, -3, 0) != -1


def test_what_is_written_is_gone(box: Box, lays: None) -> None:
    """Two runs on one folder: the second sees the tree as it was, and so does who made it."""
    first = box.run(["sh", "-c", "rm -r src; echo b > a.txt; touch new /tmp/new $HOME/new"])
    second = box.run(["sh", "-c", "cat a.txt src/app.py; ls; ls /tmp $HOME"])
    assert first.exit_code == 0
    assert second.output == "a\nA = 1\na.txt\nsrc\n/home/agent:\n\n/tmp:\n" + f"{box.base.name}\n"
    assert sorted(path.name for path in box.tree.iterdir()) == ["a.txt", "src"]
    assert [path for path in box.scratch.iterdir() if path.name.startswith("gate-")] == []


def test_a_folder_that_was_replaced_by_a_link_is_there_again(box: Box, lays: None) -> None:
    """Between two rounds `src` becomes a link to the user's home: nothing is written through it."""
    swap = f"rm -r src && ln -s {box.home} src && echo stolen > src/.netrc; ls src"
    box.run(["sh", "-c", swap])
    assert box.run(["sh", "-c", "echo A = 2 > src/app.py; ls -l src"]).exit_code == 0
    assert not (box.tree / "src").is_symlink()
    assert (box.tree / "src" / "app.py").read_text() == "A = 1\n"
    assert SECRET in (box.home / ".netrc").read_text()


def test_a_link_out_of_the_tree_leads_nowhere(box: Box) -> None:
    """Reading or writing through it finds no file of this machine's."""
    (box.tree / "key").symlink_to(box.home / ".ssh" / "id_ed25519")
    (box.tree / "out").symlink_to(box.home)
    done = box.run(["sh", "-c", "cat key; echo x > out/made; ls out/"])
    assert SECRET not in done.output
    assert not (box.home / "made").exists()


def test_the_user_s_git_folder_is_out_of_reach(box: Box, lays: None) -> None:
    """A command that poisons `.git` has poisoned what nobody will look at."""
    canary = box.base / "canary"
    poison = f"""
        mkdir -p .git/hooks
        printf '[core]\\n\\tfsmonitor = touch {canary}\\n' > .git/config
        printf '#!/bin/sh\\ntouch {canary}\\n' > .git/hooks/post-checkout
        chmod +x .git/hooks/post-checkout
    """
    assert box.run(["sh", "-c", poison]).exit_code == 0
    assert (box.checkout / ".git" / "config").read_text() == f"{SECRET} project/.git/config\n"
    assert list((box.checkout / ".git" / "hooks").iterdir()) == []
    assert not (box.tree / ".git").exists()


def test_a_socket_of_the_user_is_not_there(box: Box) -> None:
    """A service that listens at a path, as docker's does, hears nothing."""
    path = box.home / "service.sock"
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(path))
        service.listen()
        path.chmod(0o777)
        reach = f"import socket; socket.socket(socket.AF_UNIX).connect({str(path)!r})"
        done = box.python_runs(reach)
    assert "No such file or directory" in done.output


def test_there_is_no_terminal(box: Box) -> None:
    """Nothing can be typed into the user's shell."""
    done = box.python_runs("open('/dev/tty')")
    assert done.exit_code == 1
    assert "No such device or address" in done.output


def test_threads_may_run_sandboxes_side_by_side(box: Box, lays: None) -> None:
    """Each sees what it wrote itself, and nothing of the others."""
    outputs: list[str] = []

    def one(number: int) -> None:
        command = f"echo {number} > mine; sleep 0.1; cat mine; ls | wc -l"
        outputs.append(box.run(["sh", "-c", command]).output)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(4)]
    box.owned()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outputs) == [f"{n}\n3\n" for n in range(4)]


def test_git_is_answered_by_a_folder_of_the_tree_s_own(box: Box) -> None:
    """In the sandbox, where the tree is seen at the checkout's path, by another user's number."""
    from gitagent.git.export import export
    from gitagent.git.repository import GitRepo
    from gitagent.git.stand_in import StandIn
    from gitagent.testing import repositories

    repo = GitRepo.open(repositories.build(box.base / "repo", {"setup.py": "x\n", "d/a b": "é\n"}))
    subprocess.run(["git", "-C", str(box.base / "repo"), "tag", "v1.4"], check=True)
    head = repo.resolve("HEAD")
    folder = box.base / "exported"
    folder.mkdir()
    export(repo, repo.tree_of(head), folder)
    StandIn(repo, repo, head).write(repo.tree_of(head), folder)
    script = "git rev-parse --show-toplevel && git status --porcelain && git describe --tags && "
    script += "git ls-files && echo y >> setup.py && git status --porcelain && git diff --quiet"
    done = box.run(["sh", "-c", script], folder=str(folder))
    lines = done.output.splitlines()
    assert lines[:5] == [str(box.checkout), "v1.4", "d/a b", "setup.py", " M setup.py"], done.output
    assert done.exit_code != 0


def test_paths_of_this_file_are_absolute() -> None:
    """The box is made of absolute paths: else what it asserts would hold anywhere."""
    assert Path(__file__).is_absolute()
