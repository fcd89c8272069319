"""Who may remove what: the table of the design, exhaustively."""

from dataclasses import replace
from itertools import product

import pytest

from dokku_cache.model.cache import AppState, CacheVolume, Kind, Match
from dokku_cache.model.finding import Facts, Finding, Verdict
from dokku_cache.model.location import Entry, Location
from dokku_cache.model.scan import Identity
from dokku_cache.model.state import Initiator, ReasonCode, Request, State
from dokku_cache.rules.removal import candidates, decide, decide_volumes

CACHE, TRASH = Entry("cache", Identity(1, 2)), Entry(".dokku-cache-trash.1", Identity(1, 3))
ALL, NAMED = Request(Initiator.MANUAL), Request(Initiator.MANUAL, is_named=True)
CONFIRMED = replace(NAMED, is_confirmed=True)
DESTROY = Request(Initiator.DESTROY, in_deploy=True)
AUTOMATIC = [
    *(Request(initiator, auto_purge=True) for initiator in Initiator if initiator.is_automatic),
    Request(Initiator.MANUAL, auto_purge=True, is_policy=True),
]
#: By state: purge-legacy APP, the same confirmed, purge-legacy --all, automatic and rename, destroy.
TABLE = {
    State.ABSENT: (False, False, False, False, False),
    State.ORPHANED: (True, True, True, True, True),
    State.RECENT: (True, True, False, False, True),
    State.RECREATED: (True, True, True, False, True),
    State.UNVERIFIED: (False, True, False, False, False),
    State.IN_USE: (False, False, False, False, False),
    State.UNKNOWN: (False, False, False, False, False),
    State.UNSAFE: (False, False, False, False, False),
    State.ACTIVE: (False, False, False, False, False),
    State.LIVE: (False, False, False, False, False),
    State.STALE: (False, False, False, False, False),
}


def finding(cache: State, trash: State = State.ABSENT, *, is_final: bool = True) -> Finding:
    entries = (TRASH,) if trash is not State.ABSENT else ()
    location = Location("shop", "/x/cache", None if cache is State.ABSENT else CACHE, entries)
    checks = {"age": "not changed" if is_final else None}
    return Finding(Facts(location), Verdict(cache, "why"), Verdict(trash, "why"), checks)


def allows(state: State, request: Request) -> bool:
    return decide(finding(state), request).targets == (CACHE,)


@pytest.mark.parametrize("state", TABLE)
def test_the_table_of_the_design(state: State) -> None:
    named, confirmed, everything, automatic, destroy = TABLE[state]
    assert allows(state, NAMED) is named
    assert allows(state, CONFIRMED) is confirmed
    assert allows(state, ALL) is everything
    assert allows(state, DESTROY) is destroy
    for request in AUTOMATIC:
        assert allows(state, request) is automatic
        assert not allows(state, replace(request, auto_purge=False))


def test_every_state_and_initiator_is_in_the_table() -> None:
    assert set(State) - set(TABLE) == {State.INTERRUPTED}
    assert {request.initiator for request in AUTOMATIC} == set(Initiator) - {Initiator.DESTROY}


def test_a_request_without_a_policy_allows_an_automatic_run_nothing() -> None:
    for state, initiator in product(State, Initiator):
        if initiator.is_automatic:
            assert not allows(state, Request(initiator))


def test_force_confirms_only_for_a_named_app() -> None:
    for initiator in Initiator:
        assert not allows(State.UNVERIFIED, Request(initiator, is_confirmed=True))


@pytest.mark.parametrize("request_", [NAMED, CONFIRMED, ALL, DESTROY])
def test_people_finish_an_interrupted_purge(request_: Request) -> None:
    assert decide(finding(State.ABSENT, State.INTERRUPTED), request_).targets == (TRASH,)


@pytest.mark.parametrize("request_", AUTOMATIC)
def test_automatic_runs_finish_an_interrupted_purge_only_with_auto_purge(request_: Request) -> None:
    interrupted = finding(State.ABSENT, State.INTERRUPTED)
    assert decide(interrupted, request_).targets == (TRASH,)
    off = decide(interrupted, replace(request_, auto_purge=False))
    assert (off.targets, off.kept and off.kept.reason) == ((), "auto-purge is off")


@pytest.mark.parametrize(
    ("request_", "trash", "cache"), list(product([NAMED, CONFIRMED, ALL, DESTROY, *AUTOMATIC], State, State))
)
def test_trash_that_may_be_in_use_keeps_everything(request_: Request, trash: State, cache: State) -> None:
    if trash in {State.ABSENT, State.INTERRUPTED}:
        return
    decision = decide(finding(cache, trash), request_)
    assert decision.targets == ()
    assert decision.kept == Verdict(trash, "why")


def test_a_cache_without_a_complete_scan_is_never_a_target() -> None:
    for state, request in product(State, [NAMED, CONFIRMED, ALL, DESTROY, *AUTOMATIC]):
        decision = decide(finding(state, State.INTERRUPTED, is_final=False), request)
        assert CACHE not in decision.targets
        assert set(decision.targets) <= set(candidates(finding(state, State.INTERRUPTED), request))


LABELLED = CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.LABEL)
OF_PACK = CacheVolume("pack-cache-dokku_shop_latest-0123456789ab.build", Kind.PACK, "shop", Match.NAME)
OVER_LIMIT = Request(Initiator.DEPLOY, auto_purge=True, is_over_limit=True)


def volume(state: State, found: CacheVolume = LABELLED, app_state: AppState | None = AppState.PRESENT) -> Finding:
    return Finding.of_volume(found, app_state, Verdict(state, "reason", "hint"))


@pytest.mark.parametrize("state", list(State))
def test_the_table_of_volumes(state: State) -> None:
    of_app = {State.LIVE, State.STALE, State.ORPHANED, State.RECENT}
    for request in (NAMED, CONFIRMED, OVER_LIMIT):
        assert decide(volume(state), request).is_removal is (state in of_app)
    for request in (ALL, *AUTOMATIC):
        decision = decide(volume(state), request)
        assert decision.is_removal is (state is State.ORPHANED)
        assert decision.is_removal or decision.kept == Verdict(state, "reason", "hint")
    for request in AUTOMATIC:
        assert not decide(volume(state), replace(request, auto_purge=False)).is_removal


@pytest.mark.parametrize("request_", [NAMED, CONFIRMED, ALL, OVER_LIMIT, *AUTOMATIC])
@pytest.mark.parametrize(
    ("found", "code"),
    [
        (replace(LABELLED, match=Match.NAME), ReasonCode.NO_LABEL),
        (replace(LABELLED, elsewhere="driver nfs"), ReasonCode.NOT_LOCAL),
    ],
)
def test_an_unlabelled_volume_or_one_of_another_driver_is_always_kept(
    found: CacheVolume, code: ReasonCode, request_: Request
) -> None:
    for state in State:
        decision = decide(volume(state, found), request_)
        assert not decision.is_removal
        assert decision.kept
        if decide(volume(state), request_).is_removal:
            assert (decision.kept.state, decision.kept.code) == (State.UNVERIFIED, code)


def test_volumes_are_chosen_by_app_or_for_apps_that_do_not_exist() -> None:
    live, of_pack = volume(State.LIVE), volume(State.LIVE, OF_PACK)
    old = volume(State.ORPHANED, replace(LABELLED, name="cache-old", app="old"), AppState.GONE)
    unowned = volume(State.UNKNOWN, CacheVolume("pack-cache-x", Kind.PACK), None)

    def chosen(request: Request, *apps: str) -> list[Finding]:
        return [decision.finding for decision in decide_volumes((of_pack, live, old, unowned), request, apps)]

    assert chosen(ALL) == [unowned, old]
    assert chosen(NAMED, "shop") == chosen(OVER_LIMIT, "shop") == [live, of_pack]
    assert chosen(NAMED) == []
