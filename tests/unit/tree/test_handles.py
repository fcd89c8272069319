"""Open directories: how they are opened, and what they refuse."""

import os
from pathlib import Path

import pytest

from dokku_cache.tree.handles import AppDirectory


def test_the_directory_of_an_app_is_opened_without_following_links_and_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    opened, flags = os.open, {}

    def note(path: str, how: int, **options: int) -> int:
        flags[path] = how
        return opened(path, how, **options)

    monkeypatch.setattr(os, "open", note)
    directory = AppDirectory(str(tmp_path), "shop")
    directory.close()
    assert flags["shop"] == os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    for handle in (directory.fd, directory.root_fd):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)


def test_a_link_or_a_pipe_is_not_the_directory_of_an_app(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to("other")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(NotADirectoryError):
            AppDirectory(str(tmp_path), name)
    with pytest.raises(NotADirectoryError):
        AppDirectory(str(tmp_path / "pipe"), "shop")


def test_no_handle_is_left_when_an_app_cannot_be_opened(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        AppDirectory(str(tmp_path), "gone")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/"])
def test_an_invalid_app_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        AppDirectory(str(tmp_path), name)


def test_a_link_to_a_moved_app_directory_is_not_that_directory(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as directory:
        assert directory.still_named()
        (tmp_path / "shop").rename(tmp_path / "moved")
        assert not directory.still_named()
        (tmp_path / "shop").symlink_to("moved")
        assert not directory.still_named()


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "shop").mkdir(parents=True)
    (tmp_path / "root").symlink_to("real")
    with AppDirectory(str(tmp_path / "root"), "shop") as directory:
        assert directory.real_path() == str(tmp_path / "real" / "shop")
