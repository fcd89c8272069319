"""The engine through DOCKER_BIN, where user dokku may not open its socket: as in Dokku's own image."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unknown
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import Purger, Request
from dokku_cache.survey.surveyor import Surveyor

from .conftest import Server, as_dokku


@pytest.fixture
def closed_socket() -> Iterator[str]:
    """The engine's own socket, closed to all but root."""
    path = os.environ["DOCKER_HOST"].removeprefix("unix://")
    mode = os.stat(path).st_mode
    os.chmod(path, 0o600)
    yield os.environ["DOCKER_HOST"]
    os.chmod(path, mode)


@pytest.fixture
def docker_bin(tmp_path: Path) -> Iterator[str]:
    """A wrapper through sudo, which may call the client and nothing else, as docker/etc/sudoers.d has it."""
    client = subprocess.run(["which", "docker"], capture_output=True, text=True, check=True).stdout.strip()
    if subprocess.run(["which", "sudo"], capture_output=True, check=False).returncode != 0:
        pytest.skip("it needs sudo")
    rule = Path("/etc/sudoers.d/dokku-cache-test")
    # use_pty is what sudo 1.9.14 and later do by themselves.
    rule.write_text(f"Defaults use_pty\ndokku ALL=NOPASSWD:SETENV:{client}\n")
    rule.chmod(0o440)
    wrapper = Path("/var/tmp") / f"dokku-cache-docker-{os.getpid()}"
    wrapper.write_text(f'#!/bin/bash\nsudo -E {client} "$@"\n')
    wrapper.chmod(0o755)
    yield str(wrapper)
    rule.unlink()
    wrapper.unlink()


def test_the_engine_is_reached_through_docker_bin(closed_socket: str, docker_bin: str) -> None:
    def ask() -> tuple[list[Any], str]:
        engine = Engine(closed_socket, docker_bin)
        return engine.containers(), engine.api.version()["Version"]

    containers, version = as_dokku(ask)
    assert containers == []
    assert version == Engine(closed_socket).api.version()["Version"]


def test_without_docker_bin_it_is_not(closed_socket: str) -> None:
    with pytest.raises(Unknown, match=r"^User dokku cannot open .* \(Permission denied\)$") as caught:
        as_dokku(lambda: Engine(closed_socket).containers())
    assert "add user dokku to the group" in caught.value.hint


def test_a_purge_works_through_it_with_the_helpers_stream(
    server: Server, closed_socket: str, docker_bin: str
) -> None:
    cache = server.make_cache("shop", files=2000)

    def purge() -> int:
        engine = Engine(closed_socket, docker_bin)
        purger = Purger(server.environment, engine, Watcher(Console(is_quiet=True)), Request(is_named=True))
        outcome = purger.purge(Surveyor(server.environment, engine).survey(["shop"])[0])
        return outcome.removed.files if outcome else 0

    assert as_dokku(purge) == 2000
    assert not cache.exists()
    assert Engine(closed_socket).containers() == []


def test_the_socket_is_used_where_it_opens(tmp_path: Path) -> None:
    """A client that costs a process a connection is not called then."""
    engine = Engine(os.environ["DOCKER_HOST"], str(tmp_path / "no-such-client"))
    assert engine.containers() == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("echo 'sudo: a password is required' >&2; exit 1", "sudo: a password is required"),
        ("exit 1", "no response"),
    ],
)
def test_where_neither_leads_to_the_engine_both_are_named_once(
    closed_socket: str, tmp_path: Path, lines: str, said: str
) -> None:
    wrapper = Path("/var/tmp") / f"dokku-cache-docker-{os.getpid()}"
    wrapper.write_text(f"#!/bin/sh\necho >>{wrapper}.calls\n{lines}\n")
    wrapper.chmod(0o755)
    calls = Path(f"{wrapper}.calls")
    calls.touch(0o666)
    calls.chmod(0o666)

    def ask() -> list[str]:
        engine = Engine(closed_socket, str(wrapper))
        told = []
        for question in (engine.containers, engine.volumes):
            try:
                question()
            except Unknown as error:
                told.append(f"{error}; {error.hint}")
        return told

    try:
        first, second = as_dokku(ask)
        assert first == second
        assert "User dokku cannot open Docker's socket" in first
        assert f"'{wrapper} system dial-stdio' failed ({said})" in first
        assert len(calls.read_text().splitlines()) <= 2
    finally:
        wrapper.unlink()
        calls.unlink()


def test_a_command_that_answers_nothing_has_the_sockets_time_limit(
    closed_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokku_cache.engine.client.TIMEOUT_SECONDS", 1)
    begun = time.monotonic()
    with pytest.raises(Unknown):
        as_dokku(lambda: Engine(closed_socket, "sh -c 'exec sleep 60'").containers())
    assert time.monotonic() - begun < 10


def test_nothing_of_it_is_left_running(server: Server, closed_socket: str, docker_bin: str) -> None:
    as_dokku(lambda: len(Engine(closed_socket, docker_bin).containers()))
    deadline = time.monotonic() + 10
    while clients_of(closed_socket):
        assert time.monotonic() < deadline, "a client is left running"
        time.sleep(0.1)


def clients_of(docker_host: str) -> list[str]:
    """Give the processes that join this engine's streams to ours; other tests may have other engines."""
    found = []
    listed = subprocess.run(["pgrep", "-f", "system dial-stdi[o]"], capture_output=True, text=True, check=False)
    for process in listed.stdout.split():
        with suppress(OSError):  # it has ended
            variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            found += [process] if f"DOCKER_HOST={docker_host}".encode() in variables else []
    return found


def test_a_socket_that_is_not_there_is_said_to_be_that_whatever_docker_bin_does() -> None:
    with pytest.raises(Unknown) as caught:
        Engine("unix:///nowhere.sock", "false").containers()
    assert str(caught.value) == "Docker did not respond (No such file or directory)"
    assert "systemctl status docker" in caught.value.hint
