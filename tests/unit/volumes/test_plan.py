"""Which volumes go for whom."""

from dataclasses import replace

import pytest

from dokku_cache.dokku.apps import AppState
from dokku_cache.volumes.ownership import Builder, CacheVolume, Match
from dokku_cache.volumes.plan import VolumeFinding, Wish, choose, decide
from dokku_cache.volumes.state import VolumeState, VolumeVerdict

LABELLED = CacheVolume("cache-shop", Builder.HEROKUISH, "shop", Match.LABEL)
PACKED = CacheVolume("pack-cache-dokku_shop_latest-0123456789ab.build", Builder.PACK, "shop", Match.NAME)


def finding(
    state: VolumeState, volume: CacheVolume = LABELLED, app_state: AppState | None = AppState.PRESENT, doubt: str = ""
) -> VolumeFinding:
    return VolumeFinding(volume, app_state, VolumeVerdict(state, "so it is", "do this", doubt))


@pytest.mark.parametrize("state", list(VolumeState))
def test_by_itself_only_what_is_orphaned_goes(state: VolumeState) -> None:
    decision = decide(finding(state), Wish.ORPHANED)
    assert decision.goes is (state is VolumeState.ORPHANED)
    assert decision.goes or state.value in decision.why_kept


@pytest.mark.parametrize("state", list(VolumeState))
def test_for_a_named_app_everything_unused_is_removed(state: VolumeState) -> None:
    decision = decide(finding(state), Wish.APP)
    assert decision.goes is (state not in {VolumeState.IN_USE, VolumeState.UNKNOWN})
    assert decision.goes or decision.next_step == "do this"


@pytest.mark.parametrize("wish", list(Wish))
@pytest.mark.parametrize(
    "volume",
    [
        CacheVolume("cache-shop", Builder.HEROKUISH, "shop", Match.NAME),
        replace(LABELLED, elsewhere="driver nfs keeps it"),
    ],
)
def test_what_a_label_does_not_prove_or_another_driver_keeps_goes_for_nobody(volume: CacheVolume, wish: Wish) -> None:
    for state in VolumeState:
        decision = decide(finding(state, volume), wish)
        assert not decision.goes
        assert decision.why_kept


def test_they_come_in_the_order_of_their_apps_whatever_dockers_is() -> None:
    found = [
        finding(VolumeState.ORPHANED, CacheVolume(name, Builder.PACK, app, Match.NAME), AppState.GONE)
        for name, app in (("cache-b", "landing"), ("cache-forum", "forum"), ("cache-a", "landing"), ("x", ""))
    ]
    chosen = [decision.finding.name for decision in choose(found, Wish.ORPHANED)]
    assert chosen == ["x", "cache-forum", "cache-a", "cache-b"]


def test_a_doubt_keeps_what_else_could_go() -> None:
    decision = decide(finding(VolumeState.LIVE, doubt="an option cannot be read"), Wish.APP)
    assert (decision.goes, decision.why_kept) == (False, "an option cannot be read")


def test_each_wish_means_other_volumes() -> None:
    live, packed = finding(VolumeState.LIVE), finding(VolumeState.LIVE, PACKED)
    gone = finding(VolumeState.ORPHANED, replace(LABELLED, name="cache-old", app="old"), AppState.GONE)
    nobodys = finding(VolumeState.UNKNOWN, CacheVolume("pack-cache-x", Builder.PACK), None)
    everything = (live, packed, gone, nobodys)

    def meant(wish: Wish, *apps: str) -> list[VolumeFinding]:
        return [decision.finding for decision in choose(everything, wish, frozenset(apps))]

    assert meant(Wish.ORPHANED) == [nobodys, gone]
    assert meant(Wish.APP, "shop") == [live, packed]
    assert meant(Wish.APP) == []
