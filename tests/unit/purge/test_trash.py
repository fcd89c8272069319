"""Renaming aside and deleting, on a real file system and without any other user."""

import os
import subprocess
from pathlib import Path

import pytest

from dokku_cache.errors import PartlyRemoved, Refused
from dokku_cache.model.location import TRASH_PREFIX, Entry
from dokku_cache.purge.purger import delete_trash, put_back, remove_ghost, set_aside
from dokku_cache.tree.handles import AppDirectory, Identity
from dokku_cache.tree.mounts import Mount
from dokku_cache.tree.scan import Scan


class NoHelper:
    """Fails the test when it is called."""

    def delete(self, *_: object) -> None:
        raise AssertionError("no helper was needed")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "shop" / "cache"
    (directory / "gems").mkdir(parents=True)
    (directory / "gems" / "gem").write_text("x")
    return directory


def entry(path: Path) -> Entry:
    return Entry(path.name, Identity.of(path.stat()))


def app_directory(cache: Path) -> AppDirectory:
    return AppDirectory(str(cache.parent.parent), cache.parent.name)


def test_a_cache_is_renamed_within_its_app(cache: Path) -> None:
    inode = cache.stat().st_ino
    with app_directory(cache) as directory:
        trash = set_aside(directory, entry(cache), Scan(), lambda: None)
    assert trash.is_trash
    assert (cache.parent / trash.name).stat().st_ino == inode
    assert not cache.exists()


def test_a_check_that_fails_after_the_rename_undoes_it(cache: Path) -> None:
    inode = cache.stat().st_ino

    def in_use() -> None:
        raise Refused("in use")

    with app_directory(cache) as directory, pytest.raises(Refused):
        set_aside(directory, entry(cache), Scan(), in_use)
    assert os.listdir(cache.parent) == ["cache"]
    assert cache.stat().st_ino == inode


def test_a_new_cache_is_not_overwritten_by_the_old_one(cache: Path) -> None:
    def in_use() -> None:
        cache.mkdir()
        (cache / "new").write_text("")
        raise Refused("in use")

    with app_directory(cache) as directory, pytest.raises(Refused):
        set_aside(directory, entry(cache), Scan(), in_use)
    assert os.listdir(cache) == ["new"]
    assert len([name for name in os.listdir(cache.parent) if name.startswith(TRASH_PREFIX)]) == 1


def test_another_directory_than_the_expected_one_is_put_back(cache: Path) -> None:
    with app_directory(cache) as directory, pytest.raises(Refused, match="replaced"):
        set_aside(directory, Entry("cache", Identity(1, 2)), Scan(), lambda: None)
    assert (cache / "gems" / "gem").exists()


def test_only_trash_is_ever_deleted(cache: Path) -> None:
    with app_directory(cache) as directory, pytest.raises(ValueError, match="not trash"):
        delete_trash(directory, entry(cache), NoHelper(), lambda *_: None)
    assert (cache / "gems" / "gem").exists()


def test_trash_that_is_gone_already_is_no_error(cache: Path) -> None:
    with app_directory(cache) as directory:
        delete_trash(directory, Entry(f"{TRASH_PREFIX}0", Identity(1, 2)), NoHelper(), lambda *_: None)


def test_what_is_left_is_told(cache: Path) -> None:
    """As when somebody keeps writing into it."""

    class LeavesOne:
        def delete(self, *_: object) -> None:
            """Delete nothing."""

    with app_directory(cache) as directory:
        trash = set_aside(directory, entry(cache), Scan(), lambda: None)
        with pytest.raises(PartlyRemoved):
            delete_trash(directory, trash, LeavesOne(), lambda *_: None)


def test_a_ghosts_directory_goes_only_when_it_is_empty(cache: Path) -> None:
    with app_directory(cache) as directory:
        assert not remove_ghost(directory)
        assert (cache / "gems" / "gem").exists()
    empty = cache.parent.parent / "old"
    empty.mkdir()
    with AppDirectory(str(empty.parent), "old") as directory:
        assert remove_ghost(directory)
    assert not empty.exists()


def test_a_new_app_of_the_same_name_is_not_taken_for_the_ghost(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with AppDirectory(str(tmp_path), "old") as directory:
        (tmp_path / "old").rename(tmp_path / "away")
        (tmp_path / "old").mkdir()
        assert not remove_ghost(directory)
    assert (tmp_path / "old").exists()


def set_aside_now(cache: Path, directory: AppDirectory) -> Entry:
    return set_aside(directory, entry(cache), Scan(), lambda: None)


def test_a_link_that_took_the_caches_place_is_told_from_it(cache: Path) -> None:
    """A link to the very cache is another thing than the cache: what is renamed then is the link."""
    known = entry(cache)
    cache.rename(cache.parent / "elsewhere")
    cache.symlink_to("elsewhere")
    with app_directory(cache) as directory, pytest.raises(Refused, match="replaced"):
        set_aside(directory, known, Scan(), lambda: None)
    assert cache.is_symlink()
    assert (cache.parent / "elsewhere" / "gems" / "gem").exists()


def test_a_link_that_leads_nowhere_is_a_name_that_is_taken(cache: Path) -> None:
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        cache.symlink_to("nowhere")
        assert not put_back(directory, trash.name)
    assert cache.is_symlink()


def test_it_is_told_whether_the_name_was_given_back(cache: Path) -> None:
    with app_directory(cache) as directory:
        assert put_back(directory, set_aside_now(cache, directory).name)
        trash = set_aside_now(cache, directory)
        cache.mkdir()
        assert not put_back(directory, trash.name)


class Helper:
    """Deletes what lies in one directory, as the helper container does, and notes of which it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Identity]] = []

    def delete(self, path: str, identity: Identity, _: object) -> None:
        self.told.append((path, identity))
        subprocess.run(["find", path, "-mindepth", "1", "-delete"], check=True)


def test_trash_is_deleted_by_the_helper_whoever_owns_it(cache: Path) -> None:
    helper = Helper()
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        delete_trash(directory, trash, helper, lambda *_: None)
    assert helper.told == [(str(cache.parent / trash.name), trash.identity)]
    assert os.listdir(cache.parent) == []


def test_nothing_is_handed_to_the_helper_while_something_is_mounted_in_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, its mount point would be removed, and the kernel would unmount it here."""
    helper = Helper()
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        mount = Mount(1, "/", os.path.join(directory.real_path(), trash.name, "gems"))
        monkeypatch.setattr("dokku_cache.purge.purger.read_mounts", lambda: (mount,))
        with pytest.raises(PartlyRemoved, match="mounted"):
            delete_trash(directory, trash, helper, lambda *_: None)
    assert helper.told == []


def test_a_removal_that_succeeds_without_effect_is_not_believed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        monkeypatch.setattr(os, "rmdir", lambda *_, **__: None)
        with pytest.raises(PartlyRemoved, match="still there"):
            delete_trash(directory, trash, Helper(), lambda *_: None)


def test_a_removal_leaves_no_handle(cache: Path) -> None:
    with app_directory(cache) as directory:
        before = len(os.listdir("/proc/self/fd"))
        delete_trash(directory, set_aside_now(cache, directory), Helper(), lambda *_: None)
        assert len(os.listdir("/proc/self/fd")) == before
