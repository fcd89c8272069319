"""Which containers and volumes use a legacy cache."""

from collections.abc import Iterable

from dokku_cache.engine.client import Engine, Json
from dokku_cache.engine.labels import is_helper
from dokku_cache.errors import Unestablished
from dokku_cache.legacy.cache_path import CachePath
from dokku_cache.legacy.classify import Usage


def usage(engine: Engine, cache: CachePath, *, anew: bool = False) -> Usage:
    """Ask the engine who uses a cache; ``anew`` even if it was asked before.

    Where it does not answer, that goes into ``unknown``.
    """
    try:
        return by_containers(engine.containers(anew=anew), cache) + by_volumes(engine.volumes(anew=anew), cache)
    except Unestablished as error:
        return Usage(unknown=(f"it cannot be found out whether a container uses it: {error}",))


def by_containers(containers: Iterable[Json], cache: CachePath) -> Usage:
    """Find the containers, running or not, that mount the cache or a path below it.

    ``containers`` is what ``GET /containers/json?all=1`` gives (Docker Engine API 1.41). The helper
    containers of this plugin do not count: they are there to delete.
    """
    return Usage(
        tuple(
            f"container {_name(container)} mounts it at {mount.get('Destination', '?')}"
            for container in containers
            if not is_helper(container.get("Labels"))
            for mount in container.get("Mounts") or ()
            if cache.covers(mount.get("Source") or "")
        )
    )


def containers_by_volume(containers: Iterable[Json]) -> dict[str, tuple[str, ...]]:
    """Give the names of the containers, running or not, that mount each volume, by the volume's name."""
    found: dict[str, tuple[str, ...]] = {}
    for container in containers:
        for mount in container.get("Mounts") or ():
            if mount.get("Type") == "volume":
                volume = str(mount.get("Name"))
                found[volume] = (*found.get(volume, ()), _name(container))
    return found


def by_volumes(volumes: Iterable[Json], cache: CachePath) -> Usage:
    """Find the volumes that are but another name of the cache: local driver, ``o=bind``, ``device=<path>``."""
    return Usage(
        tuple(
            f"volume {volume.get('Name')} is bound to it"
            for volume in volumes
            if cache.covers((volume.get("Options") or {}).get("device") or "")
        )
    )


def _name(container: Json) -> str:
    names = container.get("Names") or []
    return names[0].lstrip("/") if names else str(container.get("Id", "?"))[:12]
