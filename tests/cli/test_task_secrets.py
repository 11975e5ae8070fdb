"""Planted keys reach no prompt, object, ref, log, output or child process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import FILES, FIX, GREEN, Bench, block, every_object, refs

from gitagent.testing.repositories import git

KEYS = {
    "AWS_SECRET_ACCESS_KEY": "FAKEKEY-aws",
    "DATABASE_URL": "postgres://u:FAKEKEY-dsn@db/x",
    "ANTHROPIC_API_KEY": "FAKEKEY-other",
    "GITHUB_TOKEN": "FAKEKEY-hub",
}


@pytest.fixture
def planted(repo: Callable[..., Path], home: Path) -> Path:
    """A repository with keys around it: in the home, in its configuration, in ignored files."""
    folder = repo({**FILES, ".gitignore": ".env\n"})
    for place in (home / ".netrc", home / ".ssh" / "id_ed25519", folder / ".env"):
        place.parent.mkdir(exist_ok=True)
        place.write_text("add calc password FAKEKEY-file\n")
    (folder / "id_rsa").write_text("add calc FAKEKEY-untracked\n")
    git(folder, "remote", "add", "origin", "https://u:FAKEKEY-url@example.invalid/r.git")
    git(folder, "config", "http.extraHeader", "Authorization: FAKEKEY-header")
    return folder


@pytest.mark.parametrize("more", [(), ("--include-dirty",), ("--dry-run",)])
def test_no_planted_key_leaves(
    bench: Bench, planted: Path, home: Path, more: tuple[str, ...]
) -> None:
    """Environment, home, configuration and files that look like secrets stay where they are."""
    (planted / "calc.py").write_text(FILES["calc.py"] + "# mine\n")
    gate = f"env; set; cat .env id_rsa ~/.netrc; git config --list; {GREEN}"
    done = bench.task(planted, "--gate", gate, "-v", *more, says=["no edit", FIX], env=KEYS)
    assert done.code == 0, done.err
    told = [bench.run(*words, cwd=planted, env=KEYS) for words in commands(done.id)]
    said = done.out + done.err + "".join(ran.out + ran.err for ran in told)
    assert "FAKEKEY" not in said
    assert all(b"FAKEKEY" not in request.body for request in done.server.requests)
    assert b"FAKEKEY" not in every_object(planted)
    assert "FAKEKEY" not in str(refs(planted))
    logs = [p for p in (planted / ".git" / "logs").rglob("*") if p.is_file()]
    logs += [p for p in (home / ".local", home / ".cache") for p in p.rglob("*") if p.is_file()]
    assert not [p for p in logs if b"FAKEKEY" in p.read_bytes()]


def commands(task_id: str) -> list[tuple[str, ...]]:
    plain = [("list",), ("cost",), ("config", "show"), ("doctor",)]
    return [*plain, ("show", task_id), ("show", task_id, "--json"), ("log", task_id)]


@pytest.mark.parametrize("path", [".env", "config/secrets.yml", "keys/id_rsa"])
@pytest.mark.parametrize("how", ["misses", "renames"])
def test_a_committed_secret_is_not_told_to_the_model_by_its_own_edits(
    bench: Bench, repo: Callable[..., Path], path: str, how: str
) -> None:
    """A block that misses would be answered with the nearest lines, a renamed file be shown."""
    folder = repo({**FILES, path: "token = FAKEKEY-committed\n"})
    misses = block(path, "token = ?", "token = x")
    replies = {"misses": misses, "renames": f"RENAME: {path} -> calc_notes.txt\n"}
    done = bench.task(folder, "--no-gate", says=[replies[how]] * 4)
    assert done.code == 7, done.err
    assert "no model may see" in done.err
    assert all(b"FAKEKEY-committed" not in request.body for request in done.server.requests)


def test_an_ignored_path_is_not_told_to_the_model_by_its_own_edits(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """`context.ignore` means never, not only at first."""
    settings = '[context]\nignore = ["private/*"]\n'
    folder = repo({**FILES, "private/calc.txt": "FAKEKEY add\n", "gitagent.toml": settings})
    miss = block("private/calc.txt", "FAKE? add", "x")
    done = bench.task(folder, "--no-gate", says=[miss] * 4)
    assert done.code == 7, done.err
    assert all(b"FAKEKEY add" not in request.body for request in done.server.requests)


def test_the_key_is_in_the_authorization_header_alone(bench: Bench, calc: Path) -> None:
    """It is sent to its endpoint and stands nowhere else."""
    done = bench.task(calc, "--no-gate")
    headers = done.server.calls[0].headers
    assert headers["authorization"] == "Bearer FAKEKEY-scripted"
    assert "FAKEKEY" not in str({k: v for k, v in headers.items() if k != "authorization"})
