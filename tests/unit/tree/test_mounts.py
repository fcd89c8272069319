"""Reading the kernel's table of mounts."""

import os
from pathlib import Path

import pytest

from dokku_cache.tree.mounts import (
    Mount,
    file_system_of,
    is_at_or_below,
    mounted_at_or_below,
    parse,
    place_of,
    read_mounts,
)


def test_a_line_gives_device_root_and_place_with_escapes_undone(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(b"36 35 98:1 /a\\040b /mnt/new\\012line rw shared:1 master:2 - ext4 /dev/x rw\n")
    assert read_mounts(str(table)) == (Mount(os.makedev(98, 1), "/a b", "/mnt/new\nline", "ext4"),)


@pytest.mark.parametrize("text", [b"nonsense\n", b"36 35 x:y / / rw - a b c\n"])
def test_a_table_that_is_not_understood_raises(tmp_path: Path, text: bytes) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(text)
    with pytest.raises(ValueError, match=r"mountinfo|invalid literal"):
        read_mounts(str(table))


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        (b"- nfs4 server:/home rw", "nfs4"),
        (b"shared:1 - fuse.sshfs host: rw", "fuse.sshfs"),
        (b"shared:1 master:2 propagate_from:3 unbindable - - x rw", "-"),
        (b"shared:1", ""),
        (b"-", ""),
        (b"", ""),
    ],
)
def test_the_kind_of_file_system_comes_after_any_number_of_fields(rest: bytes, kind: str) -> None:
    mounts = (parse(b"1 0 8:1 / / rw - ext4 /dev/sda1 rw"), parse(b"36 35 98:1 / /home rw " + rest))
    assert file_system_of("/home/dokku", mounts) == kind
    assert file_system_of("/homes", mounts) == "ext4"
    assert file_system_of("/home", ()) == ""


def test_the_real_table_can_be_read() -> None:
    assert any(mount.mount_point == "/" for mount in read_mounts())


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b/c", "/a/b", True),
        ("/a/bc", "/a/b", False),
        ("/a", "/a/b", False),
        ("/a", "/", True),
    ],
)
def test_below_is_by_whole_names(path: str, directory: str, *, expected: bool) -> None:
    assert is_at_or_below(path, directory) is expected


def test_a_mount_at_or_below_is_found_and_one_above_is_not() -> None:
    above, at, beside = Mount(1, "/", "/a"), Mount(2, "/", "/a/b/c"), Mount(3, "/", "/a/bc")
    assert mounted_at_or_below("/a/b", [above, at, beside]) == at
    assert mounted_at_or_below("/a/b", [above, beside]) is None


def test_a_line_needs_six_fields_and_no_more() -> None:
    assert parse(b"36 35 98:1 / /home rw") == Mount(os.makedev(98, 1), "/", "/home")
    with pytest.raises(ValueError, match="mountinfo"):
        parse(b"36 35 98:1 / /home")


def test_where_a_directory_lies_is_told_by_the_nearest_mount_and_of_two_there_by_the_later() -> None:
    home, root, cover = Mount(8, "/data", "/home", "xfs"), Mount(9, "/", "/", "ext4"), Mount(7, "/x", "/home", "nfs")
    for mounts in ((home, root), (root, home)):
        assert place_of("/home/dokku", mounts) == Mount(8, "/data/dokku", "/home/dokku")
        assert file_system_of("/home/dokku", mounts) == "xfs"
    assert place_of("/home/dokku", (root, home, cover)) == Mount(7, "/x/dokku", "/home/dokku")
    assert place_of("/home/dokku", (root, cover, home)) == Mount(8, "/data/dokku", "/home/dokku")
    assert place_of("/home/dokku", ()) is None
