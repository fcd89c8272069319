"""Removes all that is dead on the server, as fast as it goes; started detached by ``pre-receive-app``."""

import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic.logged import failures_in_log, log_console
from dokku_cache.automatic.server import sweep_server
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode
from dokku_cache.model.state import Initiator

SUBJECT = "low disk space"


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Sweep the server, and tell the log. ``arguments``: the app that is to be built."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    context = replace(context, console=log_console(context, SUBJECT))
    with failures_in_log(context, SUBJECT):
        return sweep_server(context, Initiator.LOW_DISK, arguments[0] if arguments else "")
    return ExitCode.FAILED
