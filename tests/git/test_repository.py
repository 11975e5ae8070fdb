"""One repository's objects and refs, in every shape that a user's repository can have."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.domain.edit import File
from gitagent.errors import (
    Conflict,
    NoCommits,
    NotARepository,
    Refused,
    UnknownRevision,
    UsageError,
)
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import build, commit, git
from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]
MAIN = "refs/heads/main"


def grown(repo: GitRepo, parent: str, text: str = "2") -> str:
    tree = repo.with_files(repo.tree_of(parent), {"a": File(text.encode())})
    return repo.commit(tree, [parent], f"{text}\n")


# --- Where it opens -----------------------------------------------------------------------------


def test_a_folder_outside_of_any_repository_is_said(tmp_path: Path) -> None:
    """No repository is wrong usage, found before anything else."""
    with pytest.raises(NotARepository, match="not inside a git repository"):
        GitRepo.open(tmp_path)


def test_an_unborn_branch_has_no_commit(repo: Make) -> None:
    """A repository without a commit opens, names its branch, and has no HEAD to start from."""
    opened = GitRepo.open(repo({}))
    assert opened.head_branch() == "main"
    with pytest.raises(NoCommits):
        opened.resolve("HEAD")


def test_a_detached_head_is_on_no_branch(repo: Make) -> None:
    """HEAD on a commit resolves, and is on no branch."""
    folder = repo()
    git(folder, "checkout", "--quiet", "--detach")
    opened = GitRepo.open(folder)
    assert opened.head_branch() is None
    assert opened.resolve("HEAD") == opened.ref(MAIN)


def test_a_bare_repository_has_no_checkout_and_holds_no_branch(repo: Make, tmp_path: Path) -> None:
    """The HEAD of a bare repository stands in nobody's way."""
    git(repo(), "clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    opened = GitRepo.open(tmp_path / "bare")
    assert opened.checkout is None
    assert opened.checked_out_at("main") is None
    assert opened.ref("refs/heads/agent/x") is None


def test_a_linked_worktree_shares_its_git_folder(repo: Make, tmp_path: Path) -> None:
    """Refs and state are those of the whole repository; the checkout is one's own."""
    folder, linked = repo(), tmp_path / "linked"
    git(folder, "worktree", "add", "--quiet", "-b", "other", str(linked))
    main, other = GitRepo.open(folder), GitRepo.open(linked)
    assert main.folder == other.folder == (folder / ".git").resolve()
    assert other.checkout == linked
    assert other.head_branch() == "other"
    assert main.checked_out_at("other") == str(linked)
    assert other.checked_out_at("main") == str(folder)


def test_a_file_called_gitdir_in_the_checkout_is_not_believed(repo: Make) -> None:
    """Only a worktree's own git folder says where it is."""
    folder = repo({"gitdir": "/elsewhere/.git"})
    assert GitRepo.open(folder).checked_out_at("main") == str(folder)


def test_a_branch_that_is_being_rebased_is_in_use(repo: Make) -> None:
    """While a rebase has HEAD detached, its branch is still taken, as git sees it."""
    folder = repo({"a": "1\n"})
    git(folder, "checkout", "--quiet", "-b", "topic")
    commit(folder, {"a": "2\n"}, "two")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, {"a": "3\n"}, "three")
    with pytest.raises(Exception, match="rebase"):
        git(folder, "rebase", "--quiet", "main", "topic")
    assert GitRepo.open(folder).head_branch() is None
    assert GitRepo.open(folder).checked_out_at("topic") == str(folder)


def test_a_shallow_clone_ends_where_it_was_cut(repo: Make, tmp_path: Path) -> None:
    """New commits go onto a shallow tip; what was cut off is an unknown revision."""
    folder = repo({"a": "1"})
    for text in "23":
        commit(folder, {"a": text}, text)
    git(folder, "clone", "--quiet", "--depth=1", folder.as_uri(), str(tmp_path / "shallow"))
    opened = GitRepo.open(tmp_path / "shallow")
    head = opened.resolve("HEAD")
    new = grown(opened, head)
    assert opened.commits(new, head) == [new]
    with pytest.raises(UnknownRevision):
        opened.resolve("HEAD~1")


def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    """SHA-256 and reftable repositories are refused with the reason."""
    folder = tmp_path / "sha256"
    folder.mkdir()
    git(folder, "init", "--quiet", "--object-format=sha256")
    with pytest.raises(NotARepository, match=r"cannot be opened: .*sha256"):
        GitRepo.open(folder)
    other = build(tmp_path / "reftable", {"a": "1"})
    git(other, "config", "core.repositoryFormatVersion", "1")
    git(other, "config", "extensions.refStorage", "reftable")
    with pytest.raises(NotARepository, match=r"cannot be opened: .*refstorage"):
        GitRepo.open(other)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else_is_not_opened(repo: Make) -> None:
    """The owner is checked as git does, and the hint is git's own."""
    folder = repo({"a": "1"})
    for place in (folder, folder / ".git"):
        os.chown(place, 12345, 12345)
    with pytest.raises(NotARepository, match="belongs to another user") as caught:
        GitRepo.open(folder)
    assert "safe.directory" in caught.value.hint


def test_inside_a_hook_the_repository_is_that_of_the_hook(repo: Make) -> None:
    """GIT_DIR and GIT_INDEX_FILE, as a hook has them, lead to the right checkout."""
    folder = repo({"a": "1", "sub/x": "1"})
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    code = (
        "from pathlib import Path; from gitagent.git.repository import GitRepo\n"
        "r = GitRepo.open(Path.cwd()); print(r.folder, r.checkout, r.head_branch())"
    )
    hook.write_text(f"#!/bin/sh\ncd sub && exec {sys.executable} -c '{code}'\n")
    hook.chmod(0o755)
    (folder / "a").write_text("2")
    package = str(Path(__file__).parents[2])
    done = subprocess.run(
        ["git", "commit", "--quiet", "--all", "--message=x"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.split() == [str(folder / ".git"), str(folder), "main"]


# --- Revisions and objects ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "revision",
    ["", "-x", "HEAD:a", "HEAD~3", "@{u}", "x\0y", "\udcff", "HEAD^{tree}", "x..y", "0" * 40],
)
def test_what_names_no_commit_is_unknown(repo: Make, revision: str) -> None:
    """No word of a user breaks the program; it names a commit or it is unknown."""
    with pytest.raises(UnknownRevision):
        GitRepo.open(repo({"a": "1"})).resolve(revision)


def test_an_annotated_tag_names_its_commit(repo: Make) -> None:
    """A tag is followed to the commit."""
    folder = repo({"a": "1"})
    git(folder, "tag", "-a", "v1", "-m", "one")
    opened = GitRepo.open(folder)
    assert opened.resolve("v1") == opened.resolve("HEAD")


def test_a_commit_has_the_bot_for_author_and_the_user_for_committer(repo: Make) -> None:
    """Who wrote it and who let it in are two people."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder).by(("Robot", "robot@example.invalid"))
    new = grown(opened, opened.resolve("HEAD"))
    assert git(folder, "show", "-s", "--format=%an %ae / %cn %ce", new).strip() == (
        "Robot robot@example.invalid / Uma User uma@example.invalid"
    )


def test_without_an_identity_nothing_is_spent(repo: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit needs a committer, which is checked before anything else."""
    folder = repo({"a": "1"})
    code = (
        "import sys; from pathlib import Path; from gitagent.git.repository import GitRepo\n"
        "from gitagent.errors import UsageError\n"
        "try: GitRepo.open(Path(sys.argv[1])).check_identity()\n"
        "except UsageError as error: print(error)"
    )
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder.parent))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    out = subprocess.check_output([sys.executable, "-c", code, str(folder)], text=True)
    assert "git does not know who you are" in out


def test_a_merge_reports_conflicts_by_path(repo: Make) -> None:
    """Trees merge in memory; a conflict names its paths, whatever bytes they are."""
    name = os.fsdecode(b"b\xff.txt")
    opened = GitRepo.open(repo({name: "x\n", "c": "1\n"}))
    base = opened.tree_of(opened.resolve("HEAD"))
    ours = opened.with_files(base, {name: File(b"a\n")})
    theirs = opened.with_files(base, {name: File(b"b\n"), "c": File(b"2\n")})
    assert opened.merge(base, ours, theirs) == ("", [name])
    other = opened.with_files(base, {"c": File(b"2\n")})
    merged, conflicts = opened.merge(base, ours, other)
    assert conflicts == []
    assert opened.with_files(ours, {"c": File(b"2\n")}) == merged


def test_one_changed_line_of_a_crlf_file_is_a_one_line_diff(repo: Make) -> None:
    """No line end is converted on the way, whatever the configuration wants."""
    folder = repo({"a": b"1\r\n2\r\n3\r\n", ".gitattributes": "* text=auto eol=lf\n"})
    git(folder, "config", "core.autocrlf", "true")
    opened = GitRepo.open(folder)
    tree = opened.tree_of(opened.resolve("HEAD"))
    assert opened.file(tree, "a") is not None
    start = opened.with_files(tree, {"a": File(b"1\r\n2\r\n3\r\n")})
    diff = opened.diff(start, opened.with_files(start, {"a": File(b"1\r\nTWO\r\n3\r\n")}))
    lines = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in _HEADS]
    assert lines == ["-2", "+TWO"]


_HEADS = ("+++", "---")


# --- Refs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_ref_moves_only_from_where_it_was_seen(repo: Make, packed: bool) -> None:
    """Compare-and-swap: from elsewhere, or out of nothing where there is one, is a Conflict."""
    folder = repo({"a": "1"})
    if packed:
        git(folder, "pack-refs", "--all")
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    new = grown(opened, head)
    for seen in (new, None, "0" * 40):
        with pytest.raises(Conflict):
            opened.move_ref(MAIN, new, seen, "wrong")
        with pytest.raises(Conflict):
            opened.delete_ref(MAIN, seen or new)
    assert opened.ref(MAIN) == head
    opened.move_ref(MAIN, new, head, "right")
    assert git(folder, "rev-parse", MAIN).strip() == new
    assert git(folder, "log", "-g", "-1", "--format=%gs", MAIN).strip() == "right"
    opened.delete_ref(MAIN, new)
    assert git(folder, "for-each-ref", MAIN) == ""
    opened.delete_ref(MAIN, new)


RACE = """
import sys, time
from pathlib import Path
from gitagent.errors import Conflict
from gitagent.git.repository import GitRepo
folder, name, old, news = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
repo = GitRepo.open(Path(folder))
print("ready", flush=True)
start = float(sys.stdin.readline())
for n, new in enumerate(news):
    time.sleep(max(0.0, start + n * 0.03 - time.time()))
    try:
        repo.move_ref(f"{name}{n}", new, old or None, "race")
        print("won", end=" ")
    except Conflict:
        print("lost", end=" ")
"""


@pytest.mark.parametrize("existing", [True, False], ids=["moved", "created"])
def test_of_many_that_move_one_ref_exactly_one_wins(repo: Make, existing: bool) -> None:
    """Processes that swap or create the same ref at once: one succeeds, the others are told."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    rounds, name = 12, "refs/heads/agent/race"
    if existing:
        for n in range(rounds):
            opened.move_ref(f"{name}{n}", head, None, "start")
    racers = []
    for racer in range(3):
        news = [grown(opened, head, f"{racer}.{n}") for n in range(rounds)]
        argv = [sys.executable, "-c", RACE, str(folder), name, head if existing else "", *news]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        racers.append(
            subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
            )
        )
    for process in racers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start = f"{time.time() + 0.1}\n"
    results = [process.communicate(start)[0].split() for process in racers]
    assert [sorted(result) for result in zip(*results, strict=True)] == [
        ["lost", "lost", "won"]
    ] * rounds


def test_a_lock_that_stays_is_named(repo: Make) -> None:
    """A stale lock is reported with its path; it is not taken for somebody else's move."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    lock = folder / ".git" / "refs" / "heads" / "main.lock"
    lock.touch()
    with pytest.raises(Conflict, match="locked") as caught:
        opened.move_ref(MAIN, grown(opened, head), head, "x")
    assert str(lock) in caught.value.hint
    assert lock.exists()
    assert opened.ref(MAIN) == head


def test_a_lock_that_goes_away_is_waited_for(repo: Make) -> None:
    """Another git process holds a lock for an instant: that is no reason to fail."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    new = grown(opened, head)
    lock = folder / ".git" / "refs" / "heads" / "main.lock"
    lock.touch()
    gone = subprocess.Popen(["sh", "-c", 'sleep 0.05; rm "$0"', str(lock)])
    opened.move_ref(MAIN, new, head, "x")
    gone.wait()
    assert opened.ref(MAIN) == new


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_no_ref_below_or_above_another(repo: Make, packed: bool) -> None:
    """A branch `agent` leaves no room for `agent/x`, and the sentence says so."""
    folder = repo({"a": "1"})
    git(folder, "branch", "agent")
    git(folder, "branch", "deep/er")
    if packed:
        git(folder, "pack-refs", "--all")
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    for name, taken in (("agent/x", "agent"), ("deep", "deep/er")):
        with pytest.raises(Conflict, match=f"there is refs/heads/{taken}"):
            opened.move_ref(f"refs/heads/{name}", head, None, "x")
    assert git(folder, "for-each-ref", "refs/heads/agent/", "refs/heads/deep").count("\n") == 1


@pytest.mark.parametrize(
    "name", ["refs/heads/..", "refs/heads/a b", "refs/heads/", "x\0", "\udcff"]
)
def test_names_that_no_ref_can_have(repo: Make, name: str) -> None:
    """Reading finds nothing there, writing is wrong usage."""
    opened = GitRepo.open(repo({"a": "1"}))
    assert opened.ref(name) is None
    with pytest.raises(UsageError):
        opened.move_ref(name, opened.resolve("HEAD"), None, "x")


def test_refs_of_others_do_not_break_a_listing(repo: Make) -> None:
    """Names that are not UTF-8 and symbolic refs to nothing are passed over."""
    folder = repo({"a": "1"})
    head = git(folder, "rev-parse", "HEAD").strip()
    git(folder, "update-ref", os.fsdecode(b"refs/heads/caf\xe9"), head)
    git(folder, "update-ref", "refs/gitagent/abc", head)
    git(folder, "symbolic-ref", "refs/gitagent/dangling", "refs/heads/nowhere")
    assert GitRepo.open(folder).refs("refs/gitagent/") == {"refs/gitagent/abc": head}


def test_ten_thousand_refs_are_no_burden(repo: Make) -> None:
    """A repository with many refs answers at once."""
    folder = repo({"a": "1"})
    head = git(folder, "rev-parse", "HEAD").strip()
    lines = (f"{head} refs/tags/t{n:05}\n" for n in range(10_000))
    header = "# pack-refs with: peeled fully-peeled sorted \n"
    (folder / ".git" / "packed-refs").write_text(header + "".join(lines))
    opened = GitRepo.open(folder)
    started = time.monotonic()
    assert opened.refs("refs/gitagent/") == {}
    opened.move_ref("refs/heads/agent/x", head, None, "x")
    assert opened.ref("refs/tags/t09999") == head
    assert time.monotonic() - started < 2


def test_objects_and_own_refs_leave_the_checkout_as_it_was(repo: Make) -> None:
    """Trees, commits, merges and the agent's refs change nothing else, hooks included."""
    folder = repo()
    canary = folder.parent / "canary"
    for hook in ("reference-transaction", "post-commit", "post-index-change"):
        file = folder / ".git" / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {canary}\n")
        file.chmod(0o755)
    git(folder, "config", "core.fsmonitor", f"touch {canary}; false")
    before = snapshot(folder)
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    new = grown(opened, head)
    opened.move_ref("refs/heads/agent/x", new, None, "x")
    opened.merge(opened.tree_of(head), opened.tree_of(new), opened.tree_of(head))
    opened.delete_ref("refs/heads/agent/x", new)
    assert before.diff(snapshot(folder)) == []
    assert not canary.exists()


def test_a_bad_path_leaves_no_commit(repo: Make) -> None:
    """What git forbids is refused as a whole, with our own exit code."""
    opened = GitRepo.open(repo({"a": "1"}))
    tree = opened.tree_of(opened.resolve("HEAD"))
    with pytest.raises(Refused) as caught:
        opened.with_files(tree, {"ok": File(b""), ".git/hooks/x": File(b"")})
    assert caught.value.exit_code == 7
