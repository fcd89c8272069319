"""Sweeping a whole server: the directories of all apps, and the volumes of those that are gone."""

from dokku_cache.automatic import dead_volumes
from dokku_cache.automatic.sweep import sweep
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.state import Initiator


def sweep_server(context: Context, initiator: Initiator, deploying: str = "") -> ExitCode:
    """Apply the policy to all that is there, whoever may see it; give the worst exit code.

    ``deploying``: the app whose deploy waits for this, so that its lock is no obstacle to what no build uses. Where
    volumes cannot be judged that is a warning: the directories are done by then. Docker's trouble is told once.
    """
    worst = sweep(context, apps.every(), initiator, deploying)
    try:
        worst = max(worst, dead_volumes.sweep(context, initiator))
    except CacheError as error:
        worst = max(worst, error.exit_code)
        if error is not context.engine.trouble:
            context.console.warn(f"Cache volumes stay: {error}", error.hint)
    trouble = context.engine.trouble
    if trouble:
        context.console.warn(f"Nothing could be judged: {trouble}", trouble.hint)
    return worst
