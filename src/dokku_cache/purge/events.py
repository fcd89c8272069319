"""Events for other plugins: triggers, which docs/triggers.md describes.

A trigger of another plugin that fails or hangs costs a line in the log, and at most LIMIT_SECONDS.
"""

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Unknown
from dokku_cache.output import log, text
from dokku_cache.tree.mounts import FileSystem

PURGED, PURGE_FAILED, LOW_DISK = "cache-purged", "cache-purge-failed", "cache-low-disk"
LIMIT_SECONDS = 10.0

#: Triggers that did not end in time. They are not fired again by this process.
_timed_out: set[str] = set()


def purged(
    environment: DokkuEnvironment, app: str, kind: str, location: str, removed: tuple[int, int], by: str
) -> None:
    """Report that a cache was removed. ``removed``: bytes and files; ``by``: a value of Initiator."""
    size_bytes, files = removed
    _fire(environment, PURGED, app, kind, location, str(size_bytes), str(files), by)


def purge_failed(environment: DokkuEnvironment, app: str, kind: str, location: str, by: str, reason: str) -> None:
    """Report that a cache was not removed, or not completely, and why."""
    _fire(environment, PURGE_FAILED, app, kind, location, by, text.printable(reason))


def low_disk(environment: DokkuEnvironment, found: FileSystem, *, is_low: bool) -> None:
    """Report that too little is free on a file system, or enough again."""
    inodes = ("" if count is None else str(count) for count in (found.free_inodes, found.total_inodes))
    sizes = str(found.free_bytes), str(found.total_bytes)
    _fire(environment, LOW_DISK, found.path, "low" if is_low else "ok", *sizes, *inodes)


def _fire(environment: DokkuEnvironment, name: str, *arguments: str) -> None:
    if name in _timed_out or not plugn.is_implemented(name, environment.plugin_path):
        return
    stream = log.LogStream(environment.logs_dir, name)
    try:
        with log.captured_output(stream) as output:
            plugn.notify(name, *arguments, output=output, timeout_seconds=LIMIT_SECONDS)
    except (OSError, Unknown) as error:
        if isinstance(error, plugn.NeverEnds):
            _timed_out.add(name)
        stream.write(f"trigger {name} cannot be run: {error}" if isinstance(error, OSError) else str(error))
