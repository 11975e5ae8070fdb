"""From what is in a folder to two sentences about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gitagent.domain.call import Message, Request
from gitagent.domain.folder import Folder
from gitagent.edits import thinking
from gitagent.ports import Model
from gitagent.stages.prompts import render

MAX_TOKENS = 400
"""More than two sentences take, for models that think aloud first."""
SENTENCES, LONGEST = 2, 400
LONGEST_README = 1200
MOST_FILES, MOST_FOLDERS = 40, 20

_LABEL = re.compile(r"\**(?:summary|answer)\**\s*:\s*\**\s*", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


@dataclass(frozen=True)
class Inside:
    """What a model is shown of a folder: each file with what it mainly defines, the folders in it,
    the beginning of its README."""

    folder: Folder
    files: Sequence[tuple[str, Sequence[str]]]
    folders: Sequence[Folder]
    readme: str = ""


def summarise(model: Model, inside: Inside) -> str:
    """Two sentences about a folder; empty where the model had none.

    The question goes by the id of the folder's tree: it is put once, whatever is shown of it.
    Raises what a model does.
    """
    rules = render("system")
    question = render("summarise", material=material(inside))
    messages = (Message("system", rules, len(rules)), Message("user", question))
    request = Request("ask", messages, MAX_TOKENS, tree=inside.folder.tree)
    return cleaned(model.complete(request).text)


def material(inside: Inside) -> str:
    """What is in a folder, cut to what fits into some two thousand tokens."""
    folder = inside.folder
    title = f"`{folder.path}/`" if folder.path else "The whole repository"
    parts = [
        f"{title}: {folder.files} files, {folder.size} bytes.",
        _listed("Its files", [_file(*each) for each in inside.files], MOST_FILES),
        _listed("Folders in it", [_folder(each) for each in inside.folders], MOST_FOLDERS),
        f"Its README begins:\n\n{_fenced(inside.readme[:LONGEST_README])}" if inside.readme else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def cleaned(text: str) -> str:
    """The first two sentences of a reply as one line, without marks that nobody asked for."""
    plain = " ".join(thinking.without(text).replace("```", " ").split())
    label = _LABEL.match(plain)
    plain = "".join(
        c for c in plain.removeprefix(label[0] if label else "") if c.isprintable()
    ).strip()
    sentences = _SENTENCE.split(plain)[:SENTENCES]
    while len(sentences) > 1 and len(" ".join(sentences)) > LONGEST:
        sentences.pop()
    found = " ".join(sentences)
    return found if len(found) <= LONGEST else found[: LONGEST - 1].rstrip() + "…"


def _file(name: str, names: Sequence[str]) -> str:
    return f"{name}: {', '.join(names)}" if names else name


def _folder(folder: Folder) -> str:
    said = folder.summary or ", ".join(folder.names)
    return f"{folder.path}/ ({folder.files} files)" + (f": {said}" if said else "")


def _listed(title: str, lines: Sequence[str], most: int) -> str:
    if not lines:
        return ""
    more = [f"- … and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join([f"{title}:", "", *(f"- {line}" for line in lines[:most]), *more])


def _fenced(text: str) -> str:
    runs = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, runs + 1)
    return f"{fence}\n{text.strip()}\n{fence}"
