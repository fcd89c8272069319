"""Asking Docker and Dokku about the legacy caches of several apps: each source once, whatever their number."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dokku_cache.dokku import docker_options, nginx, settings, version
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import usage as engine_usage
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unestablished
from dokku_cache.evidence.by_app import Usages
from dokku_cache.evidence.paths import CachePaths
from dokku_cache.legacy.proof import Life, Usage
from dokku_cache.model.location import Location
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.references import Reference, References
from dokku_cache.survey import hidden_paths


@dataclass(frozen=True)
class Collected:
    """References and signs of life, by app."""

    _engine: Usages
    _dokku: Usages
    _lives: dict[str, Life] = field(default_factory=dict)

    def of_cache(self, app: str) -> References:
        """Give the references to an app's cache."""
        return references(self._engine.of_cache(app) + self._dokku.of_cache(app))

    def of_trash(self, app: str) -> References:
        """Give the references to an app's trash."""
        return references(self._engine.of_trash(app))

    def life_of(self, app: str) -> References:
        """Give the signs of life of an app of which nothing is left in its directory but cache and trash."""
        life = self._lives.get(app, Life())
        return References(
            tuple(Reference(ReasonCode.APP_MAY_EXIST, sign) for sign in (*life.signs, *life.hints)),
            tuple(Reference(ReasonCode.DOCKER_UNAVAILABLE, text) for text in life.unknown),
        )


def references(usage: Usage) -> References:
    """Convert."""
    hints = (*usage.remedies, "")
    return References(
        tuple(Reference(usage.use_codes[0], text, hints[0]) for text in usage.uses),
        tuple(Reference(usage.unknown_codes[0], text, hints[0]) for text in usage.unknown),
    )


def ask(
    environment: DokkuEnvironment,
    engine: Engine,
    sightings: Sequence[Location],
    judged: Sequence[Location],
    *,
    anew: bool,
) -> Collected:
    """Ask about all that was sighted; about what Dokku keeps only for those whose cache is to be ``judged``.

    ``anew``: right before a removal, of one app. Then it is also found out where paths lead that this user cannot
    see.
    """
    paths = CachePaths(sightings, environment.root, environment.host_root)
    by_engine = engine_usage.ask(engine, paths, anew=anew)
    by_dokku = Usages()
    if judged:
        docker_options.add_stored(by_dokku, environment, paths, version.read(environment.lib_root))
        docker_options.add_printed(by_dokku, [sighting.app for sighting in judged], paths)
        nginx.add(by_dokku, paths, environment.root)
    if anew:
        for usages in (by_engine, by_dokku):
            hidden_paths.add(usages, paths, engine, sightings[0].app)
    bare = [sighting.app for sighting in sightings if sighting.is_bare]
    return Collected(by_engine, by_dokku, _look_for_life(environment, engine, bare, anew=anew) if bare else {})


def _look_for_life(
    environment: DokkuEnvironment, engine: Engine, apps: Sequence[str], *, anew: bool
) -> dict[str, Life]:
    """Look for an image, a container, or settings that somebody made, of apps that left nothing in their directory.

    Since 0.38.0 nearly all of an app lies elsewhere, and apps that were made from an image or a tarball before
    0.24.0 have no ``HEAD`` (dokku/dokku#4485, #4496): an empty directory proves no ghost. What others may give too,
    such as an image of the organisation that Dokku is of, proves no app either.
    """
    try:
        images = engine_usage.signs_of_images(engine.images(anew=anew))
        containers = engine_usage.signs_of_containers(engine.containers(anew=anew))
    except Unestablished as error:
        return {app: Life(unknown=(str(error),)) for app in apps}
    lives = {}
    for app in apps:
        signs, hints = ([found[kind][app] for found in (images, containers) if app in found[kind]] for kind in (0, 1))
        try:
            made, others = settings.of_app(environment, app)
            lives[app] = Life(tuple(signs + _are_there(made)), tuple(hints + _are_there(others)))
        except Unestablished as error:
            lives[app] = Life(tuple(signs), tuple(hints), (str(error),))
    return lives


def _are_there(paths: Sequence[str]) -> list[str]:
    return [f"{path} is there" for path in paths[:1]]
