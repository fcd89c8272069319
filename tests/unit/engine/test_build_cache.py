"""The engine's prune takes other fields by the version of its API."""

import pytest

from dokku_cache.engine import build_cache


@pytest.mark.parametrize(
    ("version", "name"),
    [("1.41", "keep-storage"), ("1.47", "keep-storage"), ("1.48", "max-used-space"), ("1.52", "max-used-space")],
)
def test_what_may_stay_has_a_name_of_its_own_since_1_48(version: str, name: str) -> None:
    assert build_cache.parameters(version, 5) == {name: "5"}
