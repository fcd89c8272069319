"""The kernel's mount table, and the free space of file systems."""

import os
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dokku_cache.tree.mounts import (
    Mount,
    is_at_or_below,
    mounted_at_or_below,
    parse,
    place_of,
    read_file_system,
    read_mounts,
)


def test_a_line_has_device_root_and_mount_point_with_escapes(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(b"36 35 98:1 /a\\040b /mnt/new\\012line rw shared:1 master:2 - ext4 /dev/x rw\n")
    assert read_mounts(str(table)) == (Mount(os.makedev(98, 1), "/a b", "/mnt/new\nline", "ext4"),)
    assert parse(b"36 35 98:1 / /home rw") == Mount(os.makedev(98, 1), "/", "/home")
    assert any(mount.mount_point == "/" for mount in read_mounts())


@pytest.mark.parametrize("line", [b"nonsense", b"36 35 x:y / / rw - a b c", b"36 35 98:1 / /home"])
def test_a_line_that_cannot_be_parsed_raises(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"mountinfo|invalid literal"):
        parse(line)


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        (b"- nfs4 server:/home rw", "nfs4"),
        (b"shared:1 - fuse.sshfs host: rw", "fuse.sshfs"),
        (b"shared:1 master:2 propagate_from:3 unbindable - - x rw", "-"),
        (b"shared:1", ""),
        (b"", ""),
    ],
)
def test_the_type_of_file_system_follows_the_optional_fields(rest: bytes, kind: str) -> None:
    assert parse(b"36 35 98:1 / /home rw " + rest).file_system == kind


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [("/a/b", "/a/b", True), ("/a/b/c", "/a/b", True), ("/a/bc", "/a/b", False), ("/a", "/", True)],
)
def test_below_is_by_whole_names(path: str, directory: str, *, expected: bool) -> None:
    assert is_at_or_below(path, directory) is expected


def test_a_mount_at_or_below_is_found_and_one_above_is_not() -> None:
    above, at, next_to = Mount(1, "/", "/a"), Mount(2, "/", "/a/b/c"), Mount(3, "/", "/a/bc")
    assert mounted_at_or_below("/a/b", [above, at, next_to]) == at
    assert mounted_at_or_below("/a/b", [above, next_to]) is None


def test_the_nearest_and_latest_mount_holds_a_directory() -> None:
    home, root, cover = Mount(8, "/data", "/home", "xfs"), Mount(9, "/", "/", "ext4"), Mount(7, "/x", "/home", "nfs")
    for mounts in ((home, root), (root, home), (root, cover, home)):
        assert place_of("/home/dokku", mounts) == Mount(8, "/data/dokku", "/home/dokku", "xfs")
    assert place_of("/home/dokku", (root, home, cover)) == Mount(7, "/x/dokku", "/home/dokku", "nfs")
    assert place_of("/home/dokku", ()) is None


def test_the_figures_of_a_file_system_are_those_of_df(tmp_path: Path) -> None:
    columns = "size,used,avail,itotal,iavail"
    done = subprocess.run(
        ["df", "--block-size=1", f"--output={columns}", tmp_path], capture_output=True, text=True, check=True
    )
    size, used, free, inodes, free_inodes = map(int, done.stdout.splitlines()[1].split())
    found = read_file_system(str(tmp_path))
    assert found
    assert (found.total_bytes, found.total_inodes or 0, found.device) == (size, inodes, os.stat(tmp_path).st_dev)
    # Other processes write at the same time.
    assert abs(found.used_bytes - used) < 1 << 30
    assert abs(found.free_bytes - free) < 1 << 30
    assert abs((found.free_inodes or 0) - free_inodes) < 100_000


def test_a_file_system_without_a_fixed_number_of_inodes_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status = SimpleNamespace(f_blocks=100, f_bfree=40, f_bavail=30, f_frsize=4096, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _: status)
    found = read_file_system(str(tmp_path))
    assert found
    assert (found.total_inodes, found.free_inodes) == (None, None)
    assert (found.total_bytes, found.used_bytes, found.free_bytes) == (409600, 245760, 122880)


@pytest.mark.parametrize("path", ["/nowhere/at/all", "", "/a\0b", "/proc"])
def test_a_path_that_cannot_be_read_has_no_file_system(path: str) -> None:
    assert read_file_system(path) is None


def test_an_unreachable_file_server_costs_the_time_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    is_over, are_daemons = threading.Event(), []

    def hang(_: str) -> None:
        are_daemons.append(threading.current_thread().daemon)
        is_over.wait(30)
        raise OSError

    monkeypatch.setattr(os, "statvfs", hang)
    begun = time.monotonic()
    assert read_file_system(str(tmp_path), limit_seconds=0.05) is None
    assert time.monotonic() - begun < 10
    assert are_daemons == [True]  # the program can end
    is_over.set()


def test_without_a_thread_the_file_system_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert read_file_system(str(tmp_path)) is None
