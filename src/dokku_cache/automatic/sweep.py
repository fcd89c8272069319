"""Applying the policy to many apps, with a line for each that has a cache, and the total."""

from collections.abc import Sequence

from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.errors import CacheError, ExitCode, NotDue
from dokku_cache.model.finding import Finding, Outcome
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output import purge_text
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.recorded import failure_in_history, purge_and_record
from dokku_cache.rules.removal import candidates, decide
from dokku_cache.survey.surveyor import Surveyor


def sweep(
    context: Context,
    apps: Sequence[str],
    initiator: Initiator,
    deploying: str = "",
    visible: frozenset[str] | None = None,
) -> ExitCode:
    """Apply the policy to apps now.

    A cache that may not be removed is kept, which is not a failure; a purge that does not finish is. ``deploying``:
    the app whose deploy waits for this. ``visible``: the apps that the caller may see, None for all.
    """
    worst = ExitCode.OK
    outcomes: list[Outcome] = []
    with Watcher(context.console) as watcher:
        if not context.console.is_log:
            watcher.asking()
        found = Surveyor(context.environment, context.engine, visible).survey(apps)
    there = [finding for finding in found if finding.verdict.state is not State.ABSENT]
    if not there:
        purge_text.tell_nothing_at_all(context.console)
        return worst
    for finding in there:
        try:
            outcomes += apply_to(context, finding, initiator, in_deploy=finding.app == deploying)
        except CacheError as error:
            context.console.warn(f"{finding.app}: {error}", error.hint)
            worst = max(worst, error.exit_code)
    if outcomes or initiator is not Initiator.LOW_DISK:
        purge_text.tell_total(context.console, outcomes)
    return worst


def request_for(context: Context, app: str, initiator: Initiator, *, in_deploy: bool = False) -> Request:
    """Give what the policy of an app asks for. Raises CacheError when the property cannot be read."""
    auto_purge = policy.is_auto_purge_on(context.environment, app)
    return Request(initiator, auto_purge=auto_purge, in_deploy=in_deploy)


def apply_to(context: Context, finding: Finding, initiator: Initiator, *, in_deploy: bool = False) -> list[Outcome]:
    """Apply the policy to one app, and report the result; give the outcome of a purge, if there was one.

    Raises CacheError when a purge fails, or the policy cannot be read.
    """
    request = request_for(context, finding.app, initiator, in_deploy=in_deploy)
    if not candidates(finding, request):
        kept = decide(finding, request).kept or finding.verdict
        _tell_kept(context, initiator, finding.app, kept.described)
        return []
    try:
        with failure_in_history(context, finding.app, initiator):
            outcome = purge_and_record(context, finding, request)
    except NotDue as kept_error:
        _tell_kept(context, initiator, finding.app, kept_error.state_and_reason)
        return []
    purge_text.tell_outcome(context.console, finding.app, outcome)
    if outcome is None:
        return []
    if outcome.decision.kept is not None:
        _tell_kept(context, initiator, finding.app, outcome.decision.kept.described)
    return [outcome]


def _tell_kept(context: Context, initiator: Initiator, app: str, why: str) -> None:
    """Report why a cache is kept, but not at each deploy on a full disk: the daily run reports it too."""
    if initiator is not Initiator.LOW_DISK:
        context.console.detail(f"{app}: kept, {why}")
