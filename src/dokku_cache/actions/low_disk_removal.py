"""Removes every unused cache of the server as fast as possible; started by ``low_disk``, which a deploy waits for."""

import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic.logged import failures_in_log, log_console
from dokku_cache.automatic.server import sweep_server
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode
from dokku_cache.model.state import Initiator
from dokku_cache.records import state_files

SUBJECT = "low disk space"
LOCK = "low-disk.lock"
#: Another deploy may be removing the same caches.
WAIT_SECONDS = 60.0


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Sweep the server, and log it. ``arguments``: the app that is being deployed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    context = replace(context, console=log_console(context, SUBJECT))
    with (
        failures_in_log(context, SUBJECT),
        state_files.lock(context.environment, LOCK, WAIT_SECONDS) as is_alone,
    ):
        return sweep_server(context, Initiator.LOW_DISK, "".join(arguments[:1])) if is_alone else ExitCode.OK
    return ExitCode.FAILED
