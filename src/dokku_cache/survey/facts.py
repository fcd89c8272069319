"""Asking Docker and Dokku about the legacy caches of several apps: each source once, whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.legacy.proof import Life, Usage
from dokku_cache.legacy.sighting import CACHE_NAME, Sighting
from dokku_cache.model.references import References
from dokku_cache.sources.life import collect_life
from dokku_cache.sources.locations import Location
from dokku_cache.sources.references import Collected, collect


@dataclass(frozen=True)
class Facts:
    """What they say, by app."""

    _collected: Collected
    _lives: dict[str, References]

    def usage_of_cache(self, app: str) -> Usage:
        """Give the references to an app's cache, and what is unknown of the life of the app."""
        life = References(unknown=self._lives.get(app, References()).unknown)
        return usage_of(self._collected.cache[app] + life)

    def usage_of_trash(self, app: str) -> Usage:
        """Give the references to the rest of an interrupted purge."""
        return usage_of(self._collected.rest[app])

    def life_of(self, app: str) -> Life:
        """Give the signs of life of an app of which nothing is left in its directory but cache and trash."""
        life = self._lives.get(app, References())
        return Life(
            hints=tuple(sign.text for sign in life.uses), unknown=tuple(unknown.text for unknown in life.unknown)
        )


def usage_of(references: References) -> Usage:
    """Give references as the older type."""
    return Usage(
        tuple(reference.text for reference in references.uses),
        tuple(reference.text for reference in references.unknown),
        tuple(dict.fromkeys(reference.hint for reference in references.all if reference.hint)),
        tuple(dict.fromkeys(reference.code for reference in references.uses)),
        tuple(dict.fromkeys(reference.code for reference in references.unknown)),
    )


def location_of(sighting: Sighting) -> Location:
    """Give where the cache of an app is."""
    return Location(
        sighting.app,
        sighting.path,
        sighting.cache.identity if sighting.cache else None,
        sighting.identity,
        (CACHE_NAME, *(entry.name for entry in sighting.trash)),
        tuple(entry.identity for entry in sighting.entries),
    )


def ask(environment: DokkuEnvironment, engine: Engine, sightings: Sequence[Sighting], *, anew: bool) -> Facts:
    """Ask about all that was sighted. ``anew``: right before a removal, of one app."""
    collected = collect(environment, engine, [location_of(sighting) for sighting in sightings], recheck=anew)
    bare = [sighting.app for sighting in sightings if sighting.is_bare]
    return Facts(collected, collect_life(environment, engine, bare, recheck=anew) if bare else {})
