"""The dry run of a sweep: what the policy would do now, by the same rules."""

from collections.abc import Sequence

from dokku_cache.automatic.sweep import request_for
from dokku_cache.context import Context
from dokku_cache.model.finding import Decision
from dokku_cache.model.state import Initiator
from dokku_cache.output.progress import Watcher
from dokku_cache.rules.removal import candidates, decide
from dokku_cache.survey.measuring import measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.tree.scan import Scan


def of_apps(
    context: Context, apps: Sequence[str], visible: frozenset[str] | None = None
) -> list[tuple[Decision, Scan | None]]:
    """Plan for the legacy caches of some apps; what may be removed is scanned. Raises CacheError."""
    surveyor = Surveyor(context.environment, context.engine, visible)
    planned = []
    with Watcher(context.console) as watcher:
        for finding in surveyor.survey(apps):
            request = request_for(context, finding.app, Initiator.CRON)
            examined, scan = finding, None
            if candidates(finding, request):
                examined, scan = measure_finding(surveyor, finding, watcher, context.console)
            planned.append((decide(examined, request), scan))
    return planned
