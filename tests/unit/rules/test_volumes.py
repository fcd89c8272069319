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
GONE = VolumeFacts(AppState.GONE, (), (), (), (), min_age_seconds=DAY, destroyed=None)
PRESENT = replace(GONE, app_state=AppState.PRESENT)


NEW = replace(LABELLED, created=NOW)
CURRENT_UNKNOWN, FORMER = (replace(OF_PACK, generation=one) for one in (Generation.UNKNOWN, Generation.FORMER))
UNKNOWN_APP = replace(GONE, app_state=None)


@pytest.mark.parametrize(
    ("volume", "facts", "state", "code"),
    [
        *((one, GONE, State.ORPHANED, ReasonCode.APP_DESTROYED) for one in (LABELLED, OF_PACK, CURRENT_UNKNOWN)),
        (LABELLED, replace(GONE, app_state=AppState.GHOST), State.ORPHANED, ReasonCode.APP_DESTROYED),
        *(
            (one, PRESENT, State.LIVE, ReasonCode.USED_BY_BUILDS)
            for one in (LABELLED, NAMED, OF_PACK, CURRENT_UNKNOWN)
        ),
        (FORMER, PRESENT, State.STALE, ReasonCode.OLD_PACK_KEY),
        (FORMER, GONE, State.UNKNOWN, ReasonCode.OLD_PACK_KEY),
        (UNOWNED, UNKNOWN_APP, State.UNKNOWN, ReasonCode.OWNER_UNKNOWN),
        *((replace(NAMED, match=one), GONE, State.UNKNOWN, ReasonCode.NO_LABEL) for one in (Match.NAME, Match.NONE)),
        (replace(LABELLED, elsewhere="driver nfs"), GONE, State.UNKNOWN, ReasonCode.NOT_LOCAL),
        (LABELLED, replace(GONE, life=("an image",)), State.UNKNOWN, ReasonCode.APP_EXISTS_ELSEWHERE),
        (replace(LABELLED, created=None), GONE, State.UNKNOWN, ReasonCode.AGE_UNKNOWN),
        (NEW, GONE, State.RECENT, ReasonCode.RECENTLY_CREATED),
        *(
            (LABELLED, replace(facts, containers=("job",)), State.IN_USE, ReasonCode.MOUNTED_BY_CONTAINER)
            for facts in (GONE, PRESENT, UNKNOWN_APP)
        ),
        *(
            (LABELLED, replace(facts, references=("an option",)), State.IN_USE, ReasonCode.IN_DOCKER_OPTIONS)
            for facts in (GONE, PRESENT, UNKNOWN_APP)
        ),
        *(
            (LABELLED, replace(facts, containers=None), State.UNKNOWN, ReasonCode.DOCKER_UNAVAILABLE)
            for facts in (GONE, PRESENT)
        ),
        *(
            (LABELLED, replace(facts, unknown=("an option",)), State.UNKNOWN, ReasonCode.USAGE_UNKNOWN)
            for facts in (GONE, PRESENT)
        ),
    ],
)
def test_the_facts_give_a_state_and_its_code(
    volume: CacheVolume, facts: VolumeFacts, state: State, code: ReasonCode
) -> None:
    verdict = classify(volume, facts, NOW)
    assert (verdict.state, verdict.code) == (state, code)
    assert verdict.reason
    assert verdict.hint or state is not State.IN_USE


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
    """The age starts when the app was destroyed, or when the volume was created later."""
    then, facts = NOW - timedelta(seconds=age_seconds), replace(GONE, min_age_seconds=min_age_seconds)
    assert classify(replace(LABELLED, created=then), facts, NOW).state is expected
    assert classify(replace(LABELLED, created=then), replace(facts, destroyed=OLD), NOW).state is expected
    oldest = replace(LABELLED, created=datetime(1, 1, 1, tzinfo=timezone.utc))
    assert classify(oldest, replace(facts, destroyed=then), NOW).state is expected


def test_what_could_not_be_read_is_the_reason() -> None:
    unanswered = replace(PRESENT, containers=None, unknown=("Docker is unanswered", "an option cannot be read"))
    assert classify(LABELLED, unanswered, NOW).reason.endswith(": Docker is unanswered")
    assert classify(LABELLED, replace(PRESENT, unknown=("an option cannot be read",)), NOW).reason.startswith(
        "an option"
    )
