"""Sweeping a whole server: the directories of all apps, and the volumes of those that are gone."""

from dokku_cache.automatic import dead_volumes
from dokku_cache.automatic.logged import warned_of
from dokku_cache.automatic.sweep import sweep
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import ExitCode
from dokku_cache.records.history import Way


def sweep_server(context: Context, way: Way) -> ExitCode:
    """Apply the policy to all that is there, whoever may see it; give the worst exit code.

    Where volumes cannot be judged, as without Docker, that is a warning: the directories are done by then.
    """
    worst = sweep(context, apps.every(), way)
    code = ExitCode.FAILED
    with warned_of(context, "Cache volumes"):
        code = dead_volumes.sweep(context, way)
    return max(worst, code)
