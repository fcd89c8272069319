"""Trigger ``post-upgrade <from> <to>``: sweeps all apps, then records the version. Fired by this plugin itself."""

from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic import server
from dokku_cache.automatic.server import sweep_server
from dokku_cache.context import Context
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.state import Initiator
from dokku_cache.output.console import Console


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Apply the policy to every app of the server.

    Succeeds whatever happens: plugn runs no other plugin's trigger after one that fails.
    """
    before, now = (*arguments, "", "")[:2]
    # One line per app, because this output usually goes to the log.
    context = replace(context, console=Console(is_quiet=context.console.is_quiet, is_log=True))
    context.console.heading(f"Dokku changed from {before} to {now}: purging unused build caches")
    try:
        sweep_server(context, Initiator.UPGRADE)
        # Last: a sweep that was killed halfway is repeated. What could not be purged is left to the daily run.
        if now:
            server.record_version(context.environment, now)
    except CacheError as error:
        context.console.warn(str(error), error.hint or "it will be repeated at the next deploy or daily run")
    return ExitCode.OK
