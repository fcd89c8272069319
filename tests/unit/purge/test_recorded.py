"""The records and events of purges."""

import io
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.dokku import history
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.history import Record
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import CacheError, ExitCode, Interrupted, NotDue, PartlyRemoved, Refused
from dokku_cache.model.finding import Decision, Facts, Finding, Outcome, Result, Verdict
from dokku_cache.model.location import Entry, Location
from dokku_cache.model.scan import Identity, Scan
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output.console import Console
from dokku_cache.purge import recorded
from dokku_cache.purge.purger import Purger
from dokku_cache.survey.context import Context

SHOP = Finding(
    Facts(Location("shop", "/home/dokku/shop/cache", Entry("cache", Identity(1, 2)))),
    Verdict(State.ORPHANED, "unused"),
)


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The events for other plugins."""
    fired: list[tuple[object, ...]] = []
    monkeypatch.setattr(recorded, "fire", lambda _, *what: fired.append(what))
    return fired


def purge(
    environment: DokkuEnvironment, outcome: Outcome | Exception | None, initiator: Initiator, err: Any = None
) -> None:
    """Let a purge have this outcome."""

    def ended(_: Purger, finding: Finding) -> Outcome | None:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    context = Context(environment, Console(is_quiet=True, out=io.StringIO(), err=err), Engine(""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Purger, "purge", ended)
        result = recorded.purge(context, SHOP, Request(initiator, auto_purge=True))
        if result.error:
            raise result.error
        assert result.outcome is outcome


@pytest.mark.parametrize(
    ("removed_ghost", "initiator", "ends_app"),
    [
        (False, Initiator.MANUAL, False),
        (True, Initiator.MANUAL, True),
        (False, Initiator.DESTROY, False),
        (False, Initiator.CRON, False),
    ],
)
def test_a_purge_is_recorded_with_its_size_and_the_end_of_a_ghost(
    environment: DokkuEnvironment, fired: list[Any], initiator: Initiator, *, removed_ghost: bool, ends_app: bool
) -> None:
    outcome = Outcome(Decision(SHOP), Scan(5, 6, 7), 7.26, removed_ghost)
    purge(environment, outcome, initiator)
    (record,) = history.read(environment).records
    assert record == Record("shop", record.at, initiator.value, 5, 6, seconds=7.3, ends_app=ends_app)
    assert fired == [("cache-purged", "shop", "legacy", "/home/dokku/shop/cache", "5", "6", initiator.value)]


def test_nothing_is_recorded_if_nothing_was_removed(environment: DokkuEnvironment, fired: list[Any]) -> None:
    purge(environment, None, Initiator.MANUAL)
    with pytest.raises(Refused):
        purge(environment, Refused("in use"), Initiator.MANUAL)
    assert (history.read(environment).records, fired) == ((), [])


def test_a_partial_purge_is_a_recorded_failure_and_fires_an_event(
    environment: DokkuEnvironment, fired: list[Any]
) -> None:
    with pytest.raises(PartlyRemoved):
        purge(environment, PartlyRemoved("something is left"), Initiator.MANUAL)
    failure = history.read(environment).last_failure("shop")
    assert failure
    assert (failure.failure, failure.size_bytes) == ("something is left", 0)
    assert fired == [
        ("cache-purge-failed", "shop", "legacy", "/home/dokku/shop/cache", "manual", "something is left")
    ]


def test_a_history_that_cannot_be_written_is_a_warning(environment: DokkuEnvironment, fired: list[Any]) -> None:
    Path(environment.lib_root, "data").write_text("")
    err = io.StringIO()
    purge(environment, Outcome(Decision(SHOP), Scan(), 0, removed_ghost=False), Initiator.MANUAL, err)
    assert "update the history" in err.getvalue()
    assert [word for word, *_ in fired] == ["cache-purged"]


@pytest.mark.parametrize("initiator", [Initiator.CRON, Initiator.MANUAL])
@pytest.mark.parametrize("error", [Refused("Docker died"), RuntimeError("a defect")])
def test_other_failures_are_recorded_when_no_person_watches(
    environment: DokkuEnvironment, fired: list[Any], error: Exception, initiator: Initiator
) -> None:
    for _ in range(2):  # recorded once a day
        with pytest.raises((type(error), CacheError), match=str(error)):
            purge(environment, error, initiator)
    failures = [(record.failure, record.by) for record in history.read(environment).records]
    assert failures == ([] if initiator is Initiator.MANUAL else [(str(error), "cron")])
    assert len(fired) == len(failures)


def test_each_of_two_alternating_failures_is_recorded_once_until_a_success(
    environment: DokkuEnvironment, fired: list[Any]
) -> None:
    def fail() -> None:
        for cause in ("Docker died", "the disk is full") * 2:
            with pytest.raises(Refused):
                purge(environment, Refused(cause), Initiator.CRON)

    fail()
    purge(environment, Outcome(Decision(SHOP), Scan(5, 6, 7), 1), Initiator.CRON)
    fail()
    both = ["Docker died", "the disk is full"]
    assert [record.failure for record in history.read(environment).records] == [*both, "", *both]
    assert len(fired) == 5


def test_no_other_cache_follows_a_failure_after_a_signal(
    environment: DokkuEnvironment, fired: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "was_interrupted", lambda: True)
    for error, code in (
        (PartlyRemoved("half", "again"), ExitCode.PARTLY_REMOVED),
        (Refused("used"), ExitCode.FAILED),
    ):
        with pytest.raises(Interrupted, match=str(error)) as caught:
            purge(environment, error, Initiator.MANUAL)
        assert caught.value.exit_code is code
    assert [record.failure for record in history.read(environment).records] == ["half"]


def test_what_is_not_due_is_not_a_failure(environment: DokkuEnvironment, fired: list[Any]) -> None:
    with pytest.raises(NotDue):
        purge(environment, NotDue("recent"), Initiator.DEPLOY)
    assert (history.read(environment).records, fired) == ((), [])


def test_a_result_has_the_exit_code_of_its_error() -> None:
    assert Result(SHOP).exit_code is ExitCode.OK
    assert Result(SHOP, error=NotDue("recent")).exit_code is ExitCode.OK
    assert Result(SHOP, error=Refused("in use")).exit_code is ExitCode.FAILED
    assert Result(SHOP, error=PartlyRemoved("partly")).exit_code is ExitCode.PARTLY_REMOVED
