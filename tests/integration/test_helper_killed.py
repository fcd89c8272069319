"""The helper container is killed, or the engine started anew, while it measures or deletes."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

import docker
import pytest

from . import proof
from .bad_engine import BadEngine, bad_engine
from .conftest import Server
from .stopping import APP, FOREIGN, Command, Scene, in_child

COMMAND = Command("by hand", ("purge-legacy", APP), FOREIGN, is_closed=True, files=2000)
MEASURING, DELETING = 1, 2


@dataclass(frozen=True)
class Moment:
    """So long after the so manieth helper of a purge was made; it may not be started then."""

    helper: int
    seconds: float


CHOSEN = [Moment(helper, seconds) for helper in (MEASURING, DELETING) for seconds in (0, 0.1)]


def moments(chosen: list[Moment], more: int) -> list[Moment]:
    """Give these, and in the long form as many by chance on top."""
    chooser = random.Random(17)
    by_chance = [Moment(chooser.choice((MEASURING, DELETING)), chooser.uniform(0, 0.6)) for _ in range(more)]
    return [*chosen, *(by_chance if proof.IS_LONG else ())]


def wait_for_helper(api: docker.APIClient, number: int) -> str:
    """Wait for the so manieth helper container, and give its identifier."""
    seen: list[str] = []
    while len(seen) < number:
        for container in api.containers(all=True, filters={"label": "com.dokku.cache.helper"}):
            seen += [container["Id"]] if container["Id"] not in seen else []
        time.sleep(0.005)
    return seen[-1]


@contextmanager
def meanwhile(act: object) -> Iterator[None]:
    """Let another process do something for the time of the block."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            act()
        os._exit(0)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_purge_whose_helper_is_killed_at_any_moment_says_so_and_the_next_one_ends_it(server: Server) -> None:
    wrong = []
    for moment in moments(CHOSEN, 60):
        scene = Scene(server, COMMAND)

        def kill(moment: Moment = moment) -> None:
            api = docker.APIClient(server.environment.docker_host, version="auto")
            helper = wait_for_helper(api, moment.helper)
            time.sleep(moment.seconds)
            with suppress(docker.errors.APIError):
                api.kill(helper)

        with meanwhile(kill):
            code = in_child(scene.enter, scene.work)
        try:
            scene.hold(code, was_killed=False)
        except AssertionError as error:
            wrong.append(f"{moment}: exit code {code}: {error}")
        proof.DONE["helpers killed"] += 1
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def own_engine() -> Iterator[BadEngine]:
    with bad_engine() as engine:
        yield engine


def test_a_purge_under_which_the_engine_starts_anew_is_ended_by_the_next(
    server: Server, own_engine: BadEngine
) -> None:
    server = replace(server, environment=replace(server.environment, docker_host=own_engine.docker_host))
    wrong = []
    kinds = (signal.SIGTERM, signal.SIGKILL)
    for number, moment in enumerate(moments([Moment(MEASURING, 0), Moment(DELETING, 0.1)], 18)):
        how = kinds[number % 2]
        scene = Scene(server, COMMAND)
        reader, writer = os.pipe()

        def end(moment: Moment = moment, how: signal.Signals = how, writer: int = writer) -> None:
            wait_for_helper(own_engine.api, moment.helper)
            time.sleep(moment.seconds)
            own_engine.restart(how, "docker")
            os.write(writer, b"x")

        with meanwhile(end):
            code = in_child(scene.enter, scene.work)
            os.read(reader, 1)
        os.close(reader)
        os.close(writer)
        try:
            scene.hold(code, was_killed=False)
        except AssertionError as error:
            wrong.append(f"{moment} {how.name}: exit code {code}: {error}")
        proof.DONE["engines restarted"] += 1
    assert not wrong, "\n".join(wrong)
