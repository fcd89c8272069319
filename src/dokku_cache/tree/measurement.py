"""How much a directory holds, as ``du -s`` counts it: allocated blocks, and each inode once."""

import os
import re
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

#: st_blocks counts units of 512 bytes, whatever the file system's block size is (stat(2)).
BYTES_PER_BLOCK = 512
#: Told now and then during a walk: entries and bytes that came on top since the last time.
Tick = Callable[[int, int], None]

#: Clocks differ a little, as between this host and its file server: what is later than this is no time of a write.
CLOCK_SECONDS = 60.0

_LINK = re.compile(rb"h(\d+) (\d+) (\d+)")
_TIME = re.compile(rb"t(.+)")
_EXTRA_LINE = re.compile(rb"[ht].*\n?")


@dataclass(frozen=True)
class Measurement:
    """The size of one or more directories.

    ``size_bytes``: allocated bytes, hard links once, the directories themselves included. ``files``: entries
    that are no directories, each name counted. ``directories``: below the top. ``newest``: the latest
    modification of any of them, in UTC, None when nothing was measured. ``written``: the latest that does not lie in
    the future, in seconds since the epoch. ``unreadable``: directories that could not be entered; where it is not 0,
    the other figures are lower bounds.
    """

    size_bytes: int = 0
    files: int = 0
    directories: int = 0
    newest: datetime | None = None
    unreadable: int = 0
    written: float | None = None

    @property
    def entries(self) -> int:
        """All names below the top: what a removal has to remove."""
        return self.files + self.directories

    def __add__(self, other: "Measurement") -> "Measurement":
        times = [newest for newest in (self.newest, other.newest) if newest]
        return Measurement(
            self.size_bytes + other.size_bytes,
            self.files + other.files,
            self.directories + other.directories,
            max(times, default=None),
            self.unreadable + other.unreadable,
            max((written for written in (self.written, other.written) if written is not None), default=None),
        )


def is_future(modified: float) -> bool:
    """Tell whether a modification time (seconds since the epoch) lies ahead: nobody wrote then."""
    return modified > time.time() + CLOCK_SECONDS


class Tally:
    """Sums up the entries of a walk."""

    def __init__(self) -> None:
        self.blocks = self.files = self.directories = self.unreadable = 0
        self.newest: float | None = None
        self.written: float | None = None
        # Only inodes with several names are remembered: a set of all would cost 64 bytes a file.
        self._linked: defaultdict[int, set[int]] = defaultdict(set)

    @property
    def entries(self) -> int:
        """All names so far."""
        return self.files + self.directories

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
        if self.newest is None or modified > self.newest:
            self.newest = modified
        if (self.written is None or modified > self.written) and not is_future(modified):
            self.written = modified

    def link(self, device: int, inode: int, blocks: int) -> None:
        """Take back the blocks of a file that was counted under another of its names."""
        linked = self._linked[device]
        if inode in linked:
            self.blocks -= blocks
        linked.add(inode)

    def find_expression(self) -> list[str]:
        """Give what ``find`` has to evaluate for ``add_found`` (find(1), -printf).

        A line an entry, with its blocks, and a ``d`` after them for a directory. It is followed by a line ``h``
        for a file of several names, and a line ``t`` where the modification is later than all so far: printing
        and reading the times of all would take a third longer.
        """
        newer = [] if self.written is None else ["-newermt", f"@{self.written:.6f}"]
        return [
            *("(", "-type", "d", "-printf", r"%bd\n"),
            *("-o", "-links", "1", "-printf", r"%b\n"),
            *("-o", "-printf", r"%b\nh%D %i %b\n", ")"),
            *newer,
            *("-printf", r"t%T@\n"),
        ]

    def add_found(self, lines: bytes) -> None:
        """Count the entries that ``find`` printed, in whole lines."""
        if b"h" in lines or b"t" in lines:
            for link in _LINK.findall(lines):
                self.link(*map(int, link))
            times = sorted(map(float, _TIME.findall(lines)))
            if times:
                self.count(0, times[-1])
                # One from the future must not hide the others.
                self.count(0, next((modified for modified in reversed(times) if not is_future(modified)), times[0]))
            lines = _EXTRA_LINE.sub(b"", lines)
        directories = lines.count(b"d")
        blocks = lines.translate(None, b"d").split()
        self.blocks += sum(map(int, blocks))
        self.directories += directories
        self.files += len(blocks) - directories

    def result(self) -> Measurement:
        """Give what was counted so far."""
        return Measurement(
            self.blocks * BYTES_PER_BLOCK,
            self.files,
            self.directories,
            None if self.newest is None else _as_time(self.newest),
            self.unreadable,
            self.written,
        )


def _as_time(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):  # a file may carry any 64-bit time; years end at 9999
        return datetime.max.replace(tzinfo=timezone.utc) if seconds > 0 else datetime.min.replace(tzinfo=timezone.utc)


class Ticker:
    """Tells how much a tally has grown since it told last."""

    def __init__(self, tally: Tally, tick: Tick | None) -> None:
        self.tally = tally
        self._tick = tick
        self._entries = self._blocks = 0

    def tell(self) -> None:
        """Tell what came on top."""
        if self._tick is None:
            return
        entries, blocks = self.tally.entries, self.tally.blocks
        self._tick(entries - self._entries, (blocks - self._blocks) * BYTES_PER_BLOCK)
        self._entries, self._blocks = entries, blocks
