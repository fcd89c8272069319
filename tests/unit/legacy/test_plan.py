"""What may be removed, by whom."""

import pytest

from dokku_cache.legacy.plan import Finding, candidates, decide, plan
from dokku_cache.legacy.proof import Evidence, Proof
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import Mode, State, Verdict
from dokku_cache.tree.handles import Identity

CACHE = Entry("cache", Identity(1, 2))


def finding(state: State, cache: Entry | None = CACHE, *, is_final: bool = True) -> Finding:
    return Finding(Sighting("shop", "/x/shop/cache", cache), Verdict(state, "reason", is_final=is_final))


@pytest.mark.parametrize(
    ("state", "modes"),
    [
        (State.ABSENT, set()),
        (State.ORPHANED, {Mode.ALL, Mode.NAMED, Mode.CONFIRMED, Mode.DESTROY, Mode.AUTOMATIC}),
        (State.RECENT, {Mode.ALL, Mode.NAMED, Mode.CONFIRMED, Mode.DESTROY}),
        (State.RECREATED, {Mode.ALL, Mode.NAMED, Mode.CONFIRMED, Mode.DESTROY}),
        (State.UNVERIFIED, {Mode.CONFIRMED, Mode.DESTROY}),
        (State.ACTIVE, set()),
        (State.IN_USE, set()),
        (State.UNKNOWN, set()),
        (State.UNSAFE, set()),
    ],
)
def test_the_table_of_the_design_holds(state: State, modes: set[Mode]) -> None:
    cache = None if state is State.ABSENT else CACHE
    assert {mode for mode in Mode if decide(finding(state, cache), mode).targets} == modes


@pytest.mark.parametrize("mode", list(Mode))
def test_nothing_goes_before_all_of_it_was_looked_at(mode: Mode) -> None:
    known = finding(State.ORPHANED, is_final=False)
    assert decide(known, mode).targets == ()
    assert bool(candidates(known, mode)) is (mode is not Mode.FINISH)


def test_what_a_person_is_refused() -> None:
    refused = {state for state in State if decide(finding(state), Mode.NAMED).is_refused}
    assert refused == {State.ACTIVE, State.IN_USE, State.UNKNOWN, State.UNSAFE, State.UNVERIFIED}


def test_a_plan_keeps_the_order_of_the_apps() -> None:
    first, second = finding(State.ORPHANED), finding(State.ABSENT, None)
    assert [decision.finding for decision in plan([first, second], Mode.NAMED)] == [first, second]


def test_what_stays_is_told_and_what_goes_or_is_not_there_is_not() -> None:
    assert decide(finding(State.ORPHANED), Mode.NAMED).kept is None
    assert decide(finding(State.ABSENT, None), Mode.NAMED).kept is None
    kept = decide(finding(State.RECENT), Mode.AUTOMATIC).kept
    assert kept is not None
    assert kept.state is State.RECENT


def test_an_app_that_left_signs_is_no_ghost() -> None:
    proof = Proof(True, "text")
    for is_ghost in (True, False):
        known = Evidence(proof, proof, proof, is_ghost=is_ghost)
        assert Finding(Sighting("shop", "/x"), Verdict(State.ORPHANED, "x"), evidence=known).is_ghost is is_ghost
