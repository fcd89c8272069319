"""Noticing that Dokku was upgraded, and firing the trigger that Dokku itself does not have."""

from collections.abc import Callable

from dokku_cache.dokku import plugn, version
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.records import state_files

RECORD_NAME = "dokku-version"
LOCK = "upgrade.lock"


def recorded(environment: DokkuEnvironment) -> str:
    """Return the version that was recorded last, empty where none is known. Raises CacheError."""
    return state_files.read(environment, RECORD_NAME)


def record(environment: DokkuEnvironment, installed: str) -> None:
    """Record a version. Raises CacheError."""
    state_files.write(environment, RECORD_NAME, installed)


def is_due(environment: DokkuEnvironment) -> bool:
    """Tell whether the installed version differs from the recorded one, both being known. Raises CacheError."""
    before, now = recorded(environment), version.read_text(environment.lib_root)
    return bool(before and now) and before != now


def fire_if_due(environment: DokkuEnvironment, relay: Callable[[str], None]) -> bool:
    """Fire ``post-upgrade <from> <to>`` if that is due and no other process does it now; ``relay`` gets its output.

    Tells whether it was fired. The trigger's end records the version: a sweep that was killed halfway is due again.
    A version that is not known any more, as after a power cut, is recorded again without a sweep. Raises CacheError.
    """
    with state_files.lock(environment, LOCK) as is_alone:
        if not is_alone:
            return False
        before, now = recorded(environment), version.read_text(environment.lib_root)
        if now and not before:
            record(environment, now)
        if not before or not now or before == now:
            return False
        for line in plugn.stream("post-upgrade", before, now, cwd="/"):
            relay(line)
        return True
