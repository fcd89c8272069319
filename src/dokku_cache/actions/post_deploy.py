"""After a deploy, detached from it: waits for its end, then does for its app what the daily run does."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic import bounds, upgrade
from dokku_cache.automatic.logged import failures_in_log, log_console
from dokku_cache.automatic.sweep import apply_to
from dokku_cache.context import Context
from dokku_cache.dokku import locks, skip_cleanup
from dokku_cache.errors import ExitCode
from dokku_cache.legacy.state import State
from dokku_cache.records.history import Way
from dokku_cache.survey.surveyor import Surveyor

#: Trigger post-deploy comes near a deploy's end. What takes longer than this is left to the daily run.
DEPLOY_SECONDS = 900.0
_POLL_SECONDS = 0.5


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Do what a deploy of ``<app>`` gives reason for, and tell the log. The door has seen that there is work."""
    app = arguments[0] if arguments else ""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    context = replace(context, console=log_console(context, app or "post-deploy"))
    with failures_in_log(context, app):
        if app and not _has_ended(context, app):
            context.console.warn(f"It is still being deployed after {DEPLOY_SECONDS:.0f} s: left to the daily run")
            return ExitCode.OK
    with failures_in_log(context, "post-upgrade"):
        upgrade.fire_if_due(context.environment, context.console.passed_on)
    with failures_in_log(context, app):
        if app and not skip_cleanup.is_set(context.environment, app, os.environ):
            for finding in Surveyor(context.environment, context.engine).survey([app]):
                if finding.verdict.state is not State.ABSENT:
                    apply_to(context, finding, Way.DEPLOY)
            bounds.keep_app_within(context, app, Way.DEPLOY)
    return ExitCode.OK


def _has_ended(context: Context, app: str) -> bool:
    """Wait until nobody deploys the app any more; tell whether that came in time."""
    deadline = time.monotonic() + DEPLOY_SECONDS
    while locks.is_being_deployed(context.environment, app):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
