"""Collecting the references to caches from all sources, and signs that the app of a cache exists."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.policy import PLUGIN
from dokku_cache.engine.client import APP_NAME, Engine, Json, is_helper
from dokku_cache.model.errors import Unknown
from dokku_cache.model.location import Location, Reference, References
from dokku_cache.model.state import ReasonCode
from dokku_cache.survey.app_directory import are_options_by_install, is_environment_by_install
from dokku_cache.survey.docker import (
    add_containers,
    add_services,
    add_volumes,
    app_of,
    check_engine,
    grouped,
    name_of,
)
from dokku_cache.survey.host import add_mounts, add_nginx
from dokku_cache.survey.locations import Locations, Query, Source, docker_unavailable
from dokku_cache.survey.options import add_printed, add_stored

#: These refer to a directory itself, also after a rename.
MOUNTING: Sequence[Source] = (check_engine, add_containers, add_volumes, add_services, add_mounts)
#: These refer to a cache by its name, which the rest of an interrupted purge no longer has.
NAMING: Sequence[Source] = (add_stored, add_printed, add_nginx)


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
    query.ask(MOUNTING)
    rest = {location.app: query.of(location.app) for location in locations}
    query.ask(NAMING)
    return Collected({location.app: query.of(location.app) for location in locations}, rest)


def collect_mounting(environment: DokkuEnvironment, engine: Engine, location: Location) -> References:
    """Collect what mounts the directories of one app, from Docker and the kernel: right after the rename."""
    query = Query(environment, engine, Locations([location], environment.root, environment.host_root), recheck=True)
    query.ask(MOUNTING)
    return query.of(location.app)


#: What ``plugin:install`` writes for each directory that Dokku lists, ghosts included, with its values; None for any
#: (triggers.go of each plugin, 0.27.0 to 0.38.27).
_BY_INSTALL: dict[tuple[str, str], frozenset[str] | None] = {
    ("apps", "created-at"): None,
    ("common", "deployed"): frozenset({"false"}),
    ("config", "env-migrated"): None,
    ("docker-options", "migrated-build"): None,
    ("docker-options", "migrated-deploy"): None,
    ("docker-options", "migrated-run"): None,
    ("network", "bind-all-interfaces"): None,
    ("ports", "map"): frozenset({""}),
    ("storage", "legacy-mounts-migrated"): None,
}
#: Plugins whose settings `apps:destroy` leaves (0.30, 0.33, or all versions of plugins without post-delete).
_LEFT_BY_DESTROY = frozenset({"acl", "caddy", "cron", "haproxy", "letsencrypt", "maintenance", PLUGIN})
#: Dokku passes all its labels to ``docker container create`` as one word: the first label has the rest as its value.
_COPY_LABEL = ("org.label-schema.schema-version", "1.0 --label=org.label-schema.vendor=dokku --label=dokku")
_APP_IMAGE = re.compile(r"dokku/(?P<app>[^/:@]+)(?::.*)?")
_HINT = "let the dokku user read it; check its owner with 'ls -ld'"


def collect_life(
    environment: DokkuEnvironment, engine: Engine, apps: Iterable[str], *, recheck: bool
) -> dict[str, References]:
    """Return by app: ``uses`` are images, containers and settings of it, ``unknown`` are sources that cannot be read.

    An app is gone only if both are empty.
    """
    apps = tuple(apps)
    try:
        in_docker = signs_in_docker(engine, recheck=recheck)
    except Unknown as error:
        return {app: References(unknown=(docker_unavailable(error),)) for app in apps}
    return {app: _as_references(in_docker.get(app, ())) + _of_settings(environment, app) for app in apps}


def _as_references(signs: Iterable[str]) -> References:
    return References(tuple(Reference(ReasonCode.APP_EXISTS_ELSEWHERE, sign) for sign in signs))


def signs_in_docker(engine: Engine, *, recheck: bool) -> dict[str, tuple[str, ...]]:
    """Return sentences on the containers and images of apps, by app. Raises Unknown."""
    signs: list[tuple[str | None, str]] = []
    for container in engine.containers(refresh=recheck):
        if not is_helper(container) and not _is_copy_source(container):
            signs.append((app_of(container), f"container {name_of(container)} exists"))
    for image in engine.images(refresh=recheck):
        labelled = (image.get("Labels") or {}).get(APP_NAME)
        for tag in image.get("RepoTags") or ():
            match = _APP_IMAGE.fullmatch(tag)
            signs += [(app, f"image {tag} exists") for app in {labelled, match["app"] if match else ""}]
    return grouped((app, sign) for app, sign in signs if app)


def _is_copy_source(container: Json) -> bool:
    """Check for a container that never ran, from which Dokku copied a file of an image during a deploy.

    It outlives its app where Docker is older than 23.0, because Dokku removes it with ``docker container remove``
    (0.33.7 to 0.38.27, plugins/common/docker.go, CopyFromImage).
    """
    name, value = _COPY_LABEL
    return container.get("State") == "created" and (container.get("Labels") or {}).get(name) == value


def _of_settings(environment: DokkuEnvironment, app: str) -> References:
    """Return the first setting of an app that is not a default.

    Each is a file ``<lib root>/config/<plugin>/<app>/<key>`` (plugins/common/properties.go). From 0.38.0 on the
    environment of an app is ``<lib root>/config/<app>/ENV`` (plugins/config/environment.go).
    """
    config = os.path.join(environment.lib_root, "config")
    variables = os.path.join(config, app, "ENV")
    try:
        made = [
            path
            for plugin in files.names_in(config)
            if plugin not in _LEFT_BY_DESTROY
            for key in files.names_in(os.path.join(config, plugin, app))
            if not _is_by_install(path := os.path.join(config, plugin, app, key), plugin, key)
        ]
        made += [] if is_environment_by_install(files.read_if_present(variables)) else [variables]
    except OSError as error:
        text = f"it is unknown whether the app exists: {error.filename} cannot be read ({error.strerror})"
        return References(unknown=(Reference(ReasonCode.APP_STATUS_UNKNOWN, text, _HINT),))
    return _as_references(f"{path} exists" for path in made[:1])


def _is_by_install(path: str, plugin: str, key: str) -> bool:
    if (plugin, key) == ("docker-options", "_default_.deploy"):  # by its content, 0.38.0 to 0.38.8
        return are_options_by_install(files.read_if_present(path))
    if (plugin, key) not in _BY_INSTALL:
        return False
    values = _BY_INSTALL[plugin, key]
    return values is None or files.read_if_present(path).strip() in values
