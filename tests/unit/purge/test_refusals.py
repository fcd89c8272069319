"""What a person reads, and a log, where something of an app stays."""

from dokku_cache.errors import Refused, Unverified
from dokku_cache.legacy.plan import Decision, Finding
from dokku_cache.legacy.sighting import Sighting
from dokku_cache.legacy.state import State, Verdict
from dokku_cache.purge.refusals import kept, refusal

SHOP = Sighting("shop", "/home/dokku/shop/cache")
USED = Verdict(State.IN_USE, "container job mounts it", "end job")


def test_of_cache_and_trash_the_one_that_stays_is_named() -> None:
    finding = Finding(SHOP, USED, Verdict(State.INTERRUPTED, "an earlier purge was cut short"))
    assert str(refusal(Decision(finding, kept=USED))) == (
        "The legacy cache of shop is in-use: container job mounts it"
    )
    assert refusal(Decision(finding, kept=USED)).hint == "end job"
    stays = kept(Decision(finding, kept=USED))
    assert str(stays) == "The legacy cache of shop is in-use: container job mounts it"
    assert stays.state_and_reason == "in-use: container job mounts it"


def test_where_nothing_of_it_was_decided_the_state_that_is_shown_says_why() -> None:
    decision = Decision(Finding(SHOP, USED))
    assert "container job mounts it" in str(refusal(decision))
    assert kept(decision).state_and_reason == "in-use: container job mounts it"


def test_only_a_doubt_can_be_answered_and_what_is_not_known_is_called_so() -> None:
    doubt, unknown = (Verdict(state, "Docker is silent") for state in (State.UNVERIFIED, State.UNKNOWN))
    assert isinstance(refusal(Decision(Finding(SHOP, doubt), kept=doubt)), Unverified)
    refused = refusal(Decision(Finding(SHOP, unknown), kept=unknown))
    assert type(refused) is Refused
    assert str(refused) == "The legacy cache of shop stays: Docker is silent"
