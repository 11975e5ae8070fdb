"""What cannot be read as its language is found at its line, and nothing else is."""

from __future__ import annotations

import time

import pytest

from gitagent.index.languages import LANGUAGES
from gitagent.index.mistakes import MOST, Grammars, mistakes

SOUND = {
    "a.py": "def f(a):\n    return f'{a}'\n",
    "a.js": "const s = `${f(x)}`;\nclass A { m() { return { a: [1] }; } }\n",
    "a.ts": "export const f = <T>(x: T): T[] => [x];\n",
    "a.tsx": "export const A = () => <p title={f()}>{x}</p>;\n",
    "a.rs": 'fn f() -> Vec<u8> { println!("{}", 1); vec![1] }\n',
    "a.go": 'package a\n\nfunc f(m map[string]int) int { return m["a"] }\n',
    "a.ex": 'defmodule A do\n  def f(x), do: "#{x}"\nend\n',
    "A.java": "class A { int[] f() { return new int[] {1}; } }\n",
    "a.rb": 'x = %w(a b)\nputs "#{x}"\n',
    "a.c": "int f(int a[]) { return (a[0]); }\n",
    "a.cpp": "[[nodiscard]] int f() { return g<int>({1}); }\n",
    "a.json": '{"a": [1, {}]}\n',
    "a.toml": "[a]\nb = [1]\n",
}
WRONG = [
    ("a.py", "def f():\n    x = (1\n    return x\n", 2, "never closed"),
    ("a.py", "def f():\n    return 1\n      x\n", 3, "unexpected indent"),
    ("a.py", "def f():\n\ndef g():\n    pass\n", 3, "expected an indented block"),
    ("a.py", "x = 1\n```\n", 2, "invalid syntax"),
    ("a.py", "try:\n    x\ny = 1\n", 3, "except"),
    ("a.js", "function f() {\n  if (x) {\n    return 1;\n}\n", 2, "`{` is never closed"),
    ("a.js", "f(`${a`)\n", 1, "`${` is never closed"),
    ("a.js", "let x = ;\n", 1, "cannot be read as javascript"),
    ("a.ts", "const x: number = 1;\n}\n", 2, "`}` closes nothing"),
    ("a.tsx", "const A = () => <div><p>x</div>;\n", 1, "tsx"),
    ("a.rs", "fn f() -> u8 {\n    let x = 1\n    x\n}\n", 2, "`;` is missing"),
    ("a.rs", "impl A {\n  fn f() {\n}\n", 2, "`{` is never closed"),
    ("a.go", "package a\n\nfunc f() {\n\tx := \n}\n", 4, "missing"),
    ("a.ex", "defmodule A do\n  def f(x) do\n    x\nend\n", 4, "`end` is missing"),
    ("A.java", "class A {\n  int f() {\n    return 1\n  }\n}\n", 3, "`;` is missing"),
    ("a.rb", "def f(\n 1\nend\n", 1, "`(` is never closed"),
    ("a.c", "int f(void)\n{\n    return 1\n}\n", 3, "`;` is missing"),
    ("a.cpp", "template <typename T>\nT f( { return 1; }\n", 2, "`(` is never closed"),
    ("a.json", '{\n"a": 1,}\n', 2, "property name"),
    ("a.toml", "a = 1\nb = \n", 2, "Invalid value"),
]


@pytest.mark.parametrize("path", SOUND)
def test_sound_texts_have_no_mistake(path: str) -> None:
    """Brackets in strings, templates and literals of each language are their own business."""
    assert mistakes(path, SOUND[path].encode()) == ()
    assert mistakes(path, SOUND[path].replace("\n", "\r\n").encode()) == ()
    assert Grammars().knows(path)


@pytest.mark.parametrize(("path", "text", "line", "why"), WRONG)
def test_a_mistake_is_told_with_its_line(path: str, text: str, line: int, why: str) -> None:
    """The first one is where a person would look, in words that say what is wrong."""
    found = mistakes(path, text.encode())
    assert 1 <= len(found) <= MOST
    assert found[0].line == line
    assert why in found[0].why


def test_every_language_with_a_grammar_is_tried() -> None:
    """Whoever adds one sees to it that it is read here."""
    tried = {path.rpartition(".")[2] for path in SOUND}
    assert all(tried & set(each.extensions) for each in LANGUAGES if each.grammar)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "((("),
        ("a.yaml", "{"),
        ("a.bin.py", "x = (\0"),
        ("tsconfig.json", '{\n  // why\n  "a": 1,\n}\n'),
        ("a.json", '// said first\n{"a": 1}\n'),
        ("a.py", "print 'an older Python says so'\n"),
    ],
)
def test_what_is_not_known_is_left_to_the_gate(path: str, text: str) -> None:
    """No language, no text, a dialect, or a mistake that is one to our own Python only."""
    assert mistakes(path, text.encode()) == ()


@pytest.mark.parametrize("path", SOUND)
def test_hostile_nesting_is_given_up_and_not_crashed_over(path: str) -> None:
    """However deep, however long, in whatever language; what is quadratic takes minutes here."""
    for text in (b"(" * 90_000, b"[{" * 30_000, b"a." * 90_000, b"\xff\xfe" * 1000, b""):
        begun = time.process_time()
        assert len(mistakes(path, text)) <= MOST
        assert time.process_time() - begun < 5


@pytest.mark.parametrize("path", ["a.py", "a.js", "a.rs", "a.go", "a.ex", "a.c"])
def test_two_thousand_lines_are_read_in_a_blink(path: str) -> None:
    """Well under what the shortest gate takes; the best of three, in time of this process."""
    body = SOUND[path].replace("package a\n", "")
    head = "package a\n" if path == "a.go" else ""
    text = (head + body * (2_000 // body.count("\n"))).encode()
    mistakes(path, text)
    took = []
    for _ in range(3):
        begun = time.process_time()
        assert mistakes(path, text) == ()
        took.append(time.process_time() - begun)
    assert min(took) < 0.2, took
