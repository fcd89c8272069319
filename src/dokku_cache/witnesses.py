"""Asking Docker and Dokku about the legacy caches of several apps: each source once, whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dokku_cache.dokku import docker_options, nginx, settings
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import usage as engine_usage
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unestablished
from dokku_cache.evidence.by_app import Usages
from dokku_cache.evidence.paths import CachePaths
from dokku_cache.legacy.proof import Life, Usage
from dokku_cache.legacy.sighting import Sighting


@dataclass(frozen=True)
class Witnesses:
    """What they say, by app."""

    _engine: Usages
    _dokku: Usages
    _lives: dict[str, Life] = field(default_factory=dict)

    def usage_of_cache(self, app: str) -> Usage:
        """Give who uses an app's cache."""
        unknown = tuple(f"it is not known whether the app lives: {reason}" for reason in self.life_of(app).unknown)
        return self._engine.of_cache(app) + self._dokku.of_cache(app) + Usage(unknown=unknown)

    def usage_of_trash(self, app: str) -> Usage:
        """Give who uses an app's trash: nobody finds that by the cache's name any more, so options do not matter."""
        return self._engine.of_trash(app)

    def life_of(self, app: str) -> Life:
        """Give the signs of life of an app of which nothing is left in its directory but cache and trash."""
        return self._lives.get(app, Life())


def ask(
    environment: DokkuEnvironment,
    engine: Engine,
    sightings: Sequence[Sighting],
    judged: Sequence[Sighting],
    *,
    anew: bool,
) -> Witnesses:
    """Ask about all that was sighted; about what Dokku keeps only for those whose cache is to be ``judged``."""
    paths = CachePaths(sightings, environment.root, environment.host_root)
    by_engine = engine_usage.ask(engine, paths, anew=anew)
    by_dokku = Usages()
    if judged:
        docker_options.add_stored(by_dokku, environment, paths)
        docker_options.add_printed(by_dokku, [sighting.app for sighting in judged], paths)
        nginx.add(by_dokku, paths, environment.root)
    bare = [sighting.app for sighting in sightings if sighting.is_bare]
    return Witnesses(by_engine, by_dokku, _look_for_life(environment, engine, bare, anew=anew) if bare else {})


def _look_for_life(
    environment: DokkuEnvironment, engine: Engine, apps: Sequence[str], *, anew: bool
) -> dict[str, Life]:
    """Look for an image, a container, or settings that somebody made, of apps that left nothing in their directory.

    Since 0.38.0 nearly all of an app lies elsewhere, and apps that were made from an image or a tarball before 0.24.0
    have no ``HEAD`` (dokku/dokku#4485, #4496): an empty directory proves no ghost.
    """
    try:
        images = engine_usage.apps_with_images(engine.images(anew=anew))
        containers = engine_usage.apps_with_containers(engine.containers(anew=anew))
    except Unestablished as error:
        return {app: Life(unknown=(str(error),)) for app in apps}
    lives = {}
    for app in apps:
        signs = [f"there is image {images[app]}"] if app in images else []
        signs += [f"there is container {containers[app]}"] if app in containers else []
        try:
            signs += [f"{path} is there" for path in settings.made_by_a_person(environment, app)[:1]]
            lives[app] = Life(tuple(signs))
        except Unestablished as error:
            lives[app] = Life(tuple(signs), (str(error),))
    return lives
