"""Trigger ``post-delete``: the destroyed app's cache goes with it, before Dokku's recursive delete."""

from collections.abc import Sequence

from dokku_cache import automatic
from dokku_cache.context import Context
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.history import Way
from dokku_cache.legacy.state import State
from dokku_cache.output import purge_text
from dokku_cache.purging import Request
from dokku_cache.running import purge_and_record

#: For a background purge of the app that is just ending.
LOCK_WAIT_SECONDS = 600


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Purge the app's cache, whatever its auto-purge property: who destroys an app wants all of it gone."""
    app = arguments[0] if arguments else ""
    if not app:
        return ExitCode.OK
    try:
        _purge(context, app)
    except CacheError as error:
        context.console.warn(f"The legacy build cache of {app} stays: {error}")
        automatic.log_console(context, f"post-delete {app}").warn(str(error), error.hint)
    return ExitCode.OK


def _purge(context: Context, app: str) -> None:
    decision = automatic.decide_on(context, app)
    verdict = decision.finding.verdict
    if verdict.state is State.ABSENT:
        return
    if not decision.targets:
        raise CacheError(f"it is {verdict.state.value}: {verdict.reason}")
    request = Request(mode=automatic.MODE, in_deploy=True, lock_wait_seconds=LOCK_WAIT_SECONDS)
    # With trash there may be a cache too: the trash first, then what is left is looked at once more.
    outcome = purge_and_record(context, decision, request, Way.DESTROY)
    purge_text.tell_outcome(context.console, decision, outcome)
    again = automatic.decide_on(context, app)
    if verdict.state is State.INTERRUPTED and again.targets:
        purge_text.tell_outcome(context.console, again, purge_and_record(context, again, request, Way.DESTROY))
