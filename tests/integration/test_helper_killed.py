"""The helper container is killed, or the engine restarted, while the helper scans or deletes."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import pytest

from .bad_engine import BadEngine, bad_engine
from .conftest import IS_LONG, Server
from .stopping import APP, FOREIGN, Command, Scene, in_child

COMMAND = Command("manual", ("purge-legacy", APP), FOREIGN, is_closed=True, files=2000)
SCANNING, DELETING = 1, 2


@dataclass(frozen=True)
class Moment:
    """A number of seconds after the first or second helper of a purge was created; it may not be started yet."""

    helper: int
    seconds: float


CHOSEN = [Moment(SCANNING, 0.1), Moment(DELETING, 0), Moment(DELETING, 0.1)]


def moments(chosen: list[Moment], more: int) -> list[Moment]:
    """Return these moments, and in the long form random ones too."""
    chooser = random.Random(17)
    by_chance = [Moment(chooser.choice((SCANNING, DELETING)), chooser.uniform(0, 0.6)) for _ in range(more)]
    return [*chosen, *(by_chance if IS_LONG else ())]


def wait_for_helper(api: docker.APIClient, number: int) -> str:
    """Wait for the helper container of this number, and return its identifier."""
    seen: list[str] = []
    while len(seen) < number:
        for container in api.containers(all=True, filters={"label": "com.dokku.cache.helper"}):
            seen += [container["Id"]] if container["Id"] not in seen else []
        time.sleep(0.005)
    return seen[-1]


@contextmanager
def meanwhile(act: object) -> Iterator[None]:
    """Let another process do something during the block."""
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


def test_a_purge_whose_helper_is_killed_is_finished_by_the_next(server: Server) -> None:
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
            scene.check(code, was_killed=False)
        except AssertionError as error:
            wrong.append(f"{moment}: exit code {code}: {error}")
    assert not wrong, "\n".join(wrong)


def wait_for_runc() -> None:
    """Kill containers that were starting when their engine was killed: they have the cache mounted."""
    for _ in range(50):
        listed = subprocess.run(["ps", "-eo", "pid=,comm="], capture_output=True, text=True, check=True).stdout
        found = [int(line.split()[0]) for line in listed.splitlines() if "runc:[" in line]
        starting = [process for process in found if "/legacy" in mount_table(process)]
        if not starting:
            return
        time.sleep(0.1)
    for process in starting:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    time.sleep(1)


def mount_table(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/mountinfo").read_text()
    return ""


@pytest.fixture
def own_engine() -> Iterator[BadEngine]:
    """An engine that no other test uses."""
    with bad_engine() as engine:
        yield engine


def test_a_purge_during_an_engine_restart_is_finished_by_the_next(server: Server, own_engine: BadEngine) -> None:
    server = replace(server, environment=replace(server.environment, docker_host=own_engine.docker_host))
    wrong = []
    kinds = (signal.SIGTERM, signal.SIGKILL)
    for number, moment in enumerate(moments([Moment(SCANNING, 0), Moment(DELETING, 0.1)], 18)):
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
        wait_for_runc()
        try:
            scene.check(code, was_killed=False)
        except AssertionError as error:
            wrong.append(f"{moment} {how.name}: exit code {code}: {error}")
    assert not wrong, "\n".join(wrong)
