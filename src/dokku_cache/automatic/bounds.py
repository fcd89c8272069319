"""Keeping caches that are in use within the limits that are set. Without a limit, Docker is not asked."""

from dokku_cache.automatic.sweep import apply_to_volumes
from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.engine import storage
from dokku_cache.errors import CacheError
from dokku_cache.model.cache import Kind
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output import text
from dokku_cache.purge import volume_purger
from dokku_cache.purge.recorded import record
from dokku_cache.records import history
from dokku_cache.records.history import Record


def keep_app_within(context: Context, app: str, initiator: Initiator) -> None:
    """Remove the cache volumes of an app if they exceed its ``max-size``; print that, or why they are kept.

    Raises CacheError when something cannot be read.
    """
    limit = policy.max_bytes(context.environment, app)
    if limit is None:
        return
    request = Request(initiator, is_over_limit=True)
    decisions = volume_purger.with_sizes(context, volume_purger.decide_all(context, request, [app]), request)
    sizes = [one.finding.size.size_bytes for one in decisions if one.is_removal and one.finding.size]
    if sum(sizes) <= limit:
        return
    context.console.detail(f"{app}: its cache volumes use {text.size(sum(sizes))}, max-size is {text.size(limit)}")
    if policy.is_auto_purge_on(context.environment, app):
        apply_to_volumes(context, decisions, request)
    else:
        context.console.detail(f"{app}: volumes kept, auto-purge is off")


def keep_engine_within(context: Context) -> None:
    """Let Docker prune its build cache if it exceeds ``engine-max-size`` and no app is being deployed.

    Raises CacheError.
    """
    limit = policy.max_bytes(context.environment, policy.GLOBAL, policy.ENGINE_MAX_SIZE)
    if limit is None:
        return
    used = storage.disk_usage(context.engine.another()).build_cache.size_bytes
    if used <= limit:
        return
    if not policy.is_auto_purge_on(context.environment, policy.GLOBAL):
        context.console.detail("Docker's build cache: kept, auto-purge is off")
        return
    building = next((app for app in apps.every() if apps.is_being_deployed(context.environment, app)), "")
    if building:
        context.console.detail(f"Docker's build cache: kept, {building} is being deployed")
        return
    try:
        freed = storage.prune_build_cache(context.engine, limit)
    except CacheError as error:
        record(context, Record("", history.now(), Initiator.CRON.value, failure=str(error), kind=Kind.ENGINE.value))
        raise
    record(context, Record("", history.now(), Initiator.CRON.value, freed, kind=Kind.ENGINE.value))
    amount = f"{text.size(freed)} of {text.size(used)}"
    context.console.section(f"Docker's build cache: removed {amount}, engine-max-size is {text.size(limit)}")
