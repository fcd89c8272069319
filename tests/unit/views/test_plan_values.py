"""What a dry run gives to a program."""

from dataclasses import replace

from dokku_cache.model.finding import Decision, Facts, Finding, Verdict
from dokku_cache.model.location import Entry, Location
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import State
from dokku_cache.tree.handles import Identity
from dokku_cache.tree.scan import Scan
from dokku_cache.views import plan_values
from dokku_cache.views.plan_values import Planned

from .test_list_table import HELD, SHOP, VOLUME

CACHE, TRASH = Entry("cache", Identity(1, 2)), Entry(".dokku-cache-trash.0", Identity(1, 3))
MEASURED = Scan(size_bytes=5, files=6)
ORPHANED = Verdict(State.ORPHANED, "why", code=ReasonCode.UNUSED_BY_DOKKU)
USED = Verdict(State.IN_USE, "container b mounts it", code=ReasonCode.MOUNTED_BY_CONTAINER)
PURGE_INTERRUPTED = Verdict(State.INTERRUPTED, "cut short", code=ReasonCode.PURGE_INTERRUPTED)


def finding(cache: Verdict, trash: Verdict | None = None) -> Finding:
    location = Location("shop", "/home/dokku/shop/cache", CACHE, (TRASH,) if trash else ())
    return Finding(Facts(location), cache, trash or Verdict())


def test_sums_count_what_goes_wholly_and_say_whether_that_is_all() -> None:
    planned = [Planned(SHOP, goes=True), Planned(HELD, goes=False, kept="why"), Planned(VOLUME, goes=True)]
    values = plan_values.values(planned)
    assert (values["removed-bytes"], values["removed-caches"], values["kept-caches"]) == (
        (22 << 30) + (5 << 20),
        2,
        1,
    )
    assert values["removed-is-complete"]
    unknown = replace(VOLUME, size_bytes=None)
    assert not plan_values.values([Planned(unknown, goes=True)])["removed-is-complete"]
    partly = plan_values.values([Planned(SHOP, goes=True, kept="why")])
    assert (partly["removed-bytes"], partly["removed-is-complete"], partly["removed-caches"]) == (0, False, 1)


def test_a_cache_goes_or_stays_with_the_reason_and_its_code() -> None:
    goes = plan_values.of_decision(Decision(finding(ORPHANED), (CACHE,)), MEASURED)
    stays = plan_values.of_decision(Decision(finding(USED), kept=USED), None)
    assert goes
    assert stays
    assert (goes.goes, goes.kept, goes.kept_code, goes.cache.size_bytes) == (True, "", None, 5)
    told = "in-use: container b mounts it"
    assert (stays.goes, stays.kept, stays.kept_code) == (False, told, ReasonCode.MOUNTED_BY_CONTAINER)


def test_where_only_trash_goes_it_says_what_stays() -> None:
    partly = plan_values.of_decision(Decision(finding(USED, PURGE_INTERRUPTED), (TRASH,), kept=USED), MEASURED)
    assert partly
    (values,) = plan_values.values([partly])["caches"]
    assert (values["decision"], values["state"]) == ("remove", "interrupted")
    assert (values["reason-code"], values["kept-reason-code"]) == ("purge-interrupted", "mounted-by-container")


def test_where_there_is_nothing_there_is_no_entry() -> None:
    nothing = Finding(Facts(Location("shop", "/home/dokku/shop/cache")))
    assert plan_values.of_decision(Decision(nothing), None) is None
