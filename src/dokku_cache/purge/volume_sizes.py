"""How much a removal of volumes frees, as the engine counts it."""

from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.context import Context
from dokku_cache.engine import storage
from dokku_cache.errors import Unknown
from dokku_cache.output.progress import Watcher
from dokku_cache.volumes.plan import VolumeDecision


def with_sizes(
    context: Context, decisions: Sequence[VolumeDecision], limit_seconds: float = storage.LIMIT_SECONDS
) -> list[VolumeDecision]:
    """Add the sizes in one call, where something goes. They may stay unknown, which is a warning and no obstacle."""
    if not any(decision.goes for decision in decisions):
        return list(decisions)
    try:
        with Watcher(context.console) as watcher:
            watcher.asking("Measuring volumes (by Docker)")
            known = storage.disk_usage(context.engine.another(), limit_seconds).volume_bytes
    except Unknown as error:
        # A hint at what keeps Docker from removing would be wrong: it is asked for that by another connection.
        context.console.warn(f"Could not determine volume sizes ({error})", "the volumes will still be removed")
        return list(decisions)
    return [
        replace(decision, finding=replace(decision.finding, size_bytes=known.get(decision.finding.name)))
        for decision in decisions
    ]
