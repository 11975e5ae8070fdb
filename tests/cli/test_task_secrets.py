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


TOKEN = "ghp_" + "x7Kq2Vn9Rb4Td6Wm1Zc8Yf3Hj5Lp0Gs2aE7u"


def test_a_key_in_the_code_stays_in_its_file_and_goes_nowhere_else(
    bench: Bench, repo: Callable[..., Path], home: Path
) -> None:
    """No prompt, no fact of the log, no screen and no log file has it; the line that is edited
    keeps it, though the model never saw it."""
    folder = repo({**FILES, "calc.py": f'TOKEN = "{TOKEN}"\n{FILES["calc.py"]}'})
    gate = f"cat calc.py; {GREEN}"
    edit = block(
        "calc.py",
        'TOKEN = "REDACTED_GITHUB_TOKEN_1"\ndef add(a, b):\n    return a - b',
        'TOKEN = "REDACTED_GITHUB_TOKEN_1"\n\ndef add(a, b):\n    return a + b',
        f"Keep {TOKEN} and add",
    )
    miss = block("calc.py", f'TOKEN = "{TOKEN}"\nno such line', "x")
    done = bench.task(folder, "--gate", gate, "-v", says=[miss, edit], env=KEYS)
    assert done.code == 0, done.err
    assert TOKEN in git(folder, "show", f"{done.branch}:calc.py")
    assert "return a + b" in git(folder, "show", f"{done.branch}:calc.py")
    assert all(TOKEN.encode() not in request.body for request in done.server.requests)
    ref = f"refs/gitagent/{done.id}"
    kept = [name for name in done.state_names() if not name.startswith("code/")]
    assert not [name for name in kept if TOKEN in git(folder, "show", f"{ref}:{name}")]
    assert TOKEN not in git(folder, "log", "--format=%B", ref, done.branch)
    told = [bench.run(*words, cwd=folder) for words in commands(done.id)]
    assert TOKEN not in done.out + done.err + "".join(ran.out + ran.err for ran in told)
    files = [p for p in (home / ".local").rglob("*") if p.is_file()]
    assert files
    assert not [p for p in files if TOKEN.encode() in p.read_bytes()]
