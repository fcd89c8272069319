"""Measuring, against coreutils: read right here, and by many processes."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.errors import Unestablished
from dokku_cache.tree import find_pool, walk
from dokku_cache.tree.measurement import Tally
from dokku_cache.tree.scan import Scan
from dokku_cache.tree.walk import OWN_ENTRIES, measure
from tests.splitting import measured, split_everything

from ..somebody import somebody


@pytest.fixture(autouse=True, params=["here", "by others"])
def _manner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let even the smallest tree be measured by many processes."""
    if request.param == "by others":
        split_everything(monkeypatch)


def used(path: Path) -> int:
    return int(subprocess.run(["du", "-s", "-B1", path], capture_output=True, check=True).stdout.split()[0])


def test_an_empty_directory_counts_itself(tmp_path: Path) -> None:
    found = measured(tmp_path)
    assert (found.size_bytes, found.files, found.directories) == (used(tmp_path), 0, 0)


def test_hard_links_count_once_in_bytes_and_each_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 100_000)
    (tmp_path / "deep").mkdir()
    os.link(tmp_path / "one", tmp_path / "deep" / "two")
    os.link(tmp_path / "one", tmp_path / "three")
    found = measured(tmp_path)
    assert (found.size_bytes, found.files, found.directories) == (used(tmp_path), 3, 1)


def test_sparse_files_count_what_is_allocated(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 30)
    assert measured(tmp_path).size_bytes == used(tmp_path) < 1 << 20


def test_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")
    found = measured(tmp_path)
    assert (found.size_bytes, found.files) == (used(tmp_path), 1)


def test_the_newest_mtime_is_that_of_any_entry(tmp_path: Path) -> None:
    for name, moment in (("old", 1_000_000_000), ("new", 1_700_000_000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (moment, moment))
    os.utime(tmp_path, (1_100_000_000, 1_100_000_000))
    assert measured(tmp_path).newest_mtime == 1_700_000_000
    os.utime(tmp_path, (1_750_000_000, 1_750_000_000))
    assert measured(tmp_path).newest_mtime == 1_750_000_000


def test_the_newest_ctime_is_that_of_any_entry_but_the_top(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/old").touch()
    before = os.stat(tmp_path / "a/old").st_ctime
    time.sleep(0.02)
    tmp_path.chmod(0o700)
    assert measured(tmp_path).newest_ctime == pytest.approx(max(before, os.stat(tmp_path / "a").st_ctime), abs=1e-6)
    (tmp_path / "a/old").chmod(0o600)
    changed = os.stat(tmp_path / "a/old").st_ctime
    assert measured(tmp_path).newest_ctime == pytest.approx(changed, abs=1e-6)


def test_owners_and_top_level_names_are_complete(tmp_path: Path) -> None:
    (tmp_path / "vendor/deep/er").mkdir(parents=True)
    (tmp_path / "vendor/deep/er/file").touch()
    (tmp_path / "other/inner").mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(tmp_path / "vendor/deep/er/file", 33, 33)
    found = measured(tmp_path)
    assert found.owners == {os.geteuid(), *([33] if os.geteuid() == 0 else [])}
    assert found.names == {"vendor": {"deep"}, "other": frozenset()}
    assert found.has_all_names


@pytest.mark.parametrize("moment", [-(2**33), 2**40])
def test_times_beyond_the_calendar_are_no_error(tmp_path: Path, moment: int) -> None:
    (tmp_path / "file").touch()
    try:
        os.utime(tmp_path / "file", (moment, moment))
    except OSError:
        pytest.skip("the file system has no such times")
    assert measured(tmp_path).newest_mtime is not None


def test_ticks_add_up_to_the_whole(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    ticks: list[tuple[int, int]] = []
    descriptor = os.open(tmp_path, os.O_RDONLY)
    found = measure(descriptor, lambda *tick: ticks.append(tick))
    os.close(descriptor)
    assert sum(entries for entries, _ in ticks) == found.entries
    assert sum(size for _, size in ticks) == found.size_bytes


def test_sums_take_the_newest_of_both() -> None:
    assert Scan(1, 2, 3) + Scan(10, 20, 30) == Scan(11, 22, 33)


def test_names_of_any_bytes_are_measured(tmp_path: Path) -> None:
    for name in (b"new\nline", b"\xff\xfe", b"n" * 255):
        os.mkdir(os.path.join(os.fsencode(tmp_path), name))
    assert measured(tmp_path).directories == 3


def test_hard_links_count_once_though_different_processes_meet_them(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"subtree{number}").mkdir()
    for number in range(40):
        (tmp_path / "subtree0" / f"file{number}").write_bytes(b"x" * 10_000)
        for other in range(1, 40):
            os.link(tmp_path / "subtree0" / f"file{number}", tmp_path / f"subtree{other}" / f"link{number}")
    found = measured(tmp_path)
    assert (found.size_bytes, found.files, found.directories) == (used(tmp_path), 1600, 40)


def test_files_and_directories_side_by_side_are_each_counted_once(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"file{number}").write_bytes(b"x" * 5000 * number)
        (tmp_path / f"directory{number}").mkdir()
        for inner in range(number):
            (tmp_path / f"directory{number}" / f"inner{inner}").mkdir()
            (tmp_path / f"directory{number}" / f"inner{inner}" / "file").write_text("x")
    found = measured(tmp_path)
    assert (found.size_bytes, found.files) == (used(tmp_path), 30 + sum(range(30)))
    assert found.directories == 30 + sum(range(30))


def test_no_handle_and_no_process_is_left(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"directory{number}" / "inner").mkdir(parents=True)
    before = os.listdir("/proc/self/fd")
    measured(tmp_path)
    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_interruption_ends_the_processes(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"directory{number}").mkdir()

    def interrupt(_entries: int, _size_bytes: int) -> None:
        raise KeyboardInterrupt

    descriptor = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(KeyboardInterrupt):
        measure(descriptor, interrupt)
    os.close(descriptor)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_small_cache_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for number in range(100):
        (tmp_path / f"directory{number}").mkdir()
        for inner in range(OWN_ENTRIES // 200):
            (tmp_path / f"directory{number}" / f"file{inner}").touch()
    monkeypatch.setattr(find_pool, "FIND", "/nowhere")
    assert measured(tmp_path).entries == 600


def test_without_find_the_size_of_a_big_one_is_not_established(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2 * OWN_ENTRIES):
        (tmp_path / f"file{number}").touch()
    monkeypatch.setattr(find_pool, "FIND", "/nowhere")
    with pytest.raises(Unestablished, match="/nowhere cannot be started"):
        measured(tmp_path)


def test_a_process_that_is_killed_gives_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = tmp_path / "find"
    killed.write_text("#!/bin/sh\nkill -KILL $$\n")
    killed.chmod(0o755)
    (tmp_path / "tree").mkdir()
    for number in range(2 * OWN_ENTRIES):
        (tmp_path / "tree" / f"file{number}").touch()
    monkeypatch.setattr(find_pool, "FIND", str(killed))
    with pytest.raises(Unestablished, match="ended with code -9"):
        measured(tmp_path / "tree")


def test_a_job_to_nowhere_is_refused() -> None:
    """Given no directory, ``find`` would read the one it is started in: the root."""
    with find_pool.FindPool() as started, pytest.raises(ValueError, match="leads somewhere"):
        started.start(find_pool.FindJob(()), ["-printf", "x"])


def test_beside_many_files_no_directory_is_passed_over(tmp_path: Path) -> None:
    """In what order a directory gives its entries is the file system's business."""
    for number in range(10):
        top = tmp_path / f"top{number}"
        (top / f"directory{number}").mkdir(parents=True)
        for inner in range(8):
            (top / f"file{inner}").touch()
        (top / f"directory{number}" / "inner").write_bytes(b"x" * 10_000)
        found = measured(top)
        assert (found.size_bytes, found.files, found.directories) == (used(top), 9, 1)


@pytest.mark.parametrize(
    ("readers", "is_rotating", "most"), [(1, False, 1), (5, True, 5), (None, True, 2), (None, False, 16)]
)
def test_no_more_processes_read_than_suit_the_disk_or_than_somebody_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, readers: int | None, most: int, *, is_rotating: bool
) -> None:
    split_everything(monkeypatch)
    monkeypatch.setattr(walk, "rotates", lambda _device: is_rotating)
    busy = []
    start = find_pool.FindPool.start

    def counted(pool: find_pool.FindPool, *job: Any) -> None:
        start(pool, *job)
        busy.append(len(pool._running))

    monkeypatch.setattr(find_pool.FindPool, "start", counted)
    # Nothing is collected by the way, so that whoever was started counts until somebody has to wait.
    collect = walk._collect
    monkeypatch.setattr(walk, "_collect", lambda *known, wait: collect(*known, wait=wait) if wait else None)
    for number in range(80):
        (tmp_path / f"subtree{number}" / "inner" / "most").mkdir(parents=True)
    top = os.open(tmp_path, os.O_RDONLY)
    assert measure(top, readers=readers).directories == 240
    os.close(top)
    assert max(busy) == most


@pytest.mark.parametrize("mode", [0, 0o744])
def test_what_may_not_be_read_makes_the_size_a_lower_bound(tmp_path: Path, mode: int) -> None:
    """The one cannot be opened at all, what is in the other may be listed and not be looked at."""
    tmp_path.chmod(0o755)
    for number in range(5):
        (tmp_path / f"open{number}").mkdir()
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "file").touch()
    (tmp_path / "closed").chmod(mode if os.getuid() == 0 else mode & 0o444)
    top = os.open(tmp_path, os.O_RDONLY)
    with somebody():
        found = measure(top)
    os.close(top)
    (tmp_path / "closed").chmod(0o755)
    assert found.unreadable == 1


def test_a_directory_on_another_file_system_is_counted_and_not_entered(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"mounted{number}" / "inner").mkdir(parents=True)
    tally, top = Tally(), os.open(tmp_path, os.O_RDONLY)
    with walk._Splitter(top, tally, 16) as splitter:
        splitter._device = -1
        assert [job for job in splitter.jobs() if job] == []
    os.close(top)
    assert tally.directories == 5


def test_only_so_many_directories_are_open_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(walk, "OWN_DIRECTORIES", 10)
    (tmp_path / "/".join(["inner"] * 30)).mkdir(parents=True)
    top = os.open(tmp_path, os.O_RDONLY)
    with walk._Splitter(top, Tally(), 16) as splitter:
        (job,) = splitter.jobs()
        assert len(splitter._opened) == 10
    os.close(top)
    assert job


def test_what_vanishes_meanwhile_is_not_counted_as_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    take_stock = walk._Splitter._count_directory

    def counted(splitter: walk._Splitter, entry: "os.DirEntry[str]") -> int:
        if entry.name == "a":
            (tmp_path / "a").rmdir()  # before it is looked at
            return take_stock(splitter, entry)
        links = take_stock(splitter, entry)
        (tmp_path / "b").rmdir()  # after that
        return links

    monkeypatch.setattr(walk._Splitter, "_count_directory", counted)
    found = measured(tmp_path)
    assert (found.directories, found.unreadable) == (1, 0)


def test_those_who_wait_see_it_grow_while_others_read(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for number in range(50):
        (tmp_path / f"directory{number}").mkdir()
        (tmp_path / f"directory{number}" / "file").touch()
    ticks: list[tuple[int, int]] = []
    top = os.open(tmp_path, os.O_RDONLY)
    measure(top, lambda *tick: ticks.append(tick))
    os.close(top)
    assert (len(ticks) > 1) is ("by others" in request.node.name)
