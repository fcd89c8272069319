"""Dokku's deploy lock, only ever looked at, and the plugin's own lock."""

import fcntl
import os
import time

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Refused, Unknown
from dokku_cache.sources.app_directory import LOCK_NAME
from dokku_cache.tree.handles import AppDirectory

_POLL_SECONDS = 0.1
_HINT = "nothing was removed; check that user dokku can open it, then purge again"
_DEPLOY_POLL_SECONDS = 0.5


def is_being_deployed(environment: DokkuEnvironment, app: str) -> bool:
    """Tell whether a deploy of the app holds Dokku's lock right now.

    Both places are looked at, as another version may be running than the one that is installed: ``<lib
    root>/data/apps/ <app>/.deploy.lock`` from 0.34.0 on, ``<root>/<app>/.deploy.lock`` up to 0.33.9
    (plugins/common/functions of these tags). Raises Unknown when one cannot be looked at.
    """
    directories = (os.path.join(environment.data_dir, "apps", app), os.path.join(environment.root, app))
    return any(_is_held(os.path.join(directory, LOCK_NAME), app) for directory in directories)


def is_deployed_for(environment: DokkuEnvironment, app: str, wait_seconds: float) -> bool:
    """Tell whether a deploy of the app still holds Dokku's lock after so many seconds. Raises Unknown.

    A deploy gives its lock up and takes it again, and the next may follow at once: what waits is not told in between.
    """
    deadline = time.monotonic() + wait_seconds
    while is_being_deployed(environment, app):
        if time.monotonic() >= deadline:
            return True
        time.sleep(_DEPLOY_POLL_SECONDS)
    return False


def _is_held(path: str, app: str) -> bool:
    """Probe a lock. The file is opened for reading and never made, truncated or removed.

    Dokku takes a file that merely exists for ``apps:lock`` (0.38.27, plugins/common/functions). What is no file, as
    somebody may have put a named pipe there, holds no lock.
    """
    while True:
        try:
            lock_fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unknown(f"the deploy lock of {app} cannot be read ({error.strerror})", _HINT) from error
        try:
            if not _try_shared(lock_fd, app):
                return True
            # Who gives it up unlinks it: then another deploy may hold a new file of that name.
            if _is_still(path, lock_fd):
                return False
        finally:
            os.close(lock_fd)


def _try_shared(lock_fd: int, app: str) -> bool:
    """Tell whether a lock of our own could be had, beside other shared ones; it is given up with the handle.

    The kernel's table of locks (proc(5), /proc/locks) shows none of another process namespace, and tells files by a
    device number that is another one on some file systems; by inode numbers alone, a file elsewhere counts too.
    """
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unknown(f"the deploy lock of {app} cannot be checked ({error.strerror})", _HINT) from error
    return True


def _is_still(path: str, lock_fd: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(lock_fd))
    except OSError:
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
                f"wait until it finishes; check with 'dokku cache:report {directory.app}'",
            )
        time.sleep(_POLL_SECONDS)
    if not directory.still_named():
        raise Refused(
            f"The directory of {directory.app} was replaced during the purge", "inspect it, then purge again"
        )


def _taken(directory: AppDirectory) -> bool:
    try:
        fcntl.flock(directory.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unknown(f"the directory of {directory.app} cannot be locked ({error.strerror})", _HINT) from error
    return True
