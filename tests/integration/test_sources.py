"""References that only a real engine and a real kernel have, read as the dokku user."""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.engine.endpoint import DockerConfig
from dokku_cache.model.location import References
from dokku_cache.survey.app_directory import read_app
from dokku_cache.survey.references import collect

from .conftest import Server, as_dokku, manifest

MakeContainer = Callable[[str], str]


def references(server: Server, app: str = "shop") -> References:
    """Collect as the dokku user, and check that nothing is changed."""
    before = manifest(server.root)
    location = read_app(str(server.root), app, ())

    def work() -> References:
        engine = Engine(os.environ["DOCKER_HOST"], "", (str(server.root), server.environment.host_root))
        return collect(server.environment, engine, [location], recheck=True).cache[app]

    found: References = as_dokku(work)
    assert manifest(server.root) == before
    return found


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def namespace(source: Path, target: Path) -> Iterator[int]:
    """Start a process in a mount namespace of its own, as podman and systemd do, with a bind mount."""
    target.mkdir(exist_ok=True)
    script = 'mount --bind "$1" "$2" && echo ready && exec sleep 600'
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(source), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.mark.parametrize("below", ["cache", "cache/buildcache", "."])
def test_a_bind_mount_in_another_mount_namespace_is_a_use(server: Server, below: str) -> None:
    server.make_cache("shop")
    server.make_cache("other")
    elsewhere = server.root.parent / "elsewhere"
    with namespace(server.root / "shop" / below, elsewhere) as pid:
        (use,) = references(server).uses
        assert f"process {pid} (sleep)" in use.text
        assert str(elsewhere) in use.text
        assert not references(server, "other")
    assert not references(server)


def test_a_mount_of_dokkus_root_in_another_namespace_is_no_use(server: Server) -> None:
    server.make_cache("shop")
    with namespace(server.root, server.root.parent / "elsewhere"):
        assert not references(server)


def test_a_running_container_is_reported_once(server: Server, container: MakeContainer) -> None:
    cache = server.make_cache("shop")
    name = container(f"{cache}:/data")
    docker("start", name)
    (use,) = references(server).uses
    assert "at /data (running)" in use.text


def test_a_running_container_shows_where_a_hidden_path_leads(server: Server, container: MakeContainer) -> None:
    cache = server.make_cache("shop")
    server.make_cache("other")
    closed = server.root.parent / "closed"
    closed.mkdir(mode=0o700)
    (closed / "uploads").symlink_to(cache / "buildcache")
    (closed / "nothing").mkdir()
    unrelated = container(f"{closed}/nothing:/x")
    assert references(server, "other").unknown
    docker("start", unrelated)
    assert not references(server, "other")
    docker("start", container(f"{closed}/uploads:/data"))
    (use,) = references(server).uses
    assert "at /data (running)" in use.text
    assert not references(server, "other")


def test_a_volume_bound_to_a_hidden_path_is_unknown_until_it_is_mounted(
    server: Server, container: MakeContainer
) -> None:
    server.make_cache("shop")
    closed = server.root.parent / "closed"
    (closed / "nothing").mkdir(parents=True)
    closed.chmod(0o700)
    volume = f"dokku-cache-test-{os.getpid()}"
    docker("volume", "create", "--opt", "type=none", "--opt", "o=bind", "--opt", f"device={closed}/nothing", volume)
    try:
        assert str(closed) in references(server).unknown[0].text
        name = container(f"{volume}:/data")
        docker("start", name)
        assert not references(server)
        docker("rm", "--force", name)
    finally:
        docker("volume", "rm", "--force", volume)


def test_a_container_from_the_image_of_the_helper_is_a_use(server: Server) -> None:
    cache = server.make_cache("shop")
    image = helper_image.ensure(Engine(os.environ["DOCKER_HOST"]))
    sleep = [helper_image.PYTHON, "-I", "-S", "-c", "import time; time.sleep(600)"]
    name = docker("create", "--network", "none", "--volume", f"{cache}:/data", image, *sleep)
    try:
        assert references(server).uses
        docker("start", name)
        assert references(server).uses
    finally:
        docker("rm", "--force", name)


def test_a_swarm_service_without_replicas_is_a_use(server: Server) -> None:
    cache = server.make_cache("shop")
    server.make_cache("other")
    docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1")
    try:
        mount = f"type=bind,source={cache},target=/x"
        docker("service", "create", "--detach", "--replicas", "0", "--name", "web", "--mount", mount, "busybox")
        assert "Swarm service web" in references(server).uses[0].text
        assert not references(server, "other")
    finally:
        docker("swarm", "leave", "--force")
    assert not references(server)


def test_the_engine_of_the_current_context_is_asked(server: Server, container: MakeContainer) -> None:
    cache = server.make_cache("shop")
    container(f"{cache}:/data")
    meta = server.root.parent / "docker/contexts/meta" / hashlib.sha256(b"other").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": "other", "Endpoints": {"docker": {"Host": os.environ["DOCKER_HOST"]}}}))
    (server.root.parent / "docker/config.json").write_text('{"currentContext": "other"}')
    engine = Engine("", config=DockerConfig("", str(server.root.parent / "docker")))
    location = read_app(str(server.root), "shop", ())
    assert collect(server.environment, engine, [location], recheck=False).cache["shop"].uses
