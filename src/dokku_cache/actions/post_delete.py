"""Trigger ``post-delete``: removes the cache of a destroyed or renamed app before Dokku deletes its directory."""

import os
from collections.abc import Sequence

from dokku_cache.automatic.logged import log_console
from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.errors import CacheError, ExitCode, NotDue
from dokku_cache.model.finding import Finding
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output import purge_text
from dokku_cache.purge.recorded import purge_and_record, record
from dokku_cache.purge.refusals import refusal
from dokku_cache.records import history
from dokku_cache.records.history import Record
from dokku_cache.rules.removal import candidates, decide
from dokku_cache.survey.surveyor import Surveyor

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
        _purge(context, app, initiator)
    except NotDue as kept:
        context.console.detail(f"The legacy cache of {app} is kept: {kept.state_and_reason}")
    except CacheError as error:
        message = str(error) if app in str(error) else f"The legacy cache of {app} is kept: {error}"
        context.console.warn(message, error.hint)
        log_console(context, "post-delete", app).warn(str(error), error.hint)
    # Volumes keep a grace period from here on, and a new app of this name has no part in what was before.
    record(context, Record(app, history.now(), initiator.value, ends_app=True))
    return ExitCode.OK


def _purge(context: Context, app: str, initiator: Initiator) -> None:
    finding = Surveyor(context.environment, context.engine).survey([app])[0]
    if finding.verdict.state is State.ABSENT:
        return
    auto_purge = initiator is Initiator.DESTROY or policy.is_auto_purge_on(context.environment, app)
    request = Request(initiator, auto_purge=auto_purge, in_deploy=True)
    if not candidates(finding, request):
        raise _kept(finding, request)
    outcome = purge_and_record(context, finding, request)
    purge_text.tell_outcome(context.console, app, outcome, is_destroyed=True)
    if outcome is not None and outcome.decision.kept is not None:
        raise _kept(outcome.decision.finding, request)


def _kept(finding: Finding, request: Request) -> CacheError:
    """Give the error that names what is kept and, where Dokku cannot find it any more, its real path."""
    error = refusal(decide(finding, request), request)
    real_path = finding.location.real_path
    if real_path and not isinstance(error, NotDue):
        return CacheError(
            str(error), f"after the app is destroyed, no command can remove it; inspect {real_path} manually"
        )
    return error
