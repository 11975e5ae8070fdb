"""What a failing test wants is found in its output and its file, whatever runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gitagent.gates.evidence import LONGEST_SOURCE, failing, lines_of_test, sources

CODE = "def double(n):\n    return n * 3\n\ndef boom(n):\n    return n.nothing\n"
UNIT = """import unittest
from code_of import double, boom

class DoubleTest(unittest.TestCase):
    def test_long(self):
        for n in range(1):
            with self.subTest(n=n):
                self.assertEqual(
                    [double(n + 1), "a long list of words that makes this test the longer one"] * 3,
                    [2 * n + 2, "a long list of words that makes this test the longer one"] * 3,
                )

    def test_short(self):
        self.assertEqual(double(2), 4)

    def test_error(self):
        boom(1)

    def test_good(self):
        self.assertEqual(double(0), 0)
"""
PYTEST = """import pytest
from code_of import double

@pytest.mark.parametrize("n", [1, 2])
def test_double(n):
    wanted = 2 * n
    assert double(n) == wanted
"""


def ran(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def read_from(folder: Path):
    def read(path: str) -> str | None:
        file = folder / path
        return file.read_text() if file.is_file() else None

    return read


def test_the_simplest_failing_test_comes_first_with_its_source(tmp_path: Path) -> None:
    """unittest says the failing line; the test's own lines come out of the file."""
    (tmp_path / "code_of.py").write_text(CODE)
    (tmp_path / "test_it.py").write_text(UNIT)
    output = ran(tmp_path, "unittest", "-v", "test_it").replace(f"{tmp_path}/", "")
    found = failing(output, read_from(tmp_path))
    assert [each.name for each in found] == ["test_short", "test_error", "test_long"]
    assert found[0].source == (
        "    def test_short(self):\n        self.assertEqual(double(2), 4)\n"
    )
    assert "AssertionError: 6 != 4" in found[0].said
    assert 'File "code_of.py", line 5, in boom' in found[1].said
    assert found[2].source.rstrip().endswith(")")


@pytest.mark.parametrize("tb", ["long", "short"])
def test_pytest_says_it_in_its_own_way(tmp_path: Path, tb: str) -> None:
    """What is said is what pytest concludes, without the lines that stand in the source."""
    (tmp_path / "code_of.py").write_text(CODE)
    (tmp_path / "test_it.py").write_text(PYTEST)
    output = ran(tmp_path, "pytest", "-q", f"--tb={tb}", "-c", "/dev/null", "--rootdir=.")
    first = failing(output, read_from(tmp_path))[0]
    assert first.source == (
        "def test_double(n):\n    wanted = 2 * n\n    assert double(n) == wanted\n"
    )
    assert "assert 3 == 2" in first.said
    assert "wanted = 2 * n" not in first.said


@pytest.mark.parametrize(
    ("path", "text", "output"),
    [
        (
            "sum.test.js",
            "test('adds', () => {\n  expect(sum(1)).toBe(2)\n})\n",
            "● adds\n  Expected: 2\n    at Object.<anonymous> (sum.test.js:2:15)\n",
        ),
        (
            "sum_test.go",
            'func TestSum(t *testing.T) {\n\tif sum(1) != 2 {\n\t\tt.Fatal("no")\n\t}\n}\n',
            "--- FAIL: TestSum (0.00s)\n    sum_test.go:3: no\n",
        ),
        (
            "tests/sum.rs",
            "#[test]\nfn adds() {\n    assert_eq!(sum(1), 2);\n}\n",
            "thread 'adds' panicked at tests/sum.rs:3:5:\nassertion `left == right` failed\n",
        ),
        (
            "test/sum_test.exs",
            'test "adds" do\n  assert Sum.sum(1) == 2\nend\n',
            "1) test adds (SumTest)\n   test/sum_test.exs:2\n   code: assert Sum.sum(1) == 2\n",
        ),
    ],
)
def test_other_languages_name_the_line(path: str, text: str, output: str) -> None:
    """From the line that a runner names, back to where the test begins."""
    (found,) = failing(output, lambda asked: text if asked == path else None)
    begins = found.source.splitlines()[0]
    assert begins in text
    assert begins != found.source.rstrip().splitlines()[-1]
    assert found.line == int(output.partition(f"{path}:")[2][0])


def test_a_long_test_is_cut_before_the_line_that_fails() -> None:
    """Its head and its end stay; what comes behind the failing line is left out."""
    body = "".join(f"    step({n})\n" for n in range(100))
    text = f"def test_long():\n{body}    assert False\n    never()\n"
    told = lines_of_test("test_x.py", text, 102).splitlines()
    assert len(told) == LONGEST_SOURCE
    assert (told[0], told[-1]) == ("def test_long():", "    assert False")


def test_a_file_that_is_no_test_or_not_there_gives_nothing() -> None:
    """An output may name any file; only tests are quoted, and only lines that there are."""
    secret = {"conf.py": "key = 1\n", "test_x.py": "def test_a():\n    pass\n"}
    assert failing('File "conf.py", line 1', secret.get) == []
    assert failing('File "test_x.py", line 99', secret.get) == []
    assert failing('File "test_y.py", line 1', secret.get) == []


def test_sources_leave_out_what_the_output_shows() -> None:
    """And stop where there is no room."""
    text = "def test_a():\n    first()\n    assert a\n"
    found = failing('File "test_x.py", line 3', {"test_x.py": text}.get)
    assert "first()" in sources(found, "assert a failed", 1000)
    assert sources(found, "    first()\n>   assert a", 1000) == ""
    assert sources(found, "", 10) == ""


def test_a_test_that_never_ended_is_the_one_that_was_begun(tmp_path: Path) -> None:
    """The gate's time was up: unittest had no chance to say what failed."""
    (tmp_path / "code_of.py").write_text(
        "def double(n):\n    while True:\n        pass\n\nboom = double\n"
    )
    (tmp_path / "test_it.py").write_text(UNIT)
    words = [sys.executable, "-m", "unittest", "-v", "test_it.DoubleTest.test_short"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        output = process.stderr.read(len("test_short (test_it.DoubleTest.test_short) ... "))
        process.kill()
    (found,) = failing(output, read_from(tmp_path))
    assert found.source.endswith("self.assertEqual(double(2), 4)\n")
    assert "never stops" in found.said
