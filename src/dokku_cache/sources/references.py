"""Collecting the references to caches from all sources."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unknown
from dokku_cache.model.location import Location, References
from dokku_cache.sources.docker import add_containers, add_services, add_volumes, check_engine
from dokku_cache.sources.locations import Found, Locations, Query, docker_unavailable
from dokku_cache.sources.mounts import add_mounts
from dokku_cache.sources.nginx import add_nginx
from dokku_cache.sources.options import add_printed, add_stored

Source = Callable[[Query, Found], None]

#: These refer to a directory itself, also after a rename.
MOUNTING: tuple[Source, ...] = (check_engine, add_containers, add_volumes, add_services, add_mounts)
#: These refer to a cache by its name, which the rest of an interrupted purge no longer has.
NAMING: tuple[Source, ...] = (add_stored, add_printed, add_nginx)


@dataclass(frozen=True)
class Collected:
    """The references by app: to the cache, and to the ``rest`` of an interrupted purge."""

    cache: Mapping[str, References]
    rest: Mapping[str, References]


def collect(
    environment: DokkuEnvironment,
    engine: Engine,
    locations: Sequence[Location],
    *,
    recheck: bool,
    asks_triggers: bool = False,
) -> Collected:
    """Collect all references to the caches of some apps, from each source once.

    ``recheck``: right before a removal, ask everything again, Dokku's triggers too. ``asks_triggers``: fire them in
    any case; without them the stores on disk have the options of all apps.
    """
    known = Locations(locations, environment.root, environment.host_root)
    query = Query(environment, engine, known, recheck, asks_triggers=recheck or asks_triggers)
    mounting, naming = Found(), Found()
    _ask(query, mounting, MOUNTING)
    # The kernel's tables also show where a hidden path in an option leads.
    naming.shown, naming.hidden = mounting.shown, list(mounting.hidden)
    _ask(query, naming, NAMING)
    for found in (mounting, naming):
        found.settle_hidden()
    rest = {location.app: mounting.of(location.app) for location in locations}
    return Collected({app: references + naming.of(app) for app, references in rest.items()}, rest)


def collect_mounting(environment: DokkuEnvironment, engine: Engine, location: Location) -> References:
    """Collect what mounts the directories of one app, from Docker and the kernel: right after the rename."""
    found = Found()
    known = Locations([location], environment.root, environment.host_root)
    _ask(Query(environment, engine, known, recheck=True, asks_triggers=False), found, MOUNTING)
    found.settle_hidden()
    return found.of(location.app)


def _ask(query: Query, found: Found, sources: Sequence[Source]) -> None:
    for source in sources:
        try:
            source(query, found)
        except Unknown as error:
            found.unknown(docker_unavailable(error))
