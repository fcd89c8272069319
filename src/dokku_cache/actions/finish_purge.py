"""The detached half of an automatic purge: deletes the trash of one app, and tells the log."""

import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache import automatic
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode
from dokku_cache.history import Way
from dokku_cache.legacy.state import State
from dokku_cache.output import purge_text
from dokku_cache.purging import Request, refusal
from dokku_cache.running import failure_in_history, purge_and_record

#: A purge by hand that came in between does the same work; it is waited for only to see how it ends.
LOCK_WAIT_SECONDS = 3600


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Finish the purge of ``<app>`` that was started by ``<way>``."""
    app, way = arguments[0], Way(arguments[1])
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    context = replace(context, console=automatic.log_console(context, app))
    with automatic.failures_in_log(context, app), failure_in_history(context, app, way):
        _finish(context, app, way)
    return ExitCode.OK


def _finish(context: Context, app: str, way: Way) -> None:
    decision = automatic.decide_on(context, app)
    if decision.is_refused:
        raise refusal(decision)
    if decision.finding.verdict.state is not State.INTERRUPTED:
        return  # somebody else was faster
    request = Request(mode=automatic.MODE, in_deploy=True, lock_wait_seconds=LOCK_WAIT_SECONDS, is_gentle=True)
    outcome = purge_and_record(context, decision, request, way)
    purge_text.tell_outcome(context.console, decision, outcome)
