"""Trigger ``post-delete``: the destroyed app's cache goes with it, before Dokku's recursive delete."""

from collections.abc import Sequence

from dokku_cache.automatic.dead_volumes import purge_each
from dokku_cache.automatic.logged import log_console
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.engine import disk_usage
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.legacy.plan import candidates
from dokku_cache.legacy.state import Mode, State, Verdict
from dokku_cache.output import purge_text
from dokku_cache.purge import volume_purger
from dokku_cache.purge.purger import Request
from dokku_cache.purge.recorded import purge_and_record, record
from dokku_cache.purge.volume_purger import refusal
from dokku_cache.purge.volume_sizes import with_sizes
from dokku_cache.records import history
from dokku_cache.records.history import Initiator, Record
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.volumes.plan import Wish, choose

#: Who destroys an app does so by hand: no task will make the directory again, and Dokku deletes all of the app next.
MODE = Mode.DESTROY
#: For a background purge of the app that is just ending.
LOCK_WAIT_SECONDS = 600


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Purge the app's cache, whatever its auto-purge property: who destroys an app wants all of it gone."""
    app = arguments[0] if arguments else ""
    if not app:
        return ExitCode.OK
    try:
        _purge(context, app)
    except CacheError as error:
        _warn(context, app, f"The legacy build cache of {app} stays: {error}", error)
    try:
        _purge_volumes(context, app)
    except CacheError as error:
        _warn(context, app, f"The cache volumes of {app} stay: {error}", error)
    return ExitCode.OK


def _warn(context: Context, app: str, sentence: str, error: CacheError) -> None:
    context.console.warn(sentence, error.hint)
    log_console(context, "post-delete", app).warn(str(error), error.hint)


def _purge_volumes(context: Context, app: str) -> None:
    """Remove what pack keeps of the app; Dokku itself sees to herokuish's, and to none of pack's."""
    listed = apps.every()
    found = volume_purger.examiner(context, listed).examine(listed)
    chosen = choose(found, Wish.DESTROY, frozenset({app}))
    decisions = with_sizes(context, chosen, disk_usage.BRIEF_LIMIT_SECONDS)
    for decision in decisions:
        if not decision.goes:
            error = refusal(decision)
            _warn(context, app, str(error), error)
    going = [decision.finding for decision in decisions if decision.goes]
    purge_each(context, going, Wish.DESTROY, Initiator.DESTROY, in_deploy=True)


def _purge(context: Context, app: str) -> None:
    finding = Surveyor(context.environment, context.engine).survey([app])[0]
    if finding.verdict.state is State.ABSENT:
        _end_history(context, app)
        return
    if not candidates(finding, MODE):
        raise _stays(finding.verdict, finding.sighting.real_path)
    request = Request(mode=MODE, in_deploy=True, lock_wait_seconds=LOCK_WAIT_SECONDS)
    outcome = purge_and_record(context, finding, request, Initiator.DESTROY)
    purge_text.tell_outcome(context.console, app, outcome, is_destroyed=True)
    if outcome is not None and outcome.decision.kept is not None:
        raise _stays(outcome.decision.kept, "")


def _stays(verdict: Verdict, real_path: str) -> CacheError:
    hint = f"no command finds it once the app is gone: look at {real_path} yourself" if real_path else ""
    is_unknown = verdict.state is State.UNKNOWN
    return CacheError(verdict.reason if is_unknown else f"it is {verdict.described}", hint)


def _end_history(context: Context, app: str) -> None:
    """Keep what is known of the app from a later one of its name."""
    if history.read(context.environment).of_app(app):
        record(context, Record(app, history.now(), Initiator.DESTROY.value, ends_app=True))
