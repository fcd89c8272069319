"""What may be removed, by whom."""

import pytest

from dokku_cache.legacy.handles import Identity
from dokku_cache.legacy.plan import Finding, decide, plan
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import Mode, State, Verdict

CACHE = Entry("cache", Identity(1, 2))
TRASH = Entry(".dokku-cache-trash.0", Identity(1, 3))


def finding(state: State, cache: Entry | None = CACHE, *trash: Entry) -> Finding:
    return Finding(Sighting("shop", "/x/shop/cache", cache, trash), Verdict(state, "reason"))


@pytest.mark.parametrize(
    ("state", "by_hand", "automatic"),
    [
        (State.ABSENT, False, False),
        (State.ORPHANED, True, True),
        (State.RECREATED, True, False),
        (State.ACTIVE, False, False),
        (State.IN_USE, False, False),
        (State.UNSAFE, False, False),
    ],
)
def test_the_table_of_the_design_holds(state: State, *, by_hand: bool, automatic: bool) -> None:
    cache = None if state is State.ABSENT else CACHE
    assert bool(decide(finding(state, cache), Mode.BY_HAND).targets) is by_hand
    assert bool(decide(finding(state, cache), Mode.AUTOMATIC).targets) is automatic


def test_every_state_but_absent_is_removed_refused_or_left() -> None:
    refused = {state for state in State if decide(finding(state), Mode.BY_HAND).is_refused}
    assert refused == {State.ACTIVE, State.IN_USE, State.UNSAFE}


def test_trash_is_finished_and_a_new_cache_beside_it_goes_only_by_hand() -> None:
    both = finding(State.INTERRUPTED, CACHE, TRASH)
    assert decide(both, Mode.BY_HAND).targets == (TRASH, CACHE)
    assert decide(both, Mode.AUTOMATIC).targets == (TRASH,)


def test_a_refused_app_has_no_targets_even_with_trash() -> None:
    assert decide(finding(State.IN_USE, CACHE, TRASH), Mode.BY_HAND).targets == ()


def test_a_plan_keeps_the_order_of_the_apps() -> None:
    first, second = finding(State.ORPHANED), finding(State.ABSENT, None)
    assert [decision.finding for decision in plan([first, second], Mode.BY_HAND)] == [first, second]
