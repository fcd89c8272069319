"""What the policy would do, by whether it is on."""

import pytest

from dokku_cache.automatic import rehearsal
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import Mode, State, Verdict
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.handles import Identity

CACHE, TRASH = Entry("cache", Identity(1, 2)), Entry(".dokku-cache-trash.0", Identity(1, 3))
PURGE_INTERRUPTED = Verdict(State.INTERRUPTED, "cut short", code=ReasonCode.PURGE_INTERRUPTED)


def finding(state: State, *trash: Entry) -> Finding:
    verdict = Verdict(state, "why", code=ReasonCode.RECENTLY_MODIFIED)
    return Finding(
        Sighting("shop", "/x", CACHE, trash), verdict, PURGE_INTERRUPTED if trash else Verdict(State.ABSENT)
    )


@pytest.mark.parametrize(
    ("state", "mode", "goes", "code"),
    [
        (State.ORPHANED, Mode.AUTOMATIC, True, None),
        (State.ORPHANED, Mode.FINISH, False, ReasonCode.AUTO_PURGE_OFF),
        # It would not go either way: that it is off is not why.
        (State.RECENT, Mode.AUTOMATIC, False, ReasonCode.RECENTLY_MODIFIED),
        (State.RECENT, Mode.FINISH, False, ReasonCode.RECENTLY_MODIFIED),
    ],
)
def test_what_stays_because_the_policy_is_off_says_so(
    state: State, mode: Mode, goes: bool, code: ReasonCode | None
) -> None:
    decision = rehearsal._decide(finding(state), mode)
    assert bool(decision.targets) is goes
    assert (decision.kept.code if decision.kept else None) is code


def test_trash_goes_although_the_policy_is_off() -> None:
    decision = rehearsal._decide(finding(State.ORPHANED, TRASH), Mode.FINISH)
    assert decision.targets == (TRASH,)
    assert decision.kept
    assert decision.kept.described == "orphaned: auto-purge is off"
