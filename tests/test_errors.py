"""The tree of exceptions against the table of endings and exit codes that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitagent import errors
from gitagent.errors import AgentError, Ending

CODES = {
    "done": 0,
    "gate-failed": 3,
    "no-change": 4,
    "budget": 5,
    "provider": 6,
    "refused": 7,
    "conflict": 8,
    "internal": 9,
    "interrupted": 130,
}
CLASSES = {
    "UsageError": 2,
    "GateFailed": 3,
    "NoChange": 4,
    "BudgetExceeded": 5,
    "ProviderError": 6,
    "Refused": 7,
    "Conflict": 8,
    "Internal": 9,
    "Interrupted": 130,
}


def below(kind: type[AgentError]) -> Iterator[type[AgentError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from below(child)


ALL = list(below(AgentError))


def test_the_endings_are_the_closed_set() -> None:
    """Each ending has the name and the exit code that the contract gives it."""
    assert {ending.value: ending.exit_code for ending in Ending} == CODES


def test_every_branch_of_the_tree_has_its_code() -> None:
    """The classes directly below the root are the contract's rows, each with its code."""
    found = {kind.__name__: kind().exit_code for kind in AgentError.__subclasses__()}
    assert found == CLASSES


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_a_class_ends_as_its_branch_does(kind: type[AgentError]) -> None:
    """No class in the tree changes the ending of the branch that it is on."""
    (branch,) = (k for k in kind.__mro__ if AgentError in k.__bases__)
    assert kind().exit_code == branch().exit_code != 0
    assert (kind.ending is None) == issubclass(kind, errors.UsageError)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_docstring_is_the_default_message(kind: type[AgentError]) -> None:
    """One sentence of its own, used where nobody says more."""
    assert kind.__doc__
    assert str(kind()) == kind.__doc__.splitlines()[0]
    assert str(kind()).endswith(".")
    assert str(kind("More.")) == "More."


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_drawing_shows_every_class(kind: type[AgentError]) -> None:
    """The tree at the top of the module is the tree that there is."""
    assert kind.__name__ in (errors.__doc__ or "")


def test_a_hint_of_the_moment_goes_before_that_of_the_class() -> None:
    """The one who raises knows best; the next one is not affected."""
    assert errors.NoModel(hint="Other.").hint == "Other."
    assert "OPENAI_API_KEY" in errors.NoModel().hint
