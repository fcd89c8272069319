"""The file systems that hold caches: a line for a person, values for a program."""

from collections.abc import Sequence
from typing import Any

from dokku_cache.output import text
from dokku_cache.survey.disks import Disk


def line(disk: Disk) -> str:
    """Say how full a file system is."""
    state = disk.state
    told = f"{text.size(state.used_bytes)} used of {text.size(state.total_bytes)}, {text.size(state.free_bytes)} free"
    if state.free_inodes is not None and state.total_inodes is not None:
        told += f", {state.free_inodes:,} of {state.total_inodes:,} inodes free"
    return f"disk of {' and '.join(disk.paths)}: {told}"


def changes(before: Sequence[Disk], after: Sequence[Disk]) -> list[str]:
    """Say what became of the free space of each file system."""
    by_device = {disk.state.device: disk.state for disk in after}
    return [
        f"disk of {' and '.join(disk.paths)}: {text.size(disk.state.free_bytes)} free of "
        f"{text.size(disk.state.total_bytes)} -> {text.size(now.free_bytes)} free"
        for disk in before
        if (now := by_device.get(disk.state.device))
    ]


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
