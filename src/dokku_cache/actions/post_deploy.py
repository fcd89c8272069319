"""After a deploy, detached from it: waits for its end, then does for its app what the daily run does."""

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic import bounds, upgrade
from dokku_cache.automatic.logged import failures_in_log, log_console, strays_in_log
from dokku_cache.automatic.sweep import apply_to
from dokku_cache.context import Context
from dokku_cache.dokku import locks, skip_cleanup
from dokku_cache.errors import ExitCode
from dokku_cache.model.state import DEPLOY_WAIT_SECONDS, Initiator, State
from dokku_cache.survey.surveyor import Surveyor

SUBJECT = "post-deploy"


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Do what a deploy of ``<app>`` gives reason for, and tell the log. The door has seen that there is work."""
    app = arguments[0] if arguments else ""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    context = replace(context, console=log_console(context, SUBJECT, app))
    with failures_in_log(context, SUBJECT, app):
        if app and locks.is_deployed_for(context.environment, app, DEPLOY_WAIT_SECONDS):
            context.console.warn(f"Still being deployed after {DEPLOY_WAIT_SECONDS:.0f} s, left to the daily run")
            return ExitCode.OK
    with failures_in_log(context, "post-upgrade"), strays_in_log(context, "post-upgrade"):
        upgrade.fire_if_due(context.environment, context.console.passed_on)
    with failures_in_log(context, SUBJECT, app):
        if app and not skip_cleanup.is_set(context.environment, app, os.environ):
            for finding in Surveyor(context.environment, context.engine).survey([app]):
                if finding.verdict.state is not State.ABSENT:
                    apply_to(context, finding, Initiator.DEPLOY)
            bounds.keep_app_within(context, app, Initiator.DEPLOY)
    return ExitCode.OK
