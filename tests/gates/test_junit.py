"""pytest's report: ids as pytest writes them, and nothing believed that it does not write."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitagent.gates.junit import identify, parse, read_report

TESTS = """
import pytest, unittest
class TestA:
    @pytest.mark.parametrize("p", ["a::b", "c.d", "x"])
    def test_p(self, p): pass
    class TestIn:
        def test_in(self): assert 0
def test_skip(): pytest.skip("s")
@pytest.mark.xfail
def test_xfail(): assert 0
@pytest.mark.xfail(strict=True)
def test_xpass(): pass
@pytest.fixture
def bad():
    yield
    raise ValueError
def test_teardown(bad): pass
"""


def test_outcomes_of_a_real_run(tmp_path: Path) -> None:
    """Classes, parameters, fixtures, files that cannot be imported, and inherited tests."""
    (tmp_path / "tests" / "sub").mkdir(parents=True)
    (tmp_path / "tests" / "test_x.py").write_text(TESTS)
    (tmp_path / "tests" / "sub" / "test_bad.py").write_text("import nothere\n")
    (tmp_path / "tests" / "base.py").write_text("class Base:\n    def test_inh(self): pass\n")
    (tmp_path / "tests" / "test_inh.py").write_text(
        "from base import Base\nclass TestInh(Base): pass\n"
    )
    report = tmp_path / "out.xml"
    options = ["--junitxml", str(report), "-o", "junit_family=xunit1"]
    options += ["--continue-on-collection-errors", "-c", "/dev/null", "--rootdir=."]
    argv = [sys.executable, "-m", "pytest", *options]
    subprocess.run(argv, cwd=tmp_path, capture_output=True)
    x = "tests/test_x.py"
    assert read_report(report) == {
        "tests/sub/test_bad.py": "failed",
        "tests/test_inh.py::TestInh::test_inh": "passed",
        f"{x}::TestA::test_p[a::b]": "passed",
        f"{x}::TestA::test_p[c.d]": "passed",
        f"{x}::TestA::test_p[x]": "passed",
        f"{x}::TestA::TestIn::test_in": "failed",
        f"{x}::test_skip": "skipped",
        f"{x}::test_xfail": "skipped",
        f"{x}::test_xpass": "failed",
        f"{x}::test_teardown": "failed",
    }


@pytest.mark.parametrize(
    ("attributes", "test"),
    [
        ({"classname": "tests.test_a.TestB", "name": "test_c"}, "tests/test_a.py::TestB::test_c"),
        ({"classname": "test_a", "name": "test_c[x.y]"}, "test_a.py::test_c[x.y]"),
        ({"classname": "docs.a.rst", "name": "a.rst", "file": "docs/a.rst"}, "docs/a.rst::a.rst"),
        ({"classname": "", "name": "tests.test_a"}, "tests/test_a"),
        ({"classname": "Strange", "name": "it works"}, "Strange::it works"),
    ],
)
def test_an_id_is_made_of_what_there_is(attributes: dict[str, str], test: str) -> None:
    """Also from reports of other families and other tools."""
    assert identify(attributes) == test


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b"<testsuites><testcase classname='a' name='b'>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><t><testcase classname='a' name='&a;'/></t>",
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><t/>'.encode("utf-16"),
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_report_says_nothing(data: bytes) -> None:
    """Half a report is the report of half a run."""
    assert parse(data) == {}


def test_entities_do_not_grow() -> None:
    """A billion laughs are refused where they begin."""
    levels = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    data = f"<!DOCTYPE x [<!ENTITY a0 'ha'>{levels}]><t><testcase name='&a11;'/></t>"
    started = time.perf_counter()
    assert parse(data.encode()) == {}
    assert time.perf_counter() - started < 0.5


def test_the_report_must_be_a_file(tmp_path: Path) -> None:
    """A link, a pipe or a folder that a test put in its place is not read, and not waited for."""
    good = tmp_path / "good.xml"
    good.write_text("<t><testcase classname='a' name='b'/></t>")
    (tmp_path / "link").symlink_to(good)
    os.mkfifo(tmp_path / "pipe")
    assert read_report(good) == {"a.py::b": "passed"}
    for name in ("link", "pipe", "absent", "."):
        assert read_report(tmp_path / name) == {}


def test_the_worst_of_two_outcomes_counts() -> None:
    """A test can be listed twice, and hold more than one result."""
    twice = (
        b"<testcase classname='a' name='b'><failure/></testcase><testcase classname='a' name='b'/>"
    )
    both = b"<testcase classname='a' name='c'><skipped/><error/></testcase>"
    assert parse(b"<t>" + twice + both + b"</t>") == {"a.py::b": "failed", "a.py::c": "failed"}


GENERAL = """<testsuites>
  <testsuite name="src/a.test.ts">
    <testcase classname="src/a.test.ts" name="d &gt; good"/>
    <testcase classname="src/a.test.ts" name="left"><skipped/></testcase>
  </testsuite>
  <testsuite name="outer"><testsuite name="inner">
    <testcase name="one" classname="test"/>
  </testsuite></testsuite>
  <testsuite name="example.com/x/y">
    <testcase classname="example.com/x/y" name="TestA/b"><failure/></testcase>
  </testsuite>
  <testsuite name="Elixir.ATest">
    <testcase classname="Elixir.ATest" name="test adds" file="test/a_test.exs:12"/>
  </testsuite>
  <testsuite name="tests.test_a">
    <testcase classname="tests.test_a" name="test_b" file="tests/test_a.py"/>
  </testsuite>
  <testsuite name="S"><testcase classname="S" name="off" status="notrun"/></testsuite>
  <testsuite name="S"><testcase classname="S" name="bad"><error/></testcase></testsuite>
</testsuites>"""


def test_reports_of_other_tools_are_read() -> None:
    """Shapes of vitest, node, gotestsum, ExUnit, pytest and gtest."""
    assert parse(GENERAL.encode(), general=True) == {
        "src/a.test.ts::d > good": "passed",
        "src/a.test.ts::left": "skipped",
        "outer::inner > one": "passed",
        "example.com/x/y::TestA/b": "failed",
        "test/a_test.exs::Elixir.ATest::test adds": "passed",
        "tests/test_a.py::test_b": "passed",
        "S::off": "skipped",
        "S::bad": "failed",
    }


def test_suites_may_not_nest_for_ever() -> None:
    """A report is read in one go, however deep it is."""
    deep = b"<testsuite name='a'>" * 20_000
    started = time.perf_counter()
    parse(deep + b"<testcase name='b'/>" * 200 + b"</testsuite>" * 20_000, general=True)
    assert time.perf_counter() - started < 5
