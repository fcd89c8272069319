"""From facts to states, and from states to what may go."""

from itertools import product

import pytest

from dokku_cache.legacy.classify import (
    DokkuVersion,
    classify_both,
    classify_cache,
    classify_trash,
    classify_without_evidence,
)
from dokku_cache.legacy.plan import Finding, candidates, decide
from dokku_cache.legacy.proof import Evidence, Proof, Usage
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import Mode, State, Verdict
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.handles import Identity

NOW = DokkuVersion(0, 38, 27)
CACHE = Entry("cache", Identity(1, 2))
TRASH = Entry(".dokku-cache-trash.0", Identity(1, 3))
USED = Usage(
    uses=("container x mounts it at /cache",),
    remedies=("'docker rm x' removes it",),
    use_codes=(ReasonCode.MOUNTED_BY_CONTAINER,),
)
UNKNOWN = Usage(unknown=("Docker does not answer",), unknown_codes=(ReasonCode.DOCKER_UNAVAILABLE,))
ANSWERS = (True, False, None)


def evidence(
    place: bool | None = True,
    writer: bool | None = True,
    quiet: bool | None = True,
    usage: Usage = Usage(),  # noqa: B008 - it cannot change
) -> Evidence:
    return Evidence(
        Proof(place, "place", ReasonCode.UNEXPECTED_FILES),
        Proof(writer, "writer", ReasonCode.UNEXPECTED_OWNER),
        Proof(quiet, "quiet", ReasonCode.RECENTLY_MODIFIED),
        usage,
    )


def sighting(cache: Entry | None = CACHE, *trash: Entry, fault: str = "") -> Sighting:
    code = ReasonCode.SYMLINK if fault else None
    return Sighting("shop", "/home/dokku/shop/cache", cache, trash, fault=fault, fault_code=code)


def found(
    facts: Sighting, version: DokkuVersion | None, known: Evidence, trash_usage: Usage | None = None
) -> Finding:
    trash = classify_trash(facts, trash_usage or Usage())
    return Finding(facts, classify_cache(facts, version, known), trash, known, version)


VERSIONS = (
    None,
    DokkuVersion(0, 30, 99),
    DokkuVersion(0, 31, 0),
    DokkuVersion(0, 33, 7),
    DokkuVersion(0, 33, 8),
    NOW,
)
CACHES = (
    None,
    CACHE,
    Entry("cache", Identity(1, 2), fault="is a link", fault_code=ReasonCode.SYMLINK),
)
TRASHES = (
    (),
    (TRASH,),
    (Entry(TRASH.name, TRASH.identity, fault="x", fault_code=ReasonCode.MOUNT_POINT),),
)
USAGES = (Usage(), USED, UNKNOWN)


def everything() -> list[Finding]:
    """Every combination of the facts."""
    combinations = product(CACHES, TRASHES, VERSIONS, ANSWERS, ANSWERS, ANSWERS, USAGES, USAGES, ("", "a link"))
    return [
        found(sighting(cache, *trash, fault=fault), version, evidence(place, writer, quiet, usage), trash_usage)
        for cache, trash, version, place, writer, quiet, usage, trash_usage, fault in combinations
        if not (fault and (cache or trash))  # into such a directory nobody has looked
    ]


def is_proven(finding: Finding, mode: Mode) -> bool:
    """Tell whether the rule lets a cache go, written down once more and in other words than the code's."""
    known, cache = finding.evidence, finding.sighting.cache
    if known is None or cache is None or cache.fault or finding.sighting.fault:
        return False
    if finding.version is None or finding.version < DokkuVersion(0, 31, 0) or known.usage != Usage():
        return False
    seen = None not in (known.place.holds, known.writer.holds, known.quiet.holds)
    certain = bool(known.place.holds and known.writer.holds)
    if mode in {Mode.CONFIRMED, Mode.DESTROY}:
        return seen
    if mode is Mode.AUTOMATIC:
        return seen and certain and bool(known.quiet.holds) and finding.version >= DokkuVersion(0, 33, 8)
    return seen and certain and mode in {Mode.ALL, Mode.NAMED}


def test_every_combination_gives_one_state_and_nothing_unproven_goes() -> None:
    findings = everything()
    assert len(findings) > 10_000
    for finding in findings:
        assert isinstance(finding.verdict.state, State)
        assert bool(finding.verdict.reason) is (finding.verdict.state is not State.ABSENT)
        assert bool(finding.verdict.code) is (finding.verdict.state is not State.ABSENT)
        for mode in Mode:
            targets = decide(finding, mode).targets
            assert set(targets) <= set(candidates(finding, mode)) <= set(finding.sighting.entries)
            held = finding.trash.state in {State.UNSAFE, State.IN_USE, State.UNKNOWN}
            assert (finding.sighting.cache in targets) is (is_proven(finding, mode) and not held), (finding, mode)
            for trash in finding.sighting.trash:
                assert (trash in targets) is not held


def test_every_state_occurs() -> None:
    assert {finding.verdict.state for finding in everything()} == set(State)


@pytest.mark.parametrize(
    ("facts", "version", "known", "state"),
    [
        (sighting(None), NOW, evidence(), State.ABSENT),
        (sighting(), NOW, evidence(), State.ORPHANED),
        (sighting(), DokkuVersion(0, 33, 8), evidence(), State.ORPHANED),
        (sighting(), DokkuVersion(1, 0, 0), evidence(), State.ORPHANED),
        (sighting(), DokkuVersion(0, 33, 7), evidence(), State.RECREATED),
        (sighting(), DokkuVersion(0, 31, 0), evidence(), State.RECREATED),
        (sighting(), DokkuVersion(0, 33, 7), evidence(quiet=False), State.RECREATED),
        (sighting(), DokkuVersion(0, 30, 99), evidence(), State.ACTIVE),
        (sighting(), None, evidence(), State.ACTIVE),
        (sighting(), NOW, evidence(quiet=False), State.RECENT),
        (sighting(), NOW, evidence(place=False), State.UNVERIFIED),
        (sighting(), NOW, evidence(writer=False), State.UNVERIFIED),
        (sighting(), DokkuVersion(0, 33, 7), evidence(writer=False), State.UNVERIFIED),
        (sighting(), NOW, evidence(writer=False, quiet=False), State.UNVERIFIED),
        (sighting(), NOW, evidence(usage=USED), State.IN_USE),
        (sighting(), NOW, evidence(usage=UNKNOWN), State.UNKNOWN),
        (sighting(), NOW, evidence(usage=USED + UNKNOWN), State.IN_USE),
        (sighting(), NOW, evidence(place=False, usage=USED), State.IN_USE),
        (sighting(), NOW, evidence(place=False, usage=UNKNOWN), State.UNKNOWN),
        (sighting(Entry("cache", Identity(1, 2), fault="cache is a link")), NOW, evidence(), State.UNSAFE),
        (sighting(None, fault="a link"), NOW, evidence(), State.UNSAFE),
    ],
)
def test_the_state_of_a_cache(facts: Sighting, version: DokkuVersion | None, known: Evidence, state: State) -> None:
    assert classify_cache(facts, version, known).state is state


def test_trash_is_finished_in_every_version_and_state_of_the_rest() -> None:
    for version in VERSIONS:
        for cache in (None, CACHE, CACHES[2]):
            facts = sighting(cache, TRASH)
            finding = found(facts, version, evidence(usage=USED))
            assert finding.verdict.state is State.INTERRUPTED
            for mode in Mode:
                assert TRASH in decide(finding, mode).targets


def test_trash_and_a_dead_cache_go_in_one_sweep() -> None:
    assert decide(found(sighting(CACHE, TRASH), NOW, evidence()), Mode.AUTOMATIC).targets == (TRASH, CACHE)
    kept = decide(found(sighting(CACHE, TRASH), NOW, evidence(quiet=False)), Mode.AUTOMATIC)
    assert (kept.targets, kept.kept and kept.kept.state) == ((TRASH,), State.RECENT)


def test_trash_that_something_holds_stops_the_whole_app() -> None:
    for trash in TRASHES[2:]:
        decision = decide(found(sighting(CACHE, *trash), NOW, evidence()), Mode.NAMED)
        assert decision.targets == ()
        assert decision.is_refused


def test_nobody_need_be_asked_where_it_cannot_change_the_verdict() -> None:
    for facts, version in (
        (sighting(None), NOW),
        (sighting(), None),
        (sighting(), DokkuVersion(0, 20, 0)),
        (sighting(Entry("cache", Identity(1, 2), fault="x")), NOW),
    ):
        assert classify_without_evidence(facts, version) == classify_cache(facts, version, evidence())
    assert classify_without_evidence(sighting(), NOW) is None


def test_every_reason_is_given() -> None:
    verdict = classify_cache(sighting(), NOW, evidence(usage=Usage(uses=("one", "two"), unknown=("three",))))
    assert verdict.reason == "one; two; three"
    verdict = classify_cache(sighting(), NOW, evidence(place=False, writer=False))
    assert verdict.reason == "place; writer"


def test_the_code_is_that_of_the_first_reason() -> None:
    assert classify_cache(sighting(), NOW, evidence(place=False, writer=False)).code is ReasonCode.UNEXPECTED_FILES
    assert classify_cache(sighting(), NOW, evidence(writer=False)).code is ReasonCode.UNEXPECTED_OWNER
    assert classify_cache(sighting(), NOW, evidence(usage=UNKNOWN + USED)).code is ReasonCode.MOUNTED_BY_CONTAINER
    assert classify_cache(sighting(), NOW, evidence(usage=UNKNOWN)).code is ReasonCode.DOCKER_UNAVAILABLE
    assert classify_cache(sighting(), None, evidence()).code is ReasonCode.VERSION_UNKNOWN


def test_what_forbids_removal_says_what_to_do() -> None:
    assert classify_cache(sighting(), None, evidence()).hint
    assert "0.31.0" not in classify_cache(sighting(), None, evidence()).hint
    assert classify_cache(sighting(), NOW, evidence(usage=USED)).hint == USED.remedies[0]
    # What is not known is used by nobody whom one could end.
    assert "remove" not in classify_cache(sighting(), NOW, evidence(usage=UNKNOWN)).hint
    assert "--force" in classify_cache(sighting(), NOW, evidence(place=False)).hint
    assert not classify_cache(sighting(), NOW, evidence()).hint


def test_the_state_that_is_shown_names_the_cache_beside_the_trash() -> None:
    cache, trash = Verdict(State.ACTIVE, "it builds"), Verdict(State.INTERRUPTED, "cut short")
    assert classify_both(cache, trash).reason == "cut short; the cache beside it is active: it builds"
    assert classify_both(cache, Verdict(State.ABSENT)) == cache
    assert classify_both(Verdict(State.ABSENT), trash) == trash
    held = Verdict(State.UNSAFE, "x")
    assert classify_both(cache, held) == held


def test_the_state_that_is_shown_is_as_certain_as_that_of_the_cache() -> None:
    trash = Verdict(State.INTERRUPTED, "cut short")
    for is_final in (True, False):
        assert classify_both(Verdict(State.ORPHANED, "x", is_final=is_final), trash).is_final is is_final
