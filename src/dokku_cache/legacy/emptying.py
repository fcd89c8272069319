"""Deleting what this user may delete, by threads: as many as still delete more than fewer would.

Everything goes through open handles, as in a purge as a whole: a directory is entered from the handle of the one it
lies in, without following a link, and stays open until it is empty.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from dokku_cache.legacy.crew import Crew, Pace, processors
from dokku_cache.tree.descent import Descent
from dokku_cache.tree.handles import LeftTheTree, mount_of, open_to_empty

#: Told during a removal: how many entries are gone since the last time. Not their bytes, as asking for these takes a
#: fifth of the time that deleting takes; how much there is in all was measured before.
Gone = Callable[[int], None]
#: At most: as many as the helper container has.
WORKERS = 32
#: Directories that are open at a time; what is found beyond is emptied on the spot, with so many handles a thread. In
#: all that is half of the usual limit of 1,024.
OPEN_DIRECTORIES = 256
HANDLES_ALONE = 8
#: Names of one directory that one thread deletes, so that a single wide directory keeps several busy.
BATCH = 200
_TELLING_SECONDS = 0.1


@dataclass
class _Directory:
    """A directory on its way out. ``pending``: what is still to be done before it is empty, reading it included."""

    fd: int
    name: str = ""
    above: "_Directory | None" = None
    pending: int = 1


def empty(top_fd: int, gone: Gone, workers: int = WORKERS) -> None:
    """Delete all below an open directory by so many threads at most; ``gone`` is told from the calling thread.

    Raises PermissionError where something is not this user's to delete, LeftTheTree where something else
    is mounted, and another OSError where something came or went meanwhile. Some is gone by then, and was told.
    """
    work, pace = _Work(top_fd), Pace(processors(), workers)
    crew = Crew(work)
    try:
        if not crew.be(pace.workers):
            work.take_part()
        told = time.monotonic()
        while not work.wait(_TELLING_SECONDS):
            count, before, told = work.newly_gone(), told, time.monotonic()
            crew.be(pace.after(count, told - before))
            gone(count)
    finally:
        work.give_up()
        crew.join()
        work.close()
        gone(work.newly_gone())
    if work.failure is not None:
        raise work.failure


class _Work:
    """What is to be done, taken by several threads until nothing is left, or something failed.

    ``wanted``: how many are to take part; whoever is one too many leaves after his job.
    """

    def __init__(self, top_fd: int) -> None:
        self.failure: OSError | None = None
        self._device, self._mount = os.fstat(top_fd).st_dev, mount_of(top_fd)
        lock = threading.Lock()
        self._changed, self._ended = threading.Condition(lock), threading.Condition(lock)
        self.wanted, self._taking_part = 1, 0
        self._jobs: list[Callable[[], None]] = [partial(self._read, _Directory(top_fd))]
        self._running = 0
        self._is_over = False
        self._gone = 0
        self._open: set[int] = set()

    def wait(self, seconds: float) -> bool:
        """Wait so long at most, and tell whether all of it has ended."""
        with self._ended:
            return self._ended.wait_for(lambda: self._has_ended() and not self._running, seconds)

    def newly_gone(self) -> int:
        """Give how many entries went since the last time."""
        with self._changed:
            count, self._gone = self._gone, 0
        return count

    def give_up(self) -> None:
        """Let nobody begin anything more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def close(self) -> None:
        """Close the directories that did not get empty, once nobody is at work in any of them.

        Who was being started when the caller was interrupted is in no crew; and a handle that is used after it was
        closed may be another directory's by then.
        """
        with self._ended:
            self._ended.wait_for(lambda: not self._running)
        while self._open:
            os.close(self._open.pop())

    def take_part(self) -> None:
        """Do one job after the other."""
        with self._changed:
            self._taking_part += 1
        while (job := self._next()) is not None:
            try:
                job()
            except OSError as error:
                with self._changed:
                    self.failure = self.failure or error
                    self._is_over = True
            finally:
                with self._changed:
                    self._running -= 1
                    if self._has_ended():
                        self._changed.notify_all()
                        self._ended.notify_all()

    def _has_ended(self) -> bool:
        return self._is_over or not (self._jobs or self._running)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._has_ended())
            if self._has_ended() or self._taking_part > self.wanted:
                self._taking_part -= 1
                self._changed.notify()  # what woke this one is for another
                return None
            self._running += 1
            return self._jobs.pop()

    def _hand_out(self, job: Callable[[], None]) -> None:
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()

    def _read(self, directory: _Directory) -> None:
        names: list[str] = []
        with os.scandir(directory.fd) as entries:
            for entry in entries:
                if self._is_over:
                    return
                if entry.is_dir(follow_symlinks=False):
                    self._enter(directory, entry.name)
                    continue
                names.append(entry.name)
                if len(names) == BATCH:
                    self._share(directory, names)
                    names = []
        self._unlink(directory, names)

    def _share(self, directory: _Directory, names: list[str]) -> None:
        with self._changed:
            directory.pending += 1
            is_busy = len(self._jobs) > OPEN_DIRECTORIES
        if is_busy:
            self._unlink(directory, names)
        else:
            self._hand_out(partial(self._unlink, directory, names))

    def _unlink(self, directory: _Directory, names: list[str]) -> None:
        count = 0
        try:
            for name in names:
                os.unlink(name, dir_fd=directory.fd)
                count += 1
        finally:
            self._count(count)
        self._leave(directory)

    def _enter(self, above: _Directory, name: str) -> None:
        fd = open_to_empty(name, above.fd, self._mount)
        with self._changed:
            is_room = len(self._open) < OPEN_DIRECTORIES
            self._open.add(fd)
            above.pending += 1
        directory = _Directory(fd, name, above)
        if os.fstat(fd).st_dev != self._device:
            raise LeftTheTree(f"{name} is on another file system")
        if is_room:
            self._hand_out(partial(self._read, directory))
        else:
            _empty_alone(fd, self._mount, self._count)
            self._leave(directory)

    def _leave(self, directory: _Directory) -> None:
        """Take note that something of a directory is done, and remove it when that was all, and so on upwards."""
        while True:
            with self._changed:
                directory.pending -= 1
                if directory.pending or directory.above is None:
                    return
                self._open.discard(directory.fd)
            os.close(directory.fd)
            os.rmdir(directory.name, dir_fd=directory.above.fd)
            self._count(1)
            directory = directory.above

    def _count(self, count: int) -> None:
        with self._changed:
            self._gone += count


def _empty_alone(top_fd: int, mount: int, gone: Gone) -> None:
    position = Descent(top_fd, partial(open_to_empty, mount=mount), HANDLES_ALONE)
    try:
        pending = [("", _unlink_files(position.fd, gone))]
        while pending:
            name, directories = pending[-1]
            if directories:
                child = directories.pop()
                position.down(child)
                pending.append((child, _unlink_files(position.fd, gone)))
                continue
            pending.pop()
            if pending:
                position.up()
                os.rmdir(name, dir_fd=position.fd)
                gone(1)
    finally:
        position.close()


def _unlink_files(directory_fd: int, gone: Gone) -> list[str]:
    """Unlink all in one directory but its directories, whose names it gives."""
    directories: list[str] = []
    count = 0
    try:
        with os.scandir(directory_fd) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.name)
                    continue
                os.unlink(entry.name, dir_fd=directory_fd)
                count += 1
    finally:
        gone(count)
    return directories
