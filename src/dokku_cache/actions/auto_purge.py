"""``dokku cache:auto-purge``: applies the automatic policy now. What cron runs daily."""

from collections.abc import Sequence

from dokku_cache import automatic, upgrade
from dokku_cache.arguments import Parser, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.history import Way

USAGE = "cache:auto-purge [<app>...] [--quiet]"


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Sweep the named apps, or all that the user may see; before that, see whether Dokku was upgraded."""
    parsed = Parser("cache:auto-purge", USAGE).read_all(arguments)
    context = context.with_flags(quiet=parsed.quiet)
    visible = context.visible_apps()
    named = [apps.verify(name, visible) for name in named_apps(context, parsed)]
    if not named and _swept_after_upgrade(context):
        return ExitCode.OK
    return automatic.sweep(context, named or visible, Way.CRON)


def _swept_after_upgrade(context: Context) -> bool:
    """See whether Dokku was upgraded: trigger ``post-upgrade`` then sweeps every app. Warns when it fails."""
    try:
        return upgrade.fire_if_due(context.environment, context.console.passed_on)
    except CacheError as error:
        context.console.warn(str(error), error.hint)
        return False
