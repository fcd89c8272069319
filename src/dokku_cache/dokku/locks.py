"""Dokku's deploy lock, only ever looked at, and the plugin's own lock."""

import fcntl
import os
import time

from dokku_cache.errors import Refused, Unestablished
from dokku_cache.legacy.handles import AppDirectory

_POLL_SECONDS = 0.1


def is_being_deployed(data_dir: str, app: str) -> bool:
    """Tell whether a deploy of the app holds Dokku's lock right now.

    The file is opened for reading and never made, truncated or removed: Dokku takes a file that merely exists
    for ``apps:lock`` (0.38.27, plugins/common/functions). Raises Unestablished when it cannot be looked at.
    """
    path = os.path.join(data_dir, "apps", app, ".deploy.lock")
    try:
        lock_fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unestablished(f"the deploy lock of {app} cannot be read ({error.strerror})") from error
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock_fd)
    return False


def hold(directory: AppDirectory, wait_seconds: float = 0) -> None:
    """Take the plugin's lock on an app, until its directory is closed. Raises Refused when another has it.

    Waits so long for the other one. The lock is on the app's directory itself: it needs no file, so a full disk
    does not matter, nothing is left behind by a crash, and a lock of a destroyed app never meets a new app of
    the same name.
    """
    deadline = time.monotonic() + wait_seconds
    while not _taken(directory):
        if time.monotonic() >= deadline:
            raise Refused(
                f"another purge of {directory.app} is running",
                f"wait for it: 'dokku cache:report {directory.app}' shows when it is done",
            )
        time.sleep(_POLL_SECONDS)
    if not directory.still_named():
        raise Refused(f"{directory.app} was replaced while it was being examined", "look at it, and try again")


def _taken(directory: AppDirectory) -> bool:
    try:
        fcntl.flock(directory.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unestablished(f"the directory of {directory.app} cannot be locked ({error.strerror})") from error
    return True
