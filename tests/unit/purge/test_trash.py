"""Renaming a cache and deleting trash on a real file system, without other processes."""

import os
import subprocess
from pathlib import Path

import pytest

from dokku_cache.model.errors import PartlyRemoved
from dokku_cache.model.location import TRASH_PREFIX, Entry
from dokku_cache.model.scan import Identity
from dokku_cache.purge.purger import delete_trash, put_back, remove_ghost, set_aside
from dokku_cache.tree.handles import AppDirectory
from dokku_cache.tree.mounts import Mount


class Helper:
    """Deletes the contents of a directory, as the helper container does, and notes which directories those were."""

    def __init__(self) -> None:
        self.deleted: list[tuple[str, Identity]] = []

    def delete(self, path: str, identity: Identity, _: object) -> None:
        self.deleted.append((path, identity))
        subprocess.run(["find", path, "-mindepth", "1", "-delete"], check=True)


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


def aside(directory: AppDirectory, cache: Path) -> Entry:
    trash = Entry(f"{TRASH_PREFIX}0123456789abcdef", entry(cache).identity)
    set_aside(directory, entry(cache), trash)
    return trash


def test_only_trash_is_ever_deleted(cache: Path) -> None:
    with app_directory(cache) as directory, pytest.raises(ValueError, match="not trash"):
        delete_trash(directory, entry(cache), Helper(), lambda *_: None)
    assert (cache / "gems" / "gem").exists()


def test_trash_that_does_not_exist_is_no_error(cache: Path) -> None:
    with app_directory(cache) as directory:
        delete_trash(directory, Entry(f"{TRASH_PREFIX}0", Identity(1, 2)), Helper(), lambda *_: None)


def test_a_rest_is_reported(cache: Path) -> None:
    """As when a process keeps writing into it."""

    class LeavesOne:
        def delete(self, *_: object) -> None:
            """Delete nothing."""

    with app_directory(cache) as directory:
        trash = aside(directory, cache)
        with pytest.raises(PartlyRemoved):
            delete_trash(directory, trash, LeavesOne(), lambda *_: None)


def test_the_directory_of_a_ghost_is_removed_only_if_it_is_empty(cache: Path) -> None:
    with app_directory(cache) as directory:
        assert not remove_ghost(directory)
        assert (cache / "gems" / "gem").exists()
    empty = cache.parent.parent / "old"
    empty.mkdir()
    with AppDirectory(str(empty.parent), "old") as directory:
        assert remove_ghost(directory)
    assert not empty.exists()


def test_a_new_app_of_the_same_name_is_kept(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with AppDirectory(str(tmp_path), "old") as directory:
        (tmp_path / "old").rename(tmp_path / "away")
        (tmp_path / "old").mkdir()
        assert not remove_ghost(directory)
    assert (tmp_path / "old").exists()


def test_a_broken_link_in_the_place_of_the_cache_is_not_overwritten(cache: Path) -> None:
    with app_directory(cache) as directory:
        trash = aside(directory, cache)
        cache.symlink_to("nowhere")
        assert not put_back(directory, trash)
    assert cache.is_symlink()


def test_the_helper_is_not_started_while_a_file_system_is_mounted_below(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, its mount point would be removed, and the kernel would unmount it here."""
    helper = Helper()
    with app_directory(cache) as directory:
        trash = aside(directory, cache)
        mount = Mount(1, "/", os.path.join(directory.real_path(), trash.name, "gems"))
        monkeypatch.setattr("dokku_cache.purge.purger.read_mounts", lambda: (mount,))
        with pytest.raises(PartlyRemoved, match="mounted"):
            delete_trash(directory, trash, helper, lambda *_: None)
    assert helper.deleted == []


def test_a_removal_without_effect_is_a_failure(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with app_directory(cache) as directory:
        trash = aside(directory, cache)
        monkeypatch.setattr(os, "rmdir", lambda *_, **__: None)
        with pytest.raises(PartlyRemoved, match="still there"):
            delete_trash(directory, trash, Helper(), lambda *_: None)
