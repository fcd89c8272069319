"""The helper container: its permissions, its work, and that it is removed afterwards."""

import io
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper, remove_all_stale
from dokku_cache.model import errors
from dokku_cache.model.errors import CacheError, Interrupted, NotStarted, Refused, Unknown
from dokku_cache.model.scan import Identity, ignore
from dokku_cache.tree import program

from . import trees
from .conftest import HEROKUISH, Server, give, manifest

#: The image of the helper has no other program than Python.
SLEEP = [helper_image.PYTHON, "-I", "-S", "-c", "import time; time.sleep(600)"]


def helper_for(server: Server, engine: Engine, **options: Any) -> Helper:
    return Helper(engine, "shop", server.environment.root, server.environment.host_root, **options)


@pytest.fixture
def helper(server: Server, engine: Engine) -> Helper:
    return helper_for(server, engine)


@pytest.fixture
def cache(server: Server) -> Path:
    return server.make_cache("shop")


def identity(path: Path) -> Identity:
    return Identity.of(path.stat())


def delete(helper: Helper, cache: Path, progress: Callable[[int, int], None] = ignore) -> None:
    helper.delete(str(cache), identity(cache), progress)


def helpers(engine: Engine) -> Sequence[Any]:
    found: Sequence[Any] = engine.api.containers(all=True, filters={"label": "com.dokku.cache.helper"})
    return found


def patch_call(patch: pytest.MonkeyPatch, name: str, before: Callable[..., None]) -> None:
    """Do something before each call of a method of the SDK, with the same arguments."""
    call = getattr(docker.APIClient, name)

    def replaced(self: docker.APIClient, *arguments: Any, **options: Any) -> Any:
        before(self, *arguments)
        return call(self, *arguments, **options)

    patch.setattr(docker.APIClient, name, replaced)


@pytest.mark.parametrize("make", trees.ALL, ids=lambda make: make.__name__)
def test_trees_are_scanned_as_du_does_and_deleted(
    server: Server, helper: Helper, make: Callable[[Path], None]
) -> None:
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    make(cache)
    give(cache, HEROKUISH)
    scanned: list[int] = []
    deleted: list[int] = []
    found = helper.scan(str(cache), identity(cache), lambda entries, _: scanned.append(entries))
    descriptor = os.open(cache, os.O_RDONLY)
    assert found == program.scan(descriptor, ignore)
    os.close(descriptor)
    used = subprocess.run([trees.DU, "-s", "-B1", cache], capture_output=True, check=True).stdout.split()[0]
    assert found.size_bytes == int(used)
    delete(helper, cache, lambda entries, _: deleted.append(entries))
    assert os.listdir(cache) == []
    assert sum(scanned) == sum(deleted) == found.entries


def test_its_container_has_only_the_required_permissions(
    server: Server, engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []
    patch_call(monkeypatch, "start", lambda api, container: seen.append(api.inspect_container(container)))
    helper = helper_for(server, engine, is_gentle=True)
    helper.scan(str(cache), identity(cache), ignore)
    delete(helper, cache)
    assert [container["HostConfig"]["Mounts"][0].get("ReadOnly", False) for container in seen] == [True, False]
    configuration, host = seen[1]["Config"], seen[1]["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert not host["Privileged"]
    assert host["CapDrop"] == ["ALL"]
    assert sorted(host["CapAdd"]) in (["CAP_DAC_OVERRIDE", "CAP_FOWNER"], ["DAC_OVERRIDE", "FOWNER"])
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["LogConfig"]["Type"] == "none"
    mounts = [(mount["Source"], mount["BindOptions"]["NonRecursive"]) for mount in host["Mounts"]]
    assert mounts == [(str(cache), True)]
    assert not host["Binds"]
    assert host["CpuShares"] == 2
    assert configuration["Labels"]["com.dokku.app-name"] == "shop"
    assert configuration["Labels"]["org.label-schema.vendor"] == "dokku"
    assert helpers(engine) == []


def test_another_directory_than_the_checked_one_is_refused(helper: Helper, cache: Path) -> None:
    before = manifest(cache)
    with pytest.raises(Refused, match="replaced"):
        helper.delete(str(cache), Identity(1, 2), ignore)
    assert manifest(cache) == before


def test_a_mount_below_is_out_of_its_reach(server: Server, helper: Helper, cache: Path) -> None:
    outside = server.root.parent / "outside"
    outside.mkdir()
    (outside / "precious").write_text("content")
    before = manifest(outside)
    subprocess.run(["mount", "--bind", str(outside), str(cache / "buildcache")], check=True)
    try:
        delete(helper, cache)
    finally:
        # The kernel unmounts what is mounted on a directory that another namespace removes.
        subprocess.run(["umount", str(cache / "buildcache")], check=False, capture_output=True)
    assert manifest(outside) == before


def test_the_image_has_only_python_and_changes_with_python_and_the_program(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        names = [name for name in archive.getnames() if name.startswith(("bin/", "usr/bin/", "sbin/", "usr/sbin/"))]
    assert [f"/{name}" for name in names if not name.endswith("/")] == [helper_image.PYTHON]

    changed, python = tmp_path / "worker.py", tmp_path / "python"
    changed.write_text(Path(program.PATH).read_text() + "\n")
    shutil.copy(helper_image.PYTHON, python)
    monkeypatch.setattr(program, "PATH", str(changed))
    second = helper_image.ensure(engine)
    monkeypatch.setattr(helper_image, "PYTHON", str(python))
    third = helper_image.ensure(engine)
    assert len({name, second, third}) == 3
    assert helper_image.remove(engine, keep=third) == 2
    assert helper_image.remove(engine) == 1


def cannot_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the container's file system were busy: the engine has killed it, and cannot remove it."""

    def fail(api: docker.APIClient, container: str) -> None:
        if api.inspect_container(container)["Config"]["Labels"].get("com.dokku.cache.helper"):
            api.stop(container, timeout=0)
            answer = requests.Response()
            answer.status_code = 500
            raise docker.errors.APIError("500 Server Error", answer, "driver failed to remove root filesystem: busy")

    patch_call(monkeypatch, "remove_container", fail)


def test_a_helper_that_cannot_be_removed_blocks_no_purge(server: Server, engine: Engine, cache: Path) -> None:
    """Such containers are dead, and stay until the engine is restarted."""
    with pytest.MonkeyPatch.context() as patch:
        cannot_be_removed(patch)
        for directory in (cache, server.make_cache("other")):
            helper_for(server, engine).remove_stale()
            delete(helper_for(server, engine), directory)
            assert os.listdir(directory) == []
    remove_all_stale(engine)


def test_a_helper_that_cannot_be_stopped_is_unknown(
    helper: Helper, engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cannot_be_removed(monkeypatch)
    monkeypatch.setattr(docker.APIClient, "stop", lambda *_, **__: None)
    labels = {"com.dokku.cache.helper": "container", "com.dokku.app-name": "shop"}
    bound = engine.api.create_host_config(binds=[f"{cache}:/legacy"])
    image = helper_image.ensure(engine)
    stale = engine.api.create_container(image, command=SLEEP, labels=labels, host_config=bound)
    engine.api.start(stale["Id"])
    before = manifest(cache)
    with pytest.raises(Unknown, match="driver failed to remove root filesystem: busy"):
        helper.remove_stale()
    assert manifest(cache) == before
    monkeypatch.undo()
    remove_all_stale(engine)


@pytest.mark.parametrize("step", ["attach_socket", "start"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_container_that_a_prune_removes_is_created_again_once(
    helper: Helper, engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch, step: str, times: int
) -> None:
    before, pruned = manifest(cache), []

    def prune(_: docker.APIClient, container: str, *__: object) -> None:
        if len(pruned) < times:
            pruned.append(container)
            engine.api.remove_container(container)

    patch_call(monkeypatch, step, prune)
    if times == 1:
        delete(helper, cache)
        assert os.listdir(cache) == []
        return
    with pytest.raises(NotStarted) as failed:
        delete(helper, cache)
    assert "docker system prune" in failed.value.hint
    assert not any(container in str(failed.value) for container in pruned)
    assert manifest(cache) == before


def test_a_container_that_cannot_start_leaves_everything_as_it_was(
    helper: Helper, engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = manifest(cache)
    monkeypatch.setattr(helper_image, "COMMAND", ["/nothing"])
    with pytest.raises(NotStarted, match="no such file"):
        delete(helper, cache)
    assert manifest(cache) == before
    assert helpers(engine) == []


@pytest.mark.parametrize("docker_host", ["unix:///nowhere", "tcp://127.0.0.1:1"])
def test_without_an_engine_everything_is_unknown(server: Server, cache: Path, docker_host: str) -> None:
    before = manifest(cache)
    closed = Engine(docker_host)
    for request in (closed.containers, closed.volumes):
        with pytest.raises(Unknown):
            request()
    with pytest.raises(CacheError):
        delete(helper_for(server, closed), cache)
    assert manifest(cache) == before


def test_a_helper_that_stops_responding_is_unknown(
    helper: Helper, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helper_image, "COMMAND", SLEEP)
    monkeypatch.setattr("dokku_cache.engine.helper.OUTPUT_TIMEOUT_SECONDS", 1)
    with pytest.raises(Unknown, match="did not respond"):
        delete(helper, cache)


def test_many_apps_do_not_exhaust_the_file_descriptors(server: Server, engine: Engine, cache: Path) -> None:
    def open_after(runs: int) -> int:
        for _ in range(runs):
            helper_for(server, engine).scan(str(cache), identity(cache), ignore)
        return len(os.listdir("/proc/self/fd"))

    # The SDK keeps the connections of its last 25 URLs; a run has three of its own (docker 7.2, constants.py).
    assert open_after(9) >= open_after(2)


def test_many_entries_need_little_memory(server: Server, helper: Helper) -> None:
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    trees.many(cache, 100_000)
    give(cache, HEROKUISH)
    limited = docker.APIClient.create_host_config

    def with_limit(self: docker.APIClient, *arguments: object, **options: object) -> object:
        return limited(self, *arguments, mem_limit="40m", memswap_limit="40m", **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docker.APIClient, "create_host_config", with_limit)
        delete(helper, cache)
    assert os.listdir(cache) == []


def test_an_interrupt_leaves_no_container(
    server: Server, helper: Helper, engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        delete(helper, server.make_cache("other", files=2000), interrupt)
    assert helpers(engine) == []

    # While the engine creates the container.
    handlers = {number: signal.getsignal(number) for number in errors.SIGNALS}
    patch_call(monkeypatch, "create_container", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    errors.interrupt_at_signals()
    try:
        with pytest.raises(Interrupted):
            helper.scan(str(cache), identity(cache), ignore)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert helpers(engine) == []
