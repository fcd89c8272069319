"""Cache volumes of destroyed apps, which are removed automatically."""

from collections.abc import Sequence

from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.engine import storage
from dokku_cache.errors import CacheError, ExitCode, NotDue
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import Initiator
from dokku_cache.purge import volume_purger
from dokku_cache.purge.volume_purger import VolumePurger
from dokku_cache.purge.volume_sizes import with_sizes
from dokku_cache.volumes import telling
from dokku_cache.volumes.plan import VolumeDecision, VolumeFinding, Wish, choose


def sweep(context: Context, initiator: Initiator) -> ExitCode:
    """Remove what is proven to be of an app that is gone, where auto-purge is on; say what stays, and why.

    An app that is gone has no property any more: the global one holds. Raises CacheError when nothing can be judged.
    """
    is_waited_for = initiator is Initiator.LOW_DISK
    decisions = plan(context, storage.BRIEF_LIMIT_SECONDS if is_waited_for else storage.LIMIT_SECONDS)
    if not is_waited_for:  # the daily run says it too, and not at each deploy
        _tell_kept(context, decisions)
    return purge_each(
        context, [decision.finding for decision in decisions if decision.goes], Wish.ORPHANED, initiator
    )


def plan(context: Context, limit_seconds: float = storage.LIMIT_SECONDS) -> list[VolumeDecision]:
    """Decide on the volumes of apps that are gone, with the sizes of what goes. Raises CacheError.

    ``limit_seconds``: for how long the sizes are waited for.
    """
    listed = apps.every()
    found = volume_purger.examiner(context, listed).examine(listed)
    decisions = choose(found, Wish.ORPHANED)
    if policy.is_auto_purge_on(context.environment, policy.GLOBAL):
        return with_sizes(context, decisions, limit_seconds)
    off = "auto-purge is off", "", ReasonCode.AUTO_PURGE_OFF
    return [VolumeDecision(decision.finding, *off) if decision.goes else decision for decision in decisions]


def purge_each(context: Context, findings: Sequence[VolumeFinding], wish: Wish, initiator: Initiator) -> ExitCode:
    """Remove one volume after the other, with a line for each, and the sum; a failure does not end the rest."""
    worst = ExitCode.OK
    removed: list[VolumeFinding] = []
    purger = VolumePurger(context, wish, initiator)
    for finding in findings:
        try:
            outcome = purger.purge(finding)
        except NotDue as kept:
            context.console.detail(f"{finding.app}: volume {finding.name} kept, {kept.state_and_reason}")
        except CacheError as error:
            context.console.warn(str(error), error.hint)
            worst = max(worst, error.exit_code)
        else:
            if outcome is not None:
                removed.append(outcome.finding)
                telling.tell_gone(context.console, outcome.finding, outcome.seconds)
    if findings:
        telling.tell_total(context.console, removed)
    return worst


def _tell_kept(context: Context, decisions: Sequence[VolumeDecision]) -> None:
    for decision in decisions:
        if not decision.goes:
            app = decision.finding.app or "unknown app"
            context.console.detail(f"{app}: volume {decision.finding.name} kept, {decision.why_kept}")
