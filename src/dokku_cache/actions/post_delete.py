"""Trigger ``post-delete``: removes the cache of a destroyed or renamed app before Dokku deletes its directory."""

import os
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.automatic.logged import log_console
from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.errors import CacheError, ExitCode, NotDue
from dokku_cache.model.finding import Result
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.purge.recorded import purge, record
from dokku_cache.records import history
from dokku_cache.records.history import Record
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import purging

#: ``apps:rename`` copies the app and destroys the old name with force (0.38.27, plugins/apps/subcommands.go).
RENAME_COMMAND = "apps:rename"


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Purge the app's cache as far as the rules allow, and record that the app is gone. Never fails."""
    app = arguments[0] if arguments else ""
    if not app:
        return ExitCode.OK
    is_rename = os.environ.get("DOKKU_COMMAND") == RENAME_COMMAND
    initiator = Initiator.RENAME if is_rename else Initiator.DESTROY
    try:
        result = _purge(context, app, initiator)
    except CacheError as error:
        _warn(context, app, error)
    else:
        if result is not None:
            _show(context, result)
    # Volumes keep a grace period from here on, and a new app of this name has no part in what was before.
    record(context, Record(app, history.now(), initiator.value, ends_app=True))
    return ExitCode.OK


def _purge(context: Context, app: str, initiator: Initiator) -> Result | None:
    visible = frozenset({app, *context.visible_apps()})
    finding = Surveyor(context.environment, context.engine, visible).survey([app])[0]
    if finding.verdict.state is State.ABSENT:
        return None
    auto_purge = initiator is Initiator.DESTROY or policy.is_auto_purge_on(context.environment, app)
    return purge(context, finding, Request(initiator, auto_purge=auto_purge, in_deploy=True, visible=visible))


def _show(context: Context, result: Result) -> None:
    error, finding = result.error, result.finding
    if result.outcome or error is None:
        purging.show_result(context.console, replace(result, error=None), is_destroyed=True)
    if isinstance(error, NotDue):
        context.console.detail(f"The legacy cache of {finding.app} is kept: {error.state_and_reason}")
    elif error is not None:
        # Dokku can no longer find a directory that a symbolic link leads to.
        real_path = finding.location.real_path
        hint = f"after the app is destroyed, no command can remove it; inspect {real_path} manually"
        _warn(context, finding.app, CacheError(str(error), hint) if real_path else error)


def _warn(context: Context, app: str, error: CacheError) -> None:
    message = str(error) if app in str(error) else f"The legacy cache of {app} is kept: {error}"
    context.console.warn(message, error.hint)
    log_console(context, "post-delete", app).warn(str(error), error.hint)
