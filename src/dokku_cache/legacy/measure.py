"""How much a directory holds, as ``du -s`` counts it: allocated blocks, and each inode once."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from dokku_cache.legacy.descent import Descent

#: st_blocks counts units of 512 bytes, whatever the file system's block size is (stat(2)).
BYTES_PER_BLOCK = 512
#: Told now and then during a walk: entries and bytes that came on top since the last time.
Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Measurement:
    """The size of one or more directories.

    ``size_bytes``: allocated bytes, hard links once, the directories themselves included. ``files``: entries
    that are no directories, each name counted. ``directories``: below the top. ``newest``: the latest
    modification of any of them, in UTC, None when nothing was measured. ``unreadable``: directories that could
    not be entered; where it is not 0, the other figures are lower bounds.
    """

    size_bytes: int = 0
    files: int = 0
    directories: int = 0
    newest: datetime | None = None
    unreadable: int = 0

    @property
    def entries(self) -> int:
        """All names below the top: what a removal has to remove."""
        return self.files + self.directories

    def __add__(self, other: "Measurement") -> "Measurement":
        times = [time for time in (self.newest, other.newest) if time]
        return Measurement(
            self.size_bytes + other.size_bytes,
            self.files + other.files,
            self.directories + other.directories,
            max(times, default=None),
            self.unreadable + other.unreadable,
        )


class Tally:
    """Sums up the entries of a walk."""

    def __init__(self) -> None:
        self.blocks = self.files = self.directories = self.unreadable = 0
        self._newest: float | None = None
        # Only inodes with several names are remembered: a set of all would cost 64 bytes a file.
        self._linked: set[tuple[int, int]] = set()

    def add(self, status: os.stat_result, *, is_directory: bool) -> None:
        """Count one entry."""
        if is_directory:
            self.directories += 1
        else:
            self.files += 1
        self.count(status.st_blocks, status.st_mtime)
        if not is_directory and status.st_nlink > 1:
            self.link(status.st_dev, status.st_ino, status.st_blocks)

    def count(self, blocks: int, modified: float) -> None:
        """Count blocks (of 512 bytes) and a modification time (seconds since the epoch)."""
        self.blocks += blocks
        if self._newest is None or modified > self._newest:
            self._newest = modified

    def link(self, device: int, inode: int, blocks: int) -> None:
        """Take back the blocks of a file that was counted under another of its names."""
        if (device, inode) in self._linked:
            self.blocks -= blocks
        self._linked.add((device, inode))

    def result(self) -> Measurement:
        """Give what was counted so far."""
        return Measurement(
            self.blocks * BYTES_PER_BLOCK,
            self.files,
            self.directories,
            None if self._newest is None else _as_time(self._newest),
            self.unreadable,
        )


def _as_time(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):  # a file may carry any 64-bit time; years end at 9999
        return datetime.max.replace(tzinfo=timezone.utc) if seconds > 0 else datetime.min.replace(tzinfo=timezone.utc)


def measure(top_fd: int, tick: Tick | None = None) -> Measurement:
    """Measure the open directory ``top_fd`` and all below it.

    Files that vanish meanwhile are not counted. Raises OSError when the top itself cannot be read.
    """
    tally = Tally()
    top = os.fstat(top_fd)
    tally.count(top.st_blocks, top.st_mtime)
    position = Descent(top_fd)
    try:
        told = Measurement()
        pending = [_read(position.fd, tally)]
        while pending:
            if not pending[-1]:
                pending.pop()
                if pending:
                    position.up()
                continue
            if _enter(position, pending[-1].pop(), tally):
                pending.append(_read(position.fd, tally))
                if tick:
                    now = tally.result()
                    tick(now.entries - told.entries, now.size_bytes - told.size_bytes)
                    told = now
    finally:
        position.close()
    return tally.result()


def _enter(position: Descent, name: str, tally: Tally) -> bool:
    try:
        position.down(name)
    except FileNotFoundError:
        return False
    except OSError:
        tally.unreadable += 1
        return False
    return True


def _read(directory_fd: int, tally: Tally) -> list[str]:
    """Count the entries of one directory, and give the names of its directories."""
    directories: list[str] = []
    with os.scandir(directory_fd) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except PermissionError:
                # A directory that may be listed but not searched (mode r--): its names count, not their sizes.
                tally.unreadable += 1
                continue
            is_directory = entry.is_dir(follow_symlinks=False)
            tally.add(status, is_directory=is_directory)
            if is_directory:
                directories.append(entry.name)
    return directories
