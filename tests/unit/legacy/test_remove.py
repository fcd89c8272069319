"""Renaming aside and deleting, on a real file system and without any other user."""

import os
from pathlib import Path

import pytest

from dokku_cache.errors import PartlyRemoved, Refused
from dokku_cache.legacy.remove import delete_trash, remove_ghost, set_aside
from dokku_cache.legacy.sighting import TRASH_PREFIX, Entry
from dokku_cache.tree.handles import AppDirectory, Identity


class NoHelper:
    """Fails the test when it is called."""

    def empty(self, *_: object) -> None:
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
        trash = set_aside(directory, entry(cache), lambda: None)
    assert trash.is_trash
    assert (cache.parent / trash.name).stat().st_ino == inode
    assert not cache.exists()


# promise: last, killed
def test_a_check_that_fails_after_the_rename_undoes_it(cache: Path) -> None:
    inode = cache.stat().st_ino

    def in_use() -> None:
        raise Refused("in use")

    with app_directory(cache) as directory, pytest.raises(Refused):
        set_aside(directory, entry(cache), in_use)
    assert os.listdir(cache.parent) == ["cache"]
    assert cache.stat().st_ino == inode


# promise: together
def test_a_new_cache_is_not_overwritten_by_the_old_one(cache: Path) -> None:
    def in_use() -> None:
        cache.mkdir()
        (cache / "new").write_text("")
        raise Refused("in use")

    with app_directory(cache) as directory, pytest.raises(Refused):
        set_aside(directory, entry(cache), in_use)
    assert os.listdir(cache) == ["new"]
    assert len([name for name in os.listdir(cache.parent) if name.startswith(TRASH_PREFIX)]) == 1


# promise: outside
def test_another_directory_than_the_expected_one_is_put_back(cache: Path) -> None:
    with app_directory(cache) as directory, pytest.raises(Refused, match="replaced"):
        set_aside(directory, Entry("cache", Identity(1, 2)), lambda: None)
    assert (cache / "gems" / "gem").exists()


# promise: outside
def test_only_trash_is_ever_deleted(cache: Path) -> None:
    with app_directory(cache) as directory, pytest.raises(ValueError, match="only what was set aside"):
        delete_trash(directory, entry(cache), NoHelper(), lambda *_: None)
    assert (cache / "gems" / "gem").exists()


def test_trash_of_this_user_is_deleted_and_counted(cache: Path) -> None:
    gone: list[int] = []
    with app_directory(cache) as directory:
        trash = set_aside(directory, entry(cache), lambda: None)
        delete_trash(directory, trash, NoHelper(), gone.append)
    assert os.listdir(cache.parent) == []
    assert sum(gone) == 2


# promise: outside
def test_trash_that_was_exchanged_is_refused(cache: Path) -> None:
    with app_directory(cache) as directory:
        trash = set_aside(directory, entry(cache), lambda: None)
        path = cache.parent / trash.name
        path.rename(cache.parent / "moved")
        path.mkdir()
        (path / "kept").write_text("")
        with pytest.raises(Refused, match="replaced"):
            delete_trash(directory, trash, NoHelper(), lambda *_: None)
    assert (path / "kept").exists()


# promise: gone
def test_trash_that_is_said_to_be_gone_is_looked_for(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trash = cache.rename(cache.with_name(f"{TRASH_PREFIX}0"))
    opened = os.open

    def lose(path: str, *arguments: int, **options: int) -> int:
        if path == trash.name:
            raise FileNotFoundError(2, "No such file or directory", path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", lose)
    with (
        AppDirectory(str(cache.parents[1]), cache.parent.name) as directory,
        pytest.raises(PartlyRemoved, match="could not be deleted wholly"),
    ):
        delete_trash(directory, Entry(trash.name, Identity.of(trash.stat())), NoHelper(), lambda *_: None)
    assert trash.exists()


def test_trash_that_is_gone_already_is_no_error(cache: Path) -> None:
    with app_directory(cache) as directory:
        delete_trash(directory, Entry(f"{TRASH_PREFIX}0", Identity(1, 2)), NoHelper(), lambda *_: None)


# promise: gone
def test_what_is_left_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when somebody keeps writing into it."""

    class LeavesOne:
        def empty(self, *_: object) -> None:
            """Delete nothing."""

    monkeypatch.setattr("dokku_cache.legacy.remove._is_own", lambda *_: False)
    with app_directory(cache) as directory:
        trash = set_aside(directory, entry(cache), lambda: None)
        with pytest.raises(PartlyRemoved):
            delete_trash(directory, trash, LeavesOne(), lambda *_: None)


# promise: ghost
def test_a_ghosts_directory_goes_only_when_it_is_empty(cache: Path) -> None:
    with app_directory(cache) as directory:
        assert not remove_ghost(directory)
        assert (cache / "gems" / "gem").exists()
    empty = cache.parent.parent / "old"
    empty.mkdir()
    with AppDirectory(str(empty.parent), "old") as directory:
        assert remove_ghost(directory)
    assert not empty.exists()


# promise: ghost
def test_a_new_app_of_the_same_name_is_not_taken_for_the_ghost(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with AppDirectory(str(tmp_path), "old") as directory:
        (tmp_path / "old").rename(tmp_path / "away")
        (tmp_path / "old").mkdir()
        assert not remove_ghost(directory)
    assert (tmp_path / "old").exists()
