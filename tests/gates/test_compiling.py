"""The compile run: every file, no side effects, quickly."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from gitagent.gates.compiling import compile_command


def compiled(folder: Path) -> tuple[int, str]:
    argv = compile_command(sys.executable).argv
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_good_files_are_silent_and_leave_nothing(tmp_path: Path) -> None:
    """No output, no bytecode; a warning is no error."""
    (tmp_path / "a.py").write_text("x = '\\d' is 'y'\n")
    (tmp_path / "b.py").write_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    assert compiled(tmp_path) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {"a.py", "b.py"}


def test_each_bad_file_is_one_line(tmp_path: Path) -> None:
    """Path, line and message; what only a full compile sees is seen."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.py").write_text("x = 1\nif x\n    pass\n")
    (tmp_path / "b.py").write_text("return 1\n")
    (tmp_path / "c.py").write_bytes(b"x = 1\n\0")
    (tmp_path / "e.py").write_bytes(b"x = '\xff'\n")
    (tmp_path / "f.py").write_text("(" * 5000)
    code, output = compiled(tmp_path)
    lines = sorted(output.splitlines())
    assert code == 1
    assert [line.split(":")[0] for line in lines] == ["b.py", "c.py", "d/a.py", "e.py", "f.py"]
    assert lines[0] == "b.py:1: 'return' outside function"
    assert lines[2] == "d/a.py:2: expected ':'"


def test_a_tree_cannot_end_the_compiler(tmp_path: Path) -> None:
    """Neither `sitecustomize` nor a module named like one of the standard library is imported."""
    for name in ("sitecustomize.py", "usercustomize.py", "warnings.py", "os.py"):
        (tmp_path / name).write_text("import os; os._exit(0)\n")
    (tmp_path / "a.py").write_text("def\n")
    assert compiled(tmp_path)[0] == 1


def test_two_thousand_files_are_compiled_at_once(tmp_path: Path) -> None:
    """Well under two seconds on an idle machine; the bound allows for a busy one."""
    body = "".join(
        f"def f{n}(a, b={n}):\n    return [a + x for x in range(b)]\n\n" for n in range(9)
    )
    for n in range(2_000):
        (tmp_path / f"m{n}.py").write_text(body)
    (tmp_path / "m77.py").write_text("def\n")
    started = time.perf_counter()
    code, output = compiled(tmp_path)
    assert time.perf_counter() - started < 4.0
    assert (code, output) == (1, "m77.py:1: invalid syntax\n")
