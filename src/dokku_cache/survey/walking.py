"""Walking over legacy caches, through the helper container where user dokku may not read."""

import os

from dokku_cache.engine.helper import Helper
from dokku_cache.errors import CacheError, Unestablished
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.tree.contents import Walk, look_at_all, look_inside
from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory, Identity
from dokku_cache.tree.measurement import Measurement, Tick
from dokku_cache.tree.walk import measure


def walk_entry(
    directory: AppDirectory, entry: Entry, helper: Helper, tick: Tick | None = None, readers: int | None = None
) -> Walk:
    """Measure a cache or trash, exactly, and look into a cache.

    ``readers``: how many processes may measure at a time, for all functions here. Raises CacheError when neither way
    leads there, OSError when it is gone.
    """
    seen = _walk(directory.fd, entry, tick, readers)
    return helper.walk(os.path.join(directory.path, entry.name), entry.identity, tick) if seen is None else seen


def _walk(directory_fd: int, entry: Entry, tick: Tick | None, readers: int | None) -> Walk | None:
    """Walk over what this user may read all of, or give None."""
    try:
        top = os.open(entry.name, OPEN_DIRECTORY, dir_fd=directory_fd)
    except PermissionError:
        return None
    try:
        if Identity.of(os.fstat(top)) != entry.identity:
            raise FileNotFoundError(f"{entry.name} was replaced")
        measured = measure(top, tick, readers)
        if measured.unreadable or entry.is_trash:
            return None if measured.unreadable else Walk(measured)
        inside = look_at_all(top, look_inside(directory_fd, entry.name))
    finally:
        os.close(top)
    return None if inside.closed else Walk(measured, inside)


def walk_sighting(
    dokku_root: str, sighting: Sighting, helper: Helper, tick: Tick | None = None, readers: int | None = None
) -> dict[str, Walk]:
    """Walk over all that was found of one app, and give what was seen by the names of the entries.

    Raises Unestablished where that is not possible. What is no plain directory, or has another file system mounted in
    it, has no size of its own.
    """
    if sighting.real_path:
        return {"": Walk(measure_as_it_is(sighting.real_path, tick, readers))}
    if sighting.fault or any(entry.fault for entry in sighting.entries):
        raise Unestablished(
            "it is no plain directory", "look at it yourself: the plugin removes plain directories only"
        )
    if not sighting.entries:
        return {}
    try:
        with AppDirectory(dokku_root, sighting.app) as directory:
            return {entry.name: walk_entry(directory, entry, helper, tick, readers) for entry in sighting.entries}
    except OSError as error:
        raise Unestablished(f"it changed while it was measured ({error.strerror or error})", "look again") from error
    except CacheError as error:
        raise Unestablished(str(error), error.hint) from error


def measure_as_it_is(path: str, tick: Tick | None = None, readers: int | None = None) -> Measurement:
    """Measure a directory of which nothing is ever removed, as of an app whose directory is a link.

    Raises Unestablished when this user may not read all of it.
    """
    try:
        top = os.open(path, OPEN_DIRECTORY)
    except OSError as error:
        raise Unestablished(
            f"{path} cannot be read ({error.strerror})", "'sudo du -sh' of it tells its size"
        ) from error
    try:
        measured = measure(top, tick, readers)
    finally:
        os.close(top)
    if measured.unreadable:
        raise Unestablished(f"{path} cannot be read wholly by this user", "'sudo du -sh' of it tells its size")
    return measured


def total(walks: dict[str, Walk]) -> Measurement:
    """Add up what was measured."""
    return sum((walk.measured for walk in walks.values()), Measurement())
