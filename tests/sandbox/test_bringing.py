"""What stands in the tree or beside it from elsewhere: to read, or to write to and throw away."""

from __future__ import annotations

from pathlib import Path

import pytest
from boxing import SECRET, Box

from gitagent.domain.verdict import Bring
from gitagent.gates.compiling import compile_command
from gitagent.sandbox.bubblewrap import PLACE, place_for
from gitagent.sandbox.plain import PlainSandbox

OVERLAYS = ["disk", "memory", "none"]


@pytest.fixture
def modules(box: Box) -> Path:
    """Dependencies in the checkout, which git does not know."""
    folder = box.checkout / "node_modules"
    (folder / "left-pad").mkdir(parents=True)
    (folder / "left-pad" / "index.js").write_text("pad\n")
    return folder


def test_what_is_brought_to_read_is_there_and_stays_as_it_is(box: Box, modules: Path) -> None:
    """In the tree, at the place where it stood in the checkout."""
    bring = {"path": str(modules), "at": "node_modules"}
    done = box.run(
        ["sh", "-c", "cat node_modules/left-pad/*; touch node_modules/x"], brings=[bring]
    )
    assert done.output.startswith("pad\n")
    assert "Read-only file system" in done.output
    assert [path.name for path in modules.iterdir()] == ["left-pad"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_written_to_scratch_is_gone(
    box: Box, modules: Path, overlay: str, lays: None
) -> None:
    """A command may change it; the next one, and the user, see it as it was."""
    bring = {"path": str(modules), "at": "node_modules", "how": "scratch"}
    change = "echo mine > node_modules/left-pad/index.js; touch node_modules/x; ls node_modules"
    done = box.run(["sh", "-c", change], brings=[bring], overlay=overlay)
    assert (done.exit_code, done.output) == (0, "left-pad\nx\n")
    again = box.run(["sh", "-c", "cat node_modules/left-pad/*"], brings=[bring], overlay=overlay)
    assert again.output == "pad\n"
    assert [path.name for path in modules.iterdir()] == ["left-pad"]


def test_an_environment_in_the_tree_is_not_compiled(box: Box) -> None:
    """Thousands of files that are none of the tree's, and may be for another Python."""
    environment = box.checkout / ".venv"
    environment.mkdir()
    (environment / "other.py").write_text("print 'old'\n")
    (box.tree / "bad.py").write_text("def\n")
    brings = [{"path": str(environment)}, {"path": str(environment), "at": "lib"}]
    argv = list(compile_command(box.inner_python).argv)
    done = box.run(argv, brings=[*brings, *box.interpreter])
    assert done.output.startswith("bad.py:1: ")
    assert len(done.output.splitlines()) == 1


def test_a_folder_of_a_tool_is_at_its_own_place(box: Box) -> None:
    """Absolute paths inside of it fit; what is called by a link is found by both names."""
    real = box.base / "opt" / "tool-1.2"
    (real / "bin").mkdir(parents=True)
    (real / "bin" / "tool").write_text("#!/bin/sh\necho tool\n")
    (real / "bin" / "tool").chmod(0o755)
    link = box.base / "opt" / "tool"
    link.symlink_to("tool-1.2")
    done = box.run([str(link / "bin" / "tool")], brings=[{"path": str(link)}])
    assert done.output == "tool\n"


def test_what_is_not_there_is_left_out(box: Box) -> None:
    """A cache that nobody has made yet is no reason to run nothing."""
    brings = [{"path": str(box.base / "absent")}, {"path": str(box.base / "no"), "at": "x"}]
    assert box.run(["ls"], brings=brings).output == "a.txt\nsrc\n"


@pytest.mark.parametrize("target", [".ssh", ".", "project/.git"])
def test_a_link_in_the_checkout_opens_nothing(box: Box, target: str) -> None:
    """Anybody who wrote to the repository may have left a `node_modules` that leads to a home."""
    (box.checkout / "node_modules").symlink_to(box.home / target)
    bring = {"path": str(box.checkout / "node_modules"), "at": "node_modules"}
    done = box.run(["sh", "-c", "ls -A node_modules/; exit 1"], brings=[bring])
    assert "left out" in done.output or "not there" in done.output
    assert "id_ed25519" not in done.output
    assert "config" not in done.output


def test_no_home_is_brought(box: Box) -> None:
    """An interpreter installed right into a home does not open it."""
    for path in (box.home, box.base):
        done = box.run(["sh", "-c", f"cat {box.home}/.netrc"], brings=[{"path": str(path)}])
        assert SECRET not in done.output
        assert "it would open your home" in done.output


def test_a_repository_inside_of_a_tool_s_folder_is_covered(box: Box) -> None:
    """Its git folder is not seen through the tool's."""
    git = box.base / "tool" / "work" / ".git"
    git.mkdir(parents=True)
    (git / "config").write_text(SECRET)
    brings = [{"path": str(box.base / "tool")}]
    done = box.run(["find", str(box.base / "tool")], brings=brings, covered=[str(git)])
    assert done.output.splitlines()[-1] == str(git)


@pytest.mark.parametrize("how", ["read", "scratch"])
def test_keys_of_tools_are_hidden(box: Box, how: str) -> None:
    """A package cache is brought with all that a tool keeps in it, but for its keys."""
    cache = box.base / "cargo"
    cache.mkdir()
    (cache / "credentials.toml").write_text(SECRET)
    (cache / "index").write_text("index\n")
    done = box.run(["sh", "-c", f"cat {cache}/*"], brings=[{"path": str(cache), "how": how}])
    assert done.output == "index\n"


@pytest.mark.parametrize("how", ["read", "scratch"])
def test_a_tree_that_holds_something_in_its_place_keeps_it(
    box: Box, modules: Path, how: str
) -> None:
    """A file or a link in the tree is not written through, nor hidden; the rest runs."""
    (box.tree / "node_modules").symlink_to("src")
    (box.tree / "deps").write_text("a file\n")
    brings = [
        {"path": str(modules), "at": place, "how": how}
        for place in ("node_modules", "deps", "../out", "/etc/x")
    ]
    done = box.run(["sh", "-c", "cat deps; ls node_modules/; exit 1"], brings=brings)
    assert done.output.endswith("a file\napp.py\n")
    assert done.output.count("[not there: ") == 4


def test_results_come_out(box: Box) -> None:
    """One folder is shared: what a command writes there can be read afterwards."""
    results = box.base / "results"
    results.mkdir()
    done = box.run(["sh", "-c", f"echo report > {results}/junit.xml"], results=str(results))
    assert done.exit_code == 0
    assert (results / "junit.xml").read_text() == "report\n"


def test_a_command_runs_in_a_folder_of_the_tree(box: Box) -> None:
    """Seen at the checkout's own path."""
    assert box.run(["pwd"], inside="src").output == f"{box.checkout}/src\n"


def test_no_checkout_is_seen_where_the_sandbox_needs_the_place() -> None:
    """A repository of /etc or / is checked all the same, elsewhere."""
    assert place_for(Path("/srv/work/x/")) == "/srv/work/x"
    assert place_for(Path("/tmp/x")) == "/tmp/x"
    taken = (None, Path("/"), Path("/etc"), Path("/usr"), Path("/tmp"), Path("/proc/x"))
    assert {place_for(path) for path in taken} == {PLACE}


# --- The plain runner, which has no mounts -----------------------------------------------------


def test_the_plain_runner_copies_what_may_be_written(tmp_path: Path) -> None:
    """The copy is the command's, the original the user's; links stay links."""
    checkout, tree = tmp_path / "checkout", tmp_path / "tree"
    (checkout / "deps").mkdir(parents=True)
    tree.mkdir()
    (checkout / "deps" / "a").write_text("a\n")
    (checkout / "deps" / "link").symlink_to("a")
    bring = Bring(str(checkout / "deps"), "deps", "scratch")
    change = ["sh", "-c", "echo b > deps/a; touch deps/c; readlink deps/link"]
    done = PlainSandbox().run(change, tree, timeout=9, brings=[bring])
    assert (done.exit_code, done.output) == (0, "a\n")
    assert (checkout / "deps" / "a").read_text() == "a\n"
    assert not (checkout / "deps" / "c").exists()


def test_the_plain_runner_links_what_is_read(tmp_path: Path) -> None:
    """Twice in one folder is once; what the tree has itself is not replaced."""
    checkout, tree = tmp_path / "checkout", tmp_path / "tree"
    for name in ("deps", "own"):
        (checkout / name).mkdir(parents=True)
        (checkout / name / "a").write_text("theirs\n")
    (tree / "own").mkdir(parents=True)
    brings = [Bring(str(checkout / name), name) for name in ("deps", "own", "deps")]
    for _ in range(2):
        command = ["sh", "-c", "cat deps/a; ls own; exit 1"]
        done = PlainSandbox().run(command, tree, timeout=9, brings=brings)
        assert done.output.endswith("theirs\n")
        assert "the tree has something in its place" in done.output
