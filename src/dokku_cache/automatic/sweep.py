"""Applying the policy to many apps, with a line for each that has a cache, and the sum."""

from collections.abc import Sequence

from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.errors import CacheError, ExitCode, Kept
from dokku_cache.legacy.outcome import Outcome
from dokku_cache.legacy.plan import Finding, candidates
from dokku_cache.legacy.state import Mode, State
from dokku_cache.output import purge_text
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import DEPLOY_SECONDS, Request
from dokku_cache.purge.recorded import failure_in_history, purge_and_record
from dokku_cache.records.history import Initiator
from dokku_cache.survey.surveyor import Surveyor

MODE = Mode.AUTOMATIC
#: A purge by hand that came in between does the same work; it is waited for only to see how it ends.
LOCK_WAIT_SECONDS = 3600


def sweep(context: Context, apps: Sequence[str], way: Initiator, deploying: str = "") -> ExitCode:
    """Apply the policy to apps now, with one line for each that has a cache, and the sum.

    What may not go stays, and is no failure; a purge that ends halfway is. ``deploying``: the app whose deploy waits
    for this.
    """
    worst = ExitCode.OK
    outcomes: list[Outcome] = []
    with Watcher(context.console) as watcher:
        # In a log nobody waits for a sign of life.
        if not context.console.is_log:
            watcher.asking()
        found = Surveyor(context.environment, context.engine).survey(apps)
    there = [finding for finding in found if finding.verdict.state is not State.ABSENT]
    if not there:
        purge_text.tell_nothing_at_all(context.console)
        return worst
    for finding in there:
        try:
            outcomes += apply_to(context, finding, way, in_deploy=finding.app == deploying)
        except CacheError as error:
            context.console.warn(f"{finding.app}: {error}", error.hint)
            worst = max(worst, error.exit_code)
    if outcomes or way is not Initiator.LOW_DISK:
        purge_text.tell_total(context.console, outcomes)
    return worst


def mode_of(context: Context, app: str) -> Mode:
    """Give what the policy of an app asks for. Raises CacheError."""
    # Trash is finished even where the policy is off: that purge was begun under it, or by hand.
    return MODE if policy.is_auto_purge_on(context.environment, app) else Mode.FINISH


def apply_to(context: Context, finding: Finding, way: Initiator, *, in_deploy: bool = False) -> list[Outcome]:
    """Apply the policy to one app, and say what became of its cache; give the outcome of a purge, if there was one.

    Raises CacheError when a purge fails, or the policy cannot be read.
    """
    mode = mode_of(context, finding.app)
    if not candidates(finding, mode):
        is_off = mode is Mode.FINISH and candidates(finding, MODE)
        _tell_kept(context, way, finding.app, "auto-purge is off" if is_off else finding.verdict.described)
        return []
    request = Request(
        mode=mode,
        in_deploy=in_deploy,
        # Where a build waits for room there is nothing to be gentle for.
        is_gentle=way is not Initiator.LOW_DISK,
        lock_wait_seconds=LOCK_WAIT_SECONDS if way is Initiator.DEPLOY else 0,
        deploy_wait_seconds=DEPLOY_SECONDS if way is Initiator.DEPLOY else 0,
    )
    try:
        with failure_in_history(context, finding.app, way):
            outcome = purge_and_record(context, finding, request, way)
    except Kept as kept:
        _tell_kept(context, way, finding.app, kept.state_and_reason)
        return []
    purge_text.tell_outcome(context.console, finding.app, outcome)
    if outcome is None:
        return []
    if outcome.decision.kept is not None:
        _tell_kept(context, way, finding.app, outcome.decision.kept.described)
    return [outcome]


def _tell_kept(context: Context, way: Initiator, app: str, why: str) -> None:
    """Say why a cache stays, but not at each deploy for which there is too little room: the daily run says it too."""
    if way is not Initiator.LOW_DISK:
        context.console.detail(f"{app}: stays, {why}")
