"""What purging shows: the plan for programs, and the free space."""

from dataclasses import replace

import pytest

from dokku_cache.model.cache import AppState, CacheVolume, Kind
from dokku_cache.model.finding import Decision, Facts, Finding, Verdict
from dokku_cache.model.location import Entry, Location
from dokku_cache.model.scan import Identity, Scan
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.survey.disks import Disk
from dokku_cache.views import purging

from .test_listing import GIB, HOME

CACHE, TRASH = Entry("cache", Identity(1, 2)), Entry(".dokku-cache-trash.0", Identity(1, 3))
ORPHANED = Verdict(State.ORPHANED, "reason", code=ReasonCode.UNUSED_BY_DOKKU)
USED = Verdict(State.IN_USE, "container b mounts it", code=ReasonCode.MOUNTED_BY_CONTAINER)
PURGE_INTERRUPTED = Verdict(State.INTERRUPTED, "interrupted", code=ReasonCode.PURGE_INTERRUPTED)
VOLUME = Finding.of_volume(CacheVolume("cache-old", Kind.PACK, "old"), AppState.GONE, ORPHANED)


def finding(cache: Verdict, trash: Verdict | None = None) -> Finding:
    location = Location("shop", "/home/dokku/shop/cache", CACHE, (TRASH,) if trash else ())
    return Finding(Facts(location), cache, trash or Verdict(), size=Scan(5, 6))


REMOVED, KEPT = Decision(finding(ORPHANED), (CACHE,)), Decision(finding(USED), kept=USED)
PARTLY = Decision(finding(USED, PURGE_INTERRUPTED), (TRASH,), kept=USED)


def test_sums_count_what_is_removed_completely_and_say_whether_that_is_all() -> None:
    volume = Decision(replace(VOLUME, size=Scan(7)))
    values = purging.plan_values([REMOVED, KEPT, volume])
    assert (values["removed-bytes"], values["removed-caches"], values["kept-caches"]) == (12, 2, 1)
    assert values["removed-is-complete"]
    assert not purging.plan_values([Decision(VOLUME)])["removed-is-complete"]
    partly = purging.plan_values([PARTLY])
    assert (partly["removed-bytes"], partly["removed-is-complete"], partly["removed-caches"]) == (0, False, 1)


def test_a_cache_is_removed_or_kept_with_the_reason_and_its_code() -> None:
    removed, kept, partly = purging.plan_values([REMOVED, KEPT, PARTLY])["caches"]
    assert (removed["decision"], removed["kept-reason"], removed["size-bytes"]) == ("remove", None, 5)
    assert (kept["decision"], kept["kept-reason"]) == ("keep", "in-use: container b mounts it")
    assert (partly["decision"], partly["state"]) == ("remove", "interrupted")
    assert (partly["reason-code"], partly["kept-reason-code"]) == ("purge-interrupted", "mounted-by-container")


def test_free_space_is_reported_for_each_disk_that_was_seen_twice() -> None:
    after = Disk(("/home/dokku",), replace(HOME.state, free_bytes=13 * GIB))
    gone = Disk(("/x",), replace(HOME.state, device=2))
    lines = purging.disk_changes([HOME, gone], [after], 12 * GIB)
    assert lines == ["Free space on /home/dokku and /var/lib/docker: 1.0 GiB -> 13.0 GiB (of 40.0 GiB)"]


@pytest.mark.parametrize(
    ("removed", "freed", "is_mentioned"), [(12, 0, True), (12, 5, True), (12, 7, False), (0, 0, False)]
)
def test_snapshots_are_mentioned_where_less_than_half_was_freed(removed: int, freed: int, is_mentioned: bool) -> None:
    after = Disk(HOME.paths, replace(HOME.state, free_bytes=HOME.state.free_bytes + freed * GIB))
    lines = purging.disk_changes([HOME], [after], removed * GIB)
    assert any("Snapshots" in line for line in lines) is is_mentioned
