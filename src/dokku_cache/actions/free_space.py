"""Low disk space for a build. Every deploy waits for this module, so it imports little."""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence

from dokku_cache.dokku import policy, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.policy import Share
from dokku_cache.model.errors import CacheError
from dokku_cache.tree import mounts
from dokku_cache.tree.mounts import FileSystem

#: Docker's directories, one per line, as last reported: a build does not wait for Docker.
ENGINE_ROOTS = "engine-root"
DEFAULT_ENGINE_ROOT = "/var/lib/docker"
#: Exists while a disk is low: an empty file needs no free block, and removing it always works.
LOW_DISK = "low-disk"
#: Some file systems free the blocks of deleted files in the background (btrfs, ZFS, XFS).
SPACE_WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.2
#: For inodes, where ``min-free`` is a size.
_INODES = Share(5000)


def engine_roots(environment: DokkuEnvironment) -> list[str]:
    """Return the engine's directories as they were recorded last, or Docker's default."""
    recorded = ""
    with contextlib.suppress(CacheError):
        recorded = state_files.read(environment, ENGINE_ROOTS)
    return [line for line in recorded.splitlines() if os.path.isabs(line)] or [DEFAULT_ENGINE_ROOT]


def record_engine_roots(environment: DokkuEnvironment, directories: Sequence[str]) -> None:
    """Record the engine's directories, if possible."""
    if directories and list(directories) != engine_roots(environment):
        with contextlib.suppress(CacheError):
            state_files.write(environment, ENGINE_ROOTS, "\n".join(directories))


def file_systems(environment: DokkuEnvironment) -> list[FileSystem]:
    """Return the file systems of Dokku's root and of the engine's data, each once, as far as they can be seen."""
    seen: dict[int, FileSystem] = {}
    for path in (environment.root, *engine_roots(environment)):
        found = mounts.read_file_system(path)
        if found is not None:
            seen.setdefault(found.device, found)
    return list(seen.values())


def is_low(found: FileSystem, min_free: int | Share) -> bool:
    """Return whether too few bytes or inodes are free."""
    min_bytes = min_free.of(found.total_bytes) if isinstance(min_free, Share) else min_free
    if found.free_bytes < min_bytes:
        return True
    if found.total_inodes is None or found.free_inodes is None:
        return False
    return found.free_inodes < (min_free if isinstance(min_free, Share) else _INODES).of(found.total_inodes)


def low_file_systems(environment: DokkuEnvironment) -> list[FileSystem]:
    """Return the file systems with too little free space; none where ``min-free`` is off. Raises CacheError."""
    min_free = policy.min_free(environment)
    return [] if min_free is None else [found for found in file_systems(environment) if is_low(found, min_free)]


def wait_for_space(environment: DokkuEnvironment) -> list[FileSystem]:
    """Return the file systems that are still low after SPACE_WAIT_SECONDS. Raises CacheError."""
    deadline = time.monotonic() + SPACE_WAIT_SECONDS
    while (low := low_file_systems(environment)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return low


def was_and_is_enough_free(environ: Mapping[str, str]) -> bool:
    """Return whether no disk is low, and none was, so that a deploy needs nothing. ``environ``: this call's."""
    try:
        environment = DokkuEnvironment.read(environ)
        return not os.path.lexists(state_files.path(environment, LOW_DISK)) and not low_file_systems(environment)
    except CacheError:
        return False  # the action reports it


def record(environment: DokkuEnvironment, low: Sequence[FileSystem]) -> bool:
    """Record whether a disk is low, and fire an event if that changed; return whether it did.

    If it cannot be recorded, the next deploy reports the same again.
    """
    path = state_files.path(environment, LOW_DISK)
    if bool(low) == os.path.lexists(path):
        return False
    with contextlib.suppress(OSError):
        if low:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        else:
            os.unlink(path)
    from dokku_cache.purge.recorded import LOW_DISK as EVENT
    from dokku_cache.purge.recorded import fire

    for found in low or file_systems(environment):
        figures = (found.free_bytes, found.total_bytes, found.free_inodes, found.total_inodes)
        sizes = ("" if figure is None else str(figure) for figure in figures)
        fire(environment, EVENT, found.path, "low" if low else "ok", *sizes)
    return True
