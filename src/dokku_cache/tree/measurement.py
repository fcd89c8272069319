"""Adding up the entries of a tree, as ``du -s`` counts them: allocated blocks, and each inode once."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping

from dokku_cache.tree.handles import OPEN_DIRECTORY
from dokku_cache.tree.scan import AMBIGUOUS_NAMES, BYTES_PER_BLOCK, MAX_NAMES, Scan

#: Progress callback: entries and bytes since the last call.
Tick = Callable[[int, int], None]

_LINK = re.compile(rb"^h(\d+) (\d+) (\d+)", re.MULTILINE)
_MTIME = re.compile(rb"^t(.+)", re.MULTILINE)
_CTIME = re.compile(rb"^c(.+)", re.MULTILINE)
_OWNER = re.compile(rb"^u(\d+)", re.MULTILINE)
_EXTRA_LINE = re.compile(rb"^[htcu].*\n?", re.MULTILINE)
_MAX_OTHER_MOUNTS = 10


class Tally:
    """Adds up entries."""

    def __init__(self) -> None:
        self.blocks = self.files = self.directories = self.unreadable = 0
        self.newest_mtime: float | None = None
        self.newest_ctime: float | None = None
        self.owners: set[int] = set()
        self.other_mounts: list[str] = []
        # Only inodes with several names are remembered: a set of all would need 64 bytes per file.
        self._linked: defaultdict[int, set[int]] = defaultdict(set)

    @property
    def entries(self) -> int:
        """All names so far."""
        return self.files + self.directories

    def add(self, status: os.stat_result, *, is_directory: bool) -> None:
        """Count one entry below the top."""
        if is_directory:
            self.directories += 1
        else:
            self.files += 1
        self.add_line(status.st_blocks, status.st_mtime, status.st_uid, status.st_ctime)
        if not is_directory and status.st_nlink > 1:
            self.link(status.st_dev, status.st_ino, status.st_blocks)

    def add_top(self, status: os.stat_result) -> None:
        """Count the top directory, whose ctime does not matter."""
        self.add_line(status.st_blocks, status.st_mtime, status.st_uid)

    def add_line(self, blocks: int, mtime: float, owner: int, ctime: float | None = None) -> None:
        """Add the figures of one entry, whatever its kind."""
        self.blocks += blocks
        self.newest_mtime = _latest(self.newest_mtime, mtime)
        self.owners.add(owner)
        if ctime is not None:
            self.newest_ctime = _latest(self.newest_ctime, ctime)

    def link(self, device: int, inode: int, blocks: int) -> None:
        """Subtract the blocks of a file that was counted under another of its names."""
        linked = self._linked[device]
        if inode in linked:
            self.blocks -= blocks
        linked.add(inode)

    def other_mount(self, name: str) -> None:
        """Note a directory on another file system."""
        if len(self.other_mounts) < _MAX_OTHER_MOUNTS:
            self.other_mounts.append(name)

    def find_expression(self) -> list[str]:
        """Give what ``find`` has to evaluate for ``add_found`` (find(1), -printf).

        Each entry is a line with its blocks, followed by ``d`` for a directory. More lines follow for files with
        several names (``h``), times that are later than all so far (``t``, ``c``) and owners that are new (``u``).
        """
        newer = [] if self.newest_mtime is None else ["-newermt", f"@{self.newest_mtime:.6f}"]
        changed = [] if self.newest_ctime is None else ["-newerct", f"@{self.newest_ctime:.6f}"]
        known = [word for owner in sorted(self.owners) for word in ("!", "-uid", str(owner))]
        return [
            *("(", "(", "-type", "d", "-printf", r"%bd\n"),
            *("-o", "-links", "1", "-printf", r"%b\n"),
            *("-o", "-printf", r"%b\nh%D %i %b\n", ")"),
            *(",", "(", *newer, "-printf", r"t%T@\n", ")"),
            *(",", "(", *changed, "-printf", r"c%C@\n", ")"),
            *(",", "(", *known, "-printf", r"u%U\n", ")", ")"),
        ]

    def add_found(self, lines: bytes) -> None:
        """Count the entries that ``find`` printed, in whole lines."""
        if any(mark in lines for mark in (b"h", b"t", b"c", b"u")):
            for link in _LINK.findall(lines):
                self.link(*map(int, link))
            for mtime in map(float, _MTIME.findall(lines)):
                self.newest_mtime = _latest(self.newest_mtime, mtime)
            for ctime in map(float, _CTIME.findall(lines)):
                self.newest_ctime = _latest(self.newest_ctime, ctime)
            self.owners.update(map(int, _OWNER.findall(lines)))
            lines = _EXTRA_LINE.sub(b"", lines)
        directories = lines.count(b"d")
        blocks = lines.translate(None, b"d").split()
        self.blocks += sum(map(int, blocks))
        self.directories += directories
        self.files += len(blocks) - directories

    def result(self, names: Mapping[str, frozenset[str]] | None = None, *, has_all_names: bool = True) -> Scan:
        """Give what was counted so far."""
        return Scan(
            self.blocks * BYTES_PER_BLOCK,
            self.files,
            self.directories,
            self.newest_mtime,
            self.newest_ctime,
            frozenset(self.owners),
            names or {},
            has_all_names,
            self.unreadable,
            tuple(self.other_mounts),
        )


def _latest(known: float | None, time: float) -> float:
    return time if known is None or time > known else known


def read_names(top_fd: int) -> tuple[dict[str, frozenset[str]], bool]:
    """Give the top-level names of an open directory as in ``Scan``, and whether none was left out. Raises OSError."""
    names: dict[str, frozenset[str]] = {}
    with os.scandir(top_fd) as entries:
        for entry in entries:
            if len(names) == MAX_NAMES:
                return names, False
            names[entry.name] = frozenset()
    for name in names.keys() & AMBIGUOUS_NAMES:
        names[name] = _names_in(top_fd, name)
    return names, True


def _names_in(top_fd: int, name: str) -> frozenset[str]:
    try:
        handle = os.open(name, OPEN_DIRECTORY, dir_fd=top_fd)
    except OSError:
        return frozenset()
    try:
        with os.scandir(handle) as entries:
            return frozenset(entry.name for _, entry in zip(range(MAX_NAMES), entries, strict=False))
    finally:
        os.close(handle)


class Ticker:
    """Reports how much a tally has grown since the last report."""

    def __init__(self, tally: Tally, tick: Tick | None) -> None:
        self.tally = tally
        self._tick = tick
        self._entries = self._blocks = 0

    def tell(self) -> None:
        """Report it."""
        if self._tick is None:
            return
        entries, blocks = self.tally.entries, self.tally.blocks
        self._tick(entries - self._entries, (blocks - self._blocks) * BYTES_PER_BLOCK)
        self._entries, self._blocks = entries, blocks
