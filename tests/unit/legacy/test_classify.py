"""From facts to a state."""

import pytest

from dokku_cache.legacy.classify import DokkuVersion, Usage, classify, classify_without_usage
from dokku_cache.legacy.handles import Identity
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import State

NOW = DokkuVersion(0, 38, 27)
CACHE = Entry("cache", Identity(1, 2))
TRASH = Entry(".dokku-cache-trash.0", Identity(1, 3))


def sighting(cache: Entry | None = CACHE, *trash: Entry, fault: str = "") -> Sighting:
    return Sighting("shop", "/home/dokku/shop/cache", cache, trash, fault=fault)


@pytest.mark.parametrize(
    ("facts", "version", "usage", "state"),
    [
        (sighting(None), NOW, Usage(), State.ABSENT),
        (sighting(), NOW, Usage(), State.ORPHANED),
        (sighting(), DokkuVersion(0, 33, 8), Usage(), State.ORPHANED),
        (sighting(), DokkuVersion(0, 33, 7), Usage(), State.RECREATED),
        (sighting(), DokkuVersion(0, 31, 0), Usage(), State.RECREATED),
        (sighting(), DokkuVersion(0, 30, 99), Usage(), State.ACTIVE),
        (sighting(), DokkuVersion(1, 0, 0), Usage(), State.ORPHANED),
        (sighting(), None, Usage(), State.ACTIVE),
        (sighting(), NOW, Usage(uses=("container x mounts it at /cache",)), State.IN_USE),
        (sighting(), NOW, Usage(unknown=("Docker does not answer",)), State.IN_USE),
        (sighting(None, TRASH), NOW, Usage(), State.INTERRUPTED),
        (sighting(CACHE, TRASH), NOW, Usage(), State.INTERRUPTED),
        (sighting(None, TRASH), NOW, Usage(uses=("x",)), State.IN_USE),
        (sighting(None, TRASH), DokkuVersion(0, 30, 0), Usage(), State.ACTIVE),
        (sighting(Entry("cache", Identity(1, 2), fault="cache is a symbolic link")), NOW, Usage(), State.UNSAFE),
        (sighting(CACHE, Entry(".dokku-cache-trash.0", Identity(1, 3), fault="x")), NOW, Usage(), State.UNSAFE),
        (sighting(Entry("cache", Identity(1, 2), mounted_as="/mnt")), NOW, Usage(), State.IN_USE),
        (sighting(None, fault="the app's directory is a symbolic link"), NOW, Usage(), State.UNSAFE),
    ],
)
def test_exactly_one_state_applies(facts: Sighting, version: DokkuVersion | None, usage: Usage, state: State) -> None:
    verdict = classify(facts, version, usage)
    assert verdict.state is state
    assert bool(verdict.reason) is (state is not State.ABSENT)


def test_docker_need_not_be_asked_where_it_cannot_change_the_verdict() -> None:
    for facts, version in (
        (sighting(None), NOW),
        (sighting(), None),
        (sighting(), DokkuVersion(0, 20, 0)),
        (sighting(Entry("cache", Identity(1, 2), fault="x")), NOW),
    ):
        assert classify_without_usage(facts, version) == classify(facts, version, Usage())
    assert classify_without_usage(sighting(), NOW) is None


def test_every_reason_is_given() -> None:
    verdict = classify(sighting(), NOW, Usage(uses=("one", "two"), unknown=("three",)))
    assert verdict.reason == "one; two; three"


def test_what_forbids_removal_says_what_to_do() -> None:
    assert classify(sighting(), None, Usage()).hint
    assert classify(sighting(), NOW, Usage(uses=("x",))).hint
    assert not classify(sighting(), NOW, Usage()).hint
