"""How long the index of a repository takes, beside aider's repo map and plain BM25 over files.

    python benchmarks/index.py REPOSITORY [--aider PYTHON] [--rounds N]

The repository is cloned; nothing of it is changed. PYTHON is one that has aider-chat, and bm25s
where that is to be measured too. All take turns in one run, so that a busy minute of the machine
falls on all of them: read the ratios. Every time is that of a whole command, a new process, except
for the last line. Peak memory is that of the largest process.

    cold           nothing is there: the database is made, the server started, all files read
    read anew      the server runs, and nothing of the repository is known (index --rebuild)
    tags           what aider's repo map does for the same files, nothing cached; its import apart
    BM25           the files read and split into words, an index by bm25s, one query
    warm           a query (`git agent context`), nothing to read; aider: its tags are cached
    ten files      a query after a commit that touches ten files
    in a task      a search in a process that has searched before, no command around it
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from gitagent.searching import index_of
from gitagent.site import open_site

ROUNDS = 3
TOUCHED = 10
QUERIES = (
    "Prevent a race when the session manager disconnects and the cache is refreshed",
    "Fix the retry of a websocket subscription",
    "Show the token in the settings page",
    "Add a timeout to the proposal when a leader steps down",
)
SUFFIXES = (".py", ".go", ".ex", ".ts", ".tsx", ".rs", ".js", ".rb", ".java", ".c")

AIDER = """
import contextlib, os, subprocess, sys, time
with contextlib.redirect_stdout(sys.stderr):
    from aider.repomap import RepoMap

    class Quiet:
        def read_text(self, name, *_a, **_k):
            try:
                return open(name, encoding="utf-8").read()
            except (OSError, UnicodeError):
                return None

        def tool_output(self, *_a, **_k):
            pass

        tool_warning = tool_error = tool_output

    class Lenient(RepoMap):
        # a grammar that its queries do not fit ends aider's map; here such a file has no tags
        def get_tags_raw(self, *names):
            try:
                yield from super().get_tags_raw(*names)
            except Exception:
                return

    class Counting:
        def token_count(self, text):
            return len(text) / 4

    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True).stdout
    files = [os.path.abspath(p) for p in listed.split(chr(0)) if p and os.path.isfile(p)]
    began = time.monotonic()
    made = RepoMap(root=os.getcwd(), io=Quiet(), main_model=Counting(), map_tokens=1024)
    made.get_ranked_tags(set(), files, set(), set(sys.argv[1].split()))
print(time.monotonic() - began)
"""

BM25 = """
import re, subprocess, sys
import bm25s
word = re.compile("[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True).stdout
texts = []
for path in listed.split(chr(0)):
    try:
        data = open(path, "rb").read()
    except OSError:
        continue
    if len(data) < 1 << 20 and b"\\0" not in data[:8000]:
        found = word.findall(data.decode("utf-8", "replace"))
        texts.append([each.lower() for each in found])
made = bm25s.BM25()
made.index(texts, show_progress=False)
asked = [each.lower() for each in word.findall(sys.argv[1])]
made.retrieve([asked], k=min(60, len(texts)), show_progress=False)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("repository", type=Path)
    parser.add_argument("--aider", metavar="PYTHON", default="")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitagent-bench-") as folder:
        try:
            _measure(Path(folder), asked.repository, asked.aider, asked.rounds)
        finally:
            _server_ended(Path(folder) / "cache")


def _measure(folder: Path, repository: Path, aider: str, rounds: int) -> None:
    clone, cache = folder / "clone", folder / "cache"
    _run(["git", "clone", "-q", "--no-hardlinks", str(repository), str(clone)], folder)
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(folder)}
    os.environ["XDG_CACHE_HOME"] = str(cache)
    files = _touched(clone)
    times: dict[str, list[float]] = {}

    def take(name: str, act: Callable[[], float]) -> None:
        times.setdefault(name, []).append(act())
        print(f"  {name:<22} {times[name][-1]:7.2f} s", file=sys.stderr, flush=True)

    for n in range(rounds):
        _server_ended(cache)
        shutil.rmtree(cache, ignore_errors=True)
        take("cold", lambda: _agent(clone, environ, "index"))
        take("read anew", lambda: _agent(clone, environ, "index", "--rebuild"))
        if aider:
            shutil.rmtree(clone / ".aider.tags.cache.v4", ignore_errors=True)
            take("aider: tags", lambda: float(_run([aider, "-c", AIDER, QUERIES[0]], clone)))
            take("aider: warm", lambda: _timed([aider, "-c", AIDER, QUERIES[0]], clone))
            take("BM25", lambda: _timed([aider, "-c", BM25, QUERIES[0]], clone))
        for query in QUERIES:
            take("warm", partial(_agent, clone, environ, "context", "--json", query))
        _commit(clone, files, n)
        take("ten files", lambda: _agent(clone, environ, "context", "--json", QUERIES[0]))
    times["in a task"] = _searches(clone)
    _print(times, clone)


def _print(times: Mapping[str, Sequence[float]], clone: Path) -> None:
    listed = _run(["git", "ls-files"], clone).splitlines()
    print(f"{len(listed)} files; medians of {len(times['cold'])}")
    anew = statistics.median(times["read anew"])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"{name:<14} {median * 1000:>9.0f} ms   {median / anew:>6.2f} x read anew")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"largest process of all, aider's with it: {peak // 1024} MB")


def _searches(clone: Path) -> list[float]:
    """Seconds of each search but the first ones, in this process."""
    site = open_site(clone, os.environ)
    base = site.repo.resolve("HEAD")
    tree = site.repo.tree_of(base)
    times = []
    with index_of(site, site.repo, base, lambda _news: None) as index:
        for query in (*QUERIES, *QUERIES):
            began = time.perf_counter()
            index.search(tree, query, 60)
            times.append(time.perf_counter() - began)
    return times[len(QUERIES) :]


def _touched(clone: Path) -> list[Path]:
    paths = [clone / line for line in _run(["git", "ls-files"], clone).splitlines()]
    code = [path for path in paths if path.suffix in SUFFIXES and path.is_file()]
    return code[:: max(1, len(code) // TOUCHED)][:TOUCHED]


def _commit(clone: Path, files: Sequence[Path], n: int) -> None:
    for file in files:
        file.write_bytes(file.read_bytes() + f"\n// touched {n}\n".encode())
    who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    _run(["git", *who, "commit", "-qam", "Touch ten files"], clone)


def _agent(clone: Path, environ: Mapping[str, str], *arguments: str) -> float:
    return _timed([sys.executable, "-m", "gitagent", *arguments], clone, environ)


def _timed(command: list[str], folder: Path, environ: Mapping[str, str] | None = None) -> float:
    began = time.perf_counter()
    _run(command, folder, environ)
    return time.perf_counter() - began


def _run(command: list[str], folder: Path, environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[:3]} failed: {done.stderr[-2000:]}")
    return done.stdout


def _server_ended(cache: Path) -> None:
    """The database server of the benchmark's own cache folder, and of no other."""
    state = cache / "gitagent" / "index" / "state.json"
    if state.is_file():
        import json
        import signal

        supervisor = json.loads(state.read_text())["pid"]
        os.kill(supervisor, signal.SIGTERM)
        while state.is_file():
            time.sleep(0.05)


if __name__ == "__main__":
    main()
