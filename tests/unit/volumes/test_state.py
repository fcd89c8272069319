"""What has to be shown before a volume counts as the cache of an app that is gone."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from dokku_cache.dokku.apps import AppState
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.rules import durations
from dokku_cache.volumes import state
from dokku_cache.volumes.ownership import Builder, CacheVolume, Generation, Match
from dokku_cache.volumes.state import VolumeFacts, VolumeState

NOW = datetime(2026, 11, 26, 3, tzinfo=timezone.utc)
DAY = 86400
OLD = NOW - timedelta(days=400)
LABELLED = CacheVolume("cache-shop", Builder.HEROKUISH, "shop", Match.LABEL, created=OLD)
NAMED = CacheVolume("cache-shop", Builder.HEROKUISH, "shop", Match.NAME, created=OLD)
PACKED = CacheVolume(
    "pack-cache-dokku_shop_latest-0123456789ab.build", Builder.PACK, "shop", Match.NAME, Generation.CURRENT, OLD
)
NOBODYS = CacheVolume("pack-cache-x", Builder.PACK, created=OLD)
GONE = VolumeFacts(AppState.GONE, min_age_seconds=DAY)
LIVES = replace(GONE, app_state=AppState.PRESENT)


@pytest.mark.parametrize("volume", [LABELLED, PACKED, replace(PACKED, generation=Generation.UNTOLD)])
@pytest.mark.parametrize("app_state", [AppState.GONE, AppState.GHOST])
def test_a_cache_of_an_app_that_is_gone_is_orphaned(volume: CacheVolume, app_state: AppState) -> None:
    assert state.judge(volume, replace(GONE, app_state=app_state), NOW).state is VolumeState.ORPHANED


@pytest.mark.parametrize(("ago", "expected"), [(DAY - 1, VolumeState.RECENT), (DAY, VolumeState.ORPHANED)])
def test_the_age_starts_when_the_app_was_destroyed(ago: int, expected: VolumeState) -> None:
    facts = replace(GONE, destroyed=NOW - timedelta(seconds=ago))
    assert state.judge(LABELLED, facts, NOW).state is expected
    assert state.judge(LABELLED, replace(GONE, destroyed=datetime(2000, 1, 1, tzinfo=timezone.utc)), NOW).state is (
        VolumeState.ORPHANED
    )


def test_a_name_whose_hash_does_not_match_packs_key_is_unknown() -> None:
    verdict = state.judge(replace(PACKED, generation=Generation.FORMER), GONE, NOW)
    assert (verdict.state, verdict.code) == (VolumeState.UNKNOWN, ReasonCode.OLD_PACK_KEY)


@pytest.mark.parametrize(
    ("volume", "facts", "word"),
    [
        (NAMED, GONE, "no label"),
        (NOBODYS, replace(GONE, app_state=None), "its app"),
        (LABELLED, replace(GONE, containers=None), "cannot determine"),
        (LABELLED, replace(GONE, unknown=("a docker option: x cannot be read",)), "cannot be read"),
        (LABELLED, replace(GONE, life=("there is image dokku/shop:latest",)), "there is image"),
        (replace(LABELLED, created=None), GONE, "does not report when"),
        (replace(LABELLED, elsewhere="driver nfs keeps it"), GONE, "driver nfs"),
    ],
)
def test_what_is_not_proven_is_unknown(volume: CacheVolume, facts: VolumeFacts, word: str) -> None:
    verdict = state.judge(volume, facts, NOW)
    assert verdict.state is VolumeState.UNKNOWN
    assert word in verdict.reason


@pytest.mark.parametrize("facts", [GONE, LIVES, replace(GONE, app_state=None)])
@pytest.mark.parametrize(
    "use", [{"containers": ("job",)}, {"named_by": ("a docker option of blog names it: -v cache-shop:/x",)}]
)
def test_a_use_comes_before_everything_else(facts: VolumeFacts, use: dict[str, tuple[str, ...]]) -> None:
    verdict = state.judge(LABELLED, replace(facts, **use), NOW)  # type: ignore[arg-type]
    assert verdict.state is VolumeState.IN_USE
    assert verdict.next_step


@pytest.mark.parametrize(
    ("age_seconds", "min_age_seconds", "expected"),
    [
        (DAY - 1, DAY, VolumeState.RECENT),
        (DAY, DAY, VolumeState.ORPHANED),
        (0, 0, VolumeState.ORPHANED),
        (10 * 366 * DAY, durations.FOR_EVER, VolumeState.RECENT),
        (-DAY, DAY, VolumeState.RECENT),  # a clock that was set back
    ],
)
def test_it_goes_by_itself_once_it_is_older_than_the_min_age(
    age_seconds: int, min_age_seconds: int, expected: VolumeState
) -> None:
    volume = replace(LABELLED, created=NOW - timedelta(seconds=age_seconds))
    assert state.judge(volume, replace(GONE, min_age_seconds=min_age_seconds), NOW).state is expected


@pytest.mark.parametrize(
    ("volume", "expected", "words"),
    [
        (LABELLED, VolumeState.LIVE, "builds of shop use it"),
        (NAMED, VolumeState.LIVE, "builds of shop use it"),
        (PACKED, VolumeState.LIVE, "builds of shop use it"),
        (replace(PACKED, generation=Generation.UNTOLD), VolumeState.LIVE, "may use it"),
        (replace(PACKED, generation=Generation.FORMER), VolumeState.STALE, "another key"),
    ],
)
def test_of_a_living_app_no_more_is_claimed_than_is_known(
    volume: CacheVolume, expected: VolumeState, words: str
) -> None:
    verdict = state.judge(volume, LIVES, NOW)
    assert verdict.state is expected
    assert words in verdict.reason
    assert not verdict.doubt


def test_a_living_cache_has_a_doubt_where_somebody_could_not_be_asked() -> None:
    silent = replace(LIVES, containers=None, unknown=("Docker is silent", "an option cannot be read"))
    why = "cannot determine whether a container uses it"
    assert state.judge(LABELLED, silent, NOW).doubt == f"{why}: Docker is silent"
    assert state.judge(LABELLED, replace(LIVES, containers=None), NOW).doubt == why
    assert state.judge(LABELLED, replace(LIVES, unknown=("an option cannot be read",)), NOW).doubt


@pytest.mark.parametrize(
    ("volume", "facts", "code"),
    [
        (LABELLED, replace(GONE, containers=("job",)), ReasonCode.MOUNTED_BY_CONTAINER),
        (LABELLED, replace(GONE, named_by=("an option",)), ReasonCode.IN_DOCKER_OPTIONS),
        (LABELLED, LIVES, ReasonCode.USED_BY_BUILDS),
        (PACKED, LIVES, ReasonCode.USED_BY_BUILDS),
        (replace(PACKED, generation=Generation.UNTOLD), LIVES, ReasonCode.USED_BY_BUILDS),
        (replace(PACKED, generation=Generation.FORMER), LIVES, ReasonCode.OLD_PACK_KEY),
        (NOBODYS, replace(GONE, app_state=None), ReasonCode.OWNER_UNKNOWN),
        (NAMED, GONE, ReasonCode.NO_LABEL),
        (replace(LABELLED, elsewhere="driver nfs"), GONE, ReasonCode.NOT_LOCAL),
        (LABELLED, replace(GONE, containers=None), ReasonCode.DOCKER_UNAVAILABLE),
        (LABELLED, replace(GONE, unknown=("an option",)), ReasonCode.USAGE_UNKNOWN),
        (LABELLED, replace(GONE, life=("an image",)), ReasonCode.APP_EXISTS_ELSEWHERE),
        (replace(LABELLED, created=None), GONE, ReasonCode.AGE_UNKNOWN),
        (replace(LABELLED, created=NOW), GONE, ReasonCode.RECENTLY_CREATED),
        (LABELLED, GONE, ReasonCode.APP_DESTROYED),
    ],
)
def test_each_reason_has_its_code_for_programs(volume: CacheVolume, facts: VolumeFacts, code: ReasonCode) -> None:
    assert state.judge(volume, facts, NOW).code is code


@pytest.mark.parametrize("created", [OLD, datetime(1, 1, 1, tzinfo=timezone.utc)])
def test_what_is_to_stay_for_ever_is_never_old_enough(created: datetime) -> None:
    for_ever = replace(GONE, min_age_seconds=durations.FOR_EVER)
    assert state.judge(replace(LABELLED, created=created), for_ever, NOW).state is VolumeState.RECENT


@pytest.mark.parametrize(
    ("volume", "found", "command"),
    [
        (LABELLED, VolumeState.LIVE, "dokku cache:purge-volumes shop"),
        (PACKED, VolumeState.STALE, "dokku cache:purge-volumes shop"),
        (NAMED, VolumeState.LIVE, "dokku repo:purge-cache shop"),
        (LABELLED, VolumeState.ORPHANED, "dokku cache:purge-volumes --orphaned"),
        (LABELLED, VolumeState.RECENT, ""),
        (LABELLED, VolumeState.IN_USE, ""),
        (LABELLED, VolumeState.UNKNOWN, ""),
        (replace(LABELLED, name="x;reboot"), VolumeState.ORPHANED, ""),
        (replace(LABELLED, elsewhere="driver nfs"), VolumeState.LIVE, ""),
    ],
)
def test_a_command_is_named_only_where_it_would_remove_it(
    volume: CacheVolume, found: VolumeState, command: str
) -> None:
    assert state.command(volume, found) == command


def test_where_no_min_age_is_said_nothing_has_to_be_old() -> None:
    assert state.judge(replace(LABELLED, created=NOW), VolumeFacts(AppState.GONE), NOW).state is VolumeState.ORPHANED
