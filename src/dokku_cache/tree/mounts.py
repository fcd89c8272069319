"""The kernel's mount table (proc(5), mountinfo), and how full file systems are (statvfs(3))."""

import os
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass

MOUNTINFO = "/proc/self/mountinfo"
#: Up to the mount options; the rest of a line is optional (proc(5)).
_FIELDS = 6
_ESCAPED = re.compile(rb"\\([0-7]{3})")
#: Local file systems respond at once; those of an unreachable file server never do.
LIMIT_SECONDS = 2.0


@dataclass(frozen=True)
class Mount:
    """One mount: its device, the directory of that device it shows (``root``), where, and the type of file system."""

    device: int
    root: str
    mount_point: str
    file_system: str = ""


@dataclass(frozen=True)
class FileSystem:
    """One file system, by a path on it; sizes in bytes.

    ``device``: st_dev (inode(7)). ``free_bytes``: for users other than root, as df reports it. The inodes are None
    where their number is not fixed (btrfs).
    """

    path: str
    device: int
    total_bytes: int
    used_bytes: int
    free_bytes: int
    total_inodes: int | None = None
    free_inodes: int | None = None


def read_mounts(path: str = MOUNTINFO) -> tuple[Mount, ...]:
    """Return all mounts that this process sees, in the order in which they were made.

    Raises OSError when the table cannot be read, and ValueError when it cannot be parsed: no directory is then known
    to be free of mounts.
    """
    with open(path, "rb") as table:
        return tuple(parse(line) for line in table)


def parse(line: bytes) -> Mount:
    """Parse one line of the table. Raises ValueError."""
    fields = line.split(b" ")
    if len(fields) < _FIELDS:
        raise ValueError(f"not a line of mountinfo: {line!r}")
    major, minor = fields[2].split(b":")
    # Any number of optional fields, a hyphen, and the type.
    after = fields[fields.index(b"-", _FIELDS) + 1 :] if b"-" in fields[_FIELDS:] else []
    file_system = os.fsdecode(after[0]) if after else ""
    return Mount(os.makedev(int(major), int(minor)), _unescape(fields[3]), _unescape(fields[4]), file_system)


def _unescape(field: bytes) -> str:
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match.group(1), 8)]), field))


def is_at_or_below(path: str, directory: str) -> bool:
    """Return whether ``path`` is ``directory`` or below it, by their spelling alone."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def mounted_at_or_below(directory: str, mounts: Iterable[Mount]) -> Mount | None:
    """Return the first mount at or below a directory (a real path)."""
    return next((mount for mount in mounts if is_at_or_below(mount.mount_point, directory)), None)


def place_of(directory: str, mounts: tuple[Mount, ...]) -> Mount | None:
    """Return the mount that holds a directory (a real path), with ``root`` as the directory's path on the device."""
    holders = [mount for mount in mounts if is_at_or_below(directory, mount.mount_point)]
    if not holders:
        return None
    # The longest mount point holds the directory; of two at one place, the later one covers the earlier.
    holder = max(enumerate(holders), key=lambda item: (len(item[1].mount_point), item[0]))[1]
    root = os.path.normpath(os.path.join(holder.root, os.path.relpath(directory, holder.mount_point)))
    return Mount(holder.device, root, directory, holder.file_system)


def read_file_system(path: str, limit_seconds: float = LIMIT_SECONDS) -> FileSystem | None:
    """Return the file system that holds a path; None where it cannot be read in time."""
    found: list[FileSystem] = []
    # In a thread: the kernel waits for an unreachable file server without limit, and nothing interrupts the call.
    reading = threading.Thread(target=_read_file_system, args=(path, found), daemon=True)
    try:
        reading.start()
    except RuntimeError:
        return None
    reading.join(limit_seconds)
    return found[0] if found else None


def _read_file_system(path: str, found: list[FileSystem]) -> None:
    try:
        device, status = os.stat(path).st_dev, os.statvfs(path)
    except (OSError, ValueError):
        return
    if status.f_blocks == 0:
        return  # such as procfs
    has_inodes = status.f_files > 0
    found.append(
        FileSystem(
            path,
            device,
            total_bytes=status.f_blocks * status.f_frsize,
            used_bytes=(status.f_blocks - status.f_bfree) * status.f_frsize,
            free_bytes=status.f_bavail * status.f_frsize,
            total_inodes=status.f_files if has_inodes else None,
            free_inodes=status.f_favail if has_inodes else None,
        )
    )
