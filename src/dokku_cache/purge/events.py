"""Telling other plugins what happened, by triggers that docs/triggers.md describes.

None of theirs changes anything here: one that fails, hangs or is not there costs a line in the log, and at most
LIMIT_SECONDS of time.
"""

import os

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Unknown
from dokku_cache.output import log, text
from dokku_cache.tree.mounts import FileSystem

PURGED, PURGE_FAILED, LOW_DISK = "cache-purged", "cache-purge-failed", "cache-low-disk"
LIMIT_SECONDS = 10.0

#: Triggers that did not end in time: this call does not wait for them once more, as for each of many apps.
_silent: set[str] = set()


def purged(
    environment: DokkuEnvironment, app: str, kind: str, location: str, removed: tuple[int, int], by: str
) -> None:
    """Tell that a cache is gone. ``kind`` as in ``cache:list``; ``removed``: bytes and files; ``by``: a Initiator."""
    size_bytes, files = removed
    _fire(environment, PURGED, app, kind, location, str(size_bytes), str(files), by)


def purge_failed(environment: DokkuEnvironment, app: str, kind: str, location: str, by: str, reason: str) -> None:
    """Tell that a cache did not go, or not all of it, and why."""
    _fire(environment, PURGE_FAILED, app, kind, location, by, text.printable(reason))


def low_disk(environment: DokkuEnvironment, found: FileSystem, *, is_low: bool) -> None:
    """Fire the event of a changed file system: too little is free on it, or no longer too little."""
    inodes = ("" if count is None else str(count) for count in (found.free_inodes, found.total_inodes))
    sizes = str(found.free_bytes), str(found.total_bytes)
    _fire(environment, LOW_DISK, found.path, "low" if is_low else "ok", *sizes, *inodes)


def _fire(environment: DokkuEnvironment, name: str, *arguments: str) -> None:
    if name in _silent or not plugn.is_implemented(name, environment.plugin_path):
        return
    output = log.open_log(environment.logs_dir)
    stream = log.LogStream(output, name)
    try:
        _tell(stream, name, *arguments)
    except Unknown as error:
        if isinstance(error, plugn.NeverEnds):
            _silent.add(name)
        stream.write(f"{error}")
    finally:
        os.close(output)


def _tell(stream: log.LogStream, name: str, *arguments: str) -> None:
    try:
        said = log.Strays()
    except OSError as error:
        raise Unknown(f"trigger {name} cannot be run: {error}") from error
    try:
        plugn.tell(name, *arguments, output=said.descriptor, timeout_seconds=LIMIT_SECONDS)
    finally:
        said.move_to(stream)
