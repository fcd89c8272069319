"""What uses a cache, with a real engine and a real kernel."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.engine.client import Engine
from dokku_cache.model.finding import Finding
from dokku_cache.model.state import State
from dokku_cache.survey.surveyor import Surveyor

from .conftest import Server, make_trigger, manifest

MakeContainer = Callable[[str], str]


def survey(server: Server, app: str = "shop") -> Finding:
    return Surveyor(server.environment, Engine(os.environ["DOCKER_HOST"])).survey([app])[0]


def test_an_unused_cache_is_orphaned_and_a_missing_one_absent(server: Server) -> None:
    server.make_app("other")
    server.make_cache("shop")
    assert survey(server).verdict.state is State.ORPHANED
    assert survey(server, "other").verdict.state is State.ABSENT


@pytest.mark.parametrize("below", ["", "/", "/buildcache", "/not/there/yet", "/../cache", "//buildcache"])
def test_a_container_that_mounts_it_or_a_part_uses_it(server: Server, container: MakeContainer, below: str) -> None:
    cache = server.make_cache("shop")
    container(f"{cache}{below}:/data")
    before = manifest(cache)
    verdict = survey(server).verdict
    assert verdict.state is State.IN_USE
    assert "mounts it at /data" in verdict.reason
    assert manifest(cache) == before


def test_a_container_that_mounts_dokkus_root_or_another_path_does_not(
    server: Server, container: MakeContainer
) -> None:
    cache = server.make_cache("shop")
    container("/:/host:ro")
    container(f"{server.root}:/apps")
    container(f"{server.root.parent}:/above")
    (cache.parent / "cache-of-something").mkdir()
    container(f"{cache.parent}/cache-of-something:/other")
    assert survey(server).verdict.state is State.ORPHANED


@pytest.mark.parametrize("way", ["/", "/cache/..", "-link"])
def test_a_container_that_mounts_the_app_directory_uses_it(
    server: Server, container: MakeContainer, way: str
) -> None:
    """People mount /home/dokku/shared, with uploads and their cache in it (dokku/dokku#2010)."""
    cache = server.make_cache("shop")
    (server.root / "shop-link").symlink_to(cache.parent)
    container(f"{cache.parent}{way}:/app/public")
    before = manifest(server.root)
    verdict = survey(server).verdict
    assert verdict.state is State.IN_USE
    assert "mounts its app directory at /app/public" in verdict.reason
    assert manifest(server.root) == before


def test_the_container_of_a_finished_build_does_not_use_it(server: Server, container: MakeContainer) -> None:
    """Versions before 0.22.0 left it until the next deploy (dokku/dokku#4197)."""
    cache = server.make_cache("shop")
    labels = ("dokku=", "org.label-schema.vendor=dokku", "org.label-schema.schema-version=1.0")
    options = [word for label in (*labels, "com.dokku.app-name=shop") for word in ("--label", label)]
    built = container(f"{cache}:/cache", *options, command=("/build",))
    assert survey(server).verdict.state is State.IN_USE  # created, and not started yet
    subprocess.run(["docker", "start", built], capture_output=True, check=True)
    # `docker wait` can end before the list of containers has changed.
    running = ["docker", "ps", "--quiet", "--no-trunc"]
    while built in subprocess.run(running, capture_output=True, check=True, text=True).stdout:
        time.sleep(0.1)
    assert survey(server).verdict.state is State.ORPHANED
    subprocess.run(["docker", "update", "--restart", "always", built], capture_output=True, check=True)
    subprocess.run(["docker", "stop", built], capture_output=True, check=True)
    assert survey(server).verdict.state is State.IN_USE


def test_a_container_that_mounts_it_through_a_link_uses_it(server: Server, container: MakeContainer) -> None:
    cache = server.make_cache("shop")
    (server.root / "link").symlink_to(cache / "buildcache")
    container(f"{server.root}/link:/data")
    assert survey(server).verdict.state is State.IN_USE


def test_a_volume_that_is_bound_to_it_uses_it(server: Server) -> None:
    cache = server.make_cache("shop")
    name = f"dokku-cache-test-{os.getpid()}"
    options = ["--opt", "type=none", "--opt", "o=bind", "--opt", f"device={cache}"]
    subprocess.run(["docker", "volume", "create", *options, name], capture_output=True, check=True)
    try:
        verdict = survey(server).verdict
    finally:
        subprocess.run(["docker", "volume", "rm", name], capture_output=True, check=True)
    assert verdict.state is State.IN_USE
    assert name in verdict.reason


def test_a_bind_mount_inside_it_is_unsafe(server: Server) -> None:
    cache = server.make_cache("shop")
    outside = server.root.parent / "outside"
    outside.mkdir()
    subprocess.run(["mount", "--bind", str(outside), str(cache / "buildcache")], check=True)
    try:
        verdict = survey(server).verdict
    finally:
        subprocess.run(["umount", str(cache / "buildcache")], check=True)
    assert verdict.state is State.UNSAFE


def test_an_app_that_is_a_symbolic_link_is_unsafe(server: Server) -> None:
    cache = server.make_cache("shop")
    (server.root / "alias").symlink_to(cache.parent)
    assert survey(server, "alias").verdict.state is State.UNSAFE


def test_a_linked_root_is_no_obstacle(server: Server, container: MakeContainer) -> None:
    """Some servers have /home/dokku on another disk, through a link."""
    cache = server.make_cache("shop")
    link = Path(f"{server.root}-link")
    link.symlink_to(server.root)
    linked = Server(replace(server.environment, root=str(link), host_root=str(link)), link)
    assert survey(linked).verdict.state is State.ORPHANED
    container(f"{cache}:/cache")
    assert survey(linked).verdict.state is State.IN_USE


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("0.30.11", State.ACTIVE),
        ("0.31.0", State.RECREATED),
        ("0.33.7", State.RECREATED),
        ("0.33.8", State.ORPHANED),
        ("v0.38.27-33-g3389f58", State.ORPHANED),
        ("", State.ACTIVE),
        ("unknown", State.ACTIVE),
    ],
)
def test_the_version_decides(server: Server, version: str, state: State) -> None:
    server.make_cache("shop")
    Path(server.environment.lib_root, "STABLE_VERSION").write_text(version)
    assert survey(server).verdict.state is state


@pytest.mark.parametrize(
    ("name", "command", "state", "reason"),
    [
        ("docker-args-run", "exit 1", State.UNKNOWN, "docker-args-run failed"),
        (
            "docker-args-deploy",
            "echo -v $DOKKU_ROOT/shop/cache/x:/x",
            State.IN_USE,
            "option",
        ),
    ],
)
def test_options_of_dokkus_triggers_are_uses(
    server: Server, name: str, command: str, state: State, reason: str
) -> None:
    server.make_cache("shop")
    make_trigger(server.root.parent, name, command)
    verdict = survey(server).verdict
    assert verdict.state is state
    assert reason in verdict.reason


def test_many_apps_need_one_request_and_apps_without_a_cache_none(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    engine = Engine(os.environ["DOCKER_HOST"])
    api = engine.api
    asked = api.containers
    monkeypatch.setattr(api, "containers", lambda **options: calls.append("containers") or asked(**options))
    for number in range(5):
        server.make_app(f"app{number}")
    Surveyor(server.environment, engine).survey([f"app{number}" for number in range(5)])
    assert calls == []
    for number in range(5, 10):
        server.make_cache(f"app{number}")
    Surveyor(server.environment, engine).survey([f"app{number}" for number in range(10)])
    assert calls == ["containers"]
