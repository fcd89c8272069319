"""Work in the background: starting it, the queue of deployed apps, and logging what happens."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dokku_cache.dokku import apps, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError
from dokku_cache.output import log
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context

#: A directory with an empty file for each app.
QUEUE = "deployed"
QUEUE_LOCK = "deployed.lock"


def start(environment: DokkuEnvironment, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start another call of the plugin in a session of its own, without waiting for it. Raises OSError.

    It inherits no descriptor: a deploy's caller would wait for its output, and Dokku's deploy lock on descriptor 200
    would stay held (0.38.27, plugins/common/functions).
    """
    source = str(Path(os.path.abspath(__file__)).parents[2])
    output = log.open_log(environment.logs_dir)
    try:
        return subprocess.Popen(
            [sys.executable, "-I", source, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(output)


def work_on_queue(environment: DokkuEnvironment, app: str, handle: Callable[[str], None]) -> None:
    """Queue an app, and handle all queued apps in turn, unless another process does so. Raises CacheError, OSError.

    Rebuilding all apps fires ``post-deploy`` for each within seconds: one process handles them all. ``handle`` gets
    an app, and must not raise. An app that cannot be queued, as on a full disk, is handled at once.
    """
    queue = state_files.path(environment, QUEUE)
    try:
        os.makedirs(queue, exist_ok=True)
        os.close(os.open(os.path.join(queue, app), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    except OSError:
        handle(app)
        return
    # An app may be queued just before the lock is released.
    while os.listdir(queue):
        with state_files.lock(environment, QUEUE_LOCK) as is_alone:
            if not is_alone:
                return
            for name in sorted(os.listdir(queue)):
                # Before the work, so that another deploy of the app can queue it again meanwhile.
                os.unlink(os.path.join(queue, name))
                if apps.is_valid(name):
                    handle(name)


def log_console(context: Context, subject: str, app: str = "", *, warned: list[str] | None = None) -> Console:
    """Return a console that writes to the plugin's log; each warning is also added to ``warned``.

    ``subject`` is the trigger or run; ``app`` is the app that all lines are about, if there is one.
    """
    stream = log.LogStream(context.environment.logs_dir, subject, app, warned)
    return Console(is_log=True, out=stream, err=stream)


@contextmanager
def failures_in_log(context: Context, subject: str, app: str = "") -> Iterator[None]:
    """Log every failure in the block instead of raising it."""
    try:
        yield
    except CacheError as error:
        log_console(context, subject, app).warn(str(error), error.hint)
    except Exception as error:  # noqa: BLE001 - no failure may fail a deploy
        log_console(context, subject, app).warn(f"{type(error).__name__}: {error}")
