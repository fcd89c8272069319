"""What is mounted at, below and from a directory, as the kernel tells it (proc(5), mountinfo)."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ESCAPED = re.compile(rb"\\([0-7]{3})")
#: Up to the mount options; what follows is optional (proc(5)).
_FIELDS = 6
MOUNTINFO = "/proc/self/mountinfo"


@dataclass(frozen=True)
class Mount:
    """One mount: where it is, which device it shows, which directory of that device, and the kind of file system."""

    device: int
    root: str
    mount_point: str
    file_system: str = ""


def read_mounts(path: str = MOUNTINFO) -> tuple[Mount, ...]:
    """Give all mounts that this process sees, in the order in which they were made.

    Raises OSError when the table cannot be read, and ValueError when it is not understood: nobody may then
    take a directory for free of mounts.
    """
    with open(path, "rb") as table:
        return tuple(parse(line) for line in table)


def parse(line: bytes) -> Mount:
    """Read one line of the table. Raises ValueError when it is not understood."""
    fields = line.split(b" ")
    if len(fields) < _FIELDS:
        raise ValueError(f"not a line of mountinfo: {line!r}")
    major, minor = fields[2].split(b":")
    # Any number of optional fields, a hyphen, and the kind.
    after = fields[fields.index(b"-", _FIELDS) + 1 :] if b"-" in fields[_FIELDS:] else []
    kind = os.fsdecode(after[0]) if after else ""
    return Mount(os.makedev(int(major), int(minor)), _unescape(fields[3]), _unescape(fields[4]), kind)


def _unescape(field: bytes) -> str:
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match.group(1), 8)]), field))


def is_at_or_below(path: str, directory: str) -> bool:
    """Tell whether ``path`` is ``directory`` or lies below it, by their spelling alone."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def mounted_at_or_below(directory: str, mounts: Iterable[Mount]) -> Mount | None:
    """Give the first mount whose mount point is ``directory`` (a real path) or lies below it."""
    return next((mount for mount in mounts if is_at_or_below(mount.mount_point, directory)), None)


def place_of(directory: str, mounts: tuple[Mount, ...]) -> Mount | None:
    """Give where a directory (a real path) lies: its device, and in ``root`` its path on that; None if unknown."""
    place = _place(directory, mounts)
    return Mount(place[0].device, place[1], directory) if place else None


def file_system_of(directory: str, mounts: tuple[Mount, ...]) -> str:
    """Give the kind of the file system that holds a directory (a real path), such as ``ext4``; empty if unknown."""
    place = _place(directory, mounts)
    return place[0].file_system if place else ""


def _place(directory: str, mounts: tuple[Mount, ...]) -> tuple[Mount, str] | None:
    """Give the mount that holds a directory, and the directory's path on that mount's device."""
    holders = [mount for mount in mounts if is_at_or_below(directory, mount.mount_point)]
    if not holders:
        return None
    # The longest mount point holds the directory; of two at one place, the later one covers the earlier.
    holder = max(enumerate(holders), key=lambda item: (len(item[1].mount_point), item[0]))[1]
    relative = os.path.relpath(directory, holder.mount_point)
    return holder, os.path.normpath(os.path.join(holder.root, relative))
