"""How much a removal of volumes frees is asked of the engine once, and holds nothing up."""

import io
from typing import Any

import pytest

from dokku_cache.context import Context
from dokku_cache.dokku.apps import AppState
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.engine.storage import DiskUsage
from dokku_cache.errors import Unknown
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.volume_sizes import with_sizes
from dokku_cache.volumes.ownership import Builder, CacheVolume
from dokku_cache.volumes.plan import VolumeDecision, VolumeFinding
from dokku_cache.volumes.state import VolumeState, VolumeVerdict


def decision(name: str, why_kept: str = "") -> VolumeDecision:
    finding = VolumeFinding(
        CacheVolume(name, Builder.PACK), AppState.GONE, VolumeVerdict(VolumeState.ORPHANED, "gone")
    )
    return VolumeDecision(finding, why_kept)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []
    monkeypatch.setattr(Watcher, "asking", lambda _, title: asked.append(title))
    return asked


def context(environment: DokkuEnvironment, err: io.StringIO) -> Context:
    return Context(environment, Console(out=io.StringIO(), err=err), Engine(""))


def test_each_volume_has_its_own_size_and_one_the_engine_does_not_know_has_none(
    environment: DokkuEnvironment, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "disk_usage", lambda _, limit: asked.append(limit) or DiskUsage({"a": 5, "c": 7}))
    sized = with_sizes(context(environment, io.StringIO()), [decision("a"), decision("b"), decision("c", "used")], 3)
    assert [(known.finding.name, known.finding.size_bytes) for known in sized] == [("a", 5), ("b", None), ("c", 7)]
    # Who waits sees what for.
    assert asked == ["Measuring volumes (by Docker)", 3]


def test_where_nothing_goes_nobody_waits_for_sizes(environment: DokkuEnvironment, asked: list[Any]) -> None:
    kept = [decision("a", "used")]
    assert with_sizes(context(environment, io.StringIO()), kept) == kept
    assert asked == []


def test_sizes_that_are_not_told_are_a_warning_and_the_plan_stands(
    environment: DokkuEnvironment, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: object) -> None:
        raise Unknown("Docker counts for too long", "restart it")

    monkeypatch.setattr(storage, "disk_usage", ask)
    err = io.StringIO()
    assert with_sizes(context(environment, err), [decision("a")]) == [decision("a")]
    said = " ".join(err.getvalue().replace("!", "").split())
    assert said == "Could not determine volume sizes (Docker counts for too long) The volumes will still be removed"
