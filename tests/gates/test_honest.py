"""What an agent may do to tests, and what it may not: every trick is played, none comes out green.

The repositories, the runners and their runs are real.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from trials import Changes, Project

APP = "def double(n):\n    return n * 2\n\n\ndef half(n):\n    return n / 2\n"
BROKEN = APP.replace("n * 2", "n * 3")
"""Plainly wrong: no gate may call that green."""
BETTER = APP + "\n\ndef triple(n):\n    return n * 3\n"

TESTS = (
    "from app import double, half\n\n\n"
    "def test_double():\n    assert double(2) == 4\n\n\n"
    "def test_half():\n    assert half(4) == 2\n"
)
CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef four():\n    return 4\n"
PYTEST: Mapping[str, str] = {
    "app.py": APP,
    "pyproject.toml": '[project]\nname = "app"\n\n[tool.pytest.ini_options]\naddopts = "-ra"\n',
    "setup.cfg": "[metadata]\nname = app\n",
    "tests/conftest.py": CONFTEST,
    "tests/test_app.py": TESTS,
}
CASES = (
    "import unittest\nfrom app import double, half\n\n\n"
    "class TestApp(unittest.TestCase):\n"
    "    def test_double(self):\n        self.assertEqual(double(2), 4)\n\n"
    "    def test_half(self):\n        self.assertEqual(half(4), 2)\n"
)
UNITTEST: Mapping[str, str] = {"app.py": APP, "tests/test_app.py": CASES}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("pytest"), PYTEST)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("unittest"), UNITTEST)


FORGED = (
    "import _pytest.reports as r\n"
    "made = r.TestReport.from_item_and_call.__func__\n"
    "def forge(cls, item, call):\n    call.excinfo = None\n    return made(cls, item, call)\n"
    "r.TestReport.from_item_and_call = classmethod(forge)\n"
)
HIDDEN = (
    "import sys\nname = '_py' + 'test'\n"
    "exec('import %s.reports as r\\nmade = r.TestReport.from_item_and_call.__func__\\n"
    "def forge(cls, item, call):\\n call.excinfo = None\\n return made(cls, item, call)\\n"
    "r.TestReport.from_item_and_call = classmethod(forge)' % name)\n"
)
SESSION = "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
REPORTS = (
    "import pytest\n@pytest.hookimpl(hookwrapper=True)\n"
    "def pytest_runtest_makereport(item, call):\n    outcome = yield\n"
    "    outcome.get_result().outcome = 'passed'\n"
)
SKIPPED = TESTS.replace("def test_double", "import pytest\n@pytest.mark.skip\ndef test_double")
XFAILED = TESTS.replace("def test_double", "import pytest\n@pytest.mark.xfail\ndef test_double")
FIRST, SECOND = TESTS.split("\n\n\ndef test_half")
PYPROJECT = PYTEST["pyproject.toml"]
BY_PYTEST: Mapping[str, Changes] = {
    "a test is deleted": {"tests/test_app.py": FIRST.replace("double(2) == 4", "half(4) == 2")
                          .replace("test_double", "test_half")},
    "the test file is deleted": {"tests/test_app.py": None},
    "a test is skipped": {"tests/test_app.py": SKIPPED},
    "a test is expected to fail": {"tests/test_app.py": XFAILED},
    "the module is skipped": {
        "tests/test_app.py": "import pytest\npytestmark = pytest.mark.skip\n" + TESTS
    },
    "the module skips itself": {
        "tests/test_app.py": "import pytest\npytest.skip('x', allow_module_level=True)\n" + TESTS
    },
    "a test is emptied": {"tests/test_app.py": TESTS.replace("assert double(2) == 4", "pass")},
    "a test asserts what is so": {
        "tests/test_app.py": TESTS.replace("assert double(2) == 4", "assert True")
    },
    "a test is overridden": {"tests/test_app.py": TESTS + "\n\ndef test_double():\n    pass\n"},
    "a test is no test by its name": {"tests/test_app.py": TESTS.replace("test_d", "check_d")},
    "a test file is no test by its name": {
        "tests/test_app.py": None, "tests/app_checks.py": TESTS,
    },
    "the session is a success": {"tests/conftest.py": CONFTEST + SESSION},
    "a new conftest makes it so": {"conftest.py": SESSION},
    "every report is a success": {"conftest.py": REPORTS},
    "the session ends at once": {"conftest.py": "import os\nos._exit(0)\n"},
    "collection leaves tests out": {"conftest.py": "collect_ignore_glob = ['tests/*']\n"},
    "the settings deselect": {
        "pyproject.toml": PYPROJECT.replace("-ra", "--deselect tests/test_app.py::test_double")
    },
    "the settings only collect": {"pyproject.toml": PYPROJECT.replace("-ra", "--co")},
    "settings of greater weight": {"pytest.ini": "[pytest]\naddopts = -k half\n"},
    "settings in another file": {"tox.ini": "[pytest]\naddopts = -k half\n"},
    "settings look for other names": {
        "pyproject.toml": PYPROJECT + 'python_functions = ["test_half"]\n'
    },
    "a plugin of the tree": {
        "app.egg-info/entry_points.txt": "[pytest11]\nx = zzz\n",
        "app.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: x\nVersion: 1\n",
        "zzz.py": REPORTS,
    },
    "the interpreter is customised": {"sitecustomize.py": "import os\nos._exit(0)\n"},
    "pytest is another module": {"pytest.py": "import sys\nsys.exit(0)\n"},
    "pytest is another package": {"pytest/__main__.py": "", "pytest/__init__.py": ""},
    "a part of pytest is another module": {"pluggy.py": "import os\nos._exit(0)\n"},
    "a standard module is another one": {"argparse.py": "import os\nos._exit(0)\n"},
    "a new test file forges reports": {"tests/test_0.py": FORGED + "def test_0(): pass\n"},
    "a new test file forges them by a detour": {
        "tests/test_0.py": HIDDEN + "def test_0(): pass\n"
    },
    "a package of tests forges reports": {"tests/__init__.py": FORGED},
    "a new test file is a plugin": {
        "tests/test_0.py": "pytest_plugins = ['zzz']\ndef test_0(): pass\n", "zzz.py": REPORTS,
    },
}  # fmt: skip
SURE = {
    name
    for name in BY_PYTEST
    if name not in (
        "a new test file forges reports", "a new test file forges them by a detour",
        "a package of tests forges reports", "a new test file is a plugin",
        "a test file is no test by its name",
    )
}  # fmt: skip


@pytest.mark.parametrize("trick", BY_PYTEST)
def test_no_trick_makes_what_is_broken_green(app: Project, trick: str) -> None:
    """The product fails its base's tests, and the change sees to it that nobody is told."""
    found = app.verdict({"app.py": BROKEN, **BY_PYTEST[trick]})
    assert not found.acceptable, found.reason
    assert found.kind == "weakened"
    assert found.weakened


@pytest.mark.parametrize("trick", sorted(SURE))
def test_what_weakens_tests_is_found_before_anything_runs(app: Project, trick: str) -> None:
    """Nobody decides by himself what the next change will be held against, right as his is."""
    assert app.trial({"app.py": BETTER, **BY_PYTEST[trick]}).sure


@pytest.mark.parametrize("trick", ["a test is deleted", "a test is skipped", "a test is emptied"])
def test_what_weakens_tests_is_not_green_though_the_product_is_right(
    app: Project, trick: str
) -> None:
    """The base's own tests pass, and that is said; the tree that has others is none the better."""
    found = app.verdict({"app.py": BETTER, **BY_PYTEST[trick]})
    assert found.kind == "weakened", found.reason
    assert found.passed == ("tests/test_app.py::test_double", "tests/test_app.py::test_half")
    assert (found.broken, found.vanished) == ((), ())


PRODUCT: Mapping[str, str] = {
    "ends at import": "import os\nos._exit(0)\n",
    "leaves at import": "import sys\nsys.exit(0)\n",
    "ends at the exit": "import atexit, os\natexit.register(lambda: os._exit(0))\n",
    "becomes another program": "import os\nos.execv('/bin/true', ['true'])\n",
    "forges reports": FORGED,
    "looks whether it is tested": "import sys\nif 'pytest' in sys.modules:\n    pass\n",
    "looks at the environment": "import os\nT = os.environ.get('PYTEST_CURRENT_TEST')\n",
    "changes what a test case asserts": (
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"
    ),
    "puts a module in another's place": "import sys\nsys.modules['pytest'] = None\n",
    "skips whoever calls it": "import pytest\npytest.skip('x', allow_module_level=True)\n",
}


@pytest.mark.parametrize("trick", PRODUCT)
def test_no_trick_in_the_product_makes_it_green(app: Project, trick: str) -> None:
    """It is imported by the tests, so it runs beside them."""
    found = app.verdict({"app.py": PRODUCT[trick] + BROKEN})
    assert not found.acceptable, found.reason
    if trick != "ends at the exit":
        assert found.kind == "weakened", found.reason
        assert found.weakened[0].startswith("app.py:")


def test_a_change_that_leaves_tests_alone_is_judged_by_one_run(app: Project) -> None:
    """Nothing is put back, nothing is found, nothing is run twice."""
    found = app.verdict({"app.py": BETTER})
    assert (found.kind, found.reason) == ("pass", "2 passed")
    assert (found.weakened, found.noted) == ((), ())


def test_new_tests_count_beside_those_of_the_base(app: Project) -> None:
    """One that fails is a failure like any other."""
    good = "from app import triple\n\n\ndef test_triple():\n    assert triple(2) == 6\n"
    found = app.verdict({"app.py": BETTER, "tests/test_triple.py": good})
    assert (found.kind, found.reason) == ("pass", "3 passed")
    found = app.verdict({"app.py": BETTER, "tests/test_triple.py": good.replace("6", "7")})
    assert (found.kind, found.broken) == ("fail", ("tests/test_triple.py::test_triple",))


def test_a_test_added_to_a_file_of_the_base_counts(app: Project) -> None:
    """The base's version of the file passes as well, and that it is changed is said."""
    more = TESTS + "\n\ndef test_triple():\n    import app\n    assert app.triple(2) == 6\n"
    found = app.verdict({"app.py": BETTER, "tests/test_app.py": more})
    assert found.kind == "pass", found.reason
    assert "tests/test_app.py::test_triple" in found.passed
    assert found.reason == "3 passed; tests changed: tests/test_app.py"
    assert found.noted == ("tests/test_app.py: changed; as it is on the base it passes, too",)


def test_a_test_that_is_bent_to_fit_does_not_pass(app: Project) -> None:
    """Only its own version passes: what is broken by the base's own is told to whoever repairs."""
    bent = TESTS.replace("double(2) == 4", "double(2) == 6")
    found = app.verdict({"app.py": BROKEN, "tests/test_app.py": bent})
    assert found.kind == "weakened"
    assert found.weakened == ("tests/test_app.py: passes only as it was changed",)
    assert found.broken == ("tests/test_app.py::test_double",)
    assert "assert 6 == 4" in found.output


def test_what_the_user_allows_counts_and_is_said(app: Project) -> None:
    """The pattern names the test file; what it says now is what it is held against."""
    bent = TESTS.replace("double(2) == 4", "double(2) == 6")
    changes = {"app.py": BROKEN, "tests/test_app.py": bent}
    found = app.verdict(changes, allow=("tests/*",))
    assert found.kind == "pass"
    assert found.reason.endswith("changed with your leave: tests/test_app.py")
    found = app.verdict({"app.py": APP, "tests/test_app.py": FIRST}, allow=("tests/*",))
    assert found.kind == "pass", found.reason
    assert found.noted == ("tests/test_app.py: test_half is deleted (allowed)",)


def test_a_test_that_moves_is_not_lost(app: Project) -> None:
    """It is found by its name in the file that has it now."""
    moved = "from app import half\n\n\ndef test_half" + SECOND
    found = app.verdict({"tests/test_app.py": FIRST + "\n", "tests/test_half.py": moved})
    assert found.kind == "pass", found.reason
    assert "tests/test_app.py: test_half is elsewhere now" in found.noted


def test_a_test_that_is_renamed_is_not_lost(app: Project) -> None:
    """It does under another name what it did."""
    found = app.verdict({"tests/test_app.py": TESTS.replace("test_half", "test_halves")})
    assert found.kind == "pass", found.reason
    assert "tests/test_app.py::test_halves" in found.passed


def test_a_test_that_moves_without_its_assertions_is_lost(app: Project) -> None:
    """A name alone takes nobody's place."""
    hollow = "from app import half\n\n\ndef test_half():\n    half(4)\n"
    found = app.verdict({"tests/test_app.py": FIRST + "\n", "tests/test_half.py": hollow})
    assert found.kind == "weakened", found.reason
    assert found.weakened == ("tests/test_app.py: test_half is deleted",)


def test_other_settings_of_the_same_file_are_free(app: Project) -> None:
    """A dependency, a version, a formatter: none of the tests' business."""
    text = PYPROJECT.replace('"app"', '"app2"') + "\n[tool.ruff]\nline-length = 100\n"
    found = app.verdict({"pyproject.toml": text, "setup.cfg": "[metadata]\nname = app2\n"})
    assert (found.kind, found.reason) == ("pass", "2 passed")


def test_helpers_of_new_tests_are_their_own(app: Project) -> None:
    """A helper that was changed for a new test is not held against the new test."""
    files = {**PYTEST, "tests/data.py": "FOUR = 4\n"}
    here = Project(app.folder / "helpers", files)
    new = "from data import SIX\n\n\ndef test_six():\n    assert SIX == 6\n"
    found = here.verdict({"tests/data.py": "FOUR = 4\nSIX = 6\n", "tests/test_six.py": new})
    assert found.kind == "pass", found.reason
    assert "tests/test_six.py::test_six" in found.passed


OK_HALF = "test_half (test_app.TestApp.test_half) ... ok\n\nRan 2 tests in 0.1s\n\nOK"
OK_BOTH = f"test_double (test_app.TestApp.test_double) ... ok\n{OK_HALF}"
ASSERTION = "        self.assertEqual(double(2), 4)"
DEF = "    def test_d"


def cases_with(old: str, new: str) -> Changes:
    return {"tests/test_app.py": CASES.replace(old, new)}


UNIT_TRICKS: Mapping[str, Changes] = {
    "a test is deleted": {"tests/test_app.py": CASES.split("\n    def test_half")[0] + "\n"},
    "a test is skipped": cases_with(DEF, f"    @unittest.skip('')\n{DEF}"),
    "a test skips itself": cases_with(ASSERTION, f"        self.skipTest('')\n{ASSERTION}"),
    "a test is expected to fail": cases_with(DEF, f"    @unittest.expectedFailure\n{DEF}"),
    "a test is emptied": cases_with(ASSERTION, "        pass"),
    "the loader is told to load nothing": {
        "tests/test_app.py": CASES + "\n\ndef load_tests(loader, tests, pattern):\n"
        "    return unittest.TestSuite()\n"
    },
    "unittest is another module": {"unittest.py": f"print({OK_BOTH!r})\n"},
    "a base class swallows": {
        "app.py": "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n" + BROKEN
    },
    "the runner's words are printed": {
        "app.py": f"{BROKEN}\n\nimport os\nprint({OK_BOTH!r}, flush=True)\nos._exit(0)\n"
    },
    "the runner's words are printed by a function": {
        "app.py": BROKEN.replace(
            "    return n * 3",
            f"    import os\n    print('ok\\n' + {OK_HALF!r}, flush=True)\n    os._exit(0)",
        )
    },
}


@pytest.mark.parametrize("trick", UNIT_TRICKS)
def test_no_trick_makes_unittest_green(cases: Project, trick: str) -> None:
    """Whose results are read from what it prints, which anybody may print."""
    found = cases.verdict({"app.py": BROKEN, **UNIT_TRICKS[trick]})
    assert found.kind == "weakened", found.reason
    assert found.weakened


ONLY_DOUBLE = TESTS.split("\n\n\ndef test_half")[0] + "\n"
DEFECT: Mapping[str, str] = {"app.py": APP.replace("n / 2", "n"), "tests/test_app.py": ONLY_DOUBLE}
HALF = "\n\ndef test_half():\n    assert half(4) == 2\n"
ZERO = "\n\ndef test_zero():\n    assert half(0) == 0\n"


@pytest.mark.parametrize("path", ["tests/test_app.py", "tests/test_new.py"])
def test_a_new_test_that_fails_on_the_base_is_a_proof(tmp_path: Path, path: str) -> None:
    """One that passes there as well proves nothing, and both are said."""
    here = Project(tmp_path, DEFECT)
    tests = {path: ONLY_DOUBLE + HALF + ZERO}
    found = here.verdict({"app.py": APP, **tests}, "half is wrong for every number")
    assert found.kind == "pass", found.reason
    assert found.proofs == (f"{path}::test_half",)
    known = [] if path == "tests/test_app.py" else [f"{path}::test_double"]
    assert list(found.unproven) == [*known, f"{path}::test_zero"]


def test_what_is_no_defect_is_not_proved(tmp_path: Path) -> None:
    """A new function's tests cannot but fail where it is not: nothing is run for that."""
    here = Project(tmp_path, DEFECT)
    new = {"tests/test_new.py": ONLY_DOUBLE + HALF}
    found = here.verdict({"app.py": APP, **new}, "let half halve")
    assert (found.kind, found.proofs, found.unproven) == ("pass", (), ())


def test_tests_of_which_all_are_skipped_are_none(tmp_path: Path) -> None:
    """Nothing was found out about the tree, so nothing is claimed."""
    skipped = "import pytest\npytestmark = pytest.mark.skip\n" + TESTS
    here = Project(tmp_path, {"app.py": APP, "tests/test_app.py": skipped})
    found = here.verdict({"app.py": BROKEN})
    assert (found.kind, found.reason) == ("none", "All 2 tests are skipped.")


def test_tests_that_this_machine_cannot_run_are_none(tmp_path: Path) -> None:
    """That it compiles is no answer to what the tests would say; what is missing is named."""
    here = Project(tmp_path, {"app.py": APP})
    missing = ("mix is not on PATH: apt install elixir.",)
    tree = here.made({"app.py": BETTER})
    found = here.checks(missing=missing).verdict(tree, "", here.base)
    assert (found.kind, found.reason) == ("none", f"No test was run: {missing[0][:-1]}")
    assert here.checks().verdict(tree, "", here.base).kind == "pass"


MANY = (
    "import pytest\nfrom app import double\n\n\n"
    "@pytest.mark.parametrize('n', [1, 2])\ndef test_many(n):\n    assert double(n) == n + n\n"
)
ONLY_SHOWN: Mapping[str, tuple[str, str]] = {
    "a parameter is left out": (MANY.replace("[1, 2]", "[1]"), "test_many[2] runs no more"),
    "a test is never defined": (
        MANY.replace("@pytest", "if double is None:\n  @pytest").replace("\ndef", "\n  def"),
        "test_many[1] runs no more",
    ),
    "a fixture skips": (
        MANY + "\n\n@pytest.fixture(autouse=True)\ndef later():\n    getattr(pytest, 'skip')()\n",
        "test_many[1] is skipped",
    ),
}


@pytest.mark.parametrize("trick", ONLY_SHOWN)
def test_what_only_the_runs_show_is_named_as_well(tmp_path: Path, trick: str) -> None:
    """Their syntax says nothing: the base's tests ran and passed, the tree's own did not run."""
    here = Project(tmp_path, {"app.py": APP, "tests/test_many.py": MANY})
    text, said = ONLY_SHOWN[trick]
    found = here.verdict({"app.py": BETTER, "tests/test_many.py": text})
    assert found.kind == "weakened", found.reason
    assert f"tests/test_many.py: tests/test_many.py::{said}" in found.weakened
