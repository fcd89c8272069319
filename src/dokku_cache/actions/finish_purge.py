"""The detached half of an automatic purge: deletes the trash of one app, and tells the log."""

import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache import automatic, history
from dokku_cache.context import Context
from dokku_cache.errors import CacheError, ExitCode, PartlyRemoved
from dokku_cache.history import Record, Way
from dokku_cache.legacy.plan import Decision
from dokku_cache.legacy.state import State
from dokku_cache.output import purge_text
from dokku_cache.purging import Request
from dokku_cache.running import purge_and_record, record

#: A purge by hand that came in between does the same work; it is waited for only to see how it ends.
LOCK_WAIT_SECONDS = 3600


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Finish the purge of ``<app>`` that was started by ``<way>``."""
    app, way = arguments[0], Way(arguments[1])
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    context = replace(context, console=automatic.log_console(context, app))
    with automatic.failures_in_log(context, app):
        try:
            _finish(context, app, way)
        except CacheError as error:
            # PartlyRemoved is recorded where it happens.
            if not isinstance(error, PartlyRemoved):
                record(context, Record(app, history.now(), way.value, failure=str(error)))
            raise
    return ExitCode.OK


def _finish(context: Context, app: str, way: Way) -> None:
    decision = automatic.decide_on(context, app)
    if decision.finding.verdict.state is not State.INTERRUPTED:
        automatic.log_refusal(context, decision)
        return
    trash_only = Decision(decision.finding, decision.finding.sighting.trash)
    request = Request(mode=automatic.MODE, in_deploy=True, lock_wait_seconds=LOCK_WAIT_SECONDS, is_gentle=True)
    outcome = purge_and_record(context, trash_only, request, way)
    purge_text.tell_outcome(context.console, trash_only, outcome)
