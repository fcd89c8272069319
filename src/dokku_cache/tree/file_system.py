"""How full the file system is that holds a path, as statvfs(3) tells it."""

import os
import threading
from dataclasses import dataclass

#: A file system on a server that is gone answers never. Local ones answer at once.
LIMIT_SECONDS = 2.0


@dataclass(frozen=True)
class FileSystem:
    """One file system, by a path on it; sizes in bytes.

    ``device`` tells whether two paths lie on the same one (st_dev, inode(7)). ``free_bytes`` is what anybody but root
    can have, so that used and free do not add up to the whole where blocks are kept back for root: as df counts. The
    inodes are None where the file system has no fixed number of them (btrfs).
    """

    path: str
    device: int
    total_bytes: int
    used_bytes: int
    free_bytes: int
    total_inodes: int | None = None
    free_inodes: int | None = None


def look(path: str, limit_seconds: float = LIMIT_SECONDS) -> FileSystem | None:
    """Look at the file system of a path; None where that is not possible, or not within so many seconds."""
    found: list[FileSystem] = []
    # In a thread: the kernel waits for a file server that is gone for as long as it likes, and nothing ends a call.
    looking = threading.Thread(target=_look, args=(path, found), daemon=True)
    try:
        looking.start()
    except RuntimeError:
        return None
    looking.join(limit_seconds)
    return found[0] if found else None


def _look(path: str, found: list[FileSystem]) -> None:
    try:
        device, counted = os.stat(path).st_dev, os.statvfs(path)
    except (OSError, ValueError):
        return
    if counted.f_blocks == 0:
        return  # such as procfs, or a FUSE file system that does not say
    has_inodes = counted.f_files > 0
    found.append(
        FileSystem(
            path,
            device,
            total_bytes=counted.f_blocks * counted.f_frsize,
            used_bytes=(counted.f_blocks - counted.f_bfree) * counted.f_frsize,
            free_bytes=counted.f_bavail * counted.f_frsize,
            total_inodes=counted.f_files if has_inodes else None,
            free_inodes=counted.f_favail if has_inodes else None,
        )
    )
