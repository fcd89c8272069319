"""Deleting by threads, on this user's own files: all of it, counted, and nothing that it should leave."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.legacy import emptying
from dokku_cache.legacy.emptying import empty
from dokku_cache.tree.handles import LeftTheTree


@pytest.fixture
def top(tmp_path: Path) -> Path:
    directory = tmp_path / "top"
    directory.mkdir()
    return directory


def emptied(directory: Path, workers: int = 4) -> int:
    """Empty it, see that no handle and no thread is left, and give what was counted."""
    counted: list[int] = []
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    before = len(os.listdir("/proc/self/fd"))
    try:
        empty(fd, counted.append, workers)
    finally:
        assert len(os.listdir("/proc/self/fd")) == before
        assert threading.active_count() == 1
        os.close(fd)
    return sum(counted)


def wide(top: Path) -> int:
    for number in range(950):
        (top / str(number)).touch()
    return 950


def bushy(top: Path) -> int:
    for number in range(30):
        (top / str(number) / "a" / "b").mkdir(parents=True)
        (top / str(number) / "a" / "file").touch()
        (top / str(number) / "a" / "link").symlink_to("/")
    return 30 * 5


def deep(top: Path) -> int:
    for level in range(60):
        top = top / "d"
        top.mkdir()
        (top / f"file{level}").touch()
    return 120


@pytest.mark.parametrize("make", [wide, bushy, deep, lambda _: 0])
@pytest.mark.parametrize("workers", [1, 8])
def test_all_goes_and_is_counted_once(
    top: Path, make: Callable[[Path], int], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emptying, "_TELLING_SECONDS", 0.0005)
    expected = make(top)
    assert emptied(top, workers) == expected
    assert os.listdir(top) == []


def wide_below(top: Path) -> int:
    (top / "d").mkdir()
    return wide(top / "d") + 1


@pytest.mark.parametrize("make", [bushy, deep, wide_below])
@pytest.mark.parametrize("workers", [1, 4])
def test_what_may_not_be_open_besides_is_emptied_on_the_spot(
    top: Path, make: Callable[[Path], int], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emptying, "OPEN_DIRECTORIES", 2)
    monkeypatch.setattr(emptying, "HANDLES_ALONE", 3)
    monkeypatch.setattr(emptying, "BATCH", 2)
    expected = make(top)
    assert emptied(top, workers) == expected
    assert os.listdir(top) == []


def test_no_more_directories_are_open_than_may_be(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the usual limit of 1,024 handles nothing could be deleted any more."""
    monkeypatch.setattr(emptying, "OPEN_DIRECTORIES", 8)
    most = [0]
    unlinked = os.unlink

    def unlink(name: str, *, dir_fd: int) -> None:
        most.append(len(os.listdir("/proc/self/fd")))
        unlinked(name, dir_fd=dir_fd)

    for number in range(120):
        (top / str(number)).mkdir()
        (top / str(number) / "file").touch()
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "unlink", unlink)
    emptied(top, workers=2)
    # Those of the calls that list them, of the directories that are read, and of two that are emptied on the spot.
    assert max(most) - before < 8 + 12


def test_a_link_goes_and_what_it_leads_to_stays(top: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(mode=0o555)
    (tmp_path / "other.txt").write_text("x")
    (top / "directory").symlink_to(tmp_path / "other")
    (top / "file").symlink_to(tmp_path / "other.txt")
    (top / "inner").mkdir()
    (top / "inner" / "directory").symlink_to(tmp_path / "other")
    assert emptied(top) == 4
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o555
    assert (tmp_path / "other.txt").read_text() == "x"


@pytest.mark.parametrize("open_directories", [256, 0])
def test_what_was_mounted_in_it_ends_it_and_is_not_entered(
    top: Path, monkeypatch: pytest.MonkeyPatch, open_directories: int
) -> None:
    """The mount is played: of the directory `mount`, the kernel names another than of the tree."""
    monkeypatch.setattr(emptying, "OPEN_DIRECTORIES", open_directories)
    (top / "a" / "mount").mkdir(parents=True)
    (top / "a" / "mount" / "precious").touch()

    def mount_of(handle: int) -> int:
        return 2 if os.readlink(f"/proc/self/fd/{handle}").endswith("/mount") else 1

    monkeypatch.setattr("dokku_cache.tree.handles.mount_of", mount_of)
    monkeypatch.setattr(emptying, "mount_of", mount_of)
    with pytest.raises(LeftTheTree, match="mounted at mount"):
        emptied(top)
    assert (top / "a" / "mount" / "precious").exists()


def test_another_file_system_ends_it(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / "other").mkdir()
    (top / "other" / "precious").touch()
    status = os.fstat

    def fstat(handle: int) -> os.stat_result:
        found = list(status(handle))
        if os.readlink(f"/proc/self/fd/{handle}").endswith("/other"):
            found[2] += 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(LeftTheTree, match="other is on another file system"):
        emptied(top)
    assert (top / "other" / "precious").exists()


@pytest.mark.parametrize("open_directories", [256, 0])
def test_what_belongs_to_somebody_else_ends_it_and_what_went_was_counted(
    top: Path, monkeypatch: pytest.MonkeyPatch, open_directories: int
) -> None:
    monkeypatch.setattr(emptying, "OPEN_DIRECTORIES", open_directories)
    bushy(top)
    (top / "7" / "a" / "theirs").touch()
    before = sum(len(found) + len(files) for _, found, files in os.walk(top))
    unlinked = os.unlink

    def unlink(name: str, *, dir_fd: int) -> None:
        if name == "theirs":
            raise PermissionError(1, "Operation not permitted", name)
        unlinked(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    counted: list[int] = []
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    handles = len(os.listdir("/proc/self/fd"))
    with pytest.raises(PermissionError):
        empty(fd, counted.append, 4)
    # Who purges many apps must not run out of handles, and who holds one keeps a disk from being unmounted.
    assert len(os.listdir("/proc/self/fd")) == handles
    os.close(fd)
    assert (top / "7" / "a" / "theirs").exists()
    assert before - sum(len(found) + len(files) for _, found, files in os.walk(top)) == sum(counted)


@pytest.mark.parametrize("workers", [1, 4])
def test_where_no_thread_can_be_started_this_one_does_it(
    top: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    expected = bushy(top)

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert emptied(top, workers) == expected


def test_where_few_threads_can_be_started_those_do_it(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, started, start = bushy(top), [0], threading.Thread.start

    def start_two(thread: threading.Thread) -> None:
        started[0] += 1
        if started[0] > 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    monkeypatch.setattr(emptying, "processors", lambda: 6)
    assert emptied(top, workers=6) == expected
    assert started == [3]


def test_an_interrupt_ends_all_threads_and_leaves_the_rest(top: Path) -> None:
    """Each time that it is told, the caller may have been interrupted (Ctrl-C): nobody goes on deleting behind it."""
    bushy(top)
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    entered = threading.Event()
    unlinked = os.unlink

    def slowly(name: str, *, dir_fd: int) -> None:
        entered.set()
        threading.Event().wait(0.05)
        unlinked(name, dir_fd=dir_fd)

    def told(_: int) -> None:
        if not entered.is_set() or threading.active_count() == 1:
            return
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "unlink", slowly)
        with pytest.raises(KeyboardInterrupt):
            empty(fd, told, 2)
    assert threading.active_count() == 1
    assert os.listdir(top)
    os.close(fd)


def test_who_was_being_started_in_that_moment_is_waited_for_too(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """He would go on with handles that are closed, and may be of another directory by then."""
    bushy(top)
    started, unlinked, at_work = threading.Thread.start, os.unlink, threading.Event()

    def start(thread: threading.Thread) -> None:
        started(thread)
        at_work.wait(10)
        raise KeyboardInterrupt

    ended: list[str] = []

    def slowly(name: str, *, dir_fd: int) -> None:
        at_work.set()
        time.sleep(0.05)
        unlinked(name, dir_fd=dir_fd)
        ended.append(name)

    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(threading.Thread, "join", lambda _thread: None)
    monkeypatch.setattr(os, "unlink", slowly)
    with pytest.raises(KeyboardInterrupt):
        empty(fd, lambda _: None, 1)
    os.close(fd)
    assert sorted(ended) == ["file", "link"]


def test_before_anybody_has_begun_it_has_not_ended(top: Path) -> None:
    """Else what is left in a moment in which nobody works would stay."""
    (top / "file").touch()
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    assert not emptying._Work(fd).wait(0)
    os.close(fd)


@pytest.mark.parametrize("make", [bushy, wide])
def test_after_a_failure_nobody_begins_anything_more(
    top: Path, make: Callable[[Path], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(top)
    tries: list[str] = []

    def unlink(name: str, *, dir_fd: int) -> None:
        tries.append(name)
        raise PermissionError(1, "Operation not permitted", name)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(PermissionError):
        emptied(top, workers=1)
    assert len(tries) == 1


def test_who_is_one_too_many_leaves_after_his_job_and_all_goes(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shrinking:
        """Eight at first, and two from the first look on."""

        workers = 8

        def __init__(self, _fewest: int, _most: int) -> None:
            pass

        def after(self, _entries: int, _seconds: float) -> int:
            return 2

    unlinked = os.unlink

    def slowly(name: str, *, dir_fd: int) -> None:
        time.sleep(0.0005)
        unlinked(name, dir_fd=dir_fd)

    expected, crews = wide(top) + bushy(top / "more"), []
    monkeypatch.setattr(os, "unlink", slowly)
    monkeypatch.setattr(emptying, "Pace", Shrinking)
    monkeypatch.setattr(emptying, "BATCH", 2)
    monkeypatch.setattr(emptying, "_TELLING_SECONDS", 0.005)
    counted = []

    def told(count: int) -> None:
        counted.append(count)
        crews.append(threading.active_count() - 1)

    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    empty(fd, told, 8)
    os.close(fd)
    assert sum(counted) == expected + 1
    assert max(crews[:2]) > 2
    assert crews[-3] <= 2
