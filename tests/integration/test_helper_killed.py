"""The helper container is killed, or the engine started anew, while it measures or deletes."""

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

from . import proof
from .conftest import DISK, ENGINE, Server
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
def own_engine(server: Server) -> Iterator[Server]:
    """An engine that nobody else needs."""
    directory = DISK / f"dokku-cache-restarted-{os.getpid()}"
    subprocess.run([ENGINE / "up", directory], check=True)
    yield replace(server, environment=replace(server.environment, docker_host=f"unix://{directory}/docker.sock"))
    subprocess.run([ENGINE / "down", directory], check=True)


def restart(directory: Path, how: signal.Signals) -> None:
    """End an engine, and start it again as it was; its containerd goes on."""
    process = int((directory / "docker.pid").read_text())
    command = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")[:-1]
    os.kill(process, how)
    while Path(f"/proc/{process}/fd").exists():
        time.sleep(0.05)
    (directory / "docker.pid").unlink(missing_ok=True)
    containerd = (directory / "containerd.pid").read_text().strip()
    with open(directory / "log", "ab") as log:
        subprocess.Popen(["setsid", "nsenter", f"--net=/proc/{containerd}/ns/net", *command], stdout=log, stderr=log)
    for _ in range(600):
        with suppress(OSError, docker.errors.DockerException):
            docker.APIClient(f"unix://{directory}/docker.sock", version="auto").ping()
            (directory / "docker.sock").chmod(0o666)
            return
        time.sleep(0.1)
    raise AssertionError((directory / "log").read_text()[-2000:])


def test_a_purge_under_which_the_engine_starts_anew_is_ended_by_the_next(own_engine: Server) -> None:
    directory = Path(own_engine.environment.docker_host.removeprefix("unix://")).parent
    wrong = []
    kinds = (signal.SIGTERM, signal.SIGKILL)
    for number, moment in enumerate(moments([Moment(MEASURING, 0), Moment(DELETING, 0.1)], 18)):
        how = kinds[number % 2]
        scene = Scene(own_engine, COMMAND)
        reader, writer = os.pipe()

        def end(moment: Moment = moment, how: signal.Signals = how, writer: int = writer) -> None:
            api = docker.APIClient(own_engine.environment.docker_host, version="auto")
            wait_for_helper(api, moment.helper)
            time.sleep(moment.seconds)
            restart(directory, how)
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
