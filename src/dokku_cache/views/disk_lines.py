"""The file systems that hold caches: a line for a person, values for a program."""

from collections.abc import Iterator, Sequence
from typing import Any

from dokku_cache.output import text
from dokku_cache.survey.disks import Disk

#: Below this, what else runs on the server changes the free space more.
_MIN_MENTIONED_BYTES = 10 << 20


#: Free inodes are shown below this share, when they are what the file system lacks.
_SCARCE_INODES = 0.1


def lines(disks: Sequence[Disk]) -> Iterator[str]:
    """Return the free space of each file system, and its free inodes where they are scarce."""
    for disk in disks:
        state, where = disk.state, " and ".join(disk.paths)
        yield f"Free space on {where}: {text.size(state.free_bytes)} of {text.size(state.total_bytes)}"
        inodes, free = state.total_inodes, state.free_inodes
        if inodes and free is not None and free / inodes < _SCARCE_INODES:
            yield f"Free inodes on {where}: {free:,} of {inodes:,}"


def changes(before: Sequence[Disk], after: Sequence[Disk], removed_bytes: int = 0) -> list[str]:
    """Describe the free space of each file system before and after a purge.

    Deleted files may still take space, in snapshots or until the file system frees it in the background: this is
    mentioned where the free space grew by less than half of what was removed.
    """
    by_device = {disk.state.device: disk.state for disk in after}
    pairs = [(disk, now) for disk in before if (now := by_device.get(disk.state.device))]
    lines = [
        f"Free space on {' and '.join(disk.paths)}: {text.size(disk.state.free_bytes)} -> "
        f"{text.size(now.free_bytes)} (of {text.size(now.total_bytes)})"
        for disk, now in pairs
    ]
    freed = sum(now.free_bytes - disk.state.free_bytes for disk, now in pairs)
    if removed_bytes >= _MIN_MENTIONED_BYTES and freed < removed_bytes / 2:
        lines.append(
            f"Removed {text.size(removed_bytes)}, but the free space grew by less. Snapshots (btrfs, ZFS, LVM) may "
            "still hold the files, or the file system frees the space later"
        )
    return lines


def values(disk: Disk) -> dict[str, Any]:
    """Return a file system as plain values, see docs/schemas/list.json."""
    state = disk.state
    return {
        "free-bytes": state.free_bytes,
        "free-inodes": state.free_inodes,
        "paths": list(disk.paths),
        "size-bytes": state.total_bytes,
        "total-inodes": state.total_inodes,
        "used-bytes": state.used_bytes,
    }
