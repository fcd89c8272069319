"""Broken engines: each failure is reported in the engine's own words, keeps everything, and costs little time."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import Unknown

from .calling import call
from .conftest import DOKKU, Server, give, manifest
from .stub_engine import Failure, stub_engine

BROKEN_IMAGE = "content digest sha256:0123: not found"


@pytest.fixture
def place() -> Iterator[Path]:
    path = Path("/var/tmp") / f"dokku-cache-stub-{os.getpid()}.sock"
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def silent(place: Path) -> Iterator[str]:
    """A socket that accepts connections and never answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(place))
        place.chmod(0o666)
        listener.listen(100)
        yield f"unix://{place}"


def test_an_engine_without_a_response_costs_one_timeout(silent: str) -> None:
    engine = Engine(silent)
    engine.wait_at_most(1)
    begun = time.monotonic()
    for request in (engine.containers, engine.volumes, engine.images, lambda: storage.disk_usage(engine)) * 3:
        with pytest.raises(Unknown, match="Docker did not respond within 1 s"):
            request()
    assert time.monotonic() - begun < 6


def test_an_engine_that_stops_responding_costs_one_timeout(place: Path) -> None:
    delays = {"/containers/json": 5.0, "/volumes": 5.0, "/system/df": 5.0}
    with stub_engine(place, {"/volumes": {}, "/system/df": {}}, delays) as docker_host:
        engine = Engine(docker_host)
        engine.wait_at_most(1)
        begun = time.monotonic()
        for request in (engine.containers, engine.volumes, lambda: storage.disk_usage(engine)) * 2:
            with pytest.raises(Unknown, match="Docker did not respond within 1 s") as caught:
                request()
        assert time.monotonic() - begun < 6
        assert "journalctl -u docker" in caught.value.hint


def test_it_does_not_delay_dokku_report(server: Server, silent: str) -> None:
    server.make_cache("shop")
    begun = time.monotonic()
    done = call(server, "dokku-report", variables={"DOCKER_HOST": silent})
    assert time.monotonic() - begun < 15  # the timeout is 3 s; the machine may be busy
    assert done.returncode == 0
    assert "shop" in done.stdout
    assert "Docker did not respond within 3 s" in done.stdout + done.stderr


def test_a_failing_list_of_containers_keeps_everything(server: Server, place: Path) -> None:
    server.make_cache("shop")
    before = manifest(server.root)
    answers = {"/containers/json": Failure(500, BROKEN_IMAGE), "/volumes": {}, "/images/json": []}
    with stub_engine(place, answers) as docker_host:
        variables = {"DOCKER_HOST": docker_host}
        done = call(server, "purge-legacy", "shop", variables=variables)
        listed = call(server, "list", "--kind", "legacy", variables=variables)
    assert done.returncode == 1
    assert BROKEN_IMAGE in done.stderr
    assert "remove what uses it" not in done.stderr.lower()
    assert "fix this first" in done.stderr.lower()
    assert "shop" in listed.stdout
    assert manifest(server.root) == before
    assert call(server, "purge-legacy", "shop").returncode == 0


def test_an_engine_that_demands_api_1_44_works(place: Path) -> None:
    """Docker 29 demands it; the SDK of Debian 12 knows 1.41."""
    answers = {"/version": {"ApiVersion": "1.52"}, "/volumes": {"Volumes": None}, "/system/df": {}}
    with stub_engine(place, answers, minimum_version=(1, 44)) as docker_host:
        engine = Engine(docker_host)
        assert engine.containers() == []
        assert engine.volumes() == []
        assert storage.disk_usage(engine).volume_bytes == {}


def test_an_engine_on_another_machine_is_refused(server: Server) -> None:
    server.make_cache("shop")
    (server.root / ".dokkurc").mkdir()
    (server.root / ".dokkurc" / "panel").write_text("export DOCKER_HOST=tcp://127.0.0.1:2376\n")
    before = manifest(server.root)
    done = call(server, "purge-legacy", "shop", variables={"DOCKER_HOST": "tcp://127.0.0.1:2376"})
    assert done.returncode == 1
    assert "DOCKER_HOST is tcp://127.0.0.1:2376" in done.stderr
    assert f"from {server.root}/.dokkurc/panel" in done.stderr
    assert manifest(server.root) == before


def test_a_dead_container_keeps_only_its_own_app(server: Server, place: Path) -> None:
    cache = server.make_cache("shop")
    (server.make_app("other") / "cache").mkdir()  # an empty one needs no helper
    give(server.root / "other", DOKKU)
    before = manifest(cache.parent)
    dead = {
        "Id": "d" * 64,
        "Names": ["/shop.web.1"],
        "State": "dead",
        "Status": "Dead",
        "Mounts": [{"Type": "bind", "Source": str(cache), "Destination": "/cache"}],
    }
    with stub_engine(place, {"/containers/json": [dead], "/volumes": {}, "/images/json": []}) as docker_host:
        variables = {"DOCKER_HOST": docker_host}
        for _ in range(2):
            done = call(server, "auto-purge", variables=variables)
            assert done.returncode == 0, done.stderr
            assert "shop: kept, in-use: container shop.web.1 mounts it at /cache (dead)" in done.stdout
        done = call(server, "purge-legacy", "shop", variables=variables)
    assert done.returncode == 1
    assert "docker rm --force shop.web.1" in done.stderr
    assert manifest(cache.parent) == before
    assert os.listdir(server.root / "other") == ["HEAD"]
