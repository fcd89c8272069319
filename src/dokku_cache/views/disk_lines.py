"""The file systems that hold caches: a line for a person, values for a program."""

from collections.abc import Sequence
from typing import Any

from dokku_cache.output import text
from dokku_cache.survey.disks import Disk

#: Below this, what else runs on the server changes the free space more.
_MIN_MENTIONED_BYTES = 10 << 20


def line(disk: Disk) -> str:
    """Say how full a file system is."""
    state = disk.state
    told = f"{text.size(state.used_bytes)} used of {text.size(state.total_bytes)}, {text.size(state.free_bytes)} free"
    if state.free_inodes is not None and state.total_inodes is not None:
        told += f", {state.free_inodes:,} of {state.total_inodes:,} inodes free"
    return f"disk of {' and '.join(disk.paths)}: {told}"


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
            f"{text.size(removed_bytes)} were removed, but less space is free: snapshots (btrfs, ZFS, LVM) may still "
            "hold the files, or the file system frees the space later"
        )
    return lines


def values(disk: Disk) -> dict[str, Any]:
    """Give the same as plain values: docs/formats.md is their description."""
    state = disk.state
    return {
        "free-bytes": state.free_bytes,
        "free-inodes": state.free_inodes,
        "paths": list(disk.paths),
        "size-bytes": state.total_bytes,
        "total-inodes": state.total_inodes,
        "used-bytes": state.used_bytes,
    }
