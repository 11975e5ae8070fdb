"""Many patterns at once say what fnmatch says of each."""

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from gitagent.edits.patterns import Patterns
from gitagent.edits.protected import HARMLESS, SECRETS
from gitagent.index.left_out import _DATA, _GENERATED_NAMES, _IMAGES

TEXTS = st.text("ab.*?[]!\n", max_size=6)


@given(st.lists(TEXTS, max_size=5), TEXTS)
def test_patterns_say_what_fnmatch_says(patterns: list[str], name: str) -> None:
    """Endings, beginnings and names are only a faster way to ask."""
    assert Patterns(patterns).fit(name) == any(fnmatchcase(name, each) for each in patterns)


def test_each_pattern_of_ours_fits_what_it_is_for() -> None:
    """None of them is lost among the three kinds."""
    for patterns in (SECRETS, HARMLESS, _DATA, _GENERATED_NAMES, _IMAGES):
        for each in patterns:
            assert Patterns(patterns).fit(each.replace("*", "x"))
        assert not Patterns(patterns).fit("x")
