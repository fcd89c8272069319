"""Too little room before a build: which file systems are concerned, since when, and what could still be won by hand.

``triggers/pre-receive-app`` looks by the same rule, in bash.
"""

from collections.abc import Iterator, Sequence

from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.sizes import Share
from dokku_cache.engine import disk_usage
from dokku_cache.errors import Unestablished
from dokku_cache.output import text
from dokku_cache.purge import events
from dokku_cache.records import engine_root, pressure_note
from dokku_cache.tree import file_system
from dokku_cache.tree.file_system import FileSystem
from dokku_cache.volumes import ownership

#: Of inodes, where ``min-free`` is a size: as the default.
_INODES = Share(5000)
#: For the one look at what Docker holds, while a deploy waits.
LIMIT_SECONDS = float(disk_usage.BRIEF_LIMIT_SECONDS)
_MOST_NAMED = 3


def file_systems(environment: DokkuEnvironment) -> list[FileSystem]:
    """Look at those of Dokku's root and of the engine's data; each once, and without those that cannot be seen."""
    seen: dict[int, FileSystem] = {}
    for path in (environment.root, engine_root.read(environment)):
        found = file_system.look(path)
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


def low_ones(environment: DokkuEnvironment) -> list[FileSystem]:
    """Give the file systems on which too little is free; none where that does not matter. Raises CacheError."""
    least = policy.least_free(environment)
    return [] if least is None else [found for found in file_systems(environment) if is_low(found, least)]


def note(environment: DokkuEnvironment, low: Sequence[FileSystem]) -> bool:
    """Note the state, and tell other plugins of a change; tell whether there was one.

    Where the note cannot be written the same is told once more at the next deploy.
    """
    if bool(low) == pressure_note.is_low(environment):
        return False
    pressure_note.write(environment, is_low=bool(low))
    for found in low or file_systems(environment):
        events.pressure(environment, found, is_low=bool(low))
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
    return f"{room} on the disk of {found.path}"


def left_by_hand(context: Context) -> list[str]:
    """Name what still could be won, the biggest first; nothing where Docker does not tell in time."""
    visible = frozenset(context.visible_apps())
    listed = frozenset(apps.every())
    try:
        counting = context.engine.another()
        for engine in (counting, context.engine):
            engine.wait_at_most(LIMIT_SECONDS)
        usage = disk_usage.ask(counting, LIMIT_SECONDS)
        volumes = ownership.find(context.engine.volumes(), listed)
    except Unestablished:
        return []
    by_app: dict[str, int] = {}
    for volume in volumes:
        if volume.app in visible:
            by_app[volume.app] = by_app.get(volume.app, 0) + usage.volume_bytes.get(volume.name, 0)
    found = [
        (size_bytes, f"{text.size(size_bytes)} in volumes of {app} ('dokku cache:purge-volumes {app}')")
        for app, size_bytes in by_app.items()
    ]
    if listed <= visible:
        reclaimable = usage.build_cache.reclaimable_bytes
        found.append((reclaimable, f"{text.size(reclaimable)} of Docker's build cache ('docker builder prune')"))
    return list(_biggest(found))


def _biggest(found: Sequence[tuple[int, str]]) -> Iterator[str]:
    for size_bytes, sentence in sorted(found, reverse=True)[:_MOST_NAMED]:
        if size_bytes:
            yield sentence
