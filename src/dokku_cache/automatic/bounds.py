"""Keeping live caches within the bounds that somebody has set. Without a bound nothing is asked of anybody."""

from collections.abc import Sequence

from dokku_cache.automatic.dead_volumes import purge_each
from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.engine import storage
from dokku_cache.errors import CacheError
from dokku_cache.model.state import Initiator
from dokku_cache.output import text
from dokku_cache.purge import volume_purger
from dokku_cache.purge.recorded import record
from dokku_cache.purge.volume_sizes import with_sizes
from dokku_cache.records import history
from dokku_cache.records.history import Record
from dokku_cache.volumes.plan import VolumeDecision, Wish, choose

#: As ``cache:list`` calls the engine's own cache.
ENGINE = "engine"


def keep_app_within(context: Context, app: str, initiator: Initiator) -> None:
    """Empty the cache volumes of an app where they hold more than it may; say so, or why they stay.

    Raises CacheError when nothing can be found out.
    """
    most = policy.max_bytes(context.environment, app)
    if most is None:
        return
    listed = apps.every()
    found = volume_purger.examiner(context, listed).examine(listed)
    decisions = with_sizes(context, choose(found, Wish.APP, frozenset({app})))
    held = sum(decision.finding.size_bytes or 0 for decision in decisions if decision.goes)
    if held <= most:
        return
    context.console.detail(f"{app}: its cache volumes use {text.size(held)}, max-size is {text.size(most)}")
    if not policy.is_auto_purge_on(context.environment, app):
        context.console.detail(f"{app}: volumes kept, auto-purge is off")
        return
    _tell_kept(context, app, decisions)
    purge_each(context, [decision.finding for decision in decisions if decision.goes], Wish.APP, initiator)


def _tell_kept(context: Context, app: str, decisions: Sequence[VolumeDecision]) -> None:
    for decision in decisions:
        if not decision.goes:
            context.console.detail(f"{app}: volume {decision.finding.name} kept, {decision.why_kept}")


def keep_engine_within(context: Context) -> None:
    """Let the engine prune its own build cache where it holds more than it may, and no app is being deployed.

    Raises CacheError.
    """
    most = policy.max_bytes(context.environment, policy.GLOBAL, policy.ENGINE_MAX_SIZE)
    if most is None:
        return
    held = storage.disk_usage(context.engine.another()).build_cache.size_bytes
    if held <= most:
        return
    if not policy.is_auto_purge_on(context.environment, policy.GLOBAL):
        context.console.detail("Docker's build cache: kept, auto-purge is off")
        return
    building = next((app for app in apps.every() if apps.is_being_deployed(context.environment, app)), "")
    if building:
        context.console.detail(f"Docker's build cache: kept, {building} is being deployed")
        return
    try:
        freed = storage.prune_build_cache(context.engine, most)
    except CacheError as error:
        record(context, Record("", history.now(), Initiator.CRON.value, failure=str(error), kind=ENGINE))
        raise
    record(context, Record("", history.now(), Initiator.CRON.value, freed, kind=ENGINE))
    context.console.section(
        f"Docker's build cache: removed {text.size(freed)} of {text.size(held)}, engine-max-size is {text.size(most)}"
    )
