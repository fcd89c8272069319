"""Triggers ``post-deploy`` and ``post-upgrade``, in the background: the daily run's work for one app or for all."""

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic import background, server
from dokku_cache.automatic.logged import failures_in_log, log_console, output_in_log
from dokku_cache.automatic.sweep import apply_policy, keep_app_within, request_for
from dokku_cache.context import Context
from dokku_cache.dokku import apps, host_settings
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.state import DEPLOY_WAIT_SECONDS, Initiator, State
from dokku_cache.output.console import Console
from dokku_cache.survey.surveyor import Surveyor


def post_deploy(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Queue the app that was deployed, and handle the queue unless another process does. Everything is logged."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for app in arguments[:1]:
        with failures_in_log(context, "post-deploy", app):
            background.work_on_queue(
                context.environment, app, lambda deployed: _handle(context, deployed), DEPLOY_WAIT_SECONDS
            )
    return ExitCode.OK


def _handle(context: Context, app: str) -> None:
    # Another engine, which has no old answers: the app may have waited for long.
    context = replace(context, console=log_console(context, "post-deploy", app), engine=context.engine.another())
    with failures_in_log(context, "post-deploy", app):
        if apps.is_being_deployed(context.environment, app):
            context.console.warn(
                f"The deploy did not finish within {DEPLOY_WAIT_SECONDS:.0f} s; the daily run will check the app"
            )
            return
    upgraded(context)
    with failures_in_log(context, "post-deploy", app):
        if host_settings.skips_cleanup(context.environment, app, os.environ):
            return
        findings = Surveyor(context.environment, context.engine).survey([app])
        if findings[0].verdict.state is not State.ABSENT:
            apply_policy(context, findings, lambda _: request_for(context, app, Initiator.DEPLOY))
        keep_app_within(context, app, Initiator.DEPLOY)


def upgraded(context: Context, _arguments: Sequence[str] = ()) -> ExitCode:
    """Fire trigger ``post-upgrade`` if Dokku was upgraded, and log what it prints."""
    context = replace(context, console=log_console(context, "post-upgrade"))
    with failures_in_log(context, "post-upgrade"), output_in_log(context, "post-upgrade"):
        server.fire_post_upgrade_if_due(context.environment, context.console.relay)
    return ExitCode.OK


def post_upgrade(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Apply the policy to every app of the server, then record Dokku's version. ``arguments``: old and new version.

    Always succeeds: plugn runs no other plugin's trigger after one that fails.
    """
    before, now = (*arguments, "", "")[:2]
    # One line per app, because this output usually goes to the log.
    context = replace(context, console=Console(is_quiet=context.console.is_quiet, is_log=True))
    context.console.heading(f"Dokku changed from {before} to {now}: purging unused build caches")
    try:
        server.sweep_server(context, Initiator.UPGRADE)
        # Last, so that a sweep that was killed is repeated. The daily run handles failed purges.
        if now:
            server.record_version(context.environment, now)
    except CacheError as error:
        context.console.warn(str(error), error.hint or "it will be repeated at the next deploy or daily run")
    return ExitCode.OK
