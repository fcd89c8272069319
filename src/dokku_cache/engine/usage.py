"""Which containers and volumes use legacy caches, and which apps have images and containers."""

import re
from collections.abc import Iterable

from dokku_cache.engine.client import Engine, Json
from dokku_cache.engine.labels import APP_NAME, DOKKU, is_helper
from dokku_cache.errors import Unestablished
from dokku_cache.evidence.by_app import Claim, Usages
from dokku_cache.evidence.paths import CachePaths, Named, Part
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.reason_code import ReasonCode

#: The states in which nothing runs in a container (Docker Engine API 1.41, ContainerState).
_NOT_RUNNING = frozenset({"exited", "created"})
#: The engine could not wholly remove such a container, as its file system was busy; its mounts may be there still.
_HALF_REMOVED = frozenset({"dead", "removing"})
#: Where herokuish has the cache, and what builds run (Dokku 0.20.4 to 0.30.11,
# plugins/builder-herokuish/builder-build).
BUILD_CACHE = "/cache"
BUILD_COMMAND = "/build"
#: What separates the paths in an option of a volume: ``lowerdir=/a:/b,upperdir=/c``.
_SEPARATORS = re.compile("[=:,]")
_APP_IMAGE = re.compile(r"dokku/(?P<app>[^/:@]+)(?::.*)?")
_APP_CONTAINER = re.compile(r"(?P<app>[a-z0-9][a-z0-9._-]*)\.[A-Za-z0-9_-]+\.[0-9]+")


def ask(engine: Engine, paths: CachePaths, *, anew: bool = False) -> Usages:
    """Ask the engine who uses the caches; ``anew`` even if it was asked before.

    Where it does not answer, that goes into ``unknown`` of them all.
    """
    usages = Usages()
    try:
        add_containers(usages, engine.containers(anew=anew), paths, engine)
        add_volumes(usages, engine.volumes(anew=anew), paths)
    except Unestablished as error:
        usages.unknown = Usage(
            unknown=(f"it cannot be found out whether a container uses it: {error}",),
            remedies=(error.hint,) if error.hint else (),
            unknown_codes=(ReasonCode.DOCKER_UNAVAILABLE,),
        )
    return usages


def add_containers(usages: Usages, containers: Iterable[Json], paths: CachePaths, engine: Engine) -> None:
    """Find the containers, running or not, that mount a cache, a path below it, or the whole directory of the app.

    ``containers`` is what ``GET /containers/json?all=1`` gives (Docker Engine API 1.41). The helper containers of
    this plugin do not count, as they are there to delete; nor does a container in which Dokku built the app, once
    it ended. Raises Unestablished.
    """
    for container in containers:
        if is_helper(container.get("Labels")):
            continue
        for mount in container.get("Mounts") or ():
            source = mount.get("Source") or ""
            meant = paths.meant_by(source)
            if meant and not _is_ended_build(container, mount, meant, engine):
                usages.add(meant | paths.trash_instead(meant, container.get("Created")), _claim(container, mount))
            if mount.get("Type", "bind") == "bind":
                usages.note(source, _claim(container, mount))


def _claim(container: Json, mount: Json) -> Claim:
    state = container.get("State") or "in an unknown state"
    identity = str(container.get("Id", "?"))[:12]
    where = mount.get("Destination", "?")
    sentence = f"container {name_of(container)} mounts {{}} at {where} ({state}, {identity})"
    return Claim(sentence, ReasonCode.MOUNTED_BY_CONTAINER, _remedy(container, identity))


def _remedy(container: Json, identity: str) -> str:
    labels = container.get("Labels") or {}
    app = labels.get(APP_NAME, "")
    is_dokkus = bool(app) and "dokku" in labels
    if container.get("State") in _HALF_REMOVED:
        return (
            f"Docker could not remove container {identity}: 'docker rm --force {identity}' tries again and says why; "
            "a restart of Docker takes it away"
        )
    if container.get("State") in _NOT_RUNNING:
        by_dokku = f"'dokku cleanup {app}' or " if is_dokkus else ""
        return f"{by_dokku}'docker rm {identity}' removes the container, which does not run"
    if is_dokkus:
        return f"take the mount out of the options of {app}, and deploy that again"
    return f"'docker rm --force {identity}' removes the container, if nobody needs it"


def _is_ended_build(container: Json, mount: Json, meant: frozenset[Named], engine: Engine) -> bool:
    """Tell whether this is what a build of the very app has left, as versions before 0.22.0 did (dokku/dokku#4197).

    Recognised by all that Dokku gives such a container, and nothing less; it can only be started again by hand.
    """
    labels = container.get("Labels") or {}
    return (
        all(labels.get(name) == DOKKU[name] for name in ("dokku", "org.label-schema.vendor"))
        and meant == {Named(str(labels.get(APP_NAME)), Part.CACHE)}
        and container.get("State") == "exited"
        and container.get("Command") == BUILD_COMMAND
        and mount.get("Destination") == BUILD_CACHE
        and mount.get("Type", "bind") == "bind"
        and not engine.restarts(str(container.get("Id")))
    )


def add_volumes(usages: Usages, volumes: Iterable[Json], paths: CachePaths) -> None:
    """Find the volumes that are but another name of a cache: of the local driver, ``o=bind,device=<path>``.

    Of an overlay the cache may be a layer, and other drivers have options of their own, or tell where the volume
    lies.
    """
    for volume in volumes:
        name = volume.get("Name")
        remedy = f"'docker volume rm {name}' removes the volume"
        claim = Claim(f"volume {name} is bound to {{}}", ReasonCode.BOUND_BY_VOLUME, remedy)
        options = (volume.get("Options") or {}).values()
        named = [piece for option in options for piece in _SEPARATORS.split(str(option))]
        for path in (*named, str(volume.get("Mountpoint") or "")):
            usages.add(paths.meant_by(path), claim)


def containers_by_volume(containers: Iterable[Json]) -> dict[str, tuple[str, ...]]:
    """Give the names of the containers, running or not, that mount each volume, by the volume's name."""
    found: dict[str, tuple[str, ...]] = {}
    for container in containers:
        for mount in container.get("Mounts") or ():
            if mount.get("Type") == "volume":
                volume = str(mount.get("Name"))
                found[volume] = (*found.get(volume, ()), name_of(container))
    return found


def signs_of_containers(containers: Iterable[Json]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the apps that have a container by Dokku's label, whatever its state, and those that have one by its name.

    Containers of versions before 0.18 had no such label, but names such as ``shop.web.1``, which others have too.
    """
    labelled: dict[str, str] = {}
    named: dict[str, str] = {}
    for container in containers:
        labels = container.get("Labels") or {}
        match = _APP_CONTAINER.fullmatch(name_of(container))
        if is_helper(labels):
            continue
        if labels.get(APP_NAME):
            labelled.setdefault(labels[APP_NAME], f"there is container {name_of(container)}")
        elif match:
            named.setdefault(match["app"], f"there is container {name_of(container)}")
    return labelled, named


def signs_of_images(images: Iterable[Json]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the apps that have an image by Dokku's label, and those that have one by its name.

    ``dokku/<app>:<tag>`` (``GET /images/json``, API 1.41) may be an image of Dokku's own organisation too.
    """
    labelled: dict[str, str] = {}
    named: dict[str, str] = {}
    for image in images:
        app = (image.get("Labels") or {}).get(APP_NAME)
        for tag in image.get("RepoTags") or ():
            match = _APP_IMAGE.fullmatch(tag)
            if app:
                labelled.setdefault(app, f"there is image {tag}")
            if match:
                named.setdefault(match["app"], f"there is image {tag}")
    return labelled, named


def name_of(container: Json) -> str:
    """Give a container's name, or the beginning of its id where it has none."""
    names = container.get("Names") or []
    return names[0].lstrip("/") if names else str(container.get("Id", "?"))[:12]
