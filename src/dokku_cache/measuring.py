"""Measuring one legacy cache for a person who waits: with progress, and a warning where the size stays unknown."""

from dokku_cache.context import Context
from dokku_cache.errors import CacheError
from dokku_cache.legacy.measure import Measurement
from dokku_cache.legacy.plan import Finding
from dokku_cache.output.progress import Watcher
from dokku_cache.sizes import measure_sighting


def measure_finding(context: Context, finding: Finding, watcher: Watcher) -> Measurement | None:
    """Measure what was found of an app, or give None, and warn, when its size cannot be known."""
    if not finding.sighting.entries:
        return Measurement()
    tick = watcher.measuring(finding.app)
    try:
        return measure_sighting(context.environment.root, finding.sighting, context.helper(finding.app), tick)
    except CacheError as error:
        watcher.end()
        context.console.warn(f"The size of the legacy cache of {finding.app} is unknown: {error}", error.hint)
        return None
    finally:
        watcher.end()
