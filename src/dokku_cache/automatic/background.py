"""Work in the background that continues after a deploy, and the queue of the apps that were deployed."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dokku_cache.dokku import apps
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Unknown
from dokku_cache.output import log
from dokku_cache.records import state_files

#: The lowest priority; with ``-t``, ionice continues where the kernel or a container forbids it.
_GENTLY = ("nice", "-n", "19", "ionice", "-c", "3", "-t")


def start(environment: DokkuEnvironment, *arguments: str, is_gentle: bool = True) -> "subprocess.Popen[bytes]":
    """Start another call of the plugin in a session of its own, without waiting for it. Raises OSError.

    ``is_gentle``: with the lowest priority. It inherits no descriptor: a deploy's caller would wait for its output,
    and Dokku's deploy lock on descriptor 200 would stay held (0.38.27, plugins/common/functions).
    """
    source = str(Path(os.path.abspath(__file__)).parents[2])
    output = log.open_log(environment.logs_dir)
    try:
        return subprocess.Popen(
            [*(_GENTLY if is_gentle else ()), sys.executable, "-I", source, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            close_fds=True,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(output)


#: A directory with an empty file for each app.
QUEUE = "deployed"
QUEUE_LOCK = "deployed.lock"
_POLL_SECONDS = 0.5


def work_on_queue(
    environment: DokkuEnvironment, app: str, handle: Callable[[str], None], limit_seconds: float
) -> None:
    """Queue an app, and handle each queued app after its deploy, unless another process does so. Raises CacheError.

    Rebuilding all apps in parallel fires ``post-deploy`` for each within seconds; one process handles them in turn.
    ``handle`` is called with an app, at the latest after ``limit_seconds``, and must not raise. If the app cannot be
    queued, as on a full disk, this process or the daily run handles it.
    """
    unqueued: set[str] = set()
    try:
        os.makedirs(state_files.path(environment, QUEUE), exist_ok=True)
        os.close(os.open(_entry(environment, app), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    except OSError:
        unqueued = {app}
    # The next round sees an app that was queued while the lock was released.
    stuck: set[str] = set()
    while unqueued or _queued(environment) - stuck:
        with state_files.lock(environment, QUEUE_LOCK) as is_alone:
            if not is_alone:
                return
            stuck = _handle_all(environment, unqueued, handle, limit_seconds)
        unqueued = set()


def _handle_all(
    environment: DokkuEnvironment, waiting: set[str], handle: Callable[[str], None], limit_seconds: float
) -> set[str]:
    """Return the apps whose entries could not be removed from the queue."""
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
            # Before the work, so that another deploy of the app can queue it again meanwhile.
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
        return time.monotonic() >= deadline or not apps.is_being_deployed(environment, app)
    except Unknown:
        return True  # handle() finds the same, and logs it


def _queued(environment: DokkuEnvironment) -> set[str]:
    with contextlib.suppress(OSError):
        return {name for name in os.listdir(state_files.path(environment, QUEUE)) if apps.is_valid(name)}
    return set()


def _entry(environment: DokkuEnvironment, app: str) -> str:
    return os.path.join(state_files.path(environment, QUEUE), app)
