"""After a deploy, detached from it: waits for its end, then does for its app what the daily run does."""

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic import background, server
from dokku_cache.automatic.logged import failures_in_log, log_console, output_in_log
from dokku_cache.automatic.sweep import apply_policy, keep_app_within, request_for
from dokku_cache.context import Context
from dokku_cache.dokku import apps, host_settings
from dokku_cache.errors import ExitCode
from dokku_cache.model.state import DEPLOY_WAIT_SECONDS, Initiator, State
from dokku_cache.survey.surveyor import Surveyor

SUBJECT = "post-deploy"


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Handle the app that was deployed, or leave it to the worker that is running. Everything is logged."""
    app = arguments[0] if arguments else ""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if app:
        with failures_in_log(context, SUBJECT, app):
            background.work_on_queue(
                context.environment, app, lambda deployed: _handle(context, deployed), DEPLOY_WAIT_SECONDS
            )
    return ExitCode.OK


def _handle(context: Context, app: str) -> None:
    # Each app asks Docker anew: it may be handled long after the one before.
    context = replace(context, console=log_console(context, SUBJECT, app), engine=context.engine.another())
    with failures_in_log(context, SUBJECT, app):
        if apps.is_being_deployed(context.environment, app):
            context.console.warn(
                f"The deploy did not finish within {DEPLOY_WAIT_SECONDS:.0f} s; the daily run will check the app"
            )
            return
    with failures_in_log(context, "post-upgrade"), output_in_log(context, "post-upgrade"):
        server.fire_post_upgrade_if_due(context.environment, context.console.relay)
    with failures_in_log(context, SUBJECT, app):
        if host_settings.skips_cleanup(context.environment, app, os.environ):
            return
        findings = Surveyor(context.environment, context.engine).survey([app])
        if findings[0].verdict.state is not State.ABSENT:
            apply_policy(context, findings, lambda _: request_for(context, app, Initiator.DEPLOY))
        keep_app_within(context, app, Initiator.DEPLOY)
