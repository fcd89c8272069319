"""Each cache as it is listed, and the totals."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.cache import AppState, Cache, CacheVolume, Kind, Match
from dokku_cache.model.finding import Facts, Finding, Verdict
from dokku_cache.model.location import Entry, Location, References
from dokku_cache.model.scan import Identity, Scan
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.survey import inventory
from dokku_cache.survey.inventory import Inventory, Order, Sum

CACHE = Entry("cache", Identity(1, 2))
TRASH = Entry(".dokku-cache-trash.0", Identity(1, 3))
LABELLED = CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.LABEL)
NAMED = CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.NAME)
PACKED = CacheVolume("pack-cache-dokku_shop_latest-0123456789ab.build", Kind.PACK, "shop", Match.NAME)
UNOWNED = CacheVolume("pack-cache-x", Kind.PACK)


def directory(state: State, *trash: Entry, scan: Scan | None = None, is_ghost: bool = False) -> Cache:
    location = Location("shop", "/x/shop/cache", CACHE if state is not State.INTERRUPTED else None, trash)
    verdicts = Verdict(state, "reason"), Verdict()
    facts = Facts(location, life=References() if is_ghost else None)
    cache, trash_verdict = verdicts if state is not State.INTERRUPTED else reversed(verdicts)
    return inventory.listed(Finding(facts, cache, trash_verdict, {"age": "not changed"}, size=scan))


@pytest.mark.parametrize("state", list(State))
def test_a_directory_is_purgeable_if_a_purge_of_all_would_remove_it(state: State) -> None:
    removed = {State.ORPHANED, State.RECREATED, State.INTERRUPTED}
    cache = directory(state, *([TRASH] if state is State.INTERRUPTED else []))
    assert cache.is_purgeable == (state in removed)
    assert cache.action == ("dokku cache:purge-legacy shop" if state in removed else "")
    assert (cache.kind, cache.state, cache.location) == (Kind.LEGACY, state.value, "/x/shop/cache")


def test_a_directory_that_was_not_scanned_has_no_figures() -> None:
    cache = directory(State.ORPHANED, is_ghost=True)
    assert (cache.size_bytes, cache.files, cache.last_modified) == (None, None, None)
    assert cache.app_state is AppState.GHOST


def volume(found: CacheVolume, state: State) -> Cache:
    verdict = Verdict(state, "reason", code=ReasonCode.USED_BY_BUILDS)
    return inventory.listed(replace(Finding.of_volume(found, AppState.PRESENT, verdict), size=Scan(5)))


@pytest.mark.parametrize(
    ("found", "state", "action"),
    [
        (LABELLED, State.LIVE, "dokku cache:purge-volumes shop"),
        (NAMED, State.LIVE, "dokku repo:purge-cache shop"),
        (PACKED, State.LIVE, "dokku cache:purge-volumes shop"),
        (PACKED, State.STALE, "dokku cache:purge-volumes shop"),
        (PACKED, State.ORPHANED, "dokku cache:purge-volumes --orphaned"),
        (LABELLED, State.RECENT, ""),
        (LABELLED, State.IN_USE, ""),
        (UNOWNED, State.UNKNOWN, ""),
    ],
)
def test_a_volume_has_a_command_only_if_that_would_remove_it(found: CacheVolume, state: State, action: str) -> None:
    cache = volume(found, state)
    assert (cache.state, cache.action, cache.size_bytes, cache.is_purgeable) == (state.value, action, 5, False)
    assert cache.reason_code is ReasonCode.USED_BY_BUILDS
    assert cache.reason


@pytest.mark.parametrize("name", ["a;reboot", "$(reboot)", "a b", "-f", "a\nb", "\udcff"])
def test_names_with_special_characters_give_no_command(name: str) -> None:
    assert volume(CacheVolume(name, Kind.PACK, "shop", Match.NAME), State.ORPHANED).action == ""


def sized(app: str, size_bytes: int | None, year: int | None = None) -> Cache:
    modified = datetime(year, 1, 1, tzinfo=timezone.utc) if year else None
    return Cache(
        Kind.LEGACY, app, app, AppState.PRESENT, "directory", "orphaned", "", "", size_bytes, 1, modified, True
    )


CACHES = [sized("c", 5, 2022), sized("a", None), sized("b", 9, 2023), sized("d", 5, 2019), sized("", 1, 2020)]


@pytest.mark.parametrize(
    ("order", "apps"),
    [
        (Order.SIZE, ["b", "c", "d", "", "a"]),
        (Order.APP, ["a", "b", "c", "d", ""]),
        (Order.MODIFIED, ["d", "", "c", "b", "a"]),
    ],
)
def test_unknown_values_come_last_in_every_order(order: Order, apps: list[str]) -> None:
    assert [cache.app for cache in inventory.sort(CACHES, order)] == apps


def test_a_sum_says_whether_it_is_complete() -> None:
    taken = Inventory((sized("a", 5), sized("b", 7)), build_cache=BuildCache(100, 10, 2))
    assert taken.total == Sum(3, 112, is_complete=True)
    assert taken.purgeable == Sum(2, 12, is_complete=True)
    assert Inventory((sized("a", 5), sized("b", None))).total == Sum(2, 5, is_complete=False)
    assert Inventory((sized("a", 5),), unknown=("Docker did not respond",)).total == Sum(1, 5, is_complete=False)
    assert Inventory().total == Sum(0, 0, is_complete=True)
