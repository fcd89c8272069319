"""One background worker for the whole server: deploys queue their apps, and one process handles them in turn.

Rebuilding all apps in parallel fires ``post-deploy`` for each within seconds.
"""

import contextlib
import os
import time
from collections.abc import Callable

from dokku_cache.dokku import apps, locks
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Unknown
from dokku_cache.records import state_files

#: A directory with an empty file for each app.
QUEUE = "deployed"
LOCK = "deployed.lock"
_POLL_SECONDS = 0.5


def work(environment: DokkuEnvironment, app: str, handle: Callable[[str], None], limit_seconds: float) -> None:
    """Queue an app, and handle every queued one after its deploy has ended, unless another process does so already.

    ``handle`` is called with an app, at the latest when its deploy has lasted ``limit_seconds`` longer; it must raise
    nothing. What cannot be queued, as on a full disk, is handled by this process or by the daily run.
    Raises CacheError.
    """
    unqueued: set[str] = set()
    try:
        os.makedirs(state_files.path(environment, QUEUE), exist_ok=True)
        os.close(os.open(_entry(environment, app), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    except OSError:
        unqueued = {app}
    # An app that is queued while the lock is given up is seen by the next round.
    stuck: set[str] = set()
    while unqueued or _queued(environment) - stuck:
        with state_files.lock(environment, LOCK) as is_alone:
            if not is_alone:
                return
            stuck = _handle_all(environment, unqueued, handle, limit_seconds)
        unqueued = set()


def _handle_all(
    environment: DokkuEnvironment, waiting: set[str], handle: Callable[[str], None], limit_seconds: float
) -> set[str]:
    """Return the apps whose entries in the queue could not be removed."""
    deadlines: dict[str, float] = {}
    stuck: set[str] = set()
    while waiting := waiting | (_queued(environment) - stuck):
        now = time.monotonic()
        ready = [
            app
            for app in sorted(waiting)
            if _is_ready(environment, app, deadlines.setdefault(app, now + limit_seconds))
        ]
        for app in ready:
            # Before the work: another deploy of the app that ends meanwhile queues it again.
            try:
                os.unlink(_entry(environment, app))
            except FileNotFoundError:
                pass
            except OSError:
                stuck.add(app)
            waiting.discard(app)
            deadlines.pop(app)
            handle(app)
        if not ready:
            time.sleep(_POLL_SECONDS)
    return stuck


def _is_ready(environment: DokkuEnvironment, app: str, deadline: float) -> bool:
    try:
        return time.monotonic() >= deadline or not locks.is_being_deployed(environment, app)
    except Unknown:
        return True  # what handles the app finds the same, and logs it


def _queued(environment: DokkuEnvironment) -> set[str]:
    with contextlib.suppress(OSError):
        return {name for name in os.listdir(state_files.path(environment, QUEUE)) if apps.is_valid(name)}
    return set()


def _entry(environment: DokkuEnvironment, app: str) -> str:
    return os.path.join(state_files.path(environment, QUEUE), app)
