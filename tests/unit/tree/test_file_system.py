"""How full a file system is."""

import os
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dokku_cache.tree import file_system


def test_it_counts_as_df_does(tmp_path: Path) -> None:
    columns = "size,used,avail,itotal,iavail"
    done = subprocess.run(
        ["df", "--block-size=1", f"--output={columns}", tmp_path], capture_output=True, text=True, check=True
    )
    size, used, free, inodes, free_inodes = map(int, done.stdout.splitlines()[1].split())
    found = file_system.look(str(tmp_path))
    assert found
    assert found.total_bytes == size
    # Others write meanwhile.
    assert abs(found.used_bytes - used) < 1 << 30
    assert abs(found.free_bytes - free) < 1 << 30
    assert (found.total_inodes or 0) == inodes
    assert abs((found.free_inodes or 0) - free_inodes) < 100_000
    assert found.device == os.stat(tmp_path).st_dev


def test_a_file_system_without_a_number_of_inodes_has_none_and_not_0(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counted = SimpleNamespace(f_blocks=100, f_bfree=40, f_bavail=30, f_frsize=4096, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _: counted)
    found = file_system.look(str(tmp_path))
    assert found
    assert (found.total_inodes, found.free_inodes) == (None, None)
    assert (found.total_bytes, found.used_bytes, found.free_bytes) == (409600, 245760, 122880)


@pytest.mark.parametrize("path", ["/nowhere/at/all", "", "/a\0b", "/proc"])
def test_what_cannot_be_looked_at_is_not_known(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    traces: list[object] = []
    monkeypatch.setattr(threading, "excepthook", traces.append)
    assert file_system.look(path) is None
    assert traces == []


def test_a_server_that_is_gone_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    is_over, of_daemon = threading.Event(), []

    def hang(_: str) -> None:
        of_daemon.append(threading.current_thread().daemon)
        is_over.wait(30)
        raise OSError

    monkeypatch.setattr(os, "statvfs", hang)
    begun = time.monotonic()
    assert file_system.look(str(tmp_path), limit_seconds=0.05) is None
    assert time.monotonic() - begun < 10
    # Else the program would not end before that server answers.
    assert of_daemon == [True]
    is_over.set()


def test_a_machine_without_room_for_a_thread_tells_nothing_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert file_system.look(str(tmp_path)) is None
