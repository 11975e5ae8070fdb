"""What the syntax of each language says of tests."""

from __future__ import annotations

import pytest

from gitagent.domain.suite import Suite
from gitagent.index.suites import read_suite


def read(path: str, text: str) -> Suite:
    return read_suite(path, text.encode())


def cases(suite: Suite) -> dict[str, int]:
    return {case.name: case.asserts for case in suite.cases}


def marks(suite: Suite, *kinds: str) -> list[tuple[str, int, str]]:
    return [(m.kind, m.line, m.case) for m in suite.marks if m.kind in kinds]


PYTHON = """\
import pytest, unittest

class TestA(unittest.TestCase):
    @unittest.skip("later")
    def test_b(self):
        self.assertEqual(f(1), 2)
        self.assertTrue(True)

@pytest.mark.parametrize("n", [1])
def test_c(n):
    with pytest.raises(ValueError):
        f(n)
    assert n == n
    assert f(n) == 3

def helper():
    assert 1 + 1 == 3
"""
JAVASCRIPT = """\
describe("calc", () => {
  it("adds", async () => { expect(add(1, 1)).toBe(2); });
  it.skip("subtracts", () => { expect(true).toBe(true); });
  test("x", { skip: true }, (t) => { t.is(add(1, 1), 2); });
});
"""
RUST = """\
pub fn add(a: i32) -> i32 { a }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore]
    fn adds() { assert_eq!(add(1), 1); }

    #[tokio::test]
    async fn waits() { assert!(true); }

    fn no_test() { assert!(add(1) == 1); }
}
"""
GO = """\
package a

func TestA(t *testing.T) {
	t.Skip("later")
	if add(1) != 1 {
		t.Errorf("no")
	}
}

func helper() { os.Exit(0) }
"""
ELIXIR = """\
defmodule ATest do
  use ExUnit.Case

  describe "add" do
    @tag :skip
    test "adds" do
      assert A.add(1) == 1
    end
  end
end
"""


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("test_a.py", PYTHON, {"TestA.test_b": 1, "test_c": 2}),
        ("a.test.js", JAVASCRIPT, {"calc.adds": 2, "calc.subtracts": 0, "calc.x": 1}),
        ("a.test.tsx", JAVASCRIPT, {"calc.adds": 2, "calc.subtracts": 0, "calc.x": 1}),
        ("lib.rs", RUST, {"tests.adds": 1, "tests.waits": 0}),
        ("a_test.go", GO, {"TestA": 1}),
        ("a_test.exs", ELIXIR, {"add.adds": 1}),
    ],
)
def test_a_test_has_a_name_and_what_it_asserts(path: str, text: str, found: dict[str, int]) -> None:
    """What holds whatever the program does is no assertion."""
    assert cases(read(path, text)) == found


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("test_a.py", PYTHON, [("silence", 4, "TestA.test_b")]),
        ("a.test.ts", JAVASCRIPT, [("silence", 3, "calc.subtracts"), ("silence", 4, "calc.x")]),
        ("lib.rs", RUST, [("silence", 8, "tests.adds")]),
        ("a_test.go", GO, [("silence", 4, "TestA")]),
        ("a_test.exs", ELIXIR, [("silence", 5, "add.adds")]),
    ],
)
def test_what_silences_a_test_is_found_with_the_test(
    path: str, text: str, found: list[tuple[str, int, str]]
) -> None:
    """A decorator, attribute or tag in front of it, a call or an option within."""
    assert marks(read(path, text), "silence") == found


@pytest.mark.parametrize(
    ("path", "line", "kind"),
    [
        ("a.py", "import os; os._exit(0)", "exit"),
        ("a.py", "__import__('os')._exit(0)", "exit"),
        ("a.py", "from os import _exit as e", "exit"),
        ("a.py", "os.execv('/bin/true', [])", "exit"),
        ("a.py", "raise SystemExit", "leave"),
        ("a.py", "sys.exit()", "leave"),
        ("a.py", "unittest.TestCase.assertEqual = f", "runner"),
        ("a.py", "setattr(builtins, 'AssertionError', f)", "runner"),
        ("a.py", "x = 'pytest' in sys.modules", "runner"),
        ("a.py", "exec(text)", "odd"),
        ("a.js", "process.exit(0)", "exit"),
        ("a.js", "process.exitCode = 0", "exit"),
        ("a.ts", "process.on('exit', () => {})", "exit"),
        ("a.js", "assert.equal = () => {}", "runner"),
        ("a.js", "Object.assign(assert, {})", "runner"),
        ("a.rs", "fn f() { std::process::exit(0) }", "exit"),
        ("a.rs", "fn f() -> bool { cfg!(test) }", "runner"),
        ("a.rs", "#[cfg(not(test))]\nfn f() {}", "runner"),
        ("a.go", "package a\nfunc f() { os.Exit(0) }", "exit"),
        ("a.go", 'package a\nimport "testing"', "runner"),
        ("a.ex", "System.halt(0)", "exit"),
        ("a.ex", "ExUnit.configure(exclude: [:test])", "runner"),
    ],
)
def test_what_could_fake_a_success_is_found(path: str, line: str, kind: str) -> None:
    """It ends the process, reaches for the runner, or hides what it does."""
    assert kind in {mark.kind for mark in read(path, line).marks}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.py", "import os; os._exit(1)"),
        ("a.py", "sys.exit(main())"),
        ("a.py", "sys.exit('no such file')"),
        ("a.js", "process.exit(1)"),
        ("a.js", "process.exitCode = 2"),
        ("a.rs", "fn f() { std::process::exit(1) }"),
        ("a.go", "package a\nfunc f() { os.Exit(2) }"),
        ("a.ex", "System.halt(1)"),
        ("a.py", "skip = 3\nf(skip=skip)\nlines.skip(2)"),
        ("a.js", "items.skip(2); list.only(3); const skip = 1;"),
        ("a.txt", "os._exit(0)"),
        ("a.py", "# os._exit(0)\ntext = 'os._exit(0)'"),
    ],
)
def test_what_fakes_nothing_is_left_alone(path: str, line: str) -> None:
    """An end that is a failure, words that mean something else, text and comments."""
    assert read(path, line).marks == ()


def test_what_is_done_later_is_told_from_what_is_done_at_import() -> None:
    """A function's body runs when it is called, a guarded one when the file is a program."""
    text = (
        "import os\nos._exit(0)\n\ndef f():\n    os._exit(0)\n\n"
        "if __name__ == '__main__':\n    os._exit(0)\n"
    )
    found = [(mark.line, mark.inside, mark.at_import) for mark in read("a.py", text).marks]
    assert found == [(2, "", True), (5, "f", False), (8, "", False)]


def test_tests_within_a_source_file_are_cut_out_with_their_attribute() -> None:
    """As bytes, so that they can take the place of others."""
    (inline,) = read("lib.rs", RUST).inline
    assert inline.name == "tests"
    assert RUST[inline.start : inline.end] == RUST[RUST.index("#[cfg(test)]") :].rstrip("\n")


def test_what_no_grammar_can_read_says_nothing() -> None:
    """Broken code, bytes and a huge file are no reason to stop."""
    huge = b"def test_a(): pass\n" * 100_000
    for data in (b"\xff\xfe\x00", b"((((((((" * 10, huge):
        assert read_suite("test_a.py", data) == Suite()
