"""Sweeping a whole server: the directories of all apps, and the volumes of destroyed ones."""

from dokku_cache.automatic import dead_volumes
from dokku_cache.automatic.sweep import sweep
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.state import Initiator


def sweep_server(context: Context, initiator: Initiator, deploying: str = "") -> ExitCode:
    """Apply the policy to every app, and return the worst exit code.

    ``deploying``: the app whose deploy waits for this; its deploy lock is ignored, as no build uses these caches.
    Volumes that cannot be examined are a warning. A Docker that does not respond is reported once.
    """
    worst = sweep(context, apps.every(), initiator, deploying)
    try:
        worst = max(worst, dead_volumes.sweep(context, initiator))
    except CacheError as error:
        worst = max(worst, error.exit_code)
        if error is not context.engine.trouble:
            context.console.warn(f"Cache volumes are kept: {error}", error.hint)
    trouble = context.engine.trouble
    if trouble:
        context.console.warn(f"Caches could not be checked: {trouble}", trouble.hint)
    return worst
