"""Triggers ``post-deploy``, ``post-upgrade`` and ``post-delete``."""

import os
import signal
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.actions import sweep
from dokku_cache.actions.background import failures_in_log, log_console, work_on_queue
from dokku_cache.dokku import apps, history, host_settings, policy
from dokku_cache.dokku.history import Record
from dokku_cache.model.errors import CacheError, ExitCode, NotDue
from dokku_cache.model.finding import Finding, Result
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output.console import Console
from dokku_cache.purge.recorded import purge, record
from dokku_cache.survey.context import Context
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import purging

#: ``apps:rename`` copies the app and destroys the old name with force (0.38.27, plugins/apps/subcommands.go).
RENAME_COMMAND = "apps:rename"
#: How long to wait for the end of a deploy: trigger post-deploy runs near it. The rest is left to the daily run.
DEPLOY_WAIT_SECONDS = 900.0


def post_deploy(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Apply the policy to the app that was deployed, after its deploy, in the background. Everything is logged."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for app in arguments[:1]:
        with failures_in_log(context, "post-deploy", app):
            work_on_queue(context.environment, app, lambda deployed: _after_deploy(context, deployed))
    return ExitCode.OK


def _after_deploy(context: Context, app: str) -> None:
    # Another engine, which has no old answers.
    context = replace(context, console=log_console(context, "post-deploy", app), engine=context.engine.another())
    with failures_in_log(context, "post-deploy", app):
        if apps.is_deployed_for(context.environment, app, DEPLOY_WAIT_SECONDS):
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
            sweep.apply_policy(context, findings, lambda _: sweep.request_for(context, app, Initiator.DEPLOY))
        sweep.keep_app_within(context, app, Initiator.DEPLOY)


def upgraded(context: Context, _arguments: Sequence[str] = ()) -> ExitCode:
    """Fire trigger ``post-upgrade`` if Dokku was upgraded, with the lowest priority, and log what it prints."""
    os.nice(19)
    context = replace(context, console=log_console(context, "post-upgrade"))
    with failures_in_log(context, "post-upgrade"):
        sweep.fire_post_upgrade_if_due(context.environment, context.console.relay)
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
        sweep.sweep_server(context, Initiator.UPGRADE)
        # Last, so that a sweep that was killed is repeated. The daily run handles failed purges.
        if now:
            sweep.record_version(context.environment, now)
    except CacheError as error:
        context.console.warn(str(error), error.hint or "it will be repeated at the next deploy or daily run")
    return ExitCode.OK


def post_delete(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Purge the cache of a destroyed or renamed app before Dokku deletes it, and record that the app is gone."""
    app = "".join(arguments[:1])
    if not app:
        return ExitCode.OK
    is_rename = os.environ.get("DOKKU_COMMAND") == RENAME_COMMAND
    initiator = Initiator.RENAME if is_rename else Initiator.DESTROY
    try:
        result = _purge_destroyed(context, app, initiator)
        if result is not None:
            _show_destroyed(context, result)
    except CacheError as error:
        _warn_of_kept(context, app, error)
    finally:
        # Volumes keep a grace period from here on, and a new app of this name has no part in what was before.
        record(context, Record(app, history.now(), initiator.value, ends_app=True))
    return ExitCode.OK


def _purge_destroyed(context: Context, app: str, initiator: Initiator) -> Result | None:
    visible = frozenset({app, *apps.visible()})
    finding = Surveyor(context.environment, context.engine, visible).survey([app])[0]
    if finding.verdict.state is State.ABSENT or _is_left_to_dokku(finding):
        return None
    auto_purge = initiator is Initiator.DESTROY or policy.is_auto_purge_on(context.environment, app)
    return purge(context, finding, Request(initiator, auto_purge=auto_purge, in_deploy=True, visible=visible))


def _is_left_to_dokku(finding: Finding) -> bool:
    """Return whether Dokku still uses the directory, and has emptied it (0.30.11, plugins/repo: pre-delete)."""
    cache = finding.location.cache
    is_empty = cache is not None and cache.is_empty and not finding.location.trash
    return is_empty and finding.verdict.state is State.ACTIVE


def _show_destroyed(context: Context, result: Result) -> None:
    error, finding = result.error, result.finding
    if result.outcome or error is None:
        purging.show_result(context.console, replace(result, error=None), is_destroyed=True)
    if isinstance(error, NotDue):
        context.console.detail(f"The legacy cache of {finding.app} is kept: {error.state_and_reason}")
    elif error is not None:
        # Dokku can no longer find a directory that a symbolic link leads to.
        real_path = finding.location.real_path
        hint = f"after the app is destroyed, no command can remove it; inspect {real_path} manually"
        _warn_of_kept(context, finding.app, CacheError(str(error), hint) if real_path else error)


def _warn_of_kept(context: Context, app: str, error: CacheError) -> None:
    message = str(error) if app in str(error) else f"The legacy cache of {app} is kept: {error}"
    context.console.warn(message, error.hint)
    log_console(context, "post-delete", app).warn(str(error), error.hint)
