"""What is said of file systems."""

from dataclasses import replace

from dokku_cache.survey.disks import Disk
from dokku_cache.tree.file_system import FileSystem
from dokku_cache.views import disk_lines

GIB = 1 << 30
HOME = Disk(("/home/dokku", "/var/lib/docker"), FileSystem("/home/dokku", 1, 40 * GIB, 38 * GIB, GIB, 1000000, 2500))


def test_a_line_has_all_of_it() -> None:
    assert disk_lines.line(HOME) == (
        "disk of /home/dokku and /var/lib/docker: 38.0 GiB used of 40.0 GiB, 1.0 GiB free, "
        "2,500 of 1,000,000 inodes free"
    )


def test_inodes_that_are_not_counted_are_left_out() -> None:
    state = replace(HOME.state, total_inodes=None, free_inodes=None)
    assert disk_lines.line(Disk(("/x",), state)) == "disk of /x: 38.0 GiB used of 40.0 GiB, 1.0 GiB free"
    assert disk_lines.values(Disk(("/x",), state))["free-inodes"] is None


def test_what_a_purge_changed_is_a_line_for_each_that_could_be_looked_at_twice() -> None:
    after = Disk(("/home/dokku",), replace(HOME.state, free_bytes=13 * GIB))
    gone = Disk(("/x",), replace(HOME.state, device=2))
    assert disk_lines.changes([HOME, gone], [after]) == [
        "disk of /home/dokku and /var/lib/docker: 1.0 GiB free of 40.0 GiB -> 13.0 GiB free"
    ]
