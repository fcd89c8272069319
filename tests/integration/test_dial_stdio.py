"""The engine through DOCKER_BIN, if the dokku user may not open its socket: as in Dokku's own image."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import Unknown
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import Purger
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
    """A wrapper that calls the client through sudo, as docker/etc/sudoers.d allows it."""
    client = subprocess.run(["which", "docker"], capture_output=True, text=True, check=True).stdout.strip()
    if subprocess.run(["which", "sudo"], capture_output=True, check=False).returncode != 0:
        pytest.skip("it needs sudo")
    rule = Path("/etc/sudoers.d/dokku-cache-test")
    # use_pty is the default since sudo 1.9.14.
    rule.write_text(f"Defaults use_pty\ndokku ALL=NOPASSWD:SETENV:{client}\n")
    rule.chmod(0o440)
    wrapper = Path("/var/tmp") / f"dokku-cache-docker-{os.getpid()}"
    wrapper.write_text(f'#!/bin/bash\nsudo -E {client} "$@"\n')
    wrapper.chmod(0o755)
    yield str(wrapper)
    rule.unlink()
    wrapper.unlink()


def test_without_docker_bin_it_is_not(closed_socket: str) -> None:
    with pytest.raises(Unknown, match=r"^The dokku user cannot open .* \(Permission denied\)$") as caught:
        as_dokku(lambda: Engine(closed_socket).containers())
    assert "add the dokku user to the group" in caught.value.hint


def test_a_purge_works_through_docker_bin_and_leaves_no_client(
    server: Server, closed_socket: str, docker_bin: str
) -> None:
    cache = server.make_cache("shop", files=2000)

    def purge() -> int:
        engine = Engine(closed_socket, docker_bin)
        purger = Purger(
            server.environment, engine, Watcher(Console(is_quiet=True)), Request(Initiator.MANUAL, is_named=True)
        )
        outcome = purger.purge(Surveyor(server.environment, engine).survey(["shop"])[0])
        return outcome.removed.files if outcome else 0

    assert as_dokku(purge) == 2000
    assert not cache.exists()
    assert Engine(closed_socket).containers() == []
    deadline = time.monotonic() + 30
    while clients_of(closed_socket):
        assert time.monotonic() < deadline, "a client is left running"
        time.sleep(0.1)


def test_if_neither_socket_nor_docker_bin_works_both_are_named_once(closed_socket: str) -> None:
    wrapper = Path("/var/tmp") / f"dokku-cache-docker-{os.getpid()}"
    calls = Path(f"{wrapper}.calls")
    wrapper.write_text(f"#!/bin/sh\necho >>{calls}\necho 'sudo: a password is required' >&2\nexit 1\n")
    wrapper.chmod(0o755)
    calls.touch(0o666)
    calls.chmod(0o666)

    def ask() -> list[str]:
        engine = Engine(closed_socket, str(wrapper))
        reasons = []
        for request in (engine.containers, engine.volumes):
            with pytest.raises(Unknown) as caught:
                request()
            reasons.append(f"{caught.value}; {caught.value.hint}")
        return reasons

    try:
        first, second = as_dokku(ask)
        assert first == second
        assert "The dokku user cannot open Docker's socket" in first
        assert f"'{wrapper} system dial-stdio' failed (sudo: a password is required)" in first
        assert len(calls.read_text().splitlines()) <= 2
    finally:
        wrapper.unlink()
        calls.unlink()


def test_a_command_without_a_response_has_the_timeout_of_the_socket(
    closed_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokku_cache.engine.client.TIMEOUT_SECONDS", 1)
    begun = time.monotonic()
    with pytest.raises(Unknown):
        as_dokku(lambda: Engine(closed_socket, "sh -c 'exec sleep 60'").containers())
    assert time.monotonic() - begun < 30


def clients_of(docker_host: str) -> list[str]:
    """Return the processes that connect to this engine; other tests may have other engines."""
    found = []
    listed = subprocess.run(["pgrep", "-f", "system dial-stdi[o]"], capture_output=True, text=True, check=False)
    for process in listed.stdout.split():
        with suppress(OSError):  # it has ended
            variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            found += [process] if f"DOCKER_HOST={docker_host}".encode() in variables else []
    return found


def test_a_missing_socket_is_reported_whatever_docker_bin_does() -> None:
    with pytest.raises(Unknown) as caught:
        Engine("unix:///nowhere.sock", "false").containers()
    assert str(caught.value) == "Docker did not respond (No such file or directory)"
    assert "systemctl status docker" in caught.value.hint
