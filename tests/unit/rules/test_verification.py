"""The checks of a directory, and the state that follows from them."""

from dataclasses import fields, replace

import pytest

from dokku_cache.model.finding import Accounts, DokkuVersion, Facts, Finding
from dokku_cache.model.location import Entry, Location, OtherFile, Reference, References
from dokku_cache.model.scan import Identity, Scan
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.rules.verification import CHECKS, classify, is_decided_early

NOW, DAY = 1_800_000_000.0, 86400
OLD = NOW - 400 * DAY
CACHE = Entry("cache", Identity(1, 2))
HEAD = OtherFile("HEAD")
SCAN = Scan(
    size_bytes=4096,
    files=3,
    directories=2,
    newest_mtime=OLD,
    newest_ctime=OLD,
    owners=frozenset({32767}),
    names={"buildcache": frozenset()},
)
USE = Reference(ReasonCode.MOUNTED_BY_CONTAINER, "container shop.web.1 mounts it", "remove it")
SIGN = Reference(ReasonCode.APP_MAY_EXIST, "image dokku/shop:latest exists")
SILENT = Reference(ReasonCode.DOCKER_UNAVAILABLE, "Docker did not respond")
FACTS = Facts(
    Location("shop", "/home/dokku/shop/cache", CACHE, others=(HEAD,)),
    DokkuVersion(0, 38, 27),
    references=References(),
    trash_references=References(),
    life=References(),
    scan=SCAN,
    accounts=Accounts({0: "root", 33: "www-data", 999: "dokku", 1000: "alice"}, dokku=999, are_complete=True),
    min_age_seconds=DAY,
    now=NOW,
)
GHOST = replace(FACTS, location=replace(FACTS.location, others=()))


def located(*others: OtherFile) -> Facts:
    return replace(FACTS, location=replace(FACTS.location, others=others))


def scanned(facts: Facts = FACTS, **changes: object) -> Facts:
    return replace(facts, scan=replace(SCAN, **changes))


def named(*names: str, facts: Facts = FACTS) -> Facts:
    return scanned(facts, names=dict.fromkeys(names, frozenset()))


def state_of(facts: Facts) -> State:
    return classify(facts).cache.state


@pytest.mark.parametrize("facts", [FACTS, GHOST])
def test_a_canonical_cache_is_orphaned_and_passes_every_check(facts: Facts) -> None:
    finding = classify(facts)
    assert finding.cache.state is State.ORPHANED
    assert all(isinstance(result, str) for result in finding.checks.values())
    assert finding.checks.keys() == CHECKS.keys()
    assert finding.is_final
    assert finding.is_ghost is (facts is GHOST)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (located(OtherFile("store", is_directory=True)), ReasonCode.UNEXPECTED_FILES),
        (located(OtherFile("nginx.conf")), ReasonCode.NOT_AN_APP_DIRECTORY),
        (located(OtherFile("HEAD", is_directory=True)), ReasonCode.UNEXPECTED_FILES),
        (replace(GHOST, life=References((SIGN,))), ReasonCode.APP_MAY_EXIST),
    ],
)
def test_a_directory_that_is_not_clearly_an_app_s_is_unverified(facts: Facts, code: ReasonCode) -> None:
    verdict = classify(facts).cache
    assert (verdict.state, verdict.code) == (State.UNVERIFIED, code)


def test_an_app_directory_needs_no_head_if_only_dokku_creates_its_files() -> None:
    assert state_of(located(OtherFile("CONTAINER.web.1"), OtherFile("tls", is_directory=True))) is State.ORPHANED


def test_a_sign_of_life_never_makes_a_directory_removable() -> None:
    """An image with the label of an app says nothing about the directory (issue 25, case 8)."""
    uploads = named("photos", facts=replace(GHOST, life=References((SIGN,))))
    assert state_of(uploads) is State.UNVERIFIED


@pytest.mark.parametrize(
    "names",
    [
        ("photos",),
        ("buildcache", "photos"),
        (".m2", ".gradle", "node_modules"),
        ("app", "www", "public"),
        ("public",),
    ],
)
@pytest.mark.parametrize("facts", [FACTS, GHOST])
def test_other_layouts_are_unverified_in_living_apps_too(facts: Facts, names: tuple[str, ...]) -> None:
    verdict = classify(named(*names, facts=facts)).cache
    assert (verdict.state, verdict.code) == (State.UNVERIFIED, ReasonCode.UNEXPECTED_LAYOUT)


def test_more_names_than_a_scan_keeps_are_unverified() -> None:
    assert state_of(scanned(has_all_names=False)) is State.UNVERIFIED


@pytest.mark.parametrize("uid", [32767, 1001, 2000, 29276, 33767])
def test_build_users_own_a_cache(uid: int) -> None:
    for facts in (FACTS, GHOST):
        assert state_of(scanned(facts, owners=frozenset({0, 999, uid}))) is State.ORPHANED


@pytest.mark.parametrize("uid", [33, 70, 998, 1000, 33768, 100000, 132767])
@pytest.mark.parametrize("facts", [FACTS, GHOST])
def test_one_file_of_another_user_makes_a_tree_unverified(facts: Facts, uid: int) -> None:
    verdict = classify(scanned(facts, owners=frozenset({32767, uid}))).cache
    assert (verdict.state, verdict.code) == (State.UNVERIFIED, ReasonCode.UNEXPECTED_OWNER)


def test_a_ghost_needs_a_file_of_a_build_user_or_buildcache() -> None:
    root_only = scanned(GHOST, owners=frozenset({0, 999}), names={"cedar-14": frozenset()})
    assert classify(root_only).cache.code is ReasonCode.UNEXPECTED_OWNER
    assert state_of(scanned(GHOST, owners=frozenset({0, 999}))) is State.ORPHANED
    # An upgrade of Dokku's package changes the owner of everything, and not its group.
    assert state_of(replace(root_only, scan=replace(root_only.scan, groups=frozenset({32767})))) is State.ORPHANED
    assert state_of(scanned(owners=frozenset({0, 999}), names={"cedar-14": frozenset()})) is State.ORPHANED


def test_with_a_directory_service_only_uid_32767_is_a_build_user() -> None:
    accounts = replace(FACTS.accounts, are_complete=False)
    assert state_of(replace(FACTS, accounts=accounts)) is State.ORPHANED
    unknown = replace(scanned(owners=frozenset({32767, 10021})), accounts=accounts)
    assert state_of(unknown) is State.UNVERIFIED
    assert "directory service" in classify(unknown).cache.reason


@pytest.mark.parametrize("field", ["newest_mtime", "newest_ctime"])
@pytest.mark.parametrize("seconds", [1, DAY - 1, -3600])
def test_a_recent_mtime_or_ctime_makes_a_cache_recent(field: str, seconds: float) -> None:
    verdict = classify(scanned(**{field: NOW - seconds})).cache
    assert (verdict.state, verdict.code) == (State.RECENT, ReasonCode.RECENTLY_MODIFIED)


def test_a_minimum_age_of_zero_takes_recent_caches_but_not_times_far_in_the_future() -> None:
    assert state_of(replace(scanned(newest_ctime=NOW), min_age_seconds=0)) is State.ORPHANED
    assert state_of(replace(scanned(newest_mtime=NOW + 3600), min_age_seconds=0)) is State.ORPHANED
    ahead = replace(scanned(newest_mtime=NOW + 2 * DAY), min_age_seconds=0)
    assert classify(ahead).cache.code is ReasonCode.TIMESTAMP_IN_FUTURE
    assert state_of(ahead) is State.RECENT
    assert state_of(replace(scanned(newest_mtime=2.0**62), min_age_seconds=0)) is State.RECENT


def test_an_empty_directory_needs_only_the_checks_unused_version_and_shape() -> None:
    empty = replace(FACTS, scan=Scan(4096, newest_mtime=NOW, owners=frozenset({33})), location=GHOST.location)
    foreign = replace(empty, location=located(OtherFile("store", is_directory=True)).location)
    for facts in (empty, foreign, replace(empty, life=References((SIGN,)))):
        assert state_of(facts) is State.ORPHANED
        assert state_of(replace(facts, references=References((USE,)))) is State.IN_USE
        assert state_of(replace(facts, version=DokkuVersion(0, 33, 7))) is State.RECREATED


def test_references_win_over_doubts_and_unknown_sources_count_as_uses() -> None:
    used = replace(named("photos"), references=References((USE,), (SILENT,)))
    verdict = classify(used).cache
    assert (verdict.state, verdict.hint) == (State.IN_USE, "remove it")
    assert state_of(replace(used, references=References((), (SILENT,)))) is State.UNKNOWN


def test_many_references_stay_readable() -> None:
    uses = tuple(replace(USE, text=f"container shop.web.{number} mounts it") for number in range(40))
    assert len(classify(replace(FACTS, references=References(uses))).cache.reason) < 120


def test_one_cause_is_given_once() -> None:
    silent = References((), (SILENT,))
    verdict = classify(replace(GHOST, references=silent, life=silent)).cache
    assert verdict.state is State.UNKNOWN
    assert verdict.reason.count("Docker did not respond") == 1


@pytest.mark.parametrize(
    ("version", "state"),
    [
        (None, State.ACTIVE),
        (DokkuVersion(0, 30, 11), State.ACTIVE),
        (DokkuVersion(0, 31, 0), State.RECREATED),
        (DokkuVersion(0, 33, 7), State.RECREATED),
        (DokkuVersion(0, 33, 8), State.ORPHANED),
    ],
)
def test_the_version_decides_whether_dokku_uses_the_directory(version: DokkuVersion | None, state: State) -> None:
    assert state_of(replace(FACTS, version=version)) is state
    unverified = replace(named("photos"), version=version)
    assert state_of(unverified) is (State.ACTIVE if state is State.ACTIVE else State.UNVERIFIED)


def test_mounts_and_links_are_unsafe_before_anything_else() -> None:
    link = replace(CACHE, fault="cache is a symbolic link", fault_code=ReasonCode.SYMLINK)
    facts = replace(FACTS, location=replace(FACTS.location, cache=link), references=References((USE,)))
    assert classify(facts).cache.code is ReasonCode.SYMLINK
    assert state_of(scanned(other_mounts=("sub",))) is State.UNSAFE
    elsewhere = Location("shop", "/home/dokku/shop/cache", fault="it is a link", fault_code=ReasonCode.SYMLINK)
    assert state_of(Facts(elsewhere)) is State.UNSAFE


def test_nothing_is_final_before_a_complete_scan() -> None:
    for scan in (None, replace(SCAN, unreadable=1)):
        finding = classify(replace(FACTS, scan=scan))
        assert not finding.is_final
        assert {name for name, result in finding.checks.items() if result is None} == {"layout", "owner", "age"}


def test_an_unreadable_file_of_an_app_without_a_repository_is_unknown() -> None:
    unreadable = OtherFile("ENV", is_by_install=None)
    verdict = classify(located(unreadable)).cache
    assert (verdict.state, verdict.code) == (State.UNKNOWN, ReasonCode.APP_STATUS_UNKNOWN)
    assert state_of(located(unreadable, HEAD)) is State.ORPHANED


@pytest.mark.parametrize("fact", ["references", "scan", "accounts", "min_age_seconds"])
def test_a_fact_that_was_not_collected_leaves_the_cache_in_place(fact: str) -> None:
    assert classify(FACTS).is_final
    assert not classify(replace(FACTS, **{fact: None})).is_final
    assert not classify(replace(GHOST, life=None)).is_final
    assert not Finding(FACTS).is_final


def test_some_verdicts_need_no_other_facts() -> None:
    assert is_decided_early(Facts(Location("shop", "/x")))
    assert is_decided_early(replace(FACTS, version=DokkuVersion(0, 30, 11)))
    assert not is_decided_early(replace(FACTS, version=DokkuVersion(0, 33, 7)))
    assert not is_decided_early(FACTS)


@pytest.mark.parametrize("name", ["version", "references", "life", "scan", "min_age_seconds", "accounts", "now"])
def test_a_fact_that_was_not_collected_is_no_reason_to_remove(name: str) -> None:
    scan = replace(SCAN, owners=frozenset({2000}))
    default = next(field.default for field in fields(Facts) if field.name == name)
    collected = replace(GHOST, scan=scan)
    facts = replace(collected, **{name: default})
    assert classify(collected).cache.state is State.ORPHANED
    assert classify(collected).is_final
    finding = classify(facts)
    assert not finding.is_final or finding.cache.state is not State.ORPHANED


def test_trash_is_interrupted_unless_something_uses_it() -> None:
    trash = replace(FACTS.location, cache=None, trash=(Entry(".dokku-cache-trash.1", Identity(1, 3)),))
    assert classify(replace(FACTS, location=trash)).trash.state is State.INTERRUPTED
    assert classify(replace(FACTS, location=trash, trash_references=None)).trash.state is State.UNKNOWN
    used = classify(replace(FACTS, location=trash, trash_references=References((USE,))))
    assert (used.trash.state, used.verdict.state) == (State.IN_USE, State.IN_USE)
    assert classify(replace(FACTS, location=trash, trash_references=None)).trash.state is State.UNKNOWN
    both = classify(replace(FACTS, location=replace(trash, cache=CACHE)))
    assert (both.cache.state, both.verdict.state) == (State.ORPHANED, State.INTERRUPTED)
