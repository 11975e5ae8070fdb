"""What unittest prints, as its versions print it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gitagent.gates.unittest_output import identify, parse

TESTS = '''
import sys, unittest
class A(unittest.TestCase):
    def test_ok(self): print("hello (world)")
    def test_doc(self):
        """Docs here ... and there."""
    def test_fail(self):
        """Docs of a failure."""
        self.assertEqual(1, 2)
    def test_error(self): raise ValueError("x")
    @unittest.skip("why ... not")
    def test_skip(self): pass
    @unittest.expectedFailure
    def test_xfail(self): self.fail()
    @unittest.expectedFailure
    def test_xpass(self): pass
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    def test_sub_ok(self):
        for i in range(3):
            with self.subTest(i=i): pass
    def test_noise(self): sys.stderr.write("noise")
    def test_loud(self): sys.stderr.write("noise\\nmore\\n")
class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("up")
    def test_b(self): pass
class D(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("up")
    def test_d(self): pass
class E(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): raise ValueError("down")
    def test_e(self): pass
'''


def _pythons() -> list[str]:
    others = (f"python3.{minor}" for minor in (8, 10, 12, 13, 14))
    return [sys.executable, *(path for name in others if (path := shutil.which(name)))]


def run(python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-u", "-m", "unittest", "discover", "-v"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("python", _pythons())
def test_outcomes_of_a_real_run(tmp_path: Path, python: str) -> None:
    """Noise, docstrings, subtests, fixtures of classes and files that cannot be imported."""
    if subprocess.run([python, "-c", ""], capture_output=True).returncode:
        pytest.skip("only a name, no Python")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "test_bad.py").write_text("import nothere\n")
    (tmp_path / "test_a.py").write_text(TESTS)
    found = parse(run(python, tmp_path).stdout)
    assert found.pop("test_a.D", "skipped") == "skipped"  # Python 3.10 does not name it
    assert found == {
        "test_a.A.test_ok": "passed",
        "test_a.A.test_doc": "passed",
        "test_a.A.test_fail": "failed",
        "test_a.A.test_error": "failed",
        "test_a.A.test_skip": "skipped",
        "test_a.A.test_xfail": "skipped",
        "test_a.A.test_xpass": "failed",
        "test_a.A.test_sub": "failed",
        "test_a.A.test_sub_ok": "passed",
        "test_a.A.test_noise": "passed",
        "test_a.A.test_loud": "passed",
        "test_a.B": "failed",
        "test_a.E": "failed",
        "test_a.E.test_e": "passed",
        "pkg.test_bad": "failed",
    }


def test_a_run_that_was_cut_off_has_passed_only_what_it_said(tmp_path: Path) -> None:
    """Without the summary, a test that was started is not one that passed."""
    (tmp_path / "test_a.py").write_text(
        "import os, unittest\nclass A(unittest.TestCase):\n"
        "    def test_1(self): pass\n"
        "    def test_2(self): os._exit(0)\n"
        "    def test_3(self): pass\n"
    )
    done = run(sys.executable, tmp_path)
    assert done.returncode == 0
    assert parse(done.stdout) == {"test_a.A.test_1": "passed"}


@pytest.mark.parametrize(
    ("name", "case", "test"),
    [
        ("test_b", "tests.test_a.A", "tests.test_a.A.test_b"),
        ("test_b", "tests.test_a.A.test_b", "tests.test_a.A.test_b"),
        ("tests.test_a", "unittest.loader._FailedTest", "tests.test_a"),
        ("tests.test_a", "unittest.loader._FailedTest.tests.test_a", "tests.test_a"),
        ("setUpModule", "tests.test_a", "tests.test_a"),
    ],
)
def test_an_id_is_the_same_for_every_python(name: str, case: str, test: str) -> None:
    """Python 3.11 began to write the method behind the class."""
    assert identify(name, case) == test


def test_other_output_holds_no_tests() -> None:
    """A sentence with a bracket in it is no test."""
    assert parse("built app (release)\nall ok\ndone (pkg.mod) ...\n") == {}
