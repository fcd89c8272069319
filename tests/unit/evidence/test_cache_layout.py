"""Whether the names in a directory are those that buildpacks leave in a cache."""

import pytest

from dokku_cache.evidence.cache_layout import strange_names

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("names", "strange"),
    [
        ({}, []),
        ({"node": NOTHING}, []),
        ({"node": NOTHING, "tmp": NOTHING}, []),
        ({"go1.21.3": NOTHING}, []),
        # Ordinary words tell by what is in them, and else nothing.
        ({"vendor": frozenset({"bundle"})}, []),
        ({"vendor": frozenset({"photos"}), "tmp": NOTHING}, ["tmp", "vendor"]),
        # What nobody knows is named alone, so that a person looks at that.
        ({"photos": NOTHING, "bin": NOTHING}, ["photos"]),
        ({"photos": NOTHING, "node": NOTHING}, ["photos"]),
    ],
)
def test_names_are_strange_that_no_buildpack_leaves_or_all_where_none_is_theirs_alone(
    names: dict[str, frozenset[str]], strange: list[str]
) -> None:
    assert strange_names(names) == strange
