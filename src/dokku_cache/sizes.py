"""Measuring legacy caches, through the helper container where user dokku may not read."""

import os

from dokku_cache.engine.helper import Helper
from dokku_cache.errors import CacheError, Unestablished
from dokku_cache.legacy.handles import OPEN_DIRECTORY, AppDirectory, Identity
from dokku_cache.legacy.measure import Measurement, Tick
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.walk import measure


def measure_entry(directory: AppDirectory, entry: Entry, helper: Helper, tick: Tick | None = None) -> Measurement:
    """Measure a cache or trash, exactly. Raises CacheError when neither way leads there, OSError when it is gone."""
    try:
        top = os.open(entry.name, OPEN_DIRECTORY, dir_fd=directory.fd)
    except PermissionError:
        return helper.measure(os.path.join(directory.path, entry.name), entry.identity)
    try:
        if Identity.of(os.fstat(top)) != entry.identity:
            raise FileNotFoundError(f"{entry.name} was replaced")
        measured = measure(top, tick)
    finally:
        os.close(top)
    if measured.unreadable:
        return helper.measure(os.path.join(directory.path, entry.name), entry.identity)
    return measured


def measure_sighting(dokku_root: str, sighting: Sighting, helper: Helper, tick: Tick | None = None) -> Measurement:
    """Measure all that was found of one app. Raises Unestablished where the size cannot be known.

    What is no plain directory, or has another file system mounted in it, has no size of its own.
    """
    if sighting.fault or any(entry.fault for entry in sighting.entries):
        raise Unestablished("it is no plain directory")
    total = Measurement()
    if not sighting.entries:
        return total
    try:
        with AppDirectory(dokku_root, sighting.app) as directory:
            for entry in sighting.entries:
                total += measure_entry(directory, entry, helper, tick)
    except OSError as error:
        raise Unestablished(f"it changed while it was measured ({error.strerror or error})") from error
    except CacheError as error:
        raise Unestablished(str(error), error.hint) from error
    return total
