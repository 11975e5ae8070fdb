"""Replies that are not what was asked for: understood where that is no guess, else a problem.

Half an edit is never an edit: a reply with a problem lands nothing (see stages/apply.py).
"""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from gitagent.domain.edit import DeleteFile, Edit, Replace, WriteFile
from gitagent.edits.parse import parse

APP = "import os\n\n\ndef f(a, b):\n    return a - b\n"
TEXTS = {
    "src/app.py": APP,
    "src/util.py": "y = 1\n",
    "README.md": "# Title\n\nSome words.\n",
    "package.json": '{\n  "name": "p"\n}\n',
}
NEW = "import os\n\n\ndef f(a, b):\n    return a + b\n"
SEARCH = "<<<<<<< SEARCH\n    return a - b\n=======\n    return a + b\n>>>>>>> REPLACE\n"
FILE = f"src/app.py\n```python\n{NEW}```\n"
DIFF = (
    "--- a/src/app.py\n+++ b/src/app.py\n@@ -4,2 +4,2 @@\n def f(a, b):\n"
    "-    return a - b\n+    return a + b\n"
)
WRITE = WriteFile("src/app.py", NEW)
REPLACE = Replace("src/app.py", "    return a - b\n", "    return a + b\n")
PATCHED = Replace(
    "src/app.py", "def f(a, b):\n    return a - b\n", "def f(a, b):\n    return a + b\n", 4
)
UNNUMBERED = Replace("src/app.py", PATCHED.search, PATCHED.replace)
PATCH = f"*** Begin Patch\n*** Update File: src/app.py\n@@\n{DIFF.partition(' @@' + chr(10))[2]}"
CONTENT = {"path": "src/app.py", "content": NEW}
EXCHANGE = {"path": "src/app.py", "old_string": "return a - b", "new_string": "return a + b"}


def order(**fields: Any) -> str:
    return json.dumps(fields)


UNDERSTOOD: dict[str, tuple[str, Edit]] = {
    # a tool call, as a text
    "content": (json.dumps(CONTENT), WRITE),
    "content, talk around": (f"Sure!\n\n{json.dumps(CONTENT)}\n\nDone.", WRITE),
    "content, indented": (json.dumps(CONTENT, indent=2), WRITE),
    "content in a fence": (f"Here:\n\n```json\n{json.dumps(CONTENT)}\n```\nDone.", WRITE),
    "content in a bare fence": (f"```\n{json.dumps(CONTENT)}\n```", WRITE),
    "content with line ends": (json.dumps(CONTENT).replace("\\n", "\n"), WRITE),
    "content with CRLF": (json.dumps(CONTENT).replace("\\n", "\\r\\n"), WRITE),
    "content without last end": (order(path="src/app.py", content=NEW[:-1]), WRITE),
    "content, other names": (order(file_path="./src/app.py", newContent=NEW), WRITE),
    "content in a command": (
        order(command="create", path="src/app.py", file_text=NEW, explanation="It adds."),
        WRITE,
    ),
    "search and replace": (
        order(path="src/app.py", search="    return a - b", replace="    return a + b"),
        REPLACE,
    ),
    "part of a line": (json.dumps(EXCHANGE), REPLACE),
    "part of two lines": (
        order(path="src/app.py", old_str="b):\n    return a -", new_str="b):\n    return a +"),
        UNNUMBERED,
    ),
    "nothing is replaced": (
        order(filename="src/util.py", find="y = 1\n", replacement=""),
        Replace("src/util.py", "y = 1\n", ""),
    ),
    "flags that say nothing": (json.dumps({**EXCHANGE, "replace_all": False}), REPLACE),
    "a list of edits": (order(edits=[EXCHANGE]), REPLACE),
    "a list alone": (json.dumps([CONTENT]), WRITE),
    "edits of one path": (
        order(path="src/app.py", edits=[{"search": "a - b", "replace": "a + b"}]),
        REPLACE,
    ),
    "a call": (order(name="write_file", arguments=CONTENT), WRITE),
    "a call with a text": (order(name="write_file", arguments=json.dumps(CONTENT)), WRITE),
    "a call of the API": (
        order(tool_calls=[{"id": "1", "type": "function", "function": {"arguments": CONTENT}}]),
        WRITE,
    ),
    "a call in tags": (
        f"<tool_call>\n{order(name='x', arguments=EXCHANGE)}\n</tool_call>",
        REPLACE,
    ),
    "a call in tags on a line": (f"<tool_call>{json.dumps(EXCHANGE)}</tool_call>", REPLACE),
    "a call of Mistral's": (f"[TOOL_CALLS] {json.dumps([CONTENT])}", WRITE),
    "contents by path": (json.dumps({"src/app.py": NEW}), WRITE),
    "a deletion": (order(action="delete", path="src/util.py"), DeleteFile("src/util.py")),
    # a reply in JSON
    "a file in JSON": (order(reply=FILE), WRITE),
    "blocks in JSON": (order(answer=f"Here.\n\nsrc/app.py\n{SEARCH}", summary="x"), REPLACE),
    "a diff in JSON": (order(patch=DIFF), PATCHED),
    "a text in JSON": (json.dumps(FILE), WRITE),
    "JSON in JSON": (order(output=json.dumps(CONTENT)), WRITE),
    # a reply in a fence
    "a file in a Markdown fence": (f"```markdown\n{FILE}```\n", WRITE),
    "a file in a fence, talk around": (
        f"Sure:\n\n```md\nI add.\n\n{FILE}\nDone.\n```\nBye.",
        WRITE,
    ),
    "a file in a longer fence": (f"````markdown\nHere.\n\n{FILE}\n````\nBye.", WRITE),
    "a file in a fence without end": (f"```text\n{FILE}", WRITE),
    "a diff in a Markdown fence": (f"```markdown\n```diff\n{DIFF}```\n```", PATCHED),
    "blocks in a Markdown fence": (f"```markdown\nsrc/app.py\n{SEARCH}```\n", REPLACE),
    # reasoning
    "reasoning before": (f"<think>\nsrc/util.py\n{SEARCH}</think>\n{FILE}", WRITE),
    "reasoning on the line of the path": (f"<think>Hm.</think>{FILE}", WRITE),
    "reasoning on the line of JSON": (f"<think>{{}}</think>{json.dumps(CONTENT)}", WRITE),
    "reasoning that lost its beginning": (f"src/util.py\n{SEARCH}\n</think>\n\n{FILE}", WRITE),
    # marks
    "lower case": (f"src/app.py\n{SEARCH}".replace("SEARCH", "search"), REPLACE),
    "a fence on the last mark": (f"src/app.py\n```\n{SEARCH[:-1]}```\n", REPLACE),
    "a word before the block": (f"src/app.py\n```python\n# here\n\n{SEARCH}```\n", REPLACE),
    "CRLF": (f"src/app.py\n{SEARCH}".replace("\n", "\r\n"), REPLACE),
    "CR": (f"src/app.py\n{SEARCH}".replace("\n", "\r"), REPLACE),
    "trailing talk": (f"{FILE}\nRun:\n\n```bash\npytest\n```\nThat was {{all}} [1].\n", WRITE),
    "another format": (f"```diff\n{DIFF}```", PATCHED),
    "a patch of OpenAI's": (f"apply_patch <<'EOF'\n{PATCH}*** End Patch\nEOF\n", UNNUMBERED),
}

HALVES: dict[str, tuple[str, str]] = {
    "SEARCH alone": ("src/app.py\n<<<<<<< SEARCH\nx = 1\n", "no final"),
    "SEARCH and divider": ("src/app.py\n<<<<<<< SEARCH\nx\n=======\n", "no final"),
    "SEARCH without final mark in a fence": (
        f"src/app.py\n```\n{SEARCH.replace('>>>>>>> REPLACE', '')}```\n",
        "no final",
    ),
    "SEARCH without divider": (
        "src/app.py\n<<<<<<< SEARCH\nx\n>>>>>>> REPLACE\n",
        "no '======='",
    ),
    "a second block that is half": (f"src/app.py\n{SEARCH}\n<<<<<<< SEARCH\ny", "no final"),
    "REPLACE alone": ("src/app.py\nx\n=======\ny\n>>>>>>> REPLACE\n", "no SEARCH line"),
    "REPLACE alone in a file": (
        "src/app.py\n```python\nx\n=======\ny\n>>>>>>> REPLACE\n```\n",
        "some of the marks",
    ),
    "REPLACE alone after a block": (f"src/app.py\n{SEARCH}y\n>>>>>>> REPLACE\n", "no SEARCH line"),
    "a conflict in a file": (
        "src/app.py\n```python\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> new\n```\n",
        "some of the marks",
    ),
    "a fence without end": (f"src/app.py\n```python\n{NEW}", "no closing fence"),
    "a second fence without end": (f"{FILE}\nsrc/util.py\n```python\ny = 2\n", "no closing fence"),
    "a diff without end": (f"```diff\n{DIFF}", "no closing fence"),
    "a diff of headers": ("```diff\n--- a/src/app.py\n+++ b/src/app.py\n```", "no hunk"),
    "a bare diff that stops": (DIFF[: DIFF.index("+    ")], "breaks off"),
    "a bare patch that stops": (
        "*** Begin Patch\n*** Update File: src/app.py\n@@\n-    return a - b\n",
        "breaks off",
    ),
    "JSON that stops": (json.dumps(CONTENT)[:-4], "not valid JSON"),
    "JSON that stops in a fence": (f"```json\n{json.dumps(CONTENT)[:-4]}\n```", "not valid JSON"),
    "JSON with wrong quotes": (
        "{'path': 'src/app.py', 'content': 'x = 2'}",
        "not valid JSON",
    ),
    "JSON with code in it": (
        '{"path": "src/app.py", "content": "print("a")"}',
        "not valid JSON",
    ),
    "JSON with a key twice": (
        '{"path": "src/app.py", "content": "x", "content": "y"}',
        "not valid JSON",
    ),
    "a path alone": (order(path="src/app.py"), "neither a whole content nor"),
    "a search alone": (order(path="src/app.py", search="x"), "neither a whole content nor"),
    "content and search": (
        order(path="src/app.py", content="x", search="y", replace="z"),
        "neither a whole content nor",
    ),
    "content that is none": (order(path="src/app.py", content=["x"]), "neither a whole content"),
    "two contents": (order(path="src/app.py", content="x", text="y"), "in two ways"),
    "a place that is not understood": (
        order(path="src/app.py", content="x", insert_line=3),
        "`insertline`",
    ),
    "all of them": (json.dumps({**EXCHANGE, "replace_all": True}), "`replaceall`"),
    "a command that is not known": (
        order(command="insert", path="src/app.py", insert_line=3, new_str="x"),
        "`insert` is no way",
    ),
    "one of two": (
        order(files=[CONTENT, {"path": "src/util.py"}]),
        "neither a whole content nor",
    ),
    "edits beside others": (json.dumps([CONTENT, {"step": 2}]), "entries that are no edits"),
    "half a block in JSON": (
        order(reply="src/app.py\n<<<<<<< SEARCH\nx\n"),
        "no final",
    ),
}

NOTHING = {
    "empty": "",
    "a refusal": "I'm sorry, but I can't help with that.",
    "a refusal in JSON": order(error="I cannot do that."),
    "no edits": order(edits=[]),
    "a question": order(question="Which file?"),
    "only reasoning": f"<think>\n{FILE}",
    "tags of another tool": "<edit><path>src/app.py</path><old>x</old><new>y</new></edit>",
    "a call without arguments": order(name="write_file", arguments={}),
    "a list of words": '["src/app.py", "src/util.py"]',
    "brackets": "[x] done\n{curly}\n",
}


@pytest.mark.parametrize(("reply", "edit"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_an_edit_is_understood_in_another_form(reply: str, edit: Edit) -> None:
    """What is meant is written there, only not as it was asked for."""
    proposal = parse(reply, TEXTS)
    assert proposal.problems == ()
    assert proposal.edits == (edit,)


@pytest.mark.parametrize(("reply", "said"), HALVES.values(), ids=HALVES)
def test_half_an_edit_is_a_problem(reply: str, said: str) -> None:
    """It names what is missing, so that the model can write it again."""
    proposal = parse(reply, TEXTS)
    assert len(proposal.problems) == 1
    assert said in proposal.problems[0]


@pytest.mark.parametrize("reply", NOTHING.values(), ids=NOTHING)
def test_what_orders_nothing_is_no_edit(reply: str) -> None:
    """Neither an edit nor a problem: the model is told that it changed nothing."""
    proposal = parse(reply, TEXTS)
    assert (proposal.edits, proposal.problems) == ((), ())


def test_a_file_of_json_stays_a_file() -> None:
    """Below its path a block is what stands in the file, whatever it looks like."""
    text = '{"path": "a", "content": "b"}\n'
    assert parse(f"package.json\n```json\n{text}```", TEXTS).edits == (
        WriteFile("package.json", text),
    )


def test_a_markdown_file_may_show_the_format() -> None:
    """A block that repeats the file is the file, though a path and a fence stand in it."""
    text = TEXTS["README.md"] + "\nReply so:\n\nsrc/app.py\n```python\nx\n```\n"
    assert parse(f"```markdown\n{text}```\n", TEXTS).edits == (WriteFile("README.md", text),)


def test_a_file_that_has_such_marks_may_keep_them() -> None:
    """Documentation shows them, and what stood in a file may stand in it again."""
    shown = f"# How\n\n{SEARCH}"
    marked = f'TEXT = """\n{SEARCH}"""\n'
    for path, text in (("README.md", shown), ("a.py", marked)):
        reply = f"{path}\n```\n{text}```\n"
        assert parse(reply, {**TEXTS, "a.py": marked}).edits == (WriteFile(path, text),)


def test_a_search_that_stands_twice_is_not_widened() -> None:
    """Which of them is meant is found out where edits are landed, and said there."""
    known = {"a.py": "x = 1\nx = 1\n"}
    found = parse(order(path="a.py", search="= 1", replace="= 2"), known)
    assert found.edits == (Replace("a.py", "= 1\n", "= 2\n"),)


def test_no_reply_takes_long_or_breaks_the_reader() -> None:
    """Pieces of every format, thrown together: some edits, some problems, never an exception."""
    pieces = [reply for reply, _ in (*UNDERSTOOD.values(), *HALVES.values())]
    chance = random.Random(4)
    began = time.monotonic()
    for _ in range(300):
        text = "\n".join(chance.sample(pieces, 3))
        start = chance.randrange(len(text))
        parse(text[start : start + chance.randrange(400)], TEXTS)
    for text in ("[" * 50_000, '{"edits": [' * 5000, '"a"\n' * 20_000, "{\n" * 20_000):
        parse(text, TEXTS)
        parse("\\" * 1000 + json.dumps({"reply": text}), TEXTS)
        parse(json.dumps({"reply": text}), TEXTS)
    assert time.monotonic() - began < 20
