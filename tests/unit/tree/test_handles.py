"""Directories held open: how they are opened, and what they refuse."""

import fcntl
import os
from pathlib import Path

import pytest

from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory


def test_a_directory_is_opened_without_following_a_link(tmp_path: Path) -> None:
    """O_NOFOLLOW: else a link that takes a cache's place leads into somebody else's files."""
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to("other")
    with pytest.raises(NotADirectoryError):
        os.open(tmp_path / "link", OPEN_DIRECTORY)


def test_nothing_but_a_directory_is_opened_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """O_DIRECTORY: else a named pipe in a cache's place holds up a purge for ever."""
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        os.open(tmp_path / "file", OPEN_DIRECTORY)
    assert OPEN_DIRECTORY & os.O_DIRECTORY


def test_an_app_is_opened_with_all_that_keeps_a_handle_to_this_program_and_to_this_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O_CLOEXEC too, although Python gives it to each handle: a program that is started must not inherit one."""
    (tmp_path / "shop").mkdir()
    opened, flags = os.open, {}

    def note(path: str, how: int, **options: int) -> int:
        flags[path] = how
        return opened(path, how, **options)

    monkeypatch.setattr(os, "open", note)
    AppDirectory(str(tmp_path), "shop").close()
    assert flags["shop"] == os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def test_the_handles_of_an_app_are_inherited_by_nobody_and_closed_in_the_end(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as directory:
        handles = directory.fd, directory.root_fd
        assert all(fcntl.fcntl(handle, fcntl.F_GETFD) & fcntl.FD_CLOEXEC for handle in handles)
    for handle in handles:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)


def test_no_handle_is_left_where_an_app_cannot_be_opened(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        AppDirectory(str(tmp_path), "gone")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/"])
def test_what_is_no_name_of_an_app_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        AppDirectory(str(tmp_path), name)


def test_a_directory_that_was_exchanged_for_a_link_bears_the_name_no_more(tmp_path: Path) -> None:
    """A link to the very directory is not it: who removes by that name removes the link."""
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as directory:
        assert directory.still_named()
        (tmp_path / "shop").rename(tmp_path / "moved")
        assert not directory.still_named()
        (tmp_path / "shop").symlink_to("moved")
        assert not directory.still_named()


def test_a_root_that_is_no_directory_is_refused_and_a_link_to_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "real" / "shop").mkdir(parents=True)
    (tmp_path / "root").symlink_to("real")
    with AppDirectory(str(tmp_path / "root"), "shop") as directory:
        assert directory.real_path() == str(tmp_path / "real" / "shop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotADirectoryError):
        AppDirectory(str(tmp_path / "pipe"), "shop")
