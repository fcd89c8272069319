"""Removing a volume: what keeps it at the last moment, and what is recorded and reported as events."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dokku_cache.dokku import apps, history
from dokku_cache.dokku.history import Record
from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.engine.storage import DiskUsage
from dokku_cache.model.errors import CacheError, Interrupted, NotDue, Refused, Unknown
from dokku_cache.model.finding import Finding, Outcome
from dokku_cache.model.scan import Scan
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output.console import Console
from dokku_cache.purge import recorded, volume_purger
from dokku_cache.purge.purger import LEFT_TO_DEPLOY
from dokku_cache.purge.recorded import purge
from dokku_cache.survey.context import Context
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.volumes import survey_volumes

from ..fake_engine import Answer, FakeEngine, volume
from ..small_server import SmallServer

NAME = "cache-shop"


class Server(SmallServer):
    """A server with an app that has a volume, and the events for other plugins."""

    def __init__(self) -> None:
        super().__init__()
        self.set_version("0.38.27")
        self.create("shop")
        self.fake = FakeEngine([volume(NAME, "shop"), volume("cache-old", "old")])
        self.events: list[tuple[object, ...]] = []
        self.patch.setattr(recorded, "fire", lambda _, *what: self.events.append(what))

    @property
    def context(self) -> Context:
        return Context(self.environment, Console(is_quiet=True), self.fake.engine)

    def find(self, name: str = NAME) -> Finding:
        found = survey_volumes(Surveyor(self.environment, self.fake.engine), apps.every())
        return next(replace(finding, size=Scan(5)) for finding in found if finding.location.path == name)

    def purge(
        self, planned: Finding, initiator: Initiator = Initiator.MANUAL, *, is_of_app: bool = True
    ) -> Outcome | None:
        is_manual = initiator is Initiator.MANUAL
        is_named, is_over_limit = is_of_app and is_manual, is_of_app and not is_manual
        request = Request(initiator, is_named=is_named, auto_purge=True, is_over_limit=is_over_limit)
        result = purge(self.context, planned, request)
        if result.error:
            raise result.error
        return result.outcome

    @property
    def volumes(self) -> list[str]:
        return [found["Name"] for found in self.fake.volume_list]

    @property
    def recorded(self) -> list[Record]:
        return [replace(record, at="") for record in history.read(self.environment).records]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.take_away()


def record(**more: Any) -> Record:
    return Record("shop", "", "manual", kind="herokuish", location=NAME, **more)


def test_a_removed_volume_is_in_the_history_and_fires_an_event(server: Server) -> None:
    outcome = server.purge(server.find())
    assert server.volumes == ["cache-old"]
    assert outcome
    assert (outcome.decision.finding.location.path, outcome.removed.size_bytes) == (NAME, 5)
    assert 0 <= outcome.seconds < 60
    assert server.recorded == [record(size_bytes=5, seconds=round(outcome.seconds, 1))]
    assert server.events == [("cache-purged", "shop", "herokuish", NAME, "5", "0", "manual")]
    assert server.fake.limits == [storage.REMOVAL_LIMIT_SECONDS]


@pytest.mark.parametrize("initiator", [Initiator.MANUAL, Initiator.DEPLOY, Initiator.CRON, Initiator.LOW_DISK])
def test_a_volume_is_kept_while_its_app_is_deployed(server: Server, initiator: Initiator) -> None:
    server.patch.setattr(apps, "is_being_deployed", lambda _, app: app == "shop")
    with pytest.raises(Refused, match="App shop is being deployed") as refused:
        server.purge(server.find(), initiator)
    assert NAME in server.volumes
    if initiator is Initiator.MANUAL:
        assert not isinstance(refused.value, NotDue)
        assert "purge again" in refused.value.hint
    else:
        assert isinstance(refused.value, NotDue)
        assert refused.value.state_and_reason == LEFT_TO_DEPLOY


def test_the_deploy_lock_of_a_destroyed_app_is_ignored(server: Server) -> None:
    planned = server.find("cache-old")
    server.patch.setattr(apps, "is_being_deployed", lambda *_: pytest.fail("asked"))
    server.purge(planned, Initiator.CRON, is_of_app=False)
    assert server.volumes == [NAME]
    assert [kept.ends_app for kept in server.recorded] == [False]


def test_a_refusal_by_docker_is_not_recorded_as_a_failure(server: Server) -> None:
    server.fake.on_delete = lambda: Answer(409, {"message": "volume is in use"})
    with pytest.raises(Refused, match="Docker refused to remove it: volume is in use"):
        server.purge(server.find())
    assert (server.recorded, server.events) == ([], [])


@pytest.mark.parametrize("initiator", [Initiator.MANUAL, Initiator.CRON])
@pytest.mark.parametrize(
    ("answer", "said", "why"),
    [
        (Answer(500, {"message": "device busy"}), "was not removed", "Docker could not remove it: device busy"),
        (Answer(204), "was not removed", "Docker reported its removal, but still lists it"),
    ],
)
def test_a_volume_that_still_exists_afterwards_is_a_recorded_failure(
    server: Server, answer: Answer, said: str, why: str, initiator: Initiator
) -> None:
    server.fake.on_delete = lambda: answer
    with pytest.raises(CacheError, match=f"Volume {NAME} {said}: {why}") as failed:
        server.purge(server.find(), initiator)
    assert "journalctl -u docker" in failed.value.hint
    failure = f"Volume {NAME} {said}: {why}"
    assert server.recorded == [replace(record(failure=failure), by=initiator.value)]
    assert server.events == [("cache-purge-failed", "shop", "herokuish", NAME, initiator.value, failure)]


def test_an_unanswered_check_afterwards_is_a_recorded_failure(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, inspect = server.find(), storage.inspect_volume

    def inspected(engine: Engine, name: str) -> Any:
        if NAME in server.volumes:
            return inspect(engine, name)
        raise Unknown("Docker died", "start it")

    monkeypatch.setattr(storage, "inspect_volume", inspected)
    with pytest.raises(CacheError, match=f"Could not verify that volume {NAME} was removed: Docker died") as failed:
        server.purge(planned)
    assert failed.value.hint == "start it. Then check with 'dokku cache:list'"
    assert "Docker died" in server.recorded[0].failure
    assert [word for word, *_ in server.events] == ["cache-purge-failed"]


def test_a_volume_that_a_build_recreates_at_once_counts_as_removed(server: Server) -> None:
    planned = server.find()

    def recreate() -> Answer:
        server.fake.volume_list[0] = volume(NAME, "shop", CreatedAt="2026-01-01T00:00:00Z")
        return Answer(204)

    server.fake.on_delete = recreate
    assert server.purge(planned)


@pytest.mark.parametrize("initiator", [Initiator.MANUAL, Initiator.CRON])
def test_a_volume_that_was_replaced_since_the_plan_is_kept_and_reported(server: Server, initiator: Initiator) -> None:
    planned = server.find()
    server.fake.volume_list[0] = volume(NAME, "shop", CreatedAt="2026-01-01T00:00:00Z")
    with pytest.raises(Refused, match="was replaced") as refused:
        server.purge(planned, initiator)
    assert isinstance(refused.value, NotDue) is initiator.is_automatic
    assert (NAME in server.volumes, server.recorded) == (True, [])


def test_an_interrupt_after_a_volume_was_removed_does_not_deny_it(server: Server) -> None:
    server.purge(server.find())
    assert "Nothing" not in str(Interrupted())


def test_an_interrupt_reports_that_docker_may_continue(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = server.find()

    def interrupt(*_: object) -> None:
        raise Interrupted

    monkeypatch.setattr(storage, "remove_volume", interrupt)
    with pytest.raises(Interrupted, match="Docker may still be removing volume") as interrupted:
        server.purge(planned)
    assert NAME in interrupted.value.hint
    assert (server.recorded, server.events) == ([], [])


def decide(server: Server, *, err: io.StringIO | None = None) -> list[int | None]:
    """Plan the removal of orphaned volumes, and give their sizes."""
    context = replace(server.context, console=Console(out=io.StringIO(), err=err))
    sized = volume_purger.plan_volumes(context, Request(Initiator.MANUAL), limit_seconds=3)
    return [decision.finding.size.size_bytes if decision.finding.size else None for decision in sized]


def test_sizes_are_measured_once_and_only_if_something_is_removed(server: Server) -> None:
    asked: list[float] = []
    usage = DiskUsage({"cache-old": 5})
    server.patch.setattr(storage, "disk_usage", lambda _, limit: asked.append(limit) or usage)
    server.fake.volume_list.append(volume("cache-wiki", "wiki"))
    assert decide(server) == [5, None]
    server.create("old")
    server.create("wiki")
    assert decide(server) == []
    assert asked == [3]


def test_sizes_that_docker_does_not_give_are_a_warning(server: Server) -> None:
    def ask(*_: object) -> None:
        raise Unknown("Docker did not respond", "restart it")

    server.patch.setattr(storage, "disk_usage", ask)
    err = io.StringIO()
    assert decide(server, err=err) == [None]
    assert "Could not determine volume sizes (Docker did not respond)" in err.getvalue()
