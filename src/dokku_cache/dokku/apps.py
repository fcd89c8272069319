"""Dokku's apps: their names, Dokku's deploy lock, which is only probed, and the plugin's own lock on an app."""

import fcntl
import os
import re
import time
from collections.abc import Collection

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import INVALID_APP_NAME, AppNotFound, CacheError, Refused, Unknown
from dokku_cache.tree.handles import AppDirectory

#: Dokku's rule, and the older one that allowed underscores (0.38.27, plugins/common).
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
#: Dokku's deploy lock (0.31.0 and later, plugins/common/functions).
LOCK_NAME = ".deploy.lock"
_POLL_SECONDS = 0.1
_DEPLOY_POLL_SECONDS = 0.5
_LOCK_HINT = "nothing was removed; check that the dokku user can open it, then purge again"


def is_valid(name: str) -> bool:
    """Return whether Dokku accepts this as the name of an app."""
    return bool(_NAME.fullmatch(name))


def visible() -> tuple[str, ...]:
    """Return the names of all apps that the calling user may see, including ghosts, sorted. Raises Unknown."""
    return _listed("true")


def every() -> tuple[str, ...]:
    """Return the names of all apps, including ghosts, sorted. Raises Unknown."""
    return _listed("false")


def are_all(visible: Collection[str]) -> bool:
    """Return whether the ``visible`` apps are all apps. Raises Unknown."""
    return frozenset(every()) <= frozenset(visible)


def _listed(is_filtered: str) -> tuple[str, ...]:
    # Dokku 0.27.0 and later filter by the calling user.
    return tuple(sorted({name for name in plugn.trigger("app-list", is_filtered).split("\n") if is_valid(name)}))


def directories_without_app(root: str) -> tuple[str, ...]:
    """Return the directories below Dokku's root whose names are not valid for an app, sorted.

    Older versions allowed some; Dokku can neither build nor destroy such an app (dokku/dokku#3054, #6539, #7959).
    """
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return ()
    return tuple(sorted(name for name in names if not name.startswith(".") and not is_valid(name)))


def verify(name: str, listed: Collection[str]) -> str:
    """Return the name if it is one of the listed apps. Raises CacheError."""
    if not is_valid(name):
        raise CacheError(INVALID_APP_NAME)
    if name not in listed:
        raise AppNotFound(name)
    return name


def is_being_deployed(environment: DokkuEnvironment, app: str) -> bool:
    """Return whether a deploy of the app holds Dokku's lock now. Raises Unknown when the lock cannot be probed."""
    # The first from 0.34.0 on, the second before (plugins/common/functions). Another version may be running.
    directories = (os.path.join(environment.data_dir, "apps", app), os.path.join(environment.root, app))
    return any(_is_held(os.path.join(directory, LOCK_NAME), app) for directory in directories)


def is_deployed_for(environment: DokkuEnvironment, app: str, wait_seconds: float) -> bool:
    """Return whether a deploy of the app still holds Dokku's lock after ``wait_seconds``. Raises Unknown."""
    deadline = time.monotonic() + wait_seconds
    while is_being_deployed(environment, app):
        if time.monotonic() >= deadline:
            return True
        time.sleep(_DEPLOY_POLL_SECONDS)
    return False


def _is_held(path: str, app: str) -> bool:
    """Probe a lock without creating or changing its file: Dokku takes an existing file for ``apps:lock``."""
    while True:
        try:
            lock_fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unknown(f"the deploy lock of {app} cannot be read ({error.strerror})", _LOCK_HINT) from error
        try:
            if not _try_lock(lock_fd, fcntl.LOCK_SH, f"the deploy lock of {app} cannot be checked"):
                return True
            # A deploy unlinks the file when it ends: then another deploy may hold a new file of that name.
            if _is_still(path, lock_fd):
                return False
        finally:
            os.close(lock_fd)


def _try_lock(lock_fd: int, kind: int, failure: str) -> bool:
    try:
        fcntl.flock(lock_fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unknown(f"{failure} ({error.strerror})", _LOCK_HINT) from error
    return True


def _is_still(path: str, lock_fd: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(lock_fd))
    except OSError:
        return False


def hold_lock(directory: AppDirectory, wait_seconds: float = 0) -> None:
    """Take the plugin's lock on an app until its directory is closed.

    Raises Refused when another purge holds it for longer than ``wait_seconds``. The lock is on the app's directory
    itself: it works on a full disk, and a crash leaves nothing behind.
    """
    deadline = time.monotonic() + wait_seconds
    while not _try_lock(directory.fd, fcntl.LOCK_EX, f"the directory of {directory.app} cannot be locked"):
        if time.monotonic() >= deadline:
            raise Refused(
                f"another purge of {directory.app} is running",
                f"wait until it finishes; check with 'dokku cache:report {directory.app}'",
            )
        time.sleep(_POLL_SECONDS)
    if not directory.still_named():
        raise Refused(
            f"The directory of {directory.app} was replaced during the purge", "inspect it, then purge again"
        )
