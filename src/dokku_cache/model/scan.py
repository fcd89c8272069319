"""A directory by device and inode, and the result of scanning a complete tree once."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Receives how many entries and bytes were added since the last call.
Progress = Callable[[int, int], None]


def ignore(_entries: int, _bytes: int) -> None:
    """Receive progress that is not shown."""


@dataclass(frozen=True)
class Identity:
    """A directory by its device and inode number, whatever its name (inode(7))."""

    device: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Identity":
        """Return the identity in a status."""
        return cls(status.st_dev, status.st_ino)

    def __str__(self) -> str:
        return f"{self.device}:{self.inode}"


@dataclass(frozen=True)
class Scan:
    """Facts about every entry of a tree, its top directory included.

    Times are seconds since the epoch, None for an empty result. Where ``unreadable`` is not 0, all figures are lower
    bounds, and no decision to remove may be based on them.

    Attributes:
        size_bytes: allocated bytes as ``du`` counts them, hard links once.
        files: entries that are not directories, each name counted.
        directories: directories below the top.
        newest_mtime: latest modification time of any entry.
        newest_ctime: latest status change time of any entry below the top. Renaming the top changes its own.
        owners: uids of all entries.
        groups: gids of all entries.
        names: top-level names, each with the names inside it where it is one of worker.AMBIGUOUS_NAMES.
        has_all_names: no top-level name was left out (see worker.MAX_NAMES).
        unreadable: directories that could not be read.
        other_mounts: up to ten paths, relative to the top, at which another file system or mount was found. Scans
            neither enter nor count them.

    """

    size_bytes: int = 0
    files: int = 0
    directories: int = 0
    newest_mtime: float | None = None
    newest_ctime: float | None = None
    owners: frozenset[int] = frozenset()
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    has_all_names: bool = True
    unreadable: int = 0
    other_mounts: tuple[str, ...] = ()
    groups: frozenset[int] = frozenset()

    @property
    def entries(self) -> int:
        """The number of entries below the top directory."""
        return self.files + self.directories

    @property
    def size(self) -> tuple[int, int]:
        """Return bytes and files."""
        return self.size_bytes, self.files

    @property
    def newest_change(self) -> float | None:
        """The latest of newest_mtime and newest_ctime: copying and moving files keeps mtimes, but not ctimes."""
        return _latest(self.newest_mtime, self.newest_ctime)

    @property
    def is_empty(self) -> bool:
        """Return whether the directory certainly has no entries."""
        return not self.entries and not self.unreadable and not self.other_mounts

    @property
    def is_complete(self) -> bool:
        """Return whether every entry was seen."""
        return not self.unreadable

    def __add__(self, other: "Scan") -> "Scan":
        """Add the sizes of two trees, without their names."""
        return Scan(
            self.size_bytes + other.size_bytes,
            self.files + other.files,
            self.directories + other.directories,
            _latest(self.newest_mtime, other.newest_mtime),
            _latest(self.newest_ctime, other.newest_ctime),
            self.owners | other.owners,
            unreadable=self.unreadable + other.unreadable,
            other_mounts=self.other_mounts + other.other_mounts,
            groups=self.groups | other.groups,
        )

    @classmethod
    def from_result(cls, result: dict[str, Any]) -> "Scan":
        """Build it from what the worker program prints, where names are hexadecimal."""
        converted = {
            "names": {_decode(name): frozenset(map(_decode, inner)) for name, inner in result["names"].items()},
            "owners": frozenset(result["owners"]),
            "groups": frozenset(result["groups"]),
            "has_all_names": bool(result["has_all_names"]),
            "other_mounts": tuple(map(_decode, result["other_mounts"])),
        }
        return cls(**{**result, **converted})


def _latest(*times: float | None) -> float | None:
    return max((time for time in times if time is not None), default=None)


def _decode(name: str) -> str:
    return os.fsdecode(bytes.fromhex(name))
