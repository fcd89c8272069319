"""References from the kernel's mount tables."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.engine import client
from dokku_cache.model.state import ReasonCode
from dokku_cache.tree.mounts import place_of, read_mounts

from ..other_user import other_user
from .conftest import Server

Make = Callable[..., dict[str, Any]]
ID = "c" * 64


def write_table(server: Server, pid: int, shown: Path, at: str, *, container: str = "") -> None:
    """Write the table of a process in a namespace of its own, which has a bind mount."""
    place = place_of(os.path.realpath(shown), read_mounts())
    assert place is not None
    device = f"{os.major(place.device)}:{os.minor(place.device)}"
    hostname = f"{pid}2 1 0:9 /var/lib/docker/containers/{container}/hostname /etc/hostname rw - ext4 /dev/x rw\n"
    table = f"{pid}0 1 0:9 / / rw - overlay overlay rw\n{hostname if container else ''}"
    server.write(
        server.proc / str(pid) / "mountinfo", f"{table}{pid}1 1 {device} {place.root} {at} rw - ext4 /dev/x rw\n"
    )
    server.write(server.proc / str(pid) / "comm", "conmon\n")


@pytest.mark.parametrize("below", ["", "gems", "../.rest"])
def test_a_mount_in_another_namespace_is_a_use_of_a_process(server: Server, below: str) -> None:
    write_table(server, 77, server.cache() / below, "/data")
    (use,) = server.references().uses
    assert use.code is ReasonCode.MOUNTED_ELSEWHERE
    assert use.text == "process 77 (conmon) has it mounted at /data"
    assert not server.references("other")


def test_a_mount_of_the_app_directory_is_a_use_and_a_copy_of_its_own_mount_is_none(server: Server) -> None:
    app = server.cache().parent
    write_table(server, 77, app, "/data")
    assert "its app directory" in server.references().text
    for at in (str(app), f"/host{app}"):
        write_table(server, 77, app, at)
        assert not server.references()
    write_table(server, 77, app.parent, "/data")
    assert not server.references()


def test_a_table_counts_once_and_processes_that_end_are_skipped(server: Server) -> None:
    write_table(server, 77, server.cache(), "/data")
    server.write(server.proc / "78/mountinfo", (server.proc / "77/mountinfo").read_text())
    (server.proc / "79").mkdir()
    server.write(server.proc / "80/mountinfo", "")
    assert len(server.references().uses) == 1


def test_a_listed_container_is_not_reported_twice_and_the_helper_not_at_all(server: Server, container: Make) -> None:
    write_table(server, 77, server.cache(), "/data", container=ID)
    server.engine.container_list = [container(server.cache(), Id=ID)]
    assert len(server.references().uses) == 1
    helper = {client.HELPER: client.CONTAINER}
    server.engine.container_list = [container(server.cache(), at=client.MOUNT_POINT, Id=ID, Labels=helper)]
    assert not server.references()


@pytest.fixture
def hidden(tmp_path: Path, server: Server) -> Path:
    """Return a path below a directory that is closed to other users, which leads to the cache."""
    for directory in (tmp_path, *tmp_path.parents):
        if "pytest" in str(directory):
            directory.chmod(0o755)
    server.cache()
    server.cache("other")
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "link").symlink_to(server.cache())
    closed.chmod(0o700)
    return closed / "link"


def collect(server: Server, app: str = "shop") -> tuple[int, int]:
    with other_user():
        found = server.references(app)
    return len(found.uses), len(found.unknown)


def test_a_running_container_shows_where_a_hidden_path_leads(server: Server, container: Make, hidden: Path) -> None:
    server.engine.container_list = [container(hidden, Id=ID)]
    assert collect(server) == (0, 1)
    write_table(server, 77, server.cache(), "/data", container=ID)
    assert collect(server) == (1, 0)
    assert collect(server, "other") == (0, 0)
    write_table(server, 77, server.cache().parent.parent.parent, "/data", container=ID)
    server.set_option(f"-v {hidden}:/data")
    assert collect(server) == (0, 0)


def test_a_hidden_path_that_no_table_shows_is_unknown_for_all(server: Server, container: Make, hidden: Path) -> None:
    server.set_option(f"--env FILE={hidden} -v /data:{hidden}")
    assert collect(server) == (0, 0)
    server.set_option(f"-v {hidden}:/data")
    assert collect(server) == collect(server, "other") == (0, 1)
    server.set_option("")
    server.engine.container_list = [container(hidden, State="exited")]
    assert collect(server) == (0, 1)
    server.engine.container_list = []
    volume = {"Name": "v", "Options": {"o": "bind", "device": str(hidden)}, "Mountpoint": "/var/lib/docker/volumes/v"}
    server.engine.volume_list = [volume]
    assert collect(server) == (0, 1)


@pytest.mark.parametrize(("error", "is_unknown"), [(errno.EIO, True), (errno.ESTALE, True), (errno.ENOENT, False)])
def test_a_mounted_path_on_a_failed_disk_is_unknown(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: int, *, is_unknown: bool
) -> None:
    real_path = os.path.realpath

    def fail(path: str, *, strict: bool = False) -> str:
        if strict and path == "/mnt/failed":
            raise OSError(error, os.strerror(error))
        return real_path(path, strict=strict)

    server.set_option("-v /mnt/failed:/data")
    monkeypatch.setattr(os.path, "realpath", fail)
    assert bool(server.references().unknown) is is_unknown


@pytest.mark.parametrize("is_listed", [True, False])
def test_hidden_processes_leave_the_uses_unknown_with_a_way_out(
    server: Server, tmp_path: Path, *, is_listed: bool
) -> None:
    """With hidepid=1 the tables of other processes cannot be opened, with hidepid=2 the processes are not listed."""
    for directory in (tmp_path, *tmp_path.parents):
        if "pytest" in str(directory):
            directory.chmod(0o755)
    assert not server.references()
    write_table(server, 77, server.cache(), "/data")
    if is_listed:
        (server.proc / "77").chmod(0)
    else:
        shutil.rmtree(server.proc / "1")
    with other_user():
        references = server.references()
    assert [source.code for source in references.unknown] == [ReasonCode.UNREADABLE]
    assert "remount,gid" in references.hint


def test_without_a_mount_table_it_is_unknown(server: Server) -> None:
    (server.proc / "self/mountinfo").unlink()
    assert server.references().unknown


def test_processes_that_cannot_be_listed_leave_the_uses_unknown(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: str) -> list[str]:
        raise OSError(5, "Input/output error")

    server.cache()
    monkeypatch.setattr("dokku_cache.survey.host.os.listdir", fail)
    assert server.references().unknown
