"""Removing a cache volume: what holds it at the last moment, what is written down, and who is told."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.errors import CacheError, Interrupted, NotDue, Refused, Unknown
from dokku_cache.model.state import DEPLOY_WAIT_SECONDS, Initiator
from dokku_cache.output.console import Console
from dokku_cache.purge import events, volume_purger
from dokku_cache.purge.purger import LEFT_TO_DEPLOY
from dokku_cache.purge.volume_purger import VolumeOutcome, VolumePurger
from dokku_cache.records import history
from dokku_cache.records.history import Record
from dokku_cache.volumes.plan import VolumeFinding, Wish

from ..played_engine import Answer, PlayedEngine, container, volume
from ..small_server import SmallServer

NAME = "cache-shop"


class Server(SmallServer):
    """One with an app that has a volume, and what other plugins were told."""

    def __init__(self) -> None:
        super().__init__()
        self.set_version("0.38.27")
        self.create("shop")
        self.played = PlayedEngine([volume(NAME, "shop"), volume("cache-old", "old")])
        self.told: list[tuple[object, ...]] = []
        self.patch.setattr(events, "purged", lambda _, *told: self.told.append(("purged", *told)))
        self.patch.setattr(events, "purge_failed", lambda _, *told: self.told.append(("failed", *told)))

    @property
    def context(self) -> Context:
        return Context(self.environment, Console(is_quiet=True), self.played.engine)

    def find(self, name: str = NAME) -> VolumeFinding:
        found = volume_purger.examiner(self.context, apps.every()).examine(apps.every())
        return next(replace(finding, size_bytes=5) for finding in found if finding.name == name)

    def purge(
        self, planned: VolumeFinding, wish: Wish = Wish.APP, initiator: Initiator = Initiator.MANUAL, **more: bool
    ) -> VolumeOutcome | None:
        return VolumePurger(self.context, wish, initiator, **more).purge(planned)

    @property
    def there(self) -> list[str]:
        return [found["Name"] for found in self.played.volume_list]

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


def test_a_volume_that_goes_is_in_the_history_and_other_plugins_are_told(server: Server) -> None:
    outcome = server.purge(server.find())
    assert server.there == ["cache-old"]
    assert outcome
    assert (outcome.finding.name, outcome.finding.size_bytes) == (NAME, 5)
    assert 0 <= outcome.seconds < 60
    assert server.recorded == [record(size_bytes=5, seconds=round(outcome.seconds, 1))]
    assert server.told == [("purged", "shop", "herokuish", NAME, (5, 0), "manual")]
    assert server.played.limits == [storage.REMOVAL_LIMIT_SECONDS]


def test_one_of_unknown_size_is_recorded_without_any(server: Server) -> None:
    server.purge(replace(server.find(), size_bytes=None))
    assert [kept.size_bytes for kept in server.recorded] == [0]
    assert server.told == [("purged", "shop", "herokuish", NAME, (0, 0), "manual")]


def test_the_history_has_tenths_of_a_second(server: Server) -> None:
    planned, clock = server.find(), [100.0]
    server.patch.setattr(volume_purger.time, "monotonic", lambda: clock[0])
    server.played.on_delete = lambda: clock.append(clock.pop() + 7.26)
    outcome = server.purge(planned)
    assert outcome
    assert outcome.seconds == pytest.approx(7.26)
    assert server.recorded[0].seconds == 7.3


@pytest.mark.parametrize("is_taken_by_another_purge", [False, True])
def test_one_that_is_gone_by_then_is_nothing_to_do_and_nowhere_written_down(
    server: Server, *, is_taken_by_another_purge: bool
) -> None:
    planned = server.find()

    def take() -> None:
        del server.played.volume_list[0]

    if is_taken_by_another_purge:
        server.played.on_delete = take
    else:
        take()
    assert server.purge(planned) is None
    assert server.recorded == []
    assert server.told == []


@pytest.mark.parametrize("initiator", [Initiator.MANUAL, Initiator.CRON])
def test_one_that_is_mounted_after_the_plan_stays(server: Server, initiator: Initiator) -> None:
    planned = server.find()
    server.played.container_list.append(container("job", NAME))
    with pytest.raises(Refused, match=f"Volume {NAME} is in-use: container job mounts it") as refused:
        server.purge(planned, initiator=initiator)
    assert NAME in server.there
    if initiator is Initiator.MANUAL:
        assert type(refused.value) is Refused
        assert "docker rm job" in refused.value.hint
    else:
        assert isinstance(refused.value, NotDue)
        assert refused.value.state_and_reason == "in-use: container job mounts it"


def test_an_app_that_is_made_after_the_plan_keeps_its_volume(server: Server) -> None:
    planned = server.find("cache-old")
    server.create("old")
    with pytest.raises(NotDue, match="builds of old use it"):
        server.purge(planned, Wish.ORPHANED, Initiator.CRON)
    assert "cache-old" in server.there


@pytest.mark.parametrize("initiator", list(Initiator))
def test_a_volume_stays_while_its_app_is_deployed(server: Server, initiator: Initiator) -> None:
    waited: list[float] = []

    def is_deployed_for(_: object, app: str, seconds: float) -> bool:
        waited.append(seconds)
        return app == "shop"

    server.patch.setattr(apps, "is_deployed_for", is_deployed_for)
    with pytest.raises(Refused, match="App shop is being deployed") as refused:
        server.purge(server.find(), initiator=initiator)
    # The trigger runs at the end of a deploy; who sits there is told at once.
    assert waited == [DEPLOY_WAIT_SECONDS if initiator is Initiator.DEPLOY else 0]
    assert NAME in server.there
    if initiator is Initiator.MANUAL:
        assert not isinstance(refused.value, NotDue)
        assert "purge again" in refused.value.hint
    else:
        assert isinstance(refused.value, NotDue)
        assert refused.value.state_and_reason == LEFT_TO_DEPLOY


def test_an_app_that_is_gone_is_not_deployed_whatever_lock_it_has_left(server: Server) -> None:
    planned = server.find("cache-old")
    server.patch.setattr(apps, "is_deployed_for", lambda *_: pytest.fail("asked"))
    server.purge(planned, Wish.ORPHANED, Initiator.CRON)
    assert server.there == [NAME]
    assert [kept.ends_app for kept in server.recorded] == [False]


def test_one_that_the_engine_refuses_to_remove_is_no_failure(server: Server) -> None:
    server.played.on_delete = lambda: Answer(409, {"message": "volume is in use"})
    with pytest.raises(Refused, match="Docker refused to remove it: volume is in use"):
        server.purge(server.find())
    assert (server.recorded, server.told) == ([], [])


@pytest.mark.parametrize("initiator", [Initiator.MANUAL, Initiator.CRON])
@pytest.mark.parametrize(
    ("answer", "said", "why"),
    [
        (Answer(500, {"message": "device busy"}), "was not removed", "Docker could not remove it: device busy"),
        (Answer(204), "was not removed", "Docker reported its removal, but still lists it"),
    ],
)
def test_one_that_is_not_gone_afterwards_is_a_failure_in_the_history_and_told(
    server: Server, answer: Answer, said: str, why: str, initiator: Initiator
) -> None:
    server.played.on_delete = lambda: answer
    with pytest.raises(CacheError, match=f"Volume {NAME} {said}: {why}") as failed:
        server.purge(server.find(), initiator=initiator)
    assert "journalctl -u docker" in failed.value.hint
    # The app is not gone from the history where its volume is not gone from Docker.
    assert server.recorded == [replace(record(failure=why), by=initiator.value)]
    assert server.told == [("failed", "shop", "herokuish", NAME, initiator.value, why)]


def test_one_of_which_docker_does_not_say_whether_it_is_gone_is_not_certain(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, inspect = server.find(), storage.inspect_volume

    def inspected(engine: Engine, name: str) -> Any:
        if NAME in server.there:
            return inspect(engine, name)
        raise Unknown("Docker died", "start it")

    monkeypatch.setattr(storage, "inspect_volume", inspected)
    with pytest.raises(CacheError, match=f"Could not verify that volume {NAME} was removed: Docker died") as failed:
        server.purge(planned)
    assert failed.value.hint == "start it. Then check with 'dokku cache:list'"
    assert server.recorded == [record(failure="Docker died")]
    assert [word for word, *_ in server.told] == ["failed"]


def test_a_build_that_makes_it_anew_at_once_is_no_failure(server: Server) -> None:
    planned = server.find()

    def make_anew() -> Answer:
        server.played.volume_list[0] = volume(NAME, "shop", CreatedAt="2026-01-01T00:00:00Z")
        return Answer(204)

    server.played.on_delete = make_anew
    assert server.purge(planned)


def test_who_interrupts_it_hears_that_docker_may_go_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = server.find()

    def interrupt(*_: object) -> None:
        raise Interrupted

    monkeypatch.setattr(storage, "remove_volume", interrupt)
    with pytest.raises(Interrupted, match="Docker may still be removing volume") as interrupted:
        server.purge(planned)
    assert NAME in interrupted.value.hint
    assert (server.recorded, server.told) == ([], [])
