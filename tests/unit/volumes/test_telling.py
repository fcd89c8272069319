"""What is said of a volume that is gone."""

import io

import pytest

from dokku_cache.dokku.apps import AppState
from dokku_cache.output.console import Console
from dokku_cache.volumes import telling
from dokku_cache.volumes.ownership import Builder, CacheVolume
from dokku_cache.volumes.plan import VolumeFinding
from dokku_cache.volumes.state import VolumeState, VolumeVerdict


@pytest.mark.parametrize(
    ("state", "ends_app", "is_told"),
    [
        (VolumeState.LIVE, False, True),
        # There is no next build.
        (VolumeState.LIVE, True, False),
        (VolumeState.ORPHANED, False, False),
    ],
)
def test_that_the_next_build_is_slow_is_said_where_there_is_one(
    state: VolumeState, *, ends_app: bool, is_told: bool
) -> None:
    out = io.StringIO()
    volume = CacheVolume("cache-shop", Builder.HEROKUISH, "shop")
    finding = VolumeFinding(volume, AppState.PRESENT, VolumeVerdict(state, "why"), 5)
    telling.tell_gone(Console(out=out, err=out), finding, 0.1, ends_app=ends_app)
    assert ("next build is slow" in out.getvalue()) is is_told
