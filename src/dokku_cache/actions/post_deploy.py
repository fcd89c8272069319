"""Trigger ``post-deploy``: takes the deployed app's orphaned cache away, and lets it be deleted in the background."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache import automatic, detached, upgrade
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode
from dokku_cache.history import Way
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purging import Purger, Request
from dokku_cache.running import failure_in_history


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Do the two things that a deploy may start; neither can fail it. The door has seen that there is work."""
    app = arguments[0] if arguments else ""
    with automatic.failures_in_log(context, f"post-deploy {app}"):
        if upgrade.is_due(context.environment):
            detached.start(context.environment, "upgraded")
    quiet = replace(context, console=automatic.log_console(context, app))
    with automatic.failures_in_log(context, f"post-deploy {app}"), failure_in_history(quiet, app, Way.DEPLOY):
        if app and automatic.applies_after_deploy(context, app, os.environ):
            _set_aside(context, app)
    sys.stdout.flush()
    return ExitCode.OK


def _set_aside(context: Context, app: str) -> None:
    decision = automatic.decide_on(context, app)
    if not decision.targets:
        automatic.log_refusal(context, decision)
        return
    request = Request(mode=automatic.MODE, in_deploy=True)
    silent = Watcher(Console(is_quiet=True))
    if Purger(context.environment, context.engine, silent, request).set_aside(decision):
        detached.start(context.environment, "finish-purge", app, Way.DEPLOY.value)
        context.console.section("Removing the legacy build cache in the background")
