"""The helper container: its permissions, its work, and that it is removed afterwards."""

import io
import os
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from dokku_cache import interrupts
from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper, remove_all_stale
from dokku_cache.errors import CacheError, Interrupted, NotStarted, Refused, Unknown
from dokku_cache.tree import program
from dokku_cache.tree.handles import Identity
from dokku_cache.tree.program import ignore

from . import trees
from .conftest import Server, give, manifest

#: The image of the helper has no other program than Python.
SLEEP = [helper_image.PYTHON, "-I", "-S", "-c", "import time; time.sleep(600)"]


def helper_for(server: Server, engine: Engine) -> Helper:
    return Helper(engine, "shop", server.environment.root, server.environment.host_root)


def identity(path: Path) -> Identity:
    return Identity.of(path.stat())


def used_bytes(path: Path) -> int:
    return int(subprocess.run([trees.DU, "-s", "-B1", str(path)], capture_output=True, check=True).stdout.split()[0])


@pytest.mark.parametrize("make", trees.ALL, ids=lambda make: make.__name__)
def test_unreadable_trees_are_scanned_as_du_does_and_deleted(server: Server, engine: Engine, make: object) -> None:
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    make(cache)
    give(cache, 32767)
    scanned: list[int] = []
    deleted: list[int] = []
    helper = helper_for(server, engine)
    found = helper.scan(str(cache), identity(cache), lambda entries, _: scanned.append(entries))
    descriptor = os.open(cache, os.O_RDONLY)
    assert found == program.scan(descriptor, ignore)
    os.close(descriptor)
    assert found.size_bytes == used_bytes(cache)
    helper.delete(str(cache), identity(cache), lambda entries, _: deleted.append(entries))
    assert os.listdir(cache) == []
    assert sum(scanned) == sum(deleted) == found.entries


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
    helper_for(server, engine).delete(str(cache), identity(cache), ignore)
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


def test_a_background_helper_gets_the_smallest_share_of_the_processor(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    seen: list[int] = []
    start = docker.APIClient.start

    def inspect_first(self: docker.APIClient, container: str) -> object:
        seen.append(self.inspect_container(container)["HostConfig"]["CpuShares"])
        return start(self, container)

    monkeypatch.setattr(docker.APIClient, "start", inspect_first)
    Helper(engine, "shop", *[server.environment.root] * 2, is_gentle=True).delete(str(cache), identity(cache), ignore)
    assert seen == [2]
    assert os.listdir(cache) == []


def test_another_directory_than_the_checked_one_is_refused(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache)
    with pytest.raises(Refused, match="replaced"):
        helper_for(server, engine).delete(str(cache), Identity(1, 2), ignore)
    assert manifest(cache) == before


def test_a_mount_below_is_out_of_its_reach(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop")
    outside = server.root.parent / "outside"
    outside.mkdir()
    (outside / "precious").write_text("content")
    before = manifest(outside)
    subprocess.run(["mount", "--bind", str(outside), str(cache / "buildcache")], check=True)
    try:
        helper_for(server, engine).delete(str(cache), identity(cache), ignore)
    finally:
        # The kernel unmounts what is mounted on a directory that another namespace removes.
        subprocess.run(["umount", str(cache / "buildcache")], check=False, capture_output=True)
    assert manifest(outside) == before


def test_the_image_has_only_python_and_is_imported_again_after_a_prune(engine: Engine) -> None:
    helper_image.remove(engine)
    name = helper_image.ensure(engine)
    first = engine.api.inspect_image(name)["Id"]
    assert helper_image.ensure(engine) == name
    assert engine.api.inspect_image(name)["Id"] == first
    assert helper_image.remove(engine) == 1
    assert helper_image.ensure(engine) == name
    files = engine.api.create_container(name, command=["/worker.pyc"])
    exported = b"".join(engine.api.export(files["Id"]))
    engine.api.remove_container(files["Id"])
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        programs = [
            name for name in archive.getnames() if name.startswith(("bin/", "usr/bin/", "sbin/", "usr/sbin/"))
        ]
    assert [f"/{name}" for name in programs if not name.endswith("/")] == [helper_image.PYTHON]
    helper_image.remove(engine)


def test_the_image_changes_with_python_and_with_the_program(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [helper_image.ensure(engine)]
    changed = tmp_path / "worker.py"
    changed.write_text(Path(program.PATH).read_text() + "\n")
    monkeypatch.setattr(program, "PATH", str(changed))
    names.append(helper_image.ensure(engine))
    python = tmp_path / "python"
    shutil.copy(helper_image.PYTHON, python)
    monkeypatch.setattr(helper_image, "PYTHON", str(python))
    names.append(helper_image.ensure(engine))
    assert len(set(names)) == 3
    assert helper_image.remove(engine, keep=names[2]) == 2
    assert helper_image.remove(engine) == 1


def cannot_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the container's file system were busy: the engine has killed it, and cannot remove it."""
    removed = docker.APIClient.remove_container

    def fail(self: docker.APIClient, container: str, **options: object) -> None:
        if self.inspect_container(container)["Config"]["Labels"].get("com.dokku.cache.helper"):
            self.stop(container, timeout=0)
            answer = requests.Response()
            answer.status_code = 500
            raise docker.errors.APIError("500 Server Error", answer, "driver failed to remove root filesystem: busy")
        removed(self, container, **options)

    monkeypatch.setattr(docker.APIClient, "remove_container", fail)


def test_a_helper_that_cannot_be_removed_blocks_no_purge(server: Server, engine: Engine) -> None:
    """Such containers are dead, and stay until the engine is restarted."""
    cache, other = server.make_cache("shop"), server.make_cache("other")
    with pytest.MonkeyPatch.context() as patch:
        cannot_be_removed(patch)
        for directory in (cache, other):
            helper_for(server, engine).remove_stale()
            helper_for(server, engine).delete(str(directory), identity(directory), ignore)
            assert os.listdir(directory) == []
    remove_all_stale(engine)


def test_a_helper_that_cannot_be_stopped_is_unknown(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    cannot_be_removed(monkeypatch)
    monkeypatch.setattr(docker.APIClient, "stop", lambda *_, **__: None)
    name = helper_image.ensure(engine)
    labels = {"com.dokku.cache.helper": "container", "com.dokku.app-name": "shop"}
    stale = engine.api.create_container(name, command=SLEEP, labels=labels)
    engine.api.start(stale["Id"])
    before = manifest(cache)
    with pytest.raises(Unknown, match="driver failed to remove root filesystem: busy"):
        helper_for(server, engine).remove_stale()
    assert manifest(cache) == before
    monkeypatch.undo()
    remove_all_stale(engine)


def test_it_leaves_no_container_when_the_caller_is_interrupted(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop", files=2000)

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        helper_for(server, engine).delete(str(cache), identity(cache), interrupt)
    assert engine.api.containers(all=True, filters={"label": "com.dokku.cache.helper"}) == []


@pytest.mark.parametrize("step", ["attach_socket", "start"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_container_that_a_prune_removes_is_created_again_once(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch, step: str, times: int
) -> None:
    cache = server.make_cache("shop")
    before, pruned = manifest(cache), []
    call = getattr(docker.APIClient, step)

    def after_prune(client: docker.APIClient, container: str, *arguments: Any, **options: Any) -> Any:
        if len(pruned) < times:
            pruned.append(container)
            engine.api.remove_container(container)
        return call(client, container, *arguments, **options)

    monkeypatch.setattr(docker.APIClient, step, after_prune)
    if times == 1:
        helper_for(server, engine).delete(str(cache), identity(cache), ignore)
        assert os.listdir(cache) == []
        return
    with pytest.raises(NotStarted) as failed:
        helper_for(server, engine).delete(str(cache), identity(cache), ignore)
    assert "docker system prune" in failed.value.hint
    assert not any(container in str(failed.value) for container in pruned)
    assert manifest(cache) == before


def test_a_container_that_cannot_start_leaves_everything_as_it_was(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache)
    monkeypatch.setattr(helper_image, "COMMAND", ["/nothing"])
    with pytest.raises(NotStarted, match="no such file"):
        helper_for(server, engine).delete(str(cache), identity(cache), ignore)
    assert manifest(cache) == before
    assert engine.api.containers(all=True, filters={"label": "com.dokku.cache.helper"}) == []


@pytest.mark.parametrize("docker_host", ["unix:///nowhere", "tcp://127.0.0.1:1"])
def test_without_an_engine_everything_is_unknown(server: Server, docker_host: str) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache)
    closed = Engine(docker_host)
    for request in (closed.containers, closed.volumes):
        with pytest.raises(Unknown):
            request()
    with pytest.raises(CacheError):
        helper_for(server, closed).delete(str(cache), identity(cache), ignore)
    assert manifest(cache) == before


def test_a_helper_that_stops_responding_is_unknown(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    monkeypatch.setattr(helper_image, "COMMAND", SLEEP)
    monkeypatch.setattr("dokku_cache.engine.helper.OUTPUT_TIMEOUT_SECONDS", 1)
    with pytest.raises(Unknown, match="did not respond"):
        helper_for(server, engine).delete(str(cache), identity(cache), ignore)


def test_many_apps_do_not_exhaust_the_file_descriptors(server: Server, engine: Engine) -> None:
    cache = server.make_cache("shop", files=50)

    def open_after(runs: int) -> int:
        for _ in range(runs):
            helper_for(server, engine).scan(str(cache), identity(cache), ignore)
        return len(os.listdir("/proc/self/fd"))

    # The SDK keeps the connections of its last 25 URLs; a run has three of its own (docker 7.2, constants.py).
    assert open_after(9) >= open_after(2)


def test_many_entries_need_little_memory(server: Server, engine: Engine) -> None:
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    trees.many(cache, 100_000)
    give(cache, 32767)
    limited = docker.APIClient.create_host_config

    def with_limit(self: docker.APIClient, *arguments: object, **options: object) -> object:
        return limited(self, *arguments, mem_limit="24m", memswap_limit="24m", **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docker.APIClient, "create_host_config", with_limit)
        helper_for(server, engine).delete(str(cache), identity(cache), ignore)
    assert os.listdir(cache) == []


def test_an_interrupt_while_the_container_is_created_leaves_none(
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
            helper_for(server, engine).scan(str(cache), identity(cache), ignore)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert engine.api.containers(all=True, filters={"label": ["com.dokku.cache.helper"]}) == []
