"""Deleting by threads what a user may delete himself: any tree, counted to the last entry, and nothing outside."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.legacy.emptying import empty
from dokku_cache.legacy.remove import delete_trash
from dokku_cache.model.location import TRASH_PREFIX, Entry
from dokku_cache.model.state import Initiator, Request
from dokku_cache.tree.handles import AppDirectory, Identity, LeftTheTree

from . import trees
from .conftest import HEROKUISH, Server, as_dokku, give, manifest
from .test_purge import purge


@pytest.fixture
def top(server: Server) -> Path:
    directory = server.root / "top"
    directory.mkdir()
    return directory


def entries(directory: Path) -> int:
    command = f"find {directory} -mindepth 1 -printf x | wc -c"
    return int(subprocess.run(command, shell=True, capture_output=True, check=True).stdout)


def emptied(directory: Path, workers: int = 8) -> int:
    """Empty it, and give what was counted meanwhile; also with a failure, which is then in ``failures``."""
    counted: list[int] = []
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        empty(fd, counted.append, workers)
    finally:
        os.close(fd)
    return sum(counted)


@pytest.mark.parametrize("make", trees.ALL, ids=lambda make: make.__name__)
@pytest.mark.parametrize("workers", [1, 32])
def test_any_tree_is_emptied_and_counted(top: Path, make: Callable[[Path], None], workers: int) -> None:
    make(top)
    expected = entries(top)
    assert emptied(top, workers) == expected
    assert os.listdir(top) == []


def test_more_directories_than_may_be_open_are_no_obstacle(top: Path) -> None:
    for number in range(40):
        for inner in range(40):
            (top / f"a{number}" / f"b{inner}" / "c" / "d").mkdir(parents=True)
            (top / f"a{number}" / f"b{inner}" / "c" / "file").touch()
    expected = entries(top)
    assert emptied(top, 32) == expected


def go_modules(top: Path) -> None:
    """What `go mod download` leaves: nothing in it may be written."""
    module = top / "pkg/mod/github.com/!burnt!sushi/toml@v1.2.0+incompatible"
    (module / "internal").mkdir(parents=True)
    for file in (module / "go.mod", module / "internal" / "tz.go"):
        file.write_text("x")
        file.chmod(0o444)
    for directory in (module / "internal", module, module.parent):
        directory.chmod(0o555)
    (top / "pkg").chmod(0o500)


@pytest.mark.parametrize("make", [go_modules, trees.closed_modes], ids=lambda make: make.__name__)
def test_read_only_directories_of_its_own_are_no_obstacle(top: Path, make: Callable[[Path], None]) -> None:
    make(top)
    expected = entries(top)
    give(top, top.parent.stat().st_uid)
    assert as_dokku(lambda: emptied(top)) == expected
    assert os.listdir(top) == []


def test_permissions_of_what_a_link_leads_to_stay(top: Path, server: Server) -> None:
    outside = server.root / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    outside.chmod(0o555)
    (top / "link").symlink_to(outside)
    (top / "below").mkdir()
    (top / "below" / "link").symlink_to("../../outside")
    give(server.root, server.root.stat().st_uid)
    before = manifest(server.root / "outside"), outside.stat().st_mode
    assert as_dokku(lambda: emptied(top)) == 3
    assert (manifest(outside), outside.stat().st_mode) == before


def test_what_belongs_to_others_ends_it_and_what_went_was_counted(top: Path) -> None:
    for number in range(300):
        (top / f"d{number}").mkdir()
        for file in range(10):
            (top / f"d{number}" / f"f{file}").touch()
    give(top, top.parent.stat().st_uid)
    give(top / "d7", HEROKUISH)
    before = entries(top)
    counted: list[int] = []

    def work() -> tuple[str, int]:
        fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
        try:
            empty(fd, counted.append)
        except PermissionError:
            return "not allowed", sum(counted)
        return "", sum(counted)

    how, gone = as_dokku(work)
    assert how == "not allowed"
    assert gone == before - entries(top)
    assert len(os.listdir(top / "d7")) == 10


def test_where_some_need_the_helper_after_all_each_entry_is_counted_once(server: Server) -> None:
    app = server.make_app("shop")
    trash = app / f"{TRASH_PREFIX}0123456789abcdef"
    for number in range(200):
        (trash / f"d{number}").mkdir(parents=True)
        for file in range(10):
            (trash / f"d{number}" / f"f{file}").touch()
    give(trash, app.stat().st_uid)
    give(trash / "d7", HEROKUISH)
    give(trash / "d150", 0)
    expected = entries(trash)

    def delete() -> int:
        counted: list[int] = []
        helper = Helper(Engine(server.environment.docker_host), "shop", str(server.root), str(server.root))
        with AppDirectory(str(server.root), "shop") as directory:
            entry = Entry(trash.name, Identity.of(trash.stat()))
            delete_trash(directory, entry, helper, counted.append)
        return sum(counted)

    assert as_dokku(delete) == expected
    assert not trash.exists()


@pytest.mark.parametrize(("is_gentle", "workers"), [(False, 32), (True, 2)])
def test_a_purge_beside_a_deploy_has_few_workers(
    server: Server, monkeypatch: pytest.MonkeyPatch, is_gentle: bool, workers: int
) -> None:
    cache = server.make_cache("shop")
    give(cache, cache.parent.stat().st_uid)
    asked: list[int] = []
    monkeypatch.setattr(
        "dokku_cache.legacy.remove.empty", lambda fd, gone, count: asked.append(count) or empty(fd, gone, count)
    )

    def work() -> list[int]:
        purge(server, "shop", Request(Initiator.CRON) if is_gentle else Request())
        return asked

    assert as_dokku(work) == [workers]
    assert not cache.exists()


@pytest.fixture
def mounted(top: Path, server: Server) -> Iterator[Path]:
    elsewhere = top / "one" / "mounted"
    elsewhere.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(elsewhere)], check=True)
    (elsewhere / "kept").write_text("x")
    yield elsewhere
    subprocess.run(["umount", str(elsewhere)], check=True)


def test_another_file_system_is_not_entered(top: Path, mounted: Path) -> None:
    with pytest.raises(LeftTheTree):
        emptied(top)
    assert (mounted / "kept").exists()


@pytest.fixture
def bound(top: Path, server: Server) -> Iterator[Path]:
    """What is mounted in it is a directory of the same file system, so that the device number is the same."""
    precious = server.root / "precious"
    (precious / "inner").mkdir(parents=True)
    (precious / "inner" / "kept").write_text("content")
    (precious / "inner").chmod(0o555)
    place = top / "one" / "bound"
    place.mkdir(parents=True)
    give(server.root, server.root.stat().st_uid)
    subprocess.run(["mount", "--bind", precious, place], check=True)
    yield precious
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("open_directories", [256, 0], ids=["by all", "by one"])
def test_a_bind_mount_of_the_same_file_system_is_neither_entered_nor_given_other_permissions(
    top: Path, bound: Path, monkeypatch: pytest.MonkeyPatch, open_directories: int
) -> None:
    monkeypatch.setattr("dokku_cache.legacy.emptying.OPEN_DIRECTORIES", open_directories)
    before = manifest(bound)
    with pytest.raises(LeftTheTree, match="something is mounted at bound"):
        as_dokku(lambda: emptied(top))
    assert manifest(bound) == before


def test_no_handle_stays_open(top: Path) -> None:
    before = os.listdir("/proc/self/fd")
    trees.wide(top)
    trees.closed_modes(top)
    emptied(top)
    assert os.listdir("/proc/self/fd") == before
