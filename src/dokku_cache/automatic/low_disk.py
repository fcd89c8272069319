"""Too little free space for a build: which file systems are concerned, and what could be removed manually."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence

from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.policy import Share
from dokku_cache.engine import storage
from dokku_cache.errors import CacheError, Unknown
from dokku_cache.output import text
from dokku_cache.purge import events
from dokku_cache.records import state_files
from dokku_cache.tree import mounts
from dokku_cache.tree.mounts import FileSystem
from dokku_cache.volumes import ownership

#: One directory a line, as the engine reported them last: before a build nobody waits for Docker.
ENGINE_ROOTS = "engine-root"
DEFAULT_ENGINE_ROOT = "/var/lib/docker"
#: Exists while a disk is low: an empty file needs no free block, and removing it always works.
LOW_DISK = "low-disk"
#: Some file systems free the blocks of deleted files in the background (btrfs, ZFS, XFS).
SPACE_WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.2
#: Of inodes, where ``min-free`` is a size: as the default.
_INODES = Share(5000)
#: For the one question about what Docker holds, while a deploy waits.
LIMIT_SECONDS = float(storage.BRIEF_LIMIT_SECONDS)
_MAX_NAMED = 3


def engine_roots(environment: DokkuEnvironment) -> list[str]:
    """Return the engine's directories as they were recorded last, or Docker's default."""
    with contextlib.suppress(CacheError):
        recorded = [line for line in state_files.read(environment, ENGINE_ROOTS).splitlines() if os.path.isabs(line)]
        return recorded or [DEFAULT_ENGINE_ROOT]
    return [DEFAULT_ENGINE_ROOT]


def record_engine_roots(environment: DokkuEnvironment, directories: Sequence[str]) -> None:
    """Record them; where that is not possible, the last ones count."""
    if directories and list(directories) != engine_roots(environment):
        with contextlib.suppress(CacheError):
            state_files.write(environment, ENGINE_ROOTS, "\n".join(directories))


def file_systems(environment: DokkuEnvironment) -> list[FileSystem]:
    """Look at those of Dokku's root and of the engine's data; each once, and without those that cannot be seen."""
    seen: dict[int, FileSystem] = {}
    for path in (environment.root, *engine_roots(environment)):
        found = mounts.read_file_system(path)
        if found is not None:
            seen.setdefault(found.device, found)
    return list(seen.values())


def is_low(found: FileSystem, least: int | Share) -> bool:
    """Tell whether less is free than has to be, in bytes or in inodes."""
    least_bytes = least.of(found.total_bytes) if isinstance(least, Share) else least
    if found.free_bytes < least_bytes:
        return True
    if found.total_inodes is None or found.free_inodes is None:
        return False
    return found.free_inodes < (least if isinstance(least, Share) else _INODES).of(found.total_inodes)


def low_file_systems(environment: DokkuEnvironment) -> list[FileSystem]:
    """Return the file systems with too little free space; none where ``min-free`` is off. Raises CacheError."""
    least = policy.min_free(environment)
    return [] if least is None else [found for found in file_systems(environment) if is_low(found, least)]


def wait_for_space(environment: DokkuEnvironment) -> list[FileSystem]:
    """Return the file systems that are still low after SPACE_WAIT_SECONDS. Raises CacheError."""
    deadline = time.monotonic() + SPACE_WAIT_SECONDS
    while (low := low_file_systems(environment)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return low


def record(environment: DokkuEnvironment, low: Sequence[FileSystem]) -> bool:
    """Record whether a disk is low, and fire the event of a change; tell whether there was one.

    Where it cannot be recorded, the next deploy reports the same again.
    """
    path = state_files.path(environment, LOW_DISK)
    if bool(low) == os.path.lexists(path):
        return False
    with contextlib.suppress(OSError):
        if low:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
        else:
            os.unlink(path)
    for found in low or file_systems(environment):
        events.low_disk(environment, found, is_low=bool(low))
    return True


def described(found: FileSystem) -> str:
    """Say how much is free on a file system, of what is the scarcer there."""
    percent = 100 * found.free_bytes / found.total_bytes
    room = f"{text.size(found.free_bytes)} of {text.size(found.total_bytes)} free ({percent:.1f} %)"
    if (
        found.total_inodes
        and found.free_inodes is not None
        and found.free_inodes / found.total_inodes * 100 < percent
    ):
        room += f", {found.free_inodes:,} of {found.total_inodes:,} inodes"
    return f"{room} on {found.path}"


def removable_manually(context: Context) -> list[str]:
    """Name what could still be removed, the largest first; nothing where Docker does not respond in time."""
    visible = frozenset(context.visible_apps())
    listed = frozenset(apps.every())
    try:
        counting = context.engine.another()
        for engine in (counting, context.engine):
            engine.wait_at_most(LIMIT_SECONDS)
        usage = storage.disk_usage(counting, LIMIT_SECONDS)
        volumes = ownership.find(context.engine.volumes(), listed)
    except Unknown:
        return []
    by_app: dict[str, int] = {}
    for volume in volumes:
        if volume.app in visible:
            by_app[volume.app] = by_app.get(volume.app, 0) + usage.volume_bytes.get(volume.name, 0)
    found = [
        (size_bytes, f"'dokku cache:purge-volumes {app}' ({text.size(size_bytes)})")
        for app, size_bytes in by_app.items()
    ]
    if listed <= visible:
        reclaimable = usage.build_cache.reclaimable_bytes
        found.append((reclaimable, f"'docker builder prune' ({text.size(reclaimable)})"))
    return list(_biggest(found))


def _biggest(found: Sequence[tuple[int, str]]) -> Iterator[str]:
    for size_bytes, sentence in sorted(found, reverse=True)[:_MAX_NAMED]:
        if size_bytes:
            yield sentence
