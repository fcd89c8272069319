"""The helper container: what it is allowed, what it does, and that it is gone afterwards."""

import io
import os
import signal
import subprocess
import tarfile
from pathlib import Path

import docker
import pytest
import requests
from dokku_cache.tree.walk import measure

from dokku_cache import interrupts
from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper, remove_all_stale
from dokku_cache.errors import CacheError, Interrupted, Refused, Unestablished
from dokku_cache.tree.handles import Identity

from . import trees
from .conftest import Server, give, manifest


def helper_for(server: Server, engine: Engine) -> Helper:
    return Helper(engine, "shop", server.environment.root, server.environment.host_root)


def identity(path: Path) -> Identity:
    return Identity.of(path.stat())


def used_bytes(path: Path) -> int:
    return int(subprocess.run([trees.DU, "-s", "-B1", str(path)], capture_output=True, check=True).stdout.split()[0])


@pytest.mark.parametrize("make", trees.ALL, ids=lambda make: make.__name__)
def test_what_dokku_may_not_read_is_measured_as_du_does(server: Server, engine: Engine, make: object) -> None:
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    make(cache)
    give(cache, 32767)
    ticked: list[tuple[int, int]] = []
    found = helper_for(server, engine).scan(str(cache), identity(cache), lambda *more: ticked.append(more))
    assert sum(entries for entries, _ in ticked) == found.entries
    descriptor = os.open(cache, os.O_RDONLY)
    native = measure(descriptor)
    os.close(descriptor)
    assert found.size_bytes == used_bytes(cache)
    assert (found.files, found.directories) == (native.files, native.directories)
    assert int(found.newest_mtime) == int(native.newest_mtime)
    assert found.owners == native.owners
    assert found.names == native.names


def test_progress_adds_up_to_all_entries_but_those_that_two_workers_met_at(server: Server, engine: Engine) -> None:
    """With many workers ending while names are read: none may be torn apart by that."""
    cache = server.make_app("shop") / "cache"
    for number in range(20):
        for place in ("a-rather-long-name/of-a-directory/buildcache", "lib"):
            (cache / f"package{number}" / place).mkdir(parents=True)
            trees.many(cache / f"package{number}" / place, 300, "gem{}")
    give(cache, 32767)
    measured = helper_for(server, engine).scan(str(cache), identity(cache))
    gone: list[int] = []
    helper_for(server, engine).empty(str(cache), identity(cache), gone.append)
    assert measured.entries == 300 * 40 + 100
    assert measured.entries - measured.directories <= sum(gone) <= measured.entries


def test_its_container_has_only_what_it_needs(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    seen: list[dict] = []
    start = docker.APIClient.start

    def inspect_first(self: docker.APIClient, container: str, *rest: object, **options: object) -> object:
        seen.append(self.inspect_container(container))
        return start(self, container, *rest, **options)

    monkeypatch.setattr(docker.APIClient, "start", inspect_first)
    helper_for(server, engine).empty(str(cache), identity(cache), lambda *_: None)
    configuration, host = seen[0]["Config"], seen[0]["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"]
    assert sorted(host["CapAdd"]) in (["CAP_DAC_OVERRIDE", "CAP_FOWNER"], ["DAC_OVERRIDE", "FOWNER"])
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["LogConfig"]["Type"] == "none"
    assert [(mount["Source"], mount["BindOptions"]["NonRecursive"]) for mount in host["Mounts"]] == [
        (str(cache), True)
    ]
    assert not host["Binds"]
    assert configuration["Labels"]["com.dokku.app-name"] == "shop"
    assert configuration["Labels"]["org.label-schema.vendor"] == "dokku"
    with pytest.raises(docker.errors.NotFound):
        engine.api.inspect_container(seen[0]["Id"])


@pytest.mark.parametrize(("is_gentle", "shares"), [(False, 0), (True, 2)])
def test_a_gentle_one_gets_the_least_share_of_the_processor(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch, is_gentle: bool, shares: int
) -> None:
    cache = server.make_cache("shop")
    seen: list[int] = []
    start = docker.APIClient.start

    def inspect_first(self: docker.APIClient, container: str) -> object:
        seen.append(self.inspect_container(container)["HostConfig"]["CpuShares"])
        return start(self, container)

    monkeypatch.setattr(docker.APIClient, "start", inspect_first)
    roots = (server.environment.root, server.environment.host_root)
    helper = Helper(engine, "shop", *roots, is_gentle=is_gentle)
    helper.empty(str(cache), identity(cache), lambda *_: None)
    assert seen == [shares]
    assert os.listdir(cache) == []


def test_another_directory_than_the_checked_one_is_refused(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache)
    with pytest.raises(Refused, match="replaced"):
        helper_for(server, engine).empty(str(cache), Identity(1, 2), lambda *_: None)
    assert manifest(cache) == before


def test_what_is_mounted_below_stays_out_of_its_reach(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop")
    outside = server.root.parent / "outside"
    outside.mkdir()
    (outside / "precious").write_text("content")
    before = manifest(outside)
    subprocess.run(["mount", "--bind", str(outside), str(cache / "buildcache")], check=True)
    try:
        helper_for(server, engine).empty(str(cache), identity(cache), lambda *_: None)
    finally:
        # The kernel unmounts what is mounted on a directory that another namespace removes.
        subprocess.run(["umount", str(cache / "buildcache")], check=False, capture_output=True)
    assert manifest(outside) == before


def test_the_mounted_directory_itself_is_left_to_the_caller(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop")
    helper_for(server, engine).empty(str(cache), identity(cache), lambda *_: None)
    assert os.listdir(cache) == []


def test_the_image_is_imported_once_found_again_and_imported_anew_after_a_prune(engine: Engine) -> None:
    name = helper_image.ensure(engine)
    first = engine.api.inspect_image(name)["Id"]
    assert helper_image.ensure(engine) == name
    assert engine.api.inspect_image(name)["Id"] == first
    assert helper_image.remove(engine) == 1
    assert helper_image.ensure(engine) == name
    files = engine.api.create_container(name, command=["/bin/busybox"])
    exported = b"".join(engine.api.export(files["Id"]))
    engine.api.remove_container(files["Id"])
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        programs = {name for name in archive.getnames() if name.startswith(("bin/", "lib", "usr"))}
    assert programs == {"bin/busybox", *(f"bin/{applet}" for applet in helper_image.APPLETS)}
    helper_image.remove(engine)


def cannot_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the container's file system is busy: the engine has killed it, and cannot take it away."""
    removed = docker.APIClient.remove_container

    def fail(self: docker.APIClient, container: str, **options: object) -> None:
        if self.inspect_container(container)["Config"]["Labels"].get("com.dokku.cache.helper"):
            self.stop(container, timeout=0)
            answer = requests.Response()
            answer.status_code = 500
            raise docker.errors.APIError("500 Server Error", answer, "driver failed to remove root filesystem: busy")
        removed(self, container, **options)

    monkeypatch.setattr(docker.APIClient, "remove_container", fail)


def test_a_helper_that_cannot_be_taken_away_stands_in_nobodys_way(server: Server, engine: Engine) -> None:
    """Such containers stay until the engine starts anew, and are dead."""
    cache, other = server.make_cache("shop"), server.make_cache("other")
    with pytest.MonkeyPatch.context() as patch:
        cannot_be_removed(patch)
        for directory in (cache, other, cache):
            helper_for(server, engine).remove_stale()
            helper_for(server, engine).empty(str(directory), identity(directory), lambda *_: None)
            assert os.listdir(directory) == []
    remove_all_stale(engine)


def test_one_that_cannot_be_stopped_does(server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = server.make_cache("shop")
    cannot_be_removed(monkeypatch)
    monkeypatch.setattr(docker.APIClient, "stop", lambda *_, **__: None)
    name = helper_image.ensure(engine)
    labels = {"com.dokku.cache.helper": "container", "com.dokku.app-name": "shop"}
    stale = engine.api.create_container(name, command=["/bin/busybox", "sleep", "600"], labels=labels)
    engine.api.start(stale["Id"])
    before = manifest(cache)
    with pytest.raises(Unestablished, match="driver failed to remove root filesystem: busy"):
        helper_for(server, engine).remove_stale()
    assert manifest(cache) == before
    monkeypatch.undo()
    remove_all_stale(engine)


def test_it_leaves_no_container_when_the_caller_is_interrupted(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop", files=2000)

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        helper_for(server, engine).empty(str(cache), identity(cache), interrupt)
    assert engine.api.containers(all=True, filters={"label": "com.dokku.cache.helper"}) == []


@pytest.mark.parametrize("docker_host", ["unix:///nowhere", "tcp://127.0.0.1:1"])
def test_an_engine_that_is_not_here_establishes_nothing(server: Server, docker_host: str) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache)
    closed = Engine(docker_host)
    for question in (closed.containers, closed.volumes):
        with pytest.raises(Unestablished):
            question()
    with pytest.raises(CacheError):
        helper_for(server, closed).empty(str(cache), identity(cache), lambda *_: None)
    assert manifest(cache) == before


def test_a_helper_that_falls_silent_is_given_up(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    monkeypatch.setattr("dokku_cache.engine.helper.EMPTY", "sleep 60")
    monkeypatch.setattr("dokku_cache.engine.attachment.SILENCE_SECONDS", 1)
    with pytest.raises(Unestablished, match="silent"):
        helper_for(server, engine).empty(str(cache), identity(cache), lambda *_: None)


def test_a_sweep_over_many_apps_does_not_run_out_of_descriptors(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop", files=50)

    def open_after(runs: int) -> int:
        for _ in range(runs):
            helper_for(server, engine).scan(str(cache), identity(cache))
        return len(os.listdir("/proc/self/fd"))

    # The SDK keeps the connections of its last 25 URLs; a run has three of its own (docker 7.2, constants.py).
    assert open_after(10) >= open_after(5)


def test_a_million_entries_need_little_memory(server: Server, engine: Engine) -> None:
    """In the container's own limit: a tenth of the entries in a tenth of the memory."""
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    trees.many(cache, 100_000)
    give(cache, 32767)
    limited = docker.APIClient.create_host_config

    def with_limit(self: docker.APIClient, *arguments: object, **options: object) -> object:
        return limited(self, *arguments, mem_limit="24m", memswap_limit="24m", **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docker.APIClient, "create_host_config", with_limit)
        helper_for(server, engine).empty(str(cache), identity(cache), lambda *_: None)
    assert os.listdir(cache) == []


def test_an_interrupt_while_the_engine_makes_the_container_leaves_none_behind(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    before = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    made = docker.APIClient.create_container

    def interrupted(self: docker.APIClient, *arguments: object, **options: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return made(self, *arguments, **options)

    monkeypatch.setattr(docker.APIClient, "create_container", interrupted)
    interrupts.listen()
    try:
        with pytest.raises(Interrupted):
            helper_for(server, engine).scan(str(cache), identity(cache))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert engine.api.containers(all=True, filters={"label": ["com.dokku.cache.helper"]}) == []
