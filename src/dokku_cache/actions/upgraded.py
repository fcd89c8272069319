"""Fires trigger ``post-upgrade`` after a deploy has noticed that Dokku changed; runs detached."""

from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic import server
from dokku_cache.automatic.logged import failures_in_log, log_console, output_in_log
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode


def run(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Fire it once, and put what it says into the log."""
    context = replace(context, console=log_console(context, "post-upgrade"))
    with failures_in_log(context, "post-upgrade"), output_in_log(context, "post-upgrade"):
        server.fire_post_upgrade_if_due(context.environment, context.console.relay)
    return ExitCode.OK
