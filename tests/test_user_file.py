"""The user's own file is changed as a careful person would, at once or not at all."""

from __future__ import annotations

import difflib
import os
import stat
import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.errors import ConfigError, Conflict, UsageError
from gitagent.user_file import read, replace, with_rows

MINE = """\
# my settings
model = "openai/a"  # the one

[models."openai/a"] # row
window = 5 # five
input_price = 0.30  # agreed on

# what a task may cost
[budget]
task_usd = 1.0 # cap

[models.b]
window = 6
[models.b.scores]
plan = 3
# the end
"""


def changed_lines(old: str, new: str) -> list[str]:
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in lines if line[:2] in ("+ ", "- ")]


def test_only_the_lines_that_change_are_touched() -> None:
    """Comments, order, blank lines and the way in which other figures are written stay."""
    new = with_rows(MINE, {"openai/a": {"window": 7, "input_price": 0.3, "weak": False}})
    assert changed_lines(MINE, new) == [
        "- window = 5 # five",
        "+ window = 7 # five",
        "+ weak = false",
    ]


def test_new_rows_stand_behind_the_last_line() -> None:
    """Where they tear no comment off the table that it belongs to."""
    new = with_rows(MINE, {"openrouter/q/w:free": {"window": 9}})
    assert new == f'{MINE}\n[models."openrouter/q/w:free"]\nwindow = 9\n'


def test_what_is_said_already_changes_nothing() -> None:
    """Not even the form in which a figure was written."""
    assert with_rows(MINE, {"openai/a": {"window": 5, "input_price": 0.3}, "b": {}}) == MINE
    assert with_rows("", {}) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[models.a]\nwindow = 5",
        "[models.a]\r\nwindow = 5 # five\r\n[budget]\r\ntask_usd = 1\r\n",
        "[models.a]\nwindow = 5\n\n[budget]\ntask_usd = 1\n\n[models.b]\nwindow = 6\n",
        "models = { a = { window = 5 } }\n[budget]\ntask_usd = 1\n",
        "models.a.window = 5\nmodels.a.weak = true\n[budget]\ntask_usd = 1\n",
        "[models]\na.window = 5\nb.window = 6\n",
        "[models.a.scores]\nplan = 3\n[budget]\ntask_usd = 1\n",
        "[models]\n[models.a]\nscores = { plan = 3 }\n",
        "# only a comment\n",
    ],
)
def test_every_layout_keeps_what_it_says(text: str) -> None:
    """Whatever tables, dots, braces and line ends somebody likes."""
    rows = {"a": {"window": 7, "input_price": 0.25}, "x/y:z": {"takes_tools": True}}
    new = with_rows(text, rows)
    wanted = tomllib.loads(text)
    wanted.setdefault("models", {}).setdefault("a", {}).update(rows["a"])
    wanted["models"]["x/y:z"] = rows["x/y:z"]
    assert tomllib.loads(new) == wanted
    assert ("\r\n" in text) == ("\r\n" in new)
    assert new.count("\r\n") in (0, new.count("\n"))
    assert with_rows(new, rows) == new


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)
ROWS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries({}, optional={"window": st.integers(1, 10**9), "weak": st.booleans()}),
    max_size=4,
)


@given(ROWS, ROWS)
def test_any_name_of_a_model_can_be_written(before: object, rows: object) -> None:
    """An endpoint's names may hold dots, quotes, brackets and other alphabets."""
    assert isinstance(before, dict)
    assert isinstance(rows, dict)
    text = with_rows("# mine\n[budget]\ntask_usd = 1\n", before)
    found = tomllib.loads(with_rows(text, rows)).get("models", {})
    for name, fields in rows.items():
        assert found.get(name, {}) == {**before.get(name, {}), **fields}


def test_a_setting_of_the_wrong_kind_is_not_written() -> None:
    """It would make the next command fail."""
    for fields in ({"window": 0}, {"window": "big"}, {"key": "k"}, {"cache": "some"}):
        with pytest.raises(ConfigError):
            with_rows(MINE, {"openai/a": fields})


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    """One that only its owner may read stays so, and a new one is."""
    place = tmp_path / "gitagent.toml"
    for mode in (0o600, 0o640, 0o644):
        place.write_text("old")
        place.chmod(mode)
        replace(place, "old", "new")
        assert place.read_text() == "new"
        assert stat.S_IMODE(place.stat().st_mode) == mode
    fresh = tmp_path / "not" / "yet" / "gitagent.toml"
    replace(fresh, "", "new")
    assert (read(fresh), stat.S_IMODE(fresh.stat().st_mode)) == ("new", 0o600)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Somebody keeps such files in a repository of their own."""
    real, place = tmp_path / "dotfiles" / "agent.toml", tmp_path / "gitagent.toml"
    real.parent.mkdir()
    real.write_text("old")
    place.symlink_to(Path("dotfiles") / "agent.toml")
    replace(place, "old", "new")
    assert place.is_symlink()
    assert real.read_text() == "new"


def test_what_somebody_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """An editor may be open on it."""
    place = tmp_path / "gitagent.toml"
    place.write_text("theirs")
    with pytest.raises(Conflict, match="changed meanwhile"):
        replace(place, "old", "new")
    assert place.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_said(tmp_path: Path) -> None:
    """As one sentence."""
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="cannot be written"):
        replace(tmp_path / "gitagent.toml", "", "new")


def test_a_place_that_cannot_be_a_file_is_said(tmp_path: Path) -> None:
    """A folder of its name, or a file where its folder should be."""
    (tmp_path / "gitagent.toml").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "gitagent.toml")
    with pytest.raises(UsageError, match="cannot be written"):
        replace(tmp_path / "file" / "gitagent.toml", "", "new")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """The old text or the new one, while they are swapped hundreds of times."""
    place = tmp_path / "gitagent.toml"
    texts = ["a" * 100_000, "b" * 100_000]
    place.write_text(texts[0])
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(read(place))

    reader = threading.Thread(target=look)
    reader.start()
    for n in range(100):
        replace(place, texts[n % 2], texts[(n + 1) % 2])
    done.set()
    reader.join()
    assert seen <= set(texts)
