"""Practice exercises of exercism's Python track, solved by `git agent task`, beside another tool.

    python benchmarks/exercism.py serve --port 8321                 # the model, for both tools
    python benchmarks/exercism.py run TRACK OURS.jsonl --slugs split.json --url http://…:8321/v1
    python benchmarks/exercism.py table AIDER.jsonl OURS.jsonl

TRACK is a checkout of github.com/exercism/python. Each exercise is a git repository of its own with
the stub, its tests and the instructions, which are the task's text as well; a task has `--limit`
seconds of wall time and is killed then. What counts is what is on its branch, with the exercise's
own tests put back. `run` goes on where it stopped: what OURS.jsonl has is not done again.

Devices are switched off one by one for an ablation: `--candidates 1`, `--attempts 1` (no repair),
`--format whole|search-replace|udiff`. `table` reads the runner of the other tool beside it, whose
logs name the tokens (`AIDER.jsonl.SLUG.log`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AGENT = [sys.executable, "-m", "gitagent"]
ROOT = Path(__file__).resolve().parents[1]
MODEL = "qwen2.5-coder-1.5b"
KEY = "x"
WINDOW = 16384
LIMIT_S = 240.0
GRACE_S = 5.0
VERDICT_S = 60
DOCS = ("introduction.md", "instructions.md", "instructions.append.md")
IGNORED = "__pycache__/\n.pytest_cache/\n"
MESSAGE = """{instructions}

####

Use the above instructions to modify the supplied file: {solution}
Don't change the names of existing functions or classes, as they may be referenced from other code \
like unit tests, etc.
Only use standard python libraries, don't suggest installing any packages.
"""


@dataclass(frozen=True)
class Exercise:
    """One exercise of the track; `solution` and `test` are names of files."""

    slug: str
    folder: Path
    solution: str
    test: str

    @classmethod
    def of(cls, track: Path, slug: str) -> Exercise:
        folder = track / "exercises" / "practice" / slug
        files = json.loads((folder / ".meta" / "config.json").read_text())["files"]
        return cls(slug, folder, files["solution"][0], files["test"][0])

    @property
    def instructions(self) -> str:
        docs = (self.folder / ".docs" / name for name in DOCS)
        return "".join(f"{doc.read_text()}\n" for doc in docs if doc.exists())

    @property
    def message(self) -> str:
        return MESSAGE.format(instructions=self.instructions, solution=self.solution)

    def lay_out(self, place: Path) -> None:
        """The repository that a task finds."""
        shutil.copy(self.folder / self.solution, place)
        shutil.copy(self.folder / self.test, place)
        (place / "INSTRUCTIONS.md").write_text(self.instructions)
        (place / ".gitignore").write_text(IGNORED)
        for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "base")):
            _git(place, *words)


@dataclass(frozen=True)
class Means:
    """How every exercise is worked on: where the model answers, and what is switched off."""

    url: str
    limit_s: float
    candidates: int | None
    attempts: int | None
    edit_format: str
    more: Sequence[str]

    @property
    def words(self) -> list[str]:
        said = ["--edit-format", self.edit_format] if self.edit_format else []
        said += ["--candidates", str(self.candidates)] if self.candidates else []
        return [*said, *self.more]

    def environment(self, home: Path) -> dict[str, str]:
        """A home of its own: nobody's configuration, keys and caches."""
        config = home / ".config" / "gitagent" / "gitagent.toml"
        config.parent.mkdir(parents=True)
        config.write_text(self._config)
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Bench\n\temail = bench@example.invalid\n"
        )
        own = str(Path(sys.executable).parent)
        return {
            "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)),
            "HOME": str(home),
            "BENCH_KEY": KEY,
        }

    @property
    def _config(self) -> str:
        lines = [f'model = "llamacpp/{MODEL}"']
        if self.attempts:
            lines += ["[repair]", f"attempts = {self.attempts}"]
        lines += ["[budget]", "max_calls = 200"]
        lines += ["[providers.llamacpp]", f'base_url = "{self.url}"', 'key_env = "BENCH_KEY"']
        return "\n".join([*lines, f'[models."llamacpp/{MODEL}"]', f"window = {WINDOW}", ""])


def solve(exercise: Exercise, means: Means, folder: Path) -> dict[str, Any]:
    """One exercise, from an empty folder to its record."""
    place, home = folder / exercise.slug, folder / "home"
    place.mkdir()
    home.mkdir()
    env = means.environment(home)
    exercise.lay_out(place)
    began = time.monotonic()
    code, said = _within(means.limit_s, [*AGENT, "task", "-", *means.words], exercise, place, env)
    seconds = time.monotonic() - began
    record = {
        "slug": exercise.slug,
        "ok": False,
        "seconds": round(seconds, 1),
        "timeout": code is None,
        "code": code,
    }
    shown = _document([*AGENT, "show", "--json"], place, env)
    record |= _figures(shown)
    solved = _git(place, "show", f"{shown['branch']}:{exercise.solution}") if shown else ""
    record["ok"] = bool(solved) and code is not None and _passes(exercise, solved, folder)
    record["log"] = said[-4000:]
    return record


def _within(
    seconds: float, words: Sequence[str], exercise: Exercise, place: Path, env: Mapping[str, str]
) -> tuple[int | None, str]:
    """The exit code, None where the time was up, and what was said."""
    with subprocess.Popen(
        words,
        cwd=place,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(exercise.message, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                said, _ = process.communicate(timeout=GRACE_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said, _ = process.communicate()
            return None, said
    return process.returncode, said


def _document(words: Sequence[str], place: Path, env: Mapping[str, str]) -> dict[str, Any]:
    done = subprocess.run(words, cwd=place, env=dict(env), capture_output=True, text=True)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {}


def _figures(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What `git agent show --json` says of a task's calls; times in seconds."""
    calls, totals = shown.get("calls", []), shown.get("totals", {})
    first = sum(call.get("first_token_seconds") or 0.0 for call in calls)
    return {
        "ending": shown.get("ending"),
        "calls": totals.get("calls", 0),
        "tries": len(shown.get("tries", [])),
        "sent": totals.get("prompt_tokens", 0),
        "cached": sum(call["cached_tokens"] for call in calls),
        "received": totals.get("completion_tokens", 0),
        "prefill_s": round(first, 1),
        "writing_s": round(totals.get("llm_seconds", 0.0) - first, 1),
        "gate_s": round(totals.get("gate_seconds", 0.0), 1),
    }


def _passes(exercise: Exercise, solved: str, folder: Path) -> bool:
    """Whether the exercise's own tests pass on the solution."""
    place = folder / "verdict"
    place.mkdir()
    (place / exercise.solution).write_text(solved)
    shutil.copy(exercise.folder / exercise.test, place)
    words = ["-m", "pytest", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [sys.executable, *words, exercise.test],
            cwd=place,
            capture_output=True,
            timeout=VERDICT_S,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _git(place: Path, *words: str) -> str:
    own = ("-c", "user.name=Bench", "-c", "user.email=bench@example.invalid")
    done = subprocess.run(["git", *own, *words], cwd=place, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def run(asked: argparse.Namespace) -> int:
    """Every exercise that the file of results does not have yet."""
    slugs = asked.only.split(",") if asked.only else _slugs(asked.slugs)
    known = {record["slug"] for record in _records(asked.out)} if asked.out.exists() else set()
    means = Means(
        asked.url, asked.limit, asked.candidates, asked.attempts, asked.format, asked.more
    )
    for slug in slugs:
        if slug in known:
            continue
        with tempfile.TemporaryDirectory(prefix=f"exercise-{slug}-") as folder:
            record = solve(Exercise.of(asked.track, slug), means, Path(folder))
            if asked.keep:
                shutil.copytree(Path(folder) / slug, asked.keep / slug, dirs_exist_ok=True)
        with asked.out.open("a") as out:
            out.write(json.dumps(record) + "\n")
        print({key: value for key, value in record.items() if key != "log"}, flush=True)
    return 0


def _slugs(split: Path) -> list[str]:
    """The exercises of a split file: a list, or the one list in an object."""
    read = json.loads(split.read_text())
    return list(read if isinstance(read, list) else next(iter(read.values())))


def serve(asked: argparse.Namespace) -> int:
    """The local model behind one port for both tools, until it is interrupted."""
    from gitagent.llm.local import engine, weights
    from gitagent.llm.local.settings import cores

    found = asked.weights or weights.path(weights.known(MODEL), weights.default_folder())
    running = engine.start(found, MODEL, WINDOW, cores(), KEY, asked.port)
    print(f"http://127.0.0.1:{running.port}/v1", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        os._exit(0)
    return 0


def table(asked: argparse.Namespace) -> int:
    """The results side by side as Markdown."""
    names = [out.stem for out in asked.outs]
    found = [{record["slug"]: record for record in _counted(out)} for out in asked.outs]
    slugs = sorted({slug for records in found for slug in records})
    heads = [f"{name}: {what}" for name in names for what in ("solved", "in", "out", "s")]
    print("| exercise |", " | ".join(heads), "|")
    print("|---" * (1 + len(heads)) + "|")
    for slug in slugs:
        cells = [cell for records in found for cell in _cells(records.get(slug))]
        print(f"| {slug} |", " | ".join(cells), "|")
    for title, sums in (("all", _sums), ("per solved", _per_solved)):
        cells = [cell for records in found for cell in sums(list(records.values()))]
        print(f"| **{title}** |", " | ".join(cells), "|")
    return 0


def _cells(record: Mapping[str, Any] | None) -> list[str]:
    if record is None:
        return ["", "", "", ""]
    mark = "yes" if record["ok"] else "time" if record["timeout"] else "no"
    return [mark, f"{record['sent']:,}", f"{record['received']:,}", f"{record['seconds']:.0f}"]


def _sums(records: Sequence[Mapping[str, Any]]) -> list[str]:
    solved = sum(record["ok"] for record in records)
    totals = [sum(record[key] for record in records) for key in ("sent", "received", "seconds")]
    return [f"{solved} of {len(records)}", *(f"{total:,.0f}" for total in totals)]


def _per_solved(records: Sequence[Mapping[str, Any]]) -> list[str]:
    solved = max(1, sum(record["ok"] for record in records))
    totals = [sum(record[key] for record in records) for key in ("sent", "received", "seconds")]
    return ["", *(f"{total / solved:,.0f}" for total in totals)]


def _counted(out: Path) -> Iterator[dict[str, Any]]:
    """The records with the tokens of both directions, the other tool's out of its logs."""
    for record in _records(out):
        log = out.with_name(f"{out.name}.{record['slug']}.log")
        if "received" not in record:
            said = log.read_text(errors="replace") if log.exists() else ""
            sent, received = _tokens(said)
            record |= {"sent": sent, "received": received}
        yield record


def _tokens(said: str) -> tuple[int, int]:
    """Sent and received, as aider's log counts them: `Tokens: 2.1k sent, 512 received.`"""
    lines = re.findall(r"Tokens: ([\d.,]+k?) sent.*?, ([\d.,]+k?) received", said)
    sums = [sum(map(_number, column)) for column in zip(*lines, strict=True)] or [0, 0]
    return sums[0], sums[1]


def _number(said: str) -> int:
    digits = said.rstrip("k").replace(",", "").rstrip(".")
    return int(float(digits) * (1000 if said.endswith("k") else 1))


def _records(out: Path) -> Iterator[dict[str, Any]]:
    yield from (json.loads(line) for line in out.read_text().splitlines() if line.strip())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    runs = commands.add_parser("run")
    runs.add_argument("track", type=Path)
    runs.add_argument("out", type=Path)
    runs.add_argument("--slugs", type=Path, help="JSON file with the names of exercises")
    runs.add_argument("--only", default="", help="names of exercises, with commas between")
    runs.add_argument("--url", required=True, help="where the model answers")
    runs.add_argument("--limit", type=float, default=LIMIT_S, help="seconds an exercise")
    runs.add_argument("--candidates", type=int)
    runs.add_argument("--attempts", type=int, help="1: no repair, and no second chance")
    runs.add_argument("--format", default="", help="the form of edits")
    runs.add_argument("--keep", type=Path, help="folder for the repositories, with their logs")
    runs.add_argument("more", nargs="*", help="further words for `git agent task`, behind --")
    runs.set_defaults(does=run)
    serves = commands.add_parser("serve")
    serves.add_argument("--port", type=int, default=0)
    serves.add_argument("--weights", type=Path)
    serves.set_defaults(does=serve)
    tables = commands.add_parser("table")
    tables.add_argument("outs", type=Path, nargs="+")
    tables.set_defaults(does=table)
    asked = parser.parse_args()
    return int(asked.does(asked))


if __name__ == "__main__":
    sys.exit(main())
