"""What is said of file systems."""

from dataclasses import replace

import pytest

from dokku_cache.survey.disks import Disk
from dokku_cache.tree.mounts import FileSystem
from dokku_cache.views import listing, purging

GIB = 1 << 30
HOME = Disk(("/home/dokku", "/var/lib/docker"), FileSystem("/home/dokku", 1, 40 * GIB, 38 * GIB, GIB, 1000000, 2500))


def test_scarce_inodes_have_a_line_of_their_own() -> None:
    assert list(listing.disk_lines([HOME])) == [
        "Free space on /home/dokku and /var/lib/docker: 1.0 GiB of 40.0 GiB",
        "Free inodes on /home/dokku and /var/lib/docker: 2,500 of 1,000,000",
    ]


@pytest.mark.parametrize(("total", "free"), [(None, None), (1000000, 400000), (0, 0)])
def test_inodes_that_are_unknown_or_plentiful_are_not_shown(total: int | None, free: int | None) -> None:
    state = replace(HOME.state, total_inodes=total, free_inodes=free)
    assert list(listing.disk_lines([Disk(("/x",), state)])) == ["Free space on /x: 1.0 GiB of 40.0 GiB"]


def test_inodes_that_are_not_counted_are_null() -> None:
    state = replace(HOME.state, total_inodes=None, free_inodes=None)
    assert listing.disk_values(Disk(("/x",), state))["free-inodes"] is None


def test_free_space_is_reported_for_each_disk_that_was_seen_twice() -> None:
    after = Disk(("/home/dokku",), replace(HOME.state, free_bytes=13 * GIB))
    gone = Disk(("/x",), replace(HOME.state, device=2))
    lines = purging.disk_changes([HOME, gone], [after], 12 * GIB)
    assert lines == ["Free space on /home/dokku and /var/lib/docker: 1.0 GiB -> 13.0 GiB (of 40.0 GiB)"]


@pytest.mark.parametrize(
    ("removed", "freed", "is_mentioned"), [(12, 0, True), (12, 5, True), (12, 7, False), (0, 0, False)]
)
def test_snapshots_are_mentioned_where_less_than_half_was_freed(removed: int, freed: int, is_mentioned: bool) -> None:
    after = Disk(HOME.paths, replace(HOME.state, free_bytes=HOME.state.free_bytes + freed * GIB))
    lines = purging.disk_changes([HOME], [after], removed * GIB)
    assert any("Snapshots" in line for line in lines) is is_mentioned
