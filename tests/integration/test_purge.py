"""Purging real trees of other users, as the dokku user."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.dokku import apps
from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.errors import CacheError, Interrupted, PartlyRemoved, Refused, Unverified
from dokku_cache.model.finding import Outcome
from dokku_cache.model.location import Entry
from dokku_cache.model.scan import Identity
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge import purger
from dokku_cache.purge.purger import Purger, delete_trash
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.tree.handles import AppDirectory

from . import trees
from .conftest import HEROKUISH, Server, as_dokku, give, manifest


def purge(server: Server, app: str, request: Request | None = None) -> Outcome | None:
    """Do what a command does: survey, decide, purge."""
    engine = Engine(server.environment.docker_host)
    finding = Surveyor(server.environment, engine).survey([app])[0]
    return Purger(
        server.environment,
        engine,
        Watcher(Console(is_quiet=True)),
        request or Request(Initiator.MANUAL, is_named=True, is_confirmed=True),
    ).purge(finding)


def state_of(server: Server, app: str) -> State:
    engine = Engine(server.environment.docker_host)
    return Surveyor(server.environment, engine).survey([app])[0].verdict.state


@pytest.mark.parametrize("make", [trees.hostile_names, trees.very_deep, trees.empty], ids=lambda make: make.__name__)
def test_a_tree_is_measured_as_du_does_and_removed(server: Server, make: Callable[[Path], None]) -> None:
    cache = server.make_app("shop") / "cache"
    server.make_cache("neighbour")
    cache.mkdir()
    make(cache)
    give(cache, HEROKUISH)
    used = subprocess.run([trees.DU, "-s", "-B1", str(cache)], capture_output=True, check=True).stdout.split()[0]
    entries = subprocess.run(
        ["find", cache, "-mindepth", "1", "-printf", "x"], capture_output=True, check=True
    ).stdout
    before = manifest(server.root / "neighbour")
    outcome = as_dokku(lambda: purge(server, "shop"))
    assert (outcome.removed.size_bytes, outcome.removed.entries) == (int(used), len(entries))
    assert os.listdir(cache.parent) == ["HEAD"]
    assert manifest(server.root / "neighbour") == before


def test_targets_of_links_are_kept(server: Server) -> None:
    outside = server.root / "outside"
    outside.mkdir()
    (outside / "kept").write_text("content")
    cache = server.make_cache("shop")
    (cache / "buildcache" / "symlink").symlink_to(outside)
    (cache / "buildcache" / "up").symlink_to("..")
    os.link(outside / "kept", cache / "buildcache" / "hard")
    before = manifest(outside)
    as_dokku(lambda: purge(server, "shop"))
    assert not cache.exists()
    assert (outside / "kept").read_text() == "content"
    assert manifest(outside) == before


def test_a_ghost_is_removed_only_if_nothing_else_is_in_it(server: Server) -> None:
    cache = server.make_ghost("oldblog")
    (cache.parent / ".kept").write_text("")
    before = manifest(server.root)
    with pytest.raises(Unverified, match=r"did not create: \.kept"):
        as_dokku(lambda: purge(server, "oldblog", Request(Initiator.MANUAL, is_named=True)))
    assert manifest(server.root) == before
    confirmed = Request(Initiator.MANUAL, is_named=True, is_confirmed=True)
    assert not as_dokku(lambda: purge(server, "oldblog", confirmed)).removed_ghost
    assert os.listdir(cache.parent) == [".kept"]
    (cache.parent / ".kept").unlink()
    cache.mkdir()
    give(cache, HEROKUISH)
    assert as_dokku(lambda: purge(server, "oldblog")).removed_ghost
    assert not cache.parent.exists()


@pytest.mark.parametrize("change", ["replaced", "mounts it at /cache"])
def test_a_change_after_the_survey_is_noticed(server: Server, container: Callable[[str], str], change: str) -> None:
    cache = server.make_cache("shop")
    engine = Engine(server.environment.docker_host)
    finding = Surveyor(server.environment, engine).survey(["shop"])[0]
    if change == "replaced":
        cache.rename(cache.with_name("moved"))
        cache.mkdir()
        (cache / "kept").write_text("")
    else:
        container(f"{cache}:/cache")
    before = manifest(cache.parent)
    with pytest.raises(Refused, match=change):
        Purger(
            server.environment, engine, Watcher(Console(is_quiet=True)), Request(Initiator.MANUAL, is_named=True)
        ).purge(finding)
    assert manifest(cache.parent) == before


def test_a_container_created_at_the_last_moment_restores_the_name(
    server: Server, container: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache.parent)
    asked = Surveyor.uses_after_rename

    def start_first(self: Surveyor, *arguments: object) -> object:
        container(f"{cache.parent}/{trash_in(cache.parent)}:/x")
        container(f"{cache}/buildcache:/buildcache")
        return asked(self, *arguments)

    monkeypatch.setattr(Surveyor, "uses_after_rename", start_first)
    with pytest.raises(Refused, match="in use"):
        purge(server, "shop")
    # The engine created an empty directory for the container; the old one is kept next to it.
    kept = [path for path in cache.parent.iterdir() if (path / "buildcache/gem0").exists()]
    assert len(kept) == 1
    inode = os.stat(kept[0] / "buildcache/gem0").st_ino
    assert [line[4] for line in before if line[0].endswith(b"gem0")] == [inode]


def test_a_missing_python_fails_before_anything_is_renamed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helper_image, "PYTHON", str(tmp_path / "nowhere"))
    cache = server.make_cache("shop")
    before = manifest(cache.parent)
    with pytest.raises(CacheError) as caught:
        purge(server, "shop")
    assert "install-dependencies" in caught.value.hint
    assert manifest(cache.parent) == before


def trash_in(app: Path) -> str:
    return next(path.name for path in app.iterdir() if path.name.startswith(".dokku-cache-trash."))


@pytest.mark.parametrize("error", [CacheError("Docker died"), Interrupted()], ids=["failure", "interrupt"])
def test_a_failure_or_interrupt_of_the_last_check_restores_the_name(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache.parent)
    monkeypatch.setattr(Surveyor, "uses_after_rename", lambda *_: (_ for _ in ()).throw(error))
    with pytest.raises(type(error)):
        purge(server, "shop")
    assert manifest(cache.parent) == before


def test_an_interrupt_right_after_the_rename_restores_the_name(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make_cache("shop")
    monkeypatch.setattr(purger, "delete_trash", lambda *_: (_ for _ in ()).throw(Interrupted))
    before = manifest(server.root)
    with pytest.raises(Interrupted, match="was not removed") as caught:
        purge(server, "shop")
    assert not caught.value.hint
    assert manifest(server.root) == before


def test_a_container_of_a_killed_purge_is_removed_before_the_scan(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    left = {"com.dokku.cache.helper": "container", "com.dokku.app-name": "shop"}
    wait = [helper_image.PYTHON, "-I", "-S", "-c", "import time; time.sleep(600)"]
    bound = engine.api.create_host_config(binds=[f"{cache}:/legacy"])
    image = helper_image.ensure(engine)
    stale = engine.api.create_container(image, command=wait, labels=left, host_config=bound)["Id"]
    engine.api.start(stale)
    walked = purger.scan_entry

    def walk_after(*arguments: object) -> object:
        assert stale not in [container["Id"] for container in engine.containers(refresh=True)]
        return walked(*arguments)

    monkeypatch.setattr(purger, "scan_entry", walk_after)
    as_dokku(lambda: purge(server, "shop"))
    assert not cache.exists()
    assert engine.containers(refresh=True) == []


def test_two_purges_at_once_both_end_well(server: Server) -> None:
    cache = server.make_cache("shop", files=5000)
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                as_dokku(lambda: purge(server, "shop", Request(Initiator.DEPLOY, auto_purge=True)))
                code = 0
            except Refused:
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    assert os.listdir(cache.parent) == ["HEAD"]


def test_a_second_purge_is_refused_while_another_runs(server: Server) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache.parent)
    with AppDirectory(str(server.root), "shop") as directory:
        apps.hold_lock(directory)
        with pytest.raises(Refused, match="another purge of shop is running"):
            purge(server, "shop")
    assert manifest(cache.parent) == before


def test_a_mount_right_after_the_rename_restores_the_name(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = server.make_cache("shop")
    asked = Surveyor.uses_after_rename

    def mount_first(self: Surveyor, *arguments: object) -> object:
        subprocess.run(
            ["mount", "-t", "tmpfs", "tmpfs", str(cache.parent / trash_in(cache.parent) / "buildcache")], check=True
        )
        return asked(self, *arguments)

    monkeypatch.setattr(Surveyor, "uses_after_rename", mount_first)
    try:
        with pytest.raises(Refused, match="mount"):
            purge(server, "shop")
        assert state_of(server, "shop") is State.UNSAFE
    finally:
        subprocess.run(["umount", str(cache / "buildcache")], check=True)
    assert (cache / "buildcache" / "gem0").exists()


@pytest.mark.parametrize("is_bound", [False, True], ids=["another file system", "the same file system"])
def test_a_mount_during_the_deletion_is_neither_entered_nor_detached(server: Server, is_bound: bool) -> None:
    cache = server.make_cache("shop")
    trash = cache.rename(cache.with_name(".dokku-cache-trash.0123456789abcdef"))
    engine = Engine(server.environment.docker_host)
    helper = Helper(engine, "shop", server.environment.root, server.environment.host_root)
    elsewhere = server.root / "elsewhere"
    elsewhere.mkdir()
    give(elsewhere, server.root.stat().st_uid)
    what = ["--bind", str(elsewhere)] if is_bound else ["-t", "tmpfs", "tmpfs"]
    subprocess.run(["mount", *what, str(trash / "buildcache")], check=True)
    (trash / "buildcache" / "precious").write_text("content")
    try:

        def delete() -> None:
            with AppDirectory(str(server.root), "shop") as directory:
                entry = Entry(trash.name, Identity.of(trash.stat()))
                delete_trash(directory, entry, helper, lambda *_: None)

        with pytest.raises(PartlyRemoved, match="mounted"):
            as_dokku(delete)
        assert (trash / "buildcache" / "precious").read_text() == "content"
    finally:
        subprocess.run(["umount", str(trash / "buildcache")], check=True)


def test_an_immutable_file_is_partly_removed_with_a_hint(server: Server) -> None:
    cache = server.make_cache("shop")
    if subprocess.run(
        ["chattr", "+i", str(cache / "buildcache" / "gem1")], check=False, capture_output=True
    ).returncode:
        pytest.skip("the file system has no immutable attribute")
    try:
        with pytest.raises(PartlyRemoved) as caught:
            as_dokku(lambda: purge(server, "shop"))
    finally:
        subprocess.run(["chattr", "-R", "-f", "-i", str(cache.parent)], check=False)
    assert "chattr" in caught.value.hint
    assert state_of(server, "shop") is State.INTERRUPTED
    as_dokku(lambda: purge(server, "shop"))
    assert os.listdir(cache.parent) == ["HEAD"]
