"""Purging real trees of other users, as user dokku."""

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.dokku import apps
from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.errors import CacheError, Interrupted, PartlyRemoved, Refused, Unverified
from dokku_cache.model.finding import Outcome
from dokku_cache.model.location import Entry
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge import purger
from dokku_cache.purge.purger import Purger, delete_trash
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.tree.handles import AppDirectory, Identity

from . import trees
from .conftest import HEROKUISH, Server, as_dokku, give, manifest


def purge(server: Server, app: str, request: Request | None = None) -> Outcome | None:
    """Do what a command does: find, decide, act."""
    engine = Engine(server.environment.docker_host)
    finding = Surveyor(server.environment, engine).survey([app])[0]
    return Purger(
        server.environment,
        engine,
        Watcher(Console(is_quiet=True)),
        request or Request(is_named=True, is_confirmed=True),
    ).purge(finding)


def state_of(server: Server, app: str) -> State:
    engine = Engine(server.environment.docker_host)
    return Surveyor(server.environment, engine).survey([app])[0].verdict.state


@pytest.mark.parametrize("make", trees.ALL, ids=lambda make: make.__name__)
def test_a_tree_is_measured_as_du_does_and_wholly_removed(server: Server, make: object) -> None:
    app = server.make_app("shop")
    server.make_cache("neighbour")
    (app / "cache").mkdir()
    make(app / "cache")
    give(app / "cache", 32767)
    used = int(
        subprocess.run([trees.DU, "-s", "-B1", str(app / "cache")], capture_output=True, check=True).stdout.split()[0]
    )
    entries = int(
        subprocess.run(
            f"find {app}/cache -mindepth 1 -printf x | wc -c", shell=True, capture_output=True, check=True
        ).stdout
    )
    before = manifest(server.root / "neighbour")

    outcome = as_dokku(lambda: purge(server, "shop"))

    assert outcome.removed.size_bytes == used
    assert outcome.removed.entries == entries
    assert sorted(os.listdir(app)) == ["HEAD"]
    assert manifest(server.root / "neighbour") == before


def test_random_owners_are_no_obstacle(server: Server) -> None:
    cache = server.make_cache("shop", files=200)
    chooser = random.Random(7)
    for directory, directories, files in os.walk(cache):
        for name in directories + files:
            os.lchown(os.path.join(directory, name), chooser.randrange(60000), chooser.randrange(60000))
    as_dokku(lambda: purge(server, "shop"))
    assert not cache.exists()


def test_what_links_lead_to_outside_stays(server: Server) -> None:
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


def test_a_ghost_goes_by_rmdir_alone(server: Server) -> None:
    cache = server.make_ghost("oldblog")
    outcome = as_dokku(lambda: purge(server, "oldblog"))
    assert outcome.removed_ghost
    assert not cache.parent.exists()


def test_a_directory_with_anything_else_in_it_is_no_ghost(server: Server) -> None:
    cache = server.make_ghost("oldblog")
    (cache.parent / ".kept").write_text("")
    before = manifest(server.root)
    with pytest.raises(Unverified, match=r"did not create: \.kept"):
        as_dokku(lambda: purge(server, "oldblog", Request(is_named=True)))
    assert manifest(server.root) == before
    outcome = as_dokku(lambda: purge(server, "oldblog", Request(is_named=True, is_confirmed=True)))
    assert not outcome.removed_ghost
    assert os.listdir(cache.parent) == [".kept"]


def test_a_cache_that_was_replaced_after_the_plan_is_refused(server: Server) -> None:
    cache = server.make_cache("shop")
    engine = Engine(server.environment.docker_host)
    finding = Surveyor(server.environment, engine).survey(["shop"])[0]
    cache.rename(cache.with_name("moved"))
    cache.mkdir()
    (cache / "kept").write_text("")
    before = manifest(cache.parent)
    with pytest.raises(Refused, match="replaced"):
        Purger(server.environment, engine, Watcher(Console(is_quiet=True)), Request(is_named=True)).purge(finding)
    assert manifest(cache.parent) == before


def test_a_container_that_comes_after_the_plan_is_noticed(server: Server, container: Callable[[str], str]) -> None:
    cache = server.make_cache("shop")
    engine = Engine(server.environment.docker_host)
    finding = Surveyor(server.environment, engine).survey(["shop"])[0]
    container(f"{cache}:/cache")
    before = manifest(cache.parent)
    with pytest.raises(Refused, match="mounts it at /cache"):
        Purger(server.environment, engine, Watcher(Console(is_quiet=True)), Request(is_named=True)).purge(finding)
    assert manifest(cache.parent) == before


def test_a_container_that_comes_at_the_last_moment_puts_the_cache_back(
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
    # The engine made an empty directory for the container; the old one stays beside it, as trash.
    kept = [path for path in cache.parent.iterdir() if (path / "buildcache" / "gem0").exists()]
    assert len(kept) == 1
    assert [line[4] for line in before if line[0].endswith(b"gem0")] == [
        os.stat(kept[0] / "buildcache" / "gem0").st_ino
    ]


def trash_in(app: Path) -> str:
    return next(path.name for path in app.iterdir() if path.name.startswith(".dokku-cache-trash."))


def test_a_failed_last_check_undoes_the_rename(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache.parent)
    monkeypatch.setattr(Surveyor, "uses_after_rename", lambda *_: (_ for _ in ()).throw(CacheError("Docker died")))
    with pytest.raises(CacheError, match="Docker died"):
        purge(server, "shop")
    assert manifest(cache.parent) == before


def test_an_interrupt_before_the_rename_counts_undoes_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache.parent)
    monkeypatch.setattr(Surveyor, "uses_after_rename", lambda *_: (_ for _ in ()).throw(Interrupted))
    with pytest.raises(Interrupted) as caught:
        purge(server, "shop")
    assert caught.value.hint == ""
    assert manifest(cache.parent) == before


def test_an_interrupt_right_after_the_rename_restores_the_name(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make_cache("shop")
    monkeypatch.setattr(purger, "delete_trash", lambda *_: (_ for _ in ()).throw(Interrupted))
    before = manifest(server.root)
    with pytest.raises(Interrupted, match="Nothing was removed") as caught:
        purge(server, "shop")
    assert not caught.value.hint
    assert manifest(server.root) == before


@pytest.mark.parametrize("owner", [HEROKUISH, 0], ids=["32767", "dokku"])
def test_a_container_of_a_killed_purge_is_removed_before_anything_is_measured(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch, owner: int
) -> None:
    cache = server.make_cache("shop")
    give(cache, owner or cache.parent.stat().st_uid)
    left = {"com.dokku.cache.helper": "container", "com.dokku.app-name": "shop"}
    wait = [helper_image.PYTHON, "-I", "-S", "-c", "import time; time.sleep(600)"]
    stale = engine.api.create_container(helper_image.ensure(engine), command=wait, labels=left)["Id"]
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
                as_dokku(lambda: purge(server, "shop", Request(Initiator.DEPLOY)))
                code = 0
            except Refused:
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    assert os.listdir(cache.parent) == ["HEAD"]


def test_a_second_purge_is_told_that_another_runs(server: Server) -> None:
    cache = server.make_cache("shop")
    before = manifest(cache.parent)
    with AppDirectory(str(server.root), "shop") as directory:
        apps.hold_lock(directory)
        with pytest.raises(Refused, match="another purge of shop is running"):
            purge(server, "shop")
    assert manifest(cache.parent) == before


def test_a_mount_that_comes_right_after_the_rename_puts_the_cache_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
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
@pytest.mark.parametrize("owner", ["32767", "dokku"])
def test_a_mount_that_comes_while_trash_is_deleted_is_neither_entered_nor_detached(
    server: Server, owner: str, is_bound: bool
) -> None:
    cache = server.make_cache("shop")
    subprocess.run(["chown", "-R", owner, str(cache)], check=True)
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


def test_an_immutable_file_is_partly_removed_and_says_what_to_do(server: Server) -> None:
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


def test_a_full_disk_does_not_matter(server: Server) -> None:
    app = server.root / "shop"
    app.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "tmpfs", str(app)], check=True)
    try:
        (app / "HEAD").write_text("x")
        (app / "cache" / "buildcache").mkdir(parents=True)
        for number in range(20):
            (app / "cache" / "buildcache" / f"gem{number}").write_text("x")
        with pytest.raises(OSError, match="No space left"):
            (app / "cache" / "buildcache" / "full").write_bytes(b"x" * (4 << 20))
        give(app, app.parent.stat().st_uid)
        give(app / "cache", 32767)
        as_dokku(lambda: purge(server, "shop"))
        assert os.listdir(app) == ["HEAD"]
    finally:
        subprocess.run(["umount", "--lazy", str(app)], check=True)
