"""One repository's objects and refs, by pygit2. Its checkout, index and hooks are never touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent.domain.entry import TreeFile
from gitagent.errors import NoCommits, NotARepository, UnknownRevision, UsageError
from gitagent.git import refs, trees, worktrees
from gitagent.git.reading import present
from gitagent.git.unkept import BLOB, COMMIT, TREE, Unkept, outwait_gc

if TYPE_CHECKING:
    import pygit2

    from gitagent.config import GitEntry
    from gitagent.domain.edit import File
    from gitagent.git.folders import Folder
    from gitagent.git.packs import EventPack

Bot = tuple[str, str]
Changes = Mapping[str, "File | None"]
TREES_KEPT = 4
DEFAULT_BOT: Bot = ("gitagent", "gitagent@localhost")


class GitRepo:
    """Implements ports.Repo. `bot` is the author of its commits, as (name, e-mail), `objects` the
    folder of its objects where that is another one than usual."""

    def __init__(
        self, repository: pygit2.Repository, bot: Bot = DEFAULT_BOT, objects: str = ""
    ) -> None:
        self.pygit2 = repository
        self._bot = bot
        self._config = repository.config
        self._listed: dict[str, tuple[TreeFile, ...]] = {}
        self._objects = objects
        self.unkept = Unkept(repository, objects)

    @classmethod
    def open(cls, start: Path, bot: Bot = DEFAULT_BOT) -> GitRepo:
        """The repository that git itself would use from `start`, GIT_DIR included."""
        import pygit2

        # what we say is kept must be on the disk: objects, refs and the folders that name them
        pygit2.settings.enable_fsync_gitdir(True)
        flags = pygit2.enums.RepositoryOpenFlag.FROM_ENV
        if named := os.environ.get("GIT_DIR"):
            # libgit2 looks at it only where it is given no place to start from
            start = start / named
            flags |= pygit2.enums.RepositoryOpenFlag.NO_SEARCH
            flags |= pygit2.enums.RepositoryOpenFlag.NO_DOTGIT
        try:
            repository = pygit2.Repository(str(start), flags)
        except pygit2.GitError as error:
            raise _not_opened(start, error) from error
        return cls(repository, bot, os.environ.get("GIT_OBJECT_DIRECTORY", ""))

    def at(self, folder: Path) -> GitRepo:
        """Another repository, with this one's identities."""
        import pygit2

        other = GitRepo(pygit2.Repository(str(folder)), self._bot)
        other._config = self._config
        return other

    def by(self, bot: Bot) -> GitRepo:
        """The same repository with another author for its commits."""
        return GitRepo(self.pygit2, bot, self._objects)

    def settings(self, prefix: str) -> list[GitEntry]:
        """Entries of the git configuration whose key starts so, in the order git reads them."""
        import pygit2

        from gitagent.config import GitEntry

        level = pygit2.enums.ConfigLevel
        foreign = (level.LOCAL, level.WORKTREE)
        return [
            GitEntry(entry.name, entry.value or "", entry.level not in foreign)
            for entry in self.pygit2.config
            if entry.name.startswith(prefix)
        ]

    @property
    def folder(self) -> Path:
        """The git folder that all worktrees of the repository share."""
        return worktrees.shared(Path(self.pygit2.path))

    @property
    def checkout(self) -> Path | None:
        """The folder of the working files; None for a bare repository."""
        workdir = self.pygit2.workdir
        return Path(workdir) if workdir else None

    def resolve(self, revision: str) -> str:
        import pygit2

        if revision == "HEAD" and self.pygit2.head_is_unborn:
            raise NoCommits
        try:
            return str(self.pygit2.revparse_single(revision).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise UnknownRevision(f"`{revision}` names no commit here.") from error

    def tree_of(self, commit: str) -> str:
        return str(self._commit(commit).tree_id)

    def message_of(self, commit: str) -> str:
        return self._commit(commit).message

    def words_of(self, commit: str, largest: int) -> str:
        """The message of a commit from anywhere; UnknownRevision for one of more bytes."""
        if self.pygit2.odb.read_header(commit)[1] > largest:
            raise UnknownRevision(f"The commit {commit} is larger than what we write.")
        return self._commit(commit).raw_message.decode("utf-8", "replace")

    def has_commit(self, commit: str) -> bool:
        import pygit2

        return isinstance(self.pygit2.get(commit), pygit2.Commit)

    def parents_of(self, commit: str) -> Sequence[str]:
        return [str(parent) for parent in self._commit(commit).parent_ids]

    def files(self, tree: str) -> Sequence[TreeFile]:
        # several stages ask for the same few trees, and a tree never changes
        if tree not in self._listed:
            while len(self._listed) >= TREES_KEPT:
                del self._listed[next(iter(self._listed))]
            self._listed[tree] = tuple(self.entries(tree))
        return self._listed[tree]

    def entries(self, tree: str) -> Iterator[TreeFile]:
        if tree in self._listed:
            yield from self._listed[tree]
            return
        header = self.pygit2.odb.read_header
        # a tree that is asked for has most of its files in common with the one before
        last = next(reversed(self._listed.values()), ())
        known = {file.blob: file.size for file in last}

        def size(blob: str, mode: int) -> int:
            found = known.get(blob)
            return header(blob)[1] if found is None and mode != trees.GITLINK else found or 0

        with self._present():
            for path, entry, mode in trees.walk(self.pygit2, self._tree(tree)):
                blob = str(entry.id)
                yield TreeFile(path, blob, mode, size(blob, mode))

    def read(self, blob: str) -> bytes:
        with self._present():
            return self.pygit2.odb.read(blob)[1]

    def file(self, tree: str, path: str) -> File | None:
        entry = self._entry(tree, path)
        if entry is None or int(entry.filemode) in (trees.TREE, trees.GITLINK, trees.SYMLINK):
            return None
        from gitagent.domain.edit import File

        executable = int(entry.filemode) == trees.EXECUTABLE
        return File(self.read(str(entry.id)), executable)

    def top_file(self, commit: str, name: str, largest: int) -> bytes | None:
        """A file at the top of a commit's tree; None where there is none of at most so many bytes.

        Whoever reads one file of each of many commits reads nothing else of them.
        """
        import pygit2

        try:
            found = self._commit(commit).tree / name
        except KeyError:
            return None
        except pygit2.GitError as error:
            raise UnknownRevision(f"The tree of {commit} is not here.") from error
        if not isinstance(found, pygit2.Blob) or found.size > largest:
            return None
        return found.data

    def has_tree(self, tree: str) -> bool:
        """Whether there is a tree of this id."""
        import pygit2

        try:
            return isinstance(self.pygit2.get(tree), pygit2.Tree)
        except (ValueError, pygit2.GitError):
            return False

    def names_in(self, tree: str, folder: str) -> list[str]:
        """What is directly in a folder of a tree; nothing where there is no such folder."""
        found = self._entry(tree, folder)
        if found is None or int(found.filemode) != trees.TREE:
            return []
        return [os.fsdecode(entry.raw_name or b"") for entry in self._tree(str(found.id))]

    def size(self, tree: str, path: str) -> int:
        """The bytes of a file of a tree, without reading it; 0 where there is none."""
        found = self._entry(tree, path)
        if found is None or int(found.filemode) in (trees.TREE, trees.GITLINK):
            return 0
        return int(self.pygit2.odb.read_header(found.id)[1])

    def mode(self, tree: str, path: str) -> int | None:
        entry = self._entry(tree, path)
        return None if entry is None else int(entry.filemode)

    def with_files(self, tree: str, changes: Mapping[str, File | None]) -> str:
        write = self.unkept.write
        leaves = {path: _leaf(file, write) if file else None for path, file in changes.items()}
        base = self._tree(tree) if tree else None
        return trees.write(self.pygit2, base, leaves, self.unkept)

    def folder_of(self, tree: str) -> Folder:
        """A tree of our own making, to be changed by `changed`; a new one where `tree` is empty."""
        from gitagent.git import folders

        return folders.opened(tree, self._raw) if tree else folders.Folder()

    def event_pack(self) -> EventPack:
        """What is to be kept together."""
        from gitagent.git.packs import EventPack

        return EventPack(self.unkept, str(self.folder))

    def fold_packs(self, *, least: int | None = None) -> None:
        """Make few of the packs of events, of all tasks, once there are so many."""
        from gitagent.git import folding

        least = folding.AT_ONCE if least is None else least
        folding.fold(self.folder, self.unkept.folder, least=least)

    def changed(
        self,
        folder: Folder,
        files: Changes,
        code: Mapping[str, str],
        pack: EventPack | None = None,
    ) -> Folder:
        """The folder with these files written or removed, and these trees put in; what is new of
        it is in the pack where there is one."""
        write = pack.add if pack else self.unkept.write
        leaves = {name: _leaf(file, write) if file else None for name, file in files.items()}
        leaves |= {name: (tree, trees.TREE) for name, tree in code.items()}
        from gitagent.git import folders

        return folders.changed(folder, leaves, self._raw, lambda data: write(TREE, data))

    def _raw(self, tree: str) -> bytes:
        with self._present():
            return self.pygit2.odb.read(tree)[1]

    def commit(
        self, tree: str, parents: Sequence[str], message: str, pack: EventPack | None = None
    ) -> str:
        """A commit by the bot, in the pack where there is one."""
        import pygit2

        author = pygit2.Signature(*self._bot)
        write = pack.add if pack else self.unkept.write
        return write(COMMIT, self._commit_of(author, message, tree, parents))

    def copy_commit(self, commit: str, tree: str, parent: str) -> str:
        """The commit on another parent: same author, message and trailers."""
        original = self._commit(commit)
        made = self._commit_of(original.author, original.message, tree, [parent])
        return self.unkept.write(COMMIT, made)

    def _commit_of(
        self, author: pygit2.Signature, message: str, tree: str, parents: Sequence[str]
    ) -> bytes:
        head = [f"tree {tree}", *(f"parent {each}" for each in parents)]
        signed = [b"author " + _signed(author), b"committer " + _signed(self.committer())]
        lines = ["\n".join(head).encode(), *signed, b"", message.encode(errors="surrogateescape")]
        return b"\n".join(lines)

    def ref(self, name: str) -> str | None:
        return refs.read(self.pygit2, name)

    def head_branch(self) -> str | None:
        """The branch that HEAD is on, born or not; None where HEAD is detached."""
        target = self.pygit2.references["HEAD"].target
        name = target if isinstance(target, str) else ""
        return name.removeprefix("refs/heads/") if name.startswith("refs/heads/") else None

    def checked_out_at(self, branch: str) -> str | None:
        """The folder of a worktree that has the branch checked out, or is rebasing it."""
        bare = self._is_set("core.bare")
        return worktrees.holding(self.folder, branch, bare=bare)

    def is_busy(self) -> bool:
        """Whether a merge, rebase or the like is under way in this checkout."""
        import pygit2

        return self.pygit2.state() != pygit2.enums.RepositoryState.NONE

    def is_sparse(self) -> bool:
        """Whether the checkout leaves files out on purpose."""
        return self._is_set("core.sparseCheckout")

    def keeps_modes(self) -> bool:
        """Whether the file system's executable bits are to be believed."""
        return "core.fileMode" not in self.pygit2.config or self._is_set("core.fileMode")

    def filtered(self, path: str) -> bool:
        """Whether git would put the file through more than a conversion of line ends."""
        name = os.fsencode(path)
        return any(self.pygit2.get_attr(name, a) for a in ("filter", "working-tree-encoding"))

    def _is_set(self, key: str) -> bool:
        return key in self.pygit2.config and self.pygit2.config.get_bool(key)

    def refs(self, prefix: str) -> dict[str, str]:
        """Targets of all refs whose name starts so, by name."""
        return refs.targets(self.pygit2, prefix)

    def move_ref(self, name: str, new: str, old: str | None, reason: str) -> None:
        with self.moving_ref(name, new, old, reason):
            pass

    @contextmanager
    def moving_ref(self, name: str, new: str, old: str | None, reason: str) -> Iterator[None]:
        """Compare-and-swap around a block: nobody else moves the ref while the block runs.

        The ref stays where it is if the block raises.
        """

        def sync(files: Sequence[int]) -> None:
            self.unkept.sync(also=files)

        with refs.moving(self.pygit2, name, new, old, reason, sync):
            yield
            self.unkept.restore()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Around what moves a ref to new objects: no gc that has not seen the ref takes them."""
        outwait_gc(self.folder)
        yield
        outwait_gc(self.folder)
        self.unkept.restore()
        self.unkept.sync(for_good=True)
        self.unkept.forget()

    def staying_ref(self, name: str, at: str | None) -> AbstractContextManager[None]:
        """Nobody moves the ref while a block runs; Conflict where it stands elsewhere already."""
        return refs.staying(self.pygit2, name, at)

    def keep_reflog(self, name: str) -> None:
        """From now on git writes down where this ref has been."""
        refs.keep_reflog(self.pygit2, name)

    def moved_here(self, name: str, mark: str) -> set[str]:
        """Commits at which the ref stood by a move made here, for a reason that begins so."""
        return refs.moved_here(self.pygit2, name, mark)

    def delete_ref(self, name: str, old: str) -> None:
        """Compare-and-delete; Conflict where it stands elsewhere, nothing where it is gone."""
        refs.delete(self.pygit2, name, old)

    def deleting_ref(self, name: str, old: str) -> AbstractContextManager[None]:
        """Compare-and-delete around a block: nobody else moves the ref while the block runs."""
        return refs.deleting(self.pygit2, name, old)

    def changed_paths(self, before: str, after: str) -> Sequence[str]:
        paths = set()
        for delta in self._diff(before, after).deltas:
            paths |= {os.fsdecode(delta.old_file.raw_path), os.fsdecode(delta.new_file.raw_path)}
        return sorted(paths)

    def diff(self, before: str, after: str) -> str:
        diff = self._diff(before, after)
        with self._present():
            diff.find_similar()
            patches = b"".join(patch.data for patch in diff if patch is not None)
        return patches.decode("utf-8", "surrogateescape")

    def merge(self, ancestor: str, ours: str, theirs: str) -> tuple[str, list[str]]:
        """Three trees merged in memory: the tree, or "" and the paths in conflict."""
        index = self.pygit2.merge_trees(self._tree(ancestor), self._tree(ours), self._tree(theirs))
        if index.conflicts is None:
            made = str(index.write_tree(self.pygit2))
            self._remember(ours, made)
            return made, []
        entries = (entry for conflict in index.conflicts for entry in conflict if entry)
        return "", sorted({entry.path for entry in entries})

    def _remember(self, before: str, after: str) -> None:
        """What a merge wrote: the tree, and what is new on the way to each path that differs."""
        self.unkept.remember(after)
        for path in self.changed_paths(before, after):
            for end in (n for n, character in enumerate(path + "/") if character == "/"):
                found = self._entry(after, path[:end])
                if found is not None and int(found.filemode) != trees.GITLINK:
                    self.unkept.remember(str(found.id))

    def commits(self, tip: str, base: str) -> list[str]:
        """Commits that `tip` has and `base` has not, oldest first."""
        import pygit2

        walker = self.pygit2.walk(tip, pygit2.enums.SortMode.TOPOLOGICAL)
        walker.hide(base)
        return [str(commit.id) for commit in walker][::-1]

    def check_identity(self) -> None:
        """Raises UsageError where git does not know who would be the committer."""
        _ = self._person

    def check_index(self) -> None:
        """Raises UsageError where the index is one that pygit2, which looks there for attributes
        when it compares two trees, does not read."""
        import pygit2

        try:
            _ = self.pygit2.index
        except pygit2.GitError as error:
            raise UsageError(
                f"The index cannot be read: {error}.",
                hint="Of a sparse one: `git sparse-checkout reapply --no-sparse-index`.",
            ) from error

    def committer(self) -> pygit2.Signature:
        """Who commits here, now; UsageError where git does not know."""
        import pygit2

        return pygit2.Signature(*self._person)

    @cached_property
    def _person(self) -> Bot:
        """Name and e-mail of who commits here: the configuration is read anew for each look."""
        name = os.environ.get("GIT_COMMITTER_NAME") or _value(self._config, "user.name")
        email = os.environ.get("GIT_COMMITTER_EMAIL") or _value(self._config, "user.email")
        if not name or not email:
            raise UsageError(
                "git does not know who you are, and you will be the committer.",
                hint="Set it: `git config --global user.name …` and `user.email …`.",
            )
        return name, email

    def _commit(self, commit: str) -> pygit2.Commit:
        import pygit2

        found = self.pygit2.get(commit)
        if not isinstance(found, pygit2.Commit):
            raise UnknownRevision(f"`{commit}` is no commit that is here.")
        return found

    def _tree(self, tree: str) -> pygit2.Tree:
        with self._present():
            return self.pygit2[tree]  # type: ignore[return-value]

    def _present(self) -> AbstractContextManager[None]:
        return present(self._is_partial)

    def _is_partial(self) -> bool:
        return any(entry.name.endswith(".promisor") for entry in self.pygit2.config)

    def _entry(self, tree: str, path: str) -> pygit2.Object | None:
        here: pygit2.Object = self._tree(tree)
        for part in path.split("/"):
            if int(here.filemode or trees.TREE) != trees.TREE:
                return None
            try:
                here = here / part  # type: ignore[operator]
            except KeyError:
                return None
        return here

    def _diff(self, before: str, after: str) -> pygit2.Diff:
        with self._present():
            return self._tree(before).diff_to_tree(self._tree(after))


def _leaf(file: File, write: Callable[[int, bytes], str]) -> tuple[str, int]:
    return write(BLOB, file.data), trees.EXECUTABLE if file.executable else trees.REGULAR


def _signed(who: pygit2.Signature) -> bytes:
    """A signature as a commit has it."""
    sign, minutes = "-" if who.offset < 0 else "+", abs(who.offset)
    zone = f"{sign}{minutes // 60:02}{minutes % 60:02}"
    return b"%s <%s> %d %s" % (who.raw_name, who.raw_email, who.time, zone.encode())


def _value(config: pygit2.Config, key: str) -> str:
    return str(config[key]) if key in config else ""


def _not_opened(start: Path, error: Exception) -> NotARepository:
    if "owned by" in str(error):
        return NotARepository(
            f"The repository at {start} belongs to another user.",
            hint="If you trust it: `git config --global --add safe.directory …`, as for git.",
        )
    if "not found" in str(error).lower():
        return NotARepository(f"{start} is not inside a git repository.")
    kind = "object format" in str(error) or "extension" in str(error)
    return NotARepository(
        f"The repository at {start} cannot be opened: {error}.",
        hint="What can be: one with object ids of SHA-1, and refs in files."
        if kind
        else "`git fsck` and `git config --list` may say more.",
    )
