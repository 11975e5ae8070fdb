"""Replies as models really write them."""

from __future__ import annotations

import pytest

from gitagent.domain.edit import (
    DeleteFile,
    Proposal,
    RenameFile,
    Replace,
    SetExecutable,
    WriteFile,
)
from gitagent.edits.parse import parse

KNOWN = ["src/app.py", "src/util.py", "README.md", "web/index.ts", "docs/my notes.md"]

BLOCK = "<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n"
BACK = BLOCK.replace("2", "3").replace("1", "2").replace("3", "1")
X_TO_2 = Replace("src/app.py", "x = 1\n", "x = 2\n")


def edits(reply: str, known: list[str] = KNOWN) -> list[object]:
    proposal = parse(reply, known)
    assert proposal.problems == ()
    return list(proposal.edits)


def problem(reply: str, known: list[str] = KNOWN) -> str:
    proposal = parse(reply, known)
    assert proposal.edits == ()
    assert len(proposal.problems) == 1
    return proposal.problems[0]


@pytest.mark.parametrize(
    "head",
    [
        "src/app.py\n```python",
        "`src/app.py`\n```python",
        "**src/app.py**:\n```python",
        "**`src/app.py`**\n\n```python",
        "### src/app.py\n```python",
        "# `./src/app.py`:\n```py",
        "File: src/app.py\n```",
        "**File:** `src/app.py`\n```",
        "1. `src/app.py` (updated)\n```python",
        "```python src/app.py",
        "```src/app.py",
        "```path=src/app.py",
        '```python title="src/app.py"',
        "```python:src/app.py",
        "```python\n# src/app.py",
        "```python\n# File: src/app.py\n",
        "Here is the updated `src/app.py`:\n\n```python",
        "Create the file `src/app.py`:\n\n```python",
        "Here are the full contents of src/app.py:\n```python",
        "src/app.py\n````python",
        "src/app.py\n~~~python",
    ],
)
def test_a_whole_file_is_found_under_any_dress_of_its_path(head: str) -> None:
    """The path may be a line, a heading, a label, the info string or the first comment."""
    mark = next(line for line in head.split("\n") if line[:3] in ("```", "~~~"))
    fence = mark[: len(mark) - len(mark.lstrip("`~"))]
    assert edits(f"Sure!\n\n{head}\nprint(1)\n{fence}\nDone.") == [
        WriteFile("src/app.py", "print(1)\n")
    ]


@pytest.mark.parametrize(
    "path",
    ["../x.py", "/etc/passwd", ".GIT/config", "git~1/x", ".g\u200cit/x", "a\\..\\b", "Makefile"],
)
def test_a_bad_path_is_read_so_that_it_can_be_refused(path: str) -> None:
    """Judging paths is not the reader's work, so it passes on what it sees."""
    assert edits(f"{path}\n```\nx\n```") == [WriteFile(path, "x\n")]


def test_an_empty_block_under_a_path_is_an_empty_file() -> None:
    """`__init__.py` is most often empty."""
    assert edits("pkg/__init__.py\n```python\n```") == [WriteFile("pkg/__init__.py", "")]


def test_several_files_and_their_prose_are_told_apart() -> None:
    """Prose between files is the remark, paths are not."""
    reply = "Two.\n\na.py\n```python\n1\n```\nand\n\nb.py\n```python\n2\n```\n"
    proposal = parse(reply, [])
    assert proposal == Proposal(
        (WriteFile("a.py", "1\n"), WriteFile("b.py", "2\n")), (), "Two.\n\nand"
    )


def test_a_markdown_file_keeps_its_own_fences() -> None:
    """Fences with a language are paired inside a Markdown file."""
    text = "# T\n\n```python\nx\n```\n\nend\n"
    assert edits(f"README.md\n```markdown\n{text}```\nDone.") == [WriteFile("README.md", text)]


def test_longer_fences_hold_shorter_ones() -> None:
    """Four backticks are not closed by three."""
    text = "a\n```\nb\n```\n"
    assert edits(f"README.md\n````\n{text}````\n") == [WriteFile("README.md", text)]


def test_a_bare_inner_fence_at_the_end_of_the_reply_is_nested() -> None:
    """Where nothing follows, the last fence is the file's."""
    text = "a\n```\nb\n```\n"
    assert edits(f"README.md\n```markdown\n{text}```\n") == [WriteFile("README.md", text)]


def test_two_readings_of_nested_fences_are_a_problem() -> None:
    """Which fence ends the file is not guessed."""
    reply = "README.md\n```markdown\na\n```\nb\n```\nc\n```\nmore prose"
    assert "two ways" in problem(reply)


def test_a_markdown_file_ends_before_the_next_files_path() -> None:
    """A path above a fence makes it the next file's, not a nested one."""
    reply = "README.md\n```markdown\na\n```\n\nsrc/app.py\n```\nb\n```\n"
    assert edits(reply) == [WriteFile("README.md", "a\n"), WriteFile("src/app.py", "b\n")]


def test_a_block_without_end_is_a_problem() -> None:
    """A cut reply must not land half a file."""
    assert "no closing fence" in problem("src/app.py\n```python\nprint(1)\n")


def test_shell_and_output_blocks_are_no_files() -> None:
    """A block that shows how to run something is part of the prose."""
    reply = f"src/app.py\n{BLOCK}\nRun:\n```bash\npytest\n```\nand see\n```text\nok\n```\n"
    assert edits(reply) == [X_TO_2]


def test_a_script_with_a_path_is_a_file() -> None:
    """A shell block under a path is a file all the same."""
    assert edits("run.sh\n```bash\necho\n```") == [WriteFile("run.sh", "echo\n")]


def test_a_terminal_session_under_a_path_is_no_file() -> None:
    """No file is written in `console`."""
    assert edits("src/app.py\n```console\n$ python src/app.py\n```") == []


def test_one_block_without_path_is_the_only_file_that_fits() -> None:
    """Weak models leave the path away where there is one file only."""
    assert edits("```python\nx\n```", ["a.py", "b.md"]) == [WriteFile("a.py", "x\n")]


def test_a_block_without_path_and_with_two_candidates_is_a_problem() -> None:
    """With two files that fit, neither is written."""
    assert "names no file" in problem("```python\nx\n```")


def test_a_sentence_about_a_part_of_a_file_names_no_file() -> None:
    """A snippet must not take the place of the file that it is from."""
    reply = "Here is the updated function in `src/app.py`:\n```python\nx\n```\n"
    assert "names no file" in problem(reply)


def test_a_block_that_quotes_the_edits_is_no_problem() -> None:
    """Explaining a change by its own lines asks for nothing more."""
    assert edits(f"src/app.py\n{BLOCK}\nThat is\n```python\nx = 1\n```\n") == [X_TO_2]


@pytest.mark.parametrize(
    "reply",
    [
        f"src/app.py\n{BLOCK}",
        f"src/app.py\n```python\n{BLOCK}```\n",
        f"```python\nsrc/app.py\n{BLOCK}```\n",
        f"```python src/app.py\n{BLOCK}```\n",
        f"**src/app.py**\n\n```\n{BLOCK}```\n",
        f"In `src/app.py`, change this:\n\n{BLOCK}",
        BLOCK.replace("SEARCH", "SEARCH src/app.py"),
        f"src/app.py\n{BLOCK.replace('<' * 7, '<' * 5).replace('>' * 7, '>' * 9)}",
        f"src/app.py\r\n{BLOCK}".replace("\n", "\r\n"),
        f"<think>\nsrc/util.py\n{BLOCK}\n</think>\nsrc/app.py\n{BLOCK}",
        f"src/util.py\n{BLOCK}\n</think>\nsrc/app.py\n{BLOCK}",
        f"```\nsrc/app.py\n```\n```python\n{BLOCK}```\n",
        "src/app.py\n"
        + BLOCK.replace("x = 1\n", "```py\nx = 1\n```\n").replace("x = 2\n", "```\nx = 2\n```\n"),
    ],
)
def test_a_search_replace_block_is_read_in_any_wrapping(reply: str) -> None:
    """The path may stand before, in or behind the fence, the brackets may be miscounted."""
    assert edits(reply) == [X_TO_2]


def test_several_blocks_share_a_path() -> None:
    """A block without a path of its own belongs to the file of the block before."""
    assert edits(f"src/app.py\n```\n{BLOCK}\n{BACK}```\nAnd:\n```python\n{BLOCK}```\n") == [
        X_TO_2,
        Replace("src/app.py", "x = 2\n", "x = 1\n"),
        X_TO_2,
    ]


def test_a_block_said_twice_is_one() -> None:
    """The lines that it searches for are gone once it was carried out."""
    assert edits(f"src/app.py\n```\n{BLOCK}\n{BLOCK}```\n") == [X_TO_2]


def test_a_path_with_spaces_is_known() -> None:
    """A name that no pattern would take is taken where the file exists."""
    reply = f"docs/my notes.md\n{BLOCK}"
    assert edits(reply) == [Replace("docs/my notes.md", "x = 1\n", "x = 2\n")]


def test_an_empty_search_makes_a_file() -> None:
    """The block's way to say: new."""
    reply = "new.py\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n"
    assert edits(reply) == [Replace("new.py", "", "x\n")]


def test_markers_of_another_length_are_content() -> None:
    """A file that holds markers is edited by longer ones."""
    inner = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
    reply = f"README.md\n{'<' * 9} SEARCH\n{inner}{'=' * 9}\nx\n{'>' * 9} REPLACE\n"
    assert edits(reply) == [Replace("README.md", inner, "x\n")]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (f"You could write blocks, for example:\n\n{BLOCK}", "names no file"),
        ("src/app.py\n<<<<<<< SEARCH\na\n=======\nb\n", "no final"),
        ("src/app.py\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n", "no '======='"),
        ("src/app.py\n<<<<<<< SEARCH\na\n=======\nb\n=======\nc\n>>>>>>> REPLACE\n", "2 '====="),
    ],
)
def test_a_broken_block_is_a_problem(reply: str, word: str) -> None:
    """Half a block is not an edit."""
    assert word in problem(reply)


DIFF = "--- a/src/app.py\n+++ b/src/app.py\n@@ -3,2 +3,2 @@ def f():\n a\n-b\n+c\n"


@pytest.mark.parametrize(
    "reply",
    [
        f"```diff\n{DIFF}```",
        f"```\n{DIFF}```",
        f"Here it is:\n\n{DIFF}\nThat was all.\n\n- one\n- two\n",
        f"```diff\ndiff --git a/src/app.py b/src/app.py\nindex 12ab..34cd 100644\n{DIFF}```",
        f"```diff\n{DIFF.replace('a/src', 'src').replace('b/src', 'src')}```",
        f"```diff\n{DIFF.replace('-3,2 +3,2', '-3,9 +3,17')}```",
        f"```diff\n{DIFF.replace('app.py', 'app.py' + chr(9) + '2026-01-01')}```",
        "src/app.py\n```diff\n@@ -3,2 +3,2 @@\n a\n-b\n+c\n```",
    ],
)
def test_a_diff_is_read_whatever_its_headers_say(reply: str) -> None:
    """Prefixes, time stamps and counts may be there, missing or wrong."""
    assert edits(reply) == [Replace("src/app.py", "a\nb\n", "a\nc\n", 3)]


@pytest.mark.parametrize("header", ["@@", "@@ ... @@", "@@ def f():"])
def test_a_hunk_without_numbers_has_no_hint(header: str) -> None:
    """What cannot be counted on is not passed on."""
    reply = f"```diff\n--- a/src/app.py\n+++ b/src/app.py\n{header}\n a\n-b\n+c\n```"
    assert edits(reply) == [Replace("src/app.py", "a\nb\n", "a\nc\n")]


def test_empty_context_lines_may_lack_their_space() -> None:
    """An editor that strips white space does that; a last one is dropped unless it counts."""
    body = "```diff\n--- a/src/app.py\n+++ b/src/app.py\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n\n```"
    assert edits(body) == [Replace("src/app.py", "a\n\nb\n", "a\n\nc\n", 1)]


def test_a_new_and_a_deleted_file_are_read_from_a_diff() -> None:
    """/dev/null on one side, or the mode lines of an empty file."""
    reply = (
        "```diff\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        "\\ No newline at end of file\n"
        "diff --git a/src/util.py b/src/util.py\ndeleted file mode 100644\n"
        "--- a/src/util.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "diff --git a/e.sh b/e.sh\nnew file mode 100755\nindex 0000000..e69de29\n```"
    )
    assert edits(reply) == [
        WriteFile("n.py", "a\nb"),
        DeleteFile("src/util.py"),
        WriteFile("e.sh", ""),
        SetExecutable("e.sh", True),
    ]


def test_a_new_file_over_a_known_one_lands_only_on_nothing() -> None:
    """A diff that takes an existing file for new must not wipe it out."""
    reply = "```diff\n--- /dev/null\n+++ b/src/app.py\n@@ -0,0 +1 @@\n+a\n```"
    assert edits(reply) == [Replace("src/app.py", "", "a\n")]


def test_renames_and_modes_are_read_from_a_diff() -> None:
    """The extended headers of git."""
    reply = (
        "diff --git a/src/app.py b/src/main.py\nold mode 100644\nnew mode 100755\n"
        "similarity index 90%\nrename from src/app.py\nrename to src/main.py\n"
        "--- a/src/app.py\n+++ b/src/main.py\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert edits(reply) == [
        RenameFile("src/app.py", "src/main.py"),
        Replace("src/main.py", "a\n", "b\n", 1),
        SetExecutable("src/main.py", True),
    ]


def test_quoted_paths_are_unquoted() -> None:
    """Git escapes what is not ASCII; a newline in a name comes out as one, to be refused."""
    reply = '```diff\n--- /dev/null\n+++ "b/\\303\\251\\n.py"\n@@ -0,0 +1 @@\n+a\n```'
    assert edits(reply) == [WriteFile("é\n.py", "a\n")]


def test_removed_sql_comments_are_no_headers() -> None:
    """A removed line `-- x` looks like a header but is followed by none."""
    reply = "```diff\n--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,1 @@\n--- old\n a\n```"
    assert edits(reply, ["q.sql"]) == [Replace("q.sql", "-- old\na\n", "a\n", 1)]


def test_an_openai_patch_is_read() -> None:
    """Models trained on that format write it unasked."""
    reply = (
        "*** Begin Patch\n*** Update File: src/app.py\n*** Move to: src/main.py\n@@ def f():\n"
        " a\n-b\n+c\n*** Add File: n.py\n+x\n+y\n*** Delete File: src/util.py\n*** End Patch\n"
    )
    expected = [
        RenameFile("src/app.py", "src/main.py"),
        Replace("src/main.py", "a\nb\n", "a\nc\n"),
        WriteFile("n.py", "x\ny\n"),
        DeleteFile("src/util.py"),
    ]
    assert edits(reply) == expected
    assert edits(f"```\n{reply}```") == expected


@pytest.mark.parametrize(
    ("diff", "word"),
    [
        ("@@ -1 +1 @@\n-a\n+b\n", "names no file"),
        ("--- a/x.png\n+++ b/x.png\nGIT binary patch\n", "binary"),
        (
            "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+x\n",
            "symbolic link",
        ),
        ("diff --git a/x b/x\nindex 1..2\n", "no hunk"),
    ],
)
def test_a_diff_that_means_no_edit_is_a_problem(diff: str, word: str) -> None:
    """What cannot be done is said."""
    assert word in problem(f"```diff\n{diff}```")


def test_directives_say_what_blocks_cannot() -> None:
    """Delete, rename, make executable; dressed as models dress them."""
    reply = (
        "DELETE: src/util.py\n- **RENAME:** `src/app.py` -> `src/main.py`\n"
        "EXECUTABLE: run.sh\n```\nDELETE: README.md\n```\n"
    )
    assert edits(reply) == [
        DeleteFile("src/util.py"),
        RenameFile("src/app.py", "src/main.py"),
        SetExecutable("run.sh", True),
        DeleteFile("README.md"),
    ]


def test_prose_that_looks_like_a_directive_stays_prose() -> None:
    """An HTTP verb deletes no file."""
    assert edits("The verbs:\n- DELETE: removes the row\n- GET: reads it\n") == []


def test_directives_inside_a_file_are_its_content() -> None:
    """Only lines outside of fences are orders."""
    assert edits("notes.txt\n```\nDELETE: src/app.py\n```") == [
        WriteFile("notes.txt", "DELETE: src/app.py\n")
    ]


def test_formats_may_be_mixed() -> None:
    """One reply, three formats, in the order in which they stand there."""
    reply = f"src/util.py\n{BLOCK}\n```diff\n{DIFF}```\n\n`n.py`\n```python\nx\n```\n"
    assert edits(reply) == [
        Replace("src/util.py", "x = 1\n", "x = 2\n"),
        Replace("src/app.py", "a\nb\n", "a\nc\n", 3),
        WriteFile("n.py", "x\n"),
    ]


def test_a_reply_without_edits_is_a_remark() -> None:
    """Prose is neither an edit nor a problem."""
    assert parse("I cannot do that.", KNOWN) == Proposal((), (), "I cannot do that.")


@pytest.mark.parametrize(
    ("label", "path"),
    [
        ("path/to/src/app.py", "src/app.py"),
        ("path/to/app.py", "src/app.py"),
        ("path/to/file.py", "src/app.py"),
    ],
)
def test_a_placeholder_in_a_path_is_no_folder(label: str, path: str) -> None:
    """What a prompt showed as an example never becomes a new file; what stands behind it may name
    one, and otherwise the block is one without a path."""
    known = {"src/app.py": "def f():\n    return 1\n\n\ndef g():\n    return 1\n"}
    proposal = parse(f"```python\n# {label}\ndef f():\n    return 2\n```\n", known)
    assert [edit.path for edit in proposal.edits] == [path]
    unknown = parse(f"{label}\n```python\nx = 1\n```\n", ["a.py", "b.py"])
    assert unknown.edits == ()
    assert "names no file" in unknown.problems[0]


def test_a_placeholder_that_is_a_path_of_the_repository_is_one() -> None:
    """Somebody may have such a folder."""
    (edit,) = edits("```python\n# path/to/file.py\nx = 1\n```\n", ["path/to/file.py", "b.py"])
    assert edit == WriteFile("path/to/file.py", "x = 1\n")


LONG = "def area(radius):\n    return 3.14 * radius ** 2\n"
HOMES = {"src/a.py": f"import math\n\n\n{LONG}", "src/b.py": "x = 1\n"}
HOMELESS = f"path/to/file.py\n<<<<<<< SEARCH\n{LONG}=======\n{LONG.upper()}>>>>>>> REPLACE\n"


def test_lines_that_stand_in_one_shown_file_only_say_which_it_is() -> None:
    """A weak model repeats the path of the example; the lines that it searches for tell."""
    assert parse(HOMELESS, HOMES).edits == (Replace("src/a.py", LONG, LONG.upper()),)


@pytest.mark.parametrize(
    "known",
    [
        {**HOMES, "src/c.py": LONG},
        {"src/a.py": LONG + LONG},
        {"src/a.py": LONG.replace("3.14", "math.pi")},
        list(HOMES),
    ],
)
def test_lines_that_stand_elsewhere_too_say_nothing(known: object) -> None:
    """Which of them is meant would be a guess, and so it is where no text is known."""
    found = parse(HOMELESS, known)  # type: ignore[arg-type]
    assert found.edits == ()
    assert "names no file" in found.problems[0]


def test_a_few_short_lines_say_nothing() -> None:
    """They stand where they do by chance."""
    assert parse(HOMELESS.replace(LONG, "x = 1\n"), HOMES).edits == ()


def test_a_block_that_holds_a_path_names_the_next_one() -> None:
    """As a comment or alone."""
    for said in ("# src/b.py", "src/b.py"):
        reply = f"```python\n{said}\n```\n```python\nx = 2\n```\n"
        assert parse(reply, HOMES).edits == (WriteFile("src/b.py", "x = 2\n"),)


def test_a_fence_that_is_opened_twice_is_no_part_of_the_file() -> None:
    """Before or after the comment with the path."""
    reply = "```python\n# src/b.py\n```python\nx = 2\n```\n"
    assert parse(reply, HOMES).edits == (WriteFile("src/b.py", "x = 2\n"),)


def test_a_known_path_in_the_block_goes_before_the_end_of_it_in_a_sentence() -> None:
    """ "The corrected b.py" is no new file at the root."""
    reply = "Here is the corrected `b.py` file:\n\n```python\n# src/b.py\nx = 2\n```\n"
    assert parse(reply, HOMES).edits == (WriteFile("src/b.py", "x = 2\n"),)
    other = "Here is the new `c.py` file:\n\n```python\n# src/b.py\nx = 2\n```\n"
    assert parse(other, HOMES).edits == (WriteFile("c.py", "# src/b.py\nx = 2\n"),)
