"""The classification of volumes."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from dokku_cache.model.cache import AppState, CacheVolume, Generation, Kind, Match
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.output import text
from dokku_cache.rules.volumes import VolumeFacts, classify

NOW = datetime(2026, 11, 26, 3, tzinfo=timezone.utc)
DAY = 86400
OLD = NOW - timedelta(days=400)
LABELLED = CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.LABEL, created=OLD)
NAMED = CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.NAME, created=OLD)
OF_PACK = CacheVolume(
    "pack-cache-dokku_shop_latest-0123456789ab.build", Kind.PACK, "shop", Match.NAME, Generation.CURRENT, OLD
)
UNOWNED = CacheVolume("pack-cache-x", Kind.PACK, created=OLD)
GONE = VolumeFacts(AppState.GONE, min_age_seconds=DAY)
PRESENT = replace(GONE, app_state=AppState.PRESENT)


@pytest.mark.parametrize("volume", [LABELLED, OF_PACK, replace(OF_PACK, generation=Generation.UNKNOWN)])
@pytest.mark.parametrize("app_state", [AppState.GONE, AppState.GHOST])
def test_the_cache_of_a_destroyed_app_is_orphaned(volume: CacheVolume, app_state: AppState) -> None:
    assert classify(volume, replace(GONE, app_state=app_state), NOW).state is State.ORPHANED


@pytest.mark.parametrize(("ago", "expected"), [(DAY - 1, State.RECENT), (DAY, State.ORPHANED)])
def test_the_age_starts_when_the_app_was_destroyed(ago: int, expected: State) -> None:
    facts = replace(GONE, destroyed=NOW - timedelta(seconds=ago))
    assert classify(LABELLED, facts, NOW).state is expected
    assert classify(LABELLED, replace(GONE, destroyed=datetime(2000, 1, 1, tzinfo=timezone.utc)), NOW).state is (
        State.ORPHANED
    )


@pytest.mark.parametrize(
    ("volume", "facts", "word"),
    [
        (NAMED, GONE, "no label"),
        (UNOWNED, replace(GONE, app_state=None), "its app"),
        (LABELLED, replace(GONE, containers=None), "cannot determine"),
        (LABELLED, replace(GONE, unknown=("a docker option: x cannot be read",)), "cannot be read"),
        (LABELLED, replace(GONE, life=("image dokku/shop:latest",)), "image"),
        (replace(LABELLED, created=None), GONE, "does not report when"),
        (replace(LABELLED, elsewhere="driver nfs keeps it"), GONE, "driver nfs"),
    ],
)
def test_a_volume_without_proof_is_unknown(volume: CacheVolume, facts: VolumeFacts, word: str) -> None:
    verdict = classify(volume, facts, NOW)
    assert verdict.state is State.UNKNOWN
    assert word in verdict.reason


@pytest.mark.parametrize("facts", [GONE, PRESENT, replace(GONE, app_state=None)])
@pytest.mark.parametrize(
    "use", [{"containers": ("job",)}, {"references": ("a docker option of blog names it: -v cache-shop:/x",)}]
)
def test_a_use_decides_before_everything_else(facts: VolumeFacts, use: dict[str, tuple[str, ...]]) -> None:
    verdict = classify(LABELLED, replace(facts, **use), NOW)  # type: ignore[arg-type]
    assert verdict.state is State.IN_USE
    assert verdict.hint


@pytest.mark.parametrize(
    ("age_seconds", "min_age_seconds", "expected"),
    [
        (DAY - 1, DAY, State.RECENT),
        (DAY, DAY, State.ORPHANED),
        (0, 0, State.ORPHANED),
        (10 * 366 * DAY, text.FOR_EVER, State.RECENT),
        (-DAY, DAY, State.RECENT),  # a clock that was set back
    ],
)
def test_a_volume_is_recent_until_it_has_the_minimum_age(
    age_seconds: int, min_age_seconds: int, expected: State
) -> None:
    volume = replace(LABELLED, created=NOW - timedelta(seconds=age_seconds))
    assert classify(volume, replace(GONE, min_age_seconds=min_age_seconds), NOW).state is expected


@pytest.mark.parametrize(
    ("volume", "expected", "words"),
    [
        (LABELLED, State.LIVE, "builds of shop use it"),
        (NAMED, State.LIVE, "builds of shop use it"),
        (OF_PACK, State.LIVE, "builds of shop use it"),
        (replace(OF_PACK, generation=Generation.UNKNOWN), State.LIVE, "may use it"),
        (replace(OF_PACK, generation=Generation.FORMER), State.STALE, "another key"),
    ],
)
def test_volumes_of_existing_apps_are_live_or_stale(volume: CacheVolume, expected: State, words: str) -> None:
    verdict = classify(volume, PRESENT, NOW)
    assert verdict.state is expected
    assert words in verdict.reason


def test_a_volume_of_an_app_is_unknown_where_a_source_cannot_be_read() -> None:
    unanswered = replace(PRESENT, containers=None, unknown=("Docker is unanswered", "an option cannot be read"))
    reason = "cannot determine whether a container uses it"
    assert classify(LABELLED, unanswered, NOW).described == f"unknown: {reason}: Docker is unanswered"
    assert classify(LABELLED, replace(PRESENT, containers=None), NOW).described == f"unknown: {reason}"
    unread = classify(LABELLED, replace(PRESENT, unknown=("an option cannot be read",)), NOW)
    assert (unread.state, unread.code) == (State.UNKNOWN, ReasonCode.USAGE_UNKNOWN)


@pytest.mark.parametrize(
    ("volume", "facts", "code"),
    [
        (LABELLED, replace(GONE, containers=("job",)), ReasonCode.MOUNTED_BY_CONTAINER),
        (LABELLED, replace(GONE, references=("an option",)), ReasonCode.IN_DOCKER_OPTIONS),
        (LABELLED, PRESENT, ReasonCode.USED_BY_BUILDS),
        (OF_PACK, PRESENT, ReasonCode.USED_BY_BUILDS),
        (replace(OF_PACK, generation=Generation.UNKNOWN), PRESENT, ReasonCode.USED_BY_BUILDS),
        (replace(OF_PACK, generation=Generation.FORMER), PRESENT, ReasonCode.OLD_PACK_KEY),
        (UNOWNED, replace(GONE, app_state=None), ReasonCode.OWNER_UNKNOWN),
        (NAMED, GONE, ReasonCode.NO_LABEL),
        (replace(OF_PACK, generation=Generation.FORMER), GONE, ReasonCode.OLD_PACK_KEY),
        (replace(LABELLED, elsewhere="driver nfs"), GONE, ReasonCode.NOT_LOCAL),
        (LABELLED, replace(GONE, containers=None), ReasonCode.DOCKER_UNAVAILABLE),
        (LABELLED, replace(GONE, unknown=("an option",)), ReasonCode.USAGE_UNKNOWN),
        (LABELLED, replace(GONE, life=("an image",)), ReasonCode.APP_EXISTS_ELSEWHERE),
        (replace(LABELLED, created=None), GONE, ReasonCode.AGE_UNKNOWN),
        (replace(LABELLED, created=NOW), GONE, ReasonCode.RECENTLY_CREATED),
        (LABELLED, GONE, ReasonCode.APP_DESTROYED),
    ],
)
def test_each_reason_has_a_code(volume: CacheVolume, facts: VolumeFacts, code: ReasonCode) -> None:
    assert classify(volume, facts, NOW).code is code


@pytest.mark.parametrize("created", [OLD, datetime(1, 1, 1, tzinfo=timezone.utc)])
def test_an_unlimited_minimum_age_is_never_reached(created: datetime) -> None:
    for_ever = replace(GONE, min_age_seconds=text.FOR_EVER)
    assert classify(replace(LABELLED, created=created), for_ever, NOW).state is State.RECENT


def test_without_minimum_age_a_new_volume_is_orphaned() -> None:
    assert classify(replace(LABELLED, created=NOW), VolumeFacts(AppState.GONE), NOW).state is State.ORPHANED
