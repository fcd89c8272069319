"""Moving through a tree by handles."""

import os
from pathlib import Path

import pytest

from dokku_cache.tree.descent import KEPT_HANDLES, Descent
from dokku_cache.tree.handles import LeftTheTree


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def top(tmp_path: Path) -> int:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def go_down(position: Descent, levels: int) -> None:
    for _ in range(levels):
        os.mkdir("d", dir_fd=position.fd)
        position.down("d")


def climb(position: Descent) -> None:
    while position.depth:
        position.up()


def test_a_deep_tree_needs_few_handles_and_leads_back(top: int) -> None:
    before = open_descriptors()
    position = Descent(top)
    go_down(position, 500)
    assert position.depth == 500
    assert open_descriptors() - before <= KEPT_HANDLES + 2
    climb(position)
    assert os.path.samestat(os.fstat(position.fd), os.fstat(top))
    assert open_descriptors() == before


def test_closing_it_anywhere_leaves_no_handle(top: int) -> None:
    for levels in (0, 1, KEPT_HANDLES, KEPT_HANDLES + 1, 300):
        before = open_descriptors()
        position = Descent(top)
        for _ in range(levels):
            if not os.path.exists(f"/proc/self/fd/{position.fd}/d"):
                os.mkdir("d", dir_fd=position.fd)
            position.down("d")
        position.close()
        assert open_descriptors() == before
        os.fstat(top)


def test_a_link_is_not_followed(top: int) -> None:
    os.symlink("/tmp", "link", dir_fd=top)
    position = Descent(top)
    with pytest.raises(OSError, match="Not a directory"):
        position.down("link")
    assert position.depth == 0


def test_a_directory_that_is_moved_meanwhile_is_noticed(top: int, tmp_path: Path) -> None:
    position = Descent(top)
    go_down(position, KEPT_HANDLES + 20)
    # Far up, where no handle is kept any more, a directory goes elsewhere with all below it.
    moved = Path("/proc/self/fd", str(top), *["d"] * 10)
    moved.rename(tmp_path / "elsewhere")
    with pytest.raises(LeftTheTree):
        climb(position)
    position.close()


def test_another_file_system_is_not_entered_and_leaves_no_handle(top: int, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkdir("other", dir_fd=top)
    status = os.fstat

    def fstat(handle: int) -> os.stat_result:
        found = list(status(handle))
        if os.readlink(f"/proc/self/fd/{handle}").endswith("/other"):
            found[2] += 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", fstat)
    before = open_descriptors()
    position = Descent(top)
    with pytest.raises(LeftTheTree, match="another file system"):
        position.down("other")
    assert (position.depth, position.fd, open_descriptors()) == (0, top, before)


def test_so_many_handles_of_the_way_stay_open_as_it_is_told(top: int) -> None:
    before = open_descriptors()
    position = Descent(top, kept=3)
    for levels in range(1, 12):
        go_down(position, 1)
        assert open_descriptors() - before == min(levels, 4)
    position.close()
    assert open_descriptors() == before


def test_a_moved_directory_leaves_no_handle_either(top: int, tmp_path: Path) -> None:
    before = open_descriptors()
    position = Descent(top, kept=2)
    go_down(position, 10)
    Path("/proc/self/fd", str(top), *["d"] * 4).rename(tmp_path / "elsewhere")
    with pytest.raises(LeftTheTree):
        climb(position)
    position.close()
    assert open_descriptors() == before
