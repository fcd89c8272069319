"""Measuring a directory: a small one right here, a big one by many processes side by side."""

import math
import os
from collections import deque
from collections.abc import Iterator
from types import TracebackType

from dokku_cache.tree.find_pool import FIND_PROCESSES, ROTATING_DISK_PROCESSES, FindJob, FindPool, halves
from dokku_cache.tree.handles import OPEN_DIRECTORY
from dokku_cache.tree.measurement import Tally, Tick, Ticker, read_names
from dokku_cache.tree.rotation import rotates
from dokku_cache.tree.scan import Scan

#: What is read here before others are asked: it takes no longer than to start them. The directories stay open.
OWN_ENTRIES = 1000
OWN_DIRECTORIES = 200
#: As long as there are fewer subtrees to share than this, more is read here, up to so many entries: one of them may
#: be nearly everything.
FEW_SUBTREES = 64
MOST_OWN_ENTRIES = 4000
#: A directory with more files than this is left to others.
WIDE_FILES = 250
#: A directory's links are its name, its own ".", and a ".." in each directory in it; some file systems do not count.
LINKS_WITHOUT_DIRECTORIES = 2
#: Directories in one job where there are many: few, so that there is work for all, but more in a very wide one,
#: as each start takes a millisecond; far below the kernel's limit for arguments in any case (execve(2)).
ERRAND_DIRECTORIES = 250
MOST_ERRAND_DIRECTORIES = 1000
#: Entries read here between two looks at what the others print, who would have to wait else.
LOOK_ENTRIES = 5000


def measure(top_fd: int, tick: Tick | None = None, readers: int | None = None) -> Scan:
    """Measure the open directory ``top_fd`` and all below it that is on its file system.

    ``readers``: how many processes at a time; by default as many as suit the disk. Files that vanish meanwhile are
    not counted. Raises OSError when the top itself cannot be read, and
    Unestablished when a process cannot be started or is killed.
    """
    tally = Tally()
    top = os.fstat(top_fd)
    tally.add_top(top)
    ticker = Ticker(tally, tick)
    most = readers or (ROTATING_DISK_PROCESSES if rotates(top.st_dev) else FIND_PROCESSES)
    with FindPool(most) as pool, _Splitter(top_fd, tally, most) as splitter:
        for job in splitter.jobs():
            if job:
                pool.start(job, tally.find_expression())
            _collect(pool, ticker, wait=False)
            while pool.are_busy:
                _collect(pool, ticker, wait=True)
        while not pool.are_idle:
            _collect(pool, ticker, wait=True)
        tally.unreadable += pool.complaints
    ticker.tell()
    names, has_all_names = read_names(top_fd)
    return tally.result(names, has_all_names=has_all_names)


def _collect(pool: FindPool, ticker: Ticker, *, wait: bool) -> None:
    for lines in pool.output(wait=wait):
        ticker.tally.add_found(lines)
        ticker.tell()


class _Splitter:
    """Reads a tree from the top, level by level, until there is enough to split; use it in a ``with`` statement."""

    def __init__(self, top_fd: int, tally: Tally, readers: int) -> None:
        self._top_fd = top_fd
        self._tally = tally
        self._readers = readers
        self._device = os.fstat(top_fd).st_dev
        self._opened: list[int] = []
        #: What has other directories in it, as far as the file system tells, and what has none.
        self._subtrees: deque[tuple[int, str]] = deque()
        self._leaves: deque[tuple[int, str]] = deque()

    def __enter__(self) -> "_Splitter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._opened:
            os.close(handle)

    def jobs(self) -> Iterator[FindJob | None]:
        """Count what is read here, and give all the rest as jobs: none for a small tree.

        Gives None now and then, for the caller to look after those that are under way.
        """
        yield from self._read(self._top_fd)
        while len(self._opened) < OWN_DIRECTORIES and (next_one := self._take()):
            handle = self._open(*next_one)
            if handle is not None:
                yield from self._read(handle)
        left = [*self._subtrees, *self._leaves]
        shares = max(min(self._readers, len(left)), math.ceil(len(left) / MOST_ERRAND_DIRECTORIES))
        # Neighbours are of a kind: dealt out like cards, each gets some of the big ones.
        for first in range(shares):
            yield FindJob(left[first::shares])

    def _take(self) -> tuple[int, str] | None:
        entries = self._tally.files + self._tally.directories
        if self._subtrees and len(self._subtrees) < FEW_SUBTREES and entries < MOST_OWN_ENTRIES:
            return self._subtrees.popleft()
        if entries >= OWN_ENTRIES:
            return None
        for waiting in (self._subtrees, self._leaves):
            if waiting:
                return waiting.popleft()
        return None

    def _open(self, parent: int, name: str) -> int | None:
        try:
            handle = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            return None
        except OSError:
            self._tally.unreadable += 1
            return None
        self._opened.append(handle)
        return handle if os.fstat(handle).st_dev == self._device else None

    def _read(self, directory: int) -> Iterator[FindJob | None]:
        subtrees: list[tuple[int, str]] = []
        leaves: list[tuple[int, str]] = []
        files: list[os.stat_result] = []
        with os.scandir(directory) as entries:
            for number, entry in enumerate(entries, 1):
                if number % LOOK_ENTRIES == 0:
                    yield None
                if entry.is_dir(follow_symlinks=False):
                    links = self._count_directory(entry)
                    kind = leaves if links == LINKS_WITHOUT_DIRECTORIES else subtrees
                    kind += [(directory, entry.name)] if links else []
                    if len(kind) >= self._worth_a_job(number):
                        yield FindJob(tuple(kind))
                        kind.clear()
                elif len(files) <= WIDE_FILES and (status := self._status(entry)):
                    files.append(status)
                    if len(files) > WIDE_FILES:
                        yield from halves(directory, sorted(file.st_ino for file in files)[len(files) // 2])
                        if os.fstat(directory).st_nlink == LINKS_WITHOUT_DIRECTORIES:
                            break
        for status in files if len(files) <= WIDE_FILES else ():
            self._tally.add(status, is_directory=False)
        self._subtrees.extend(subtrees)
        self._leaves.extend(leaves)

    def _count_directory(self, directory: "os.DirEntry[str]") -> int:
        """Count a directory, and give its links: 0 when it is not to be read, for it is gone or a mount point."""
        status = self._status(directory)
        if status is None:
            return 0
        self._tally.add(status, is_directory=True)
        if status.st_dev != self._device:
            self._tally.other_mount(directory.name)
            return 0
        return status.st_nlink

    def _status(self, entry: "os.DirEntry[str]") -> os.stat_result | None:
        try:
            return entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        except PermissionError:
            # A directory that may be listed but not searched (mode r--).
            self._tally.unreadable += 1
            return None

    def _worth_a_job(self, entries: int) -> int:
        """Tell how many directories make a job, after so many entries in a directory that may have many more."""
        return min(max(ERRAND_DIRECTORIES, entries // self._readers), MOST_ERRAND_DIRECTORIES)
