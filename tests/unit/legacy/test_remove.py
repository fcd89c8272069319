"""Renaming aside and deleting, on a real file system and without any other user."""

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.errors import PartlyRemoved, Refused
from dokku_cache.legacy.emptying import empty
from dokku_cache.legacy.remove import delete_trash, put_back, remove_ghost, set_aside
from dokku_cache.model.location import TRASH_PREFIX, Entry
from dokku_cache.tree.handles import AppDirectory, Identity, LeftTheTree
from dokku_cache.tree.mounts import Mount


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


def test_a_check_that_fails_after_the_rename_undoes_it(cache: Path) -> None:
    inode = cache.stat().st_ino

    def in_use() -> None:
        raise Refused("in use")

    with app_directory(cache) as directory, pytest.raises(Refused):
        set_aside(directory, entry(cache), in_use)
    assert os.listdir(cache.parent) == ["cache"]
    assert cache.stat().st_ino == inode


def test_a_new_cache_is_not_overwritten_by_the_old_one(cache: Path) -> None:
    def in_use() -> None:
        cache.mkdir()
        (cache / "new").write_text("")
        raise Refused("in use")

    with app_directory(cache) as directory, pytest.raises(Refused):
        set_aside(directory, entry(cache), in_use)
    assert os.listdir(cache) == ["new"]
    assert len([name for name in os.listdir(cache.parent) if name.startswith(TRASH_PREFIX)]) == 1


def test_another_directory_than_the_expected_one_is_put_back(cache: Path) -> None:
    with app_directory(cache) as directory, pytest.raises(Refused, match="replaced"):
        set_aside(directory, Entry("cache", Identity(1, 2)), lambda: None)
    assert (cache / "gems" / "gem").exists()


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
    return set_aside(directory, entry(cache), lambda: None)


def test_a_link_that_took_the_caches_place_is_told_from_it(cache: Path) -> None:
    """A link to the very cache is another thing than the cache: what is renamed then is the link."""
    known = entry(cache)
    cache.rename(cache.parent / "elsewhere")
    cache.symlink_to("elsewhere")
    with app_directory(cache) as directory, pytest.raises(Refused, match="replaced"):
        set_aside(directory, known, lambda: None)
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

    def empty(self, path: str, identity: Identity, gone: Callable[[int], None]) -> None:
        self.told.append((path, identity))
        subprocess.run(["find", path, "-mindepth", "1", "-delete"], check=True)


def test_what_this_user_may_not_delete_goes_by_the_helper(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def refuse(*_: object) -> None:
        tries.append(1)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("dokku_cache.legacy.remove.empty", refuse)
    helper = Helper()
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        delete_trash(directory, trash, helper, lambda *_: None)
    assert tries == [1]
    assert helper.told == [(str(cache.parent / trash.name), trash.identity)]
    assert os.listdir(cache.parent) == []


def test_what_this_user_may_not_even_open_goes_by_the_helper(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refuse(path: str, *arguments: int, **options: int) -> int:
        if path.startswith(TRASH_PREFIX):
            raise PermissionError(13, "Permission denied", path)
        return opened(path, *arguments, **options)

    helper = Helper()
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        monkeypatch.setattr(os, "open", refuse)
        delete_trash(directory, trash, helper, lambda *_: None)
    assert len(helper.told) == 1
    assert os.listdir(cache.parent) == []


def test_nothing_is_handed_to_the_helper_while_something_is_mounted_in_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, its mount point would be removed, and the kernel would unmount it here."""
    helper = Helper()
    monkeypatch.setattr("dokku_cache.legacy.remove._is_own", lambda *_: False)
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        mount = Mount(1, "/", os.path.join(directory.real_path(), trash.name, "gems"))
        monkeypatch.setattr("dokku_cache.legacy.remove.read_mounts", lambda: (mount,))
        with pytest.raises(PartlyRemoved, match="mounted"):
            delete_trash(directory, trash, helper, lambda *_: None)
    assert helper.told == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LeftTheTree("something is mounted at gems"), "something is mounted at gems"),
        (OSError(errno.EBUSY, "Device or resource busy"), "a directory in it"),
    ],
)
def test_a_mount_that_comes_while_it_is_emptied_ends_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    tries: list[int] = []

    def meets_it(*_: object) -> None:
        tries.append(1)
        raise error

    monkeypatch.setattr("dokku_cache.legacy.remove.empty", meets_it)
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        with pytest.raises(PartlyRemoved, match=words):
            delete_trash(directory, trash, NoHelper(), lambda *_: None)
    assert tries == [1]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_deleting_that_needs_space_is_not_tried_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    calls: list[int] = []

    def full(*_: object) -> None:
        calls.append(1)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("dokku_cache.legacy.remove.empty", full)
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        with pytest.raises(PartlyRemoved, match=os.strerror(number)) as caught:
            delete_trash(directory, trash, NoHelper(), lambda *_: None)
    assert "raise the quota" in caught.value.hint
    assert len(calls) == 1


def test_what_comes_in_meanwhile_is_looked_for_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def disturbed(fd: int, *arguments: object) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(errno.ENOTEMPTY, "Directory not empty")
        empty(fd, *arguments)

    monkeypatch.setattr("dokku_cache.legacy.remove.empty", disturbed)
    with app_directory(cache) as directory:
        delete_trash(directory, set_aside_now(cache, directory), NoHelper(), lambda *_: None)
    assert os.listdir(cache.parent) == []


def test_a_removal_that_succeeds_without_effect_is_not_believed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with app_directory(cache) as directory:
        trash = set_aside_now(cache, directory)
        monkeypatch.setattr(os, "rmdir", lambda *_, **__: None)
        with pytest.raises(PartlyRemoved, match="still there"):
            delete_trash(directory, trash, NoHelper(), lambda *_: None)


def test_a_removal_leaves_no_handle(cache: Path) -> None:
    with app_directory(cache) as directory:
        before = len(os.listdir("/proc/self/fd"))
        delete_trash(directory, set_aside_now(cache, directory), NoHelper(), lambda *_: None)
        assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_disturbed_again_and_again_goes_by_the_helper(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disturbed(*_: object) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    monkeypatch.setattr("dokku_cache.legacy.remove.empty", disturbed)
    helper = Helper()
    with app_directory(cache) as directory:
        delete_trash(directory, set_aside_now(cache, directory), helper, lambda *_: None)
    assert len(helper.told) == 1
    assert os.listdir(cache.parent) == []
