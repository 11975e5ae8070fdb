"""DOT and SVG are sound whatever the names are, and readable however many there are."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gitagent.domain.code import Definition, Links
from gitagent.domain.context import Span
from gitagent.graph import graphviz
from gitagent.graph.around import Graph, around
from gitagent.graph.dot import dot
from gitagent.graph.svg import svg

SVG = "{http://www.w3.org/2000/svg}"
BAD = (
    'a"quoted".py',
    "<script>alert(1)</script>.py",
    "back\\slash\\n.py",
    "amp&amp;&lt;.py",
    "esc\x1b[31m\x00\x07.py",
    "line\nend.py",
    "rtl\u202e\u200fyp.py",
    "stray\udcff.py",
    "]]>-->--.py",
    "עברית/文書.py",
)


def many(count: int) -> Graph:
    """A file with as many neighbours on each side, of which a few are connected further on."""
    needs = tuple(f"lib/part{n // 8}/module_{n}.py" for n in range(count))
    needed = tuple(f"app/part{n // 8}/view_{n}.py" for n in range(count))
    used = tuple(Definition(p, "open_it", "function", Span(1, 2), "def") for p in needs[::2])
    defines = tuple(
        Definition("lib/core.py", f"do_{n}", "function", Span(n, n), "def") for n in range(1, 40)
    )
    known = {
        "lib/core.py": Links("lib/core.py", defines, needs, needed, used, needed[::3]),
        needs[0]: Links(needs[0], imports=(needs[2], "base.py")),
    }
    return around(lambda p: known.get(p, Links(p)), "lib/core.py", depth=2, most=30)


def bad(centre: str) -> Graph:
    defines = tuple(Definition(centre, name, "function", Span(1, 1), name) for name in BAD)
    used = tuple(Definition(name, name, "function", Span(1, 1), name) for name in BAD)
    return around(lambda p: Links(p, defines, BAD, BAD, used, BAD), centre, depth=2)


def boxes(picture: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of each file's box."""
    found = []
    for rect in ElementTree.fromstring(picture).iter(f"{SVG}rect"):
        if rect.get("class") != "paper":
            x, y, w, h = (float(rect.get(key) or 0) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + w, y + h))
    return found


@pytest.mark.parametrize("centre", ["plain.py", *BAD])
def test_an_svg_is_sound_whatever_the_names(centre: str) -> None:
    """Well-formed, nothing of a name is markup, and no name turns the line."""
    picture = svg(bad(centre), most=12)
    picture.encode()
    root = ElementTree.fromstring(picture)
    assert {e.tag for e in root.iter(f"{SVG}script")} == set()
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u200f]", picture)
    shown = "".join(root.itertext())
    assert "<script>alert(1)</script>.py" in shown
    assert "\\u202e\\u200f" in shown


def test_sixty_neighbours_do_not_cover_each_other() -> None:
    """All boxes lie inside of the picture, apart from each other."""
    picture = svg(many(60), most=12)
    found = boxes(picture)
    assert len(found) > 62
    whole = ElementTree.fromstring(picture)
    assert max(box[2] for box in found) <= float(whole.get("width") or 0)
    assert max(box[3] for box in found) <= float(whole.get("height") or 0)
    for n, (left, top, right, bottom) in enumerate(found):
        for x, y, to_x, to_y in found[n + 1 :]:
            assert right <= x or to_x <= left or bottom <= y or to_y <= top


def test_no_text_is_wider_than_its_box() -> None:
    """At the width that a character of the font has at most."""
    for group in ElementTree.fromstring(svg(many(60), most=12)).iter(f"{SVG}g"):
        (rect,) = group.findall(f"{SVG}rect")
        widths = [len(text.text or "") for text in group.findall(f"{SVG}text")]
        assert max(widths) * 6.7 <= float(rect.get("width") or 0)


def test_what_is_left_out_is_said_in_the_picture() -> None:
    """Beside each side, and in all."""
    picture = svg(many(60), most=12)
    texts = [text.text for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    assert texts.count("… and 30 more") == 2
    assert "  … and 27 more" in texts
    assert dot(many(60), most=12).count('label="… and 30 more"') == 2
    assert "60 more are left out" in svg(many(60), most=12)


def test_an_edge_without_import_is_dashed() -> None:
    """In both languages."""
    used = Definition("b.py", "open_it", "function", Span(1, 2), "def")
    graph = around(lambda p: Links(p, uses=(used,)) if p == "a.py" else Links(p), "a.py")
    assert '<path class="uses"' in svg(graph, most=1)
    assert 'n0 -> n1 [style=dashed, label="open_it"];' in dot(graph, most=1)


@pytest.mark.parametrize("centre", ["plain.py", *BAD])
def test_dot_has_each_string_closed(centre: str) -> None:
    """No name ends its string, or begins an attribute or an entity."""
    text = dot(bad(centre), most=12)
    text.encode()
    rest = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", text)
    assert '"' not in rest
    assert "script" not in rest
    assert not re.search("&(?!amp;)", text)


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_reads_what_is_written() -> None:
    """And shows the names as they are."""
    picture = graphviz.drawn(dot(bad("plain.py"), most=12))
    assert picture
    shown = "".join(ElementTree.fromstring(picture).itertext())
    for name in ('a"quoted".py', "<script>alert(1)</script>.py", "back\\slash\\n.py"):
        assert name in shown
    assert "amp&amp;&lt;.py" in shown


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the next program `dot` is found in."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.parametrize(
    "script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho '<svg'\n", "#!/nowhere\n"]
)
def test_a_broken_graphviz_is_passed_over(on_path: Path, script: str) -> None:
    """What it printed is no picture; ours is drawn in its place."""
    (on_path / "dot").write_text(script)
    (on_path / "dot").chmod(0o755)
    assert graphviz.drawn("digraph {}") is None
