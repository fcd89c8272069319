"""Noticing that Dokku was upgraded, and firing the trigger that Dokku itself does not have."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator

from dokku_cache.dokku import files, plugn, version
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError
from dokku_cache.records import history

RECORD_NAME = "dokku-version"
_LOCK_NAME = "upgrade.lock"


def recorded(environment: DokkuEnvironment) -> str:
    """Give the version that was recorded last, or an empty text."""
    try:
        return files.read(_path(environment, RECORD_NAME)).strip()
    except (OSError, ValueError):
        return ""


def record(environment: DokkuEnvironment, installed: str) -> None:
    """Record a version, at once or not at all. Raises CacheError."""
    path = _path(environment, RECORD_NAME)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(f"{installed}\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise CacheError(
            f"Dokku's version cannot be recorded in {path} ({error.strerror})",
            "see to the disk, or to the file's owner, dokku; the daily run tries again",
        ) from error


def is_due(environment: DokkuEnvironment) -> bool:
    """Tell whether the installed version differs from the recorded one, both being known."""
    before, now = recorded(environment), version.read_text(environment.lib_root)
    return bool(before and now) and before != now


def fire_if_due(environment: DokkuEnvironment, tell: Callable[[str], None]) -> bool:
    """Fire ``post-upgrade <from> <to>`` if that is due and nobody else does it now; ``tell`` gets what it prints.

    Tells whether it was fired. The trigger's end records the version: a sweep that was killed halfway is due again.
    Raises CacheError.
    """
    with _alone(environment) as is_alone:
        if not is_alone or not is_due(environment):
            return False
        before, now = recorded(environment), version.read_text(environment.lib_root)
        for line in plugn.stream("post-upgrade", before, now, cwd="/"):
            tell(line)
        return True


@contextlib.contextmanager
def _alone(environment: DokkuEnvironment) -> Iterator[bool]:
    path = _path(environment, _LOCK_NAME)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CacheError(
            f"{path} cannot be opened ({error.strerror})",
            "see to the disk, or to the file's owner, dokku; the daily run tries again",
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(lock)


def _path(environment: DokkuEnvironment, name: str) -> str:
    return os.path.join(history.directory(environment), name)
