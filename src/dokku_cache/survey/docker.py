"""Containers, volumes and Swarm services that use a cache (Docker Engine API 1.41)."""

import glob
import os
import re
from collections.abc import Container, Iterable, Iterator

from dokku_cache.dokku import files
from dokku_cache.engine.client import APP_NAME, DOKKU, Engine, Json, is_helper
from dokku_cache.model.location import Reference, is_visible
from dokku_cache.model.state import ReasonCode
from dokku_cache.survey.locations import Part, Query, Target, Targets

#: The states of a container in which no process runs.
_STOPPED = frozenset({"exited", "created", "dead", "removing"})
#: Where herokuish has the cache, and the command of its builds (0.20.4 to 0.30.11, plugins/builder-herokuish).
_BUILD_CACHE = "/cache"
_BUILD_COMMAND = "/build"
#: What separates paths in an option of a volume: ``lowerdir=/a:/b,upperdir=/c``.
_SEPARATORS = re.compile("[=:,]")
#: Docker's short form of a container's id.
_ID_LENGTH = 12
_ID = re.compile(rf"\A[0-9a-f]{{{_ID_LENGTH}}}")
_APP_CONTAINER = re.compile(r"(?P<app>[a-z0-9][a-z0-9._-]*)\.[A-Za-z0-9_-]+\.[0-9]+")


def check_engine(query: Query) -> None:
    """Add an unknown when Docker has none of the containers that Dokku recorded: its data may not be mounted."""
    known = {str(container.get("Id"))[:_ID_LENGTH] for container in query.containers}
    text = "Docker has none of the containers that Dokku started; its data may be missing"
    hint = "check docker info --format '{{.DockerRootDir}}'; if it is right, deploy again: dokku ps:rebuild --all"
    missing = []
    # <app>/CONTAINER.<process>.<n> (scheduler-docker-local) has an id.
    for path in glob.iglob(os.path.join(glob.escape(query.environment.root), "*", "CONTAINER.*")):
        try:
            recorded = set(_ID.findall(files.read_if_present(path))[:1])
        except OSError as error:
            sentence, app = f"{path} cannot be read ({error.strerror})", os.path.basename(os.path.dirname(path))
            missing.append(Reference(ReasonCode.UNREADABLE, sentence, f"check 'ls -l {path}'", app))
            continue
        if recorded & known:
            return
        missing += [Reference(ReasonCode.DOCKER_UNAVAILABLE, text, hint)] if recorded else []
    for reference in dict.fromkeys(missing):
        query.unknown(reference)


def add_containers(query: Query) -> None:
    """Add the containers, running or not, that mount a cache, a path in it, or the app directory."""
    for container in query.containers:
        if is_helper(container):
            continue
        for mount in container.get("Mounts") or ():
            source, where = str(mount.get("Source") or ""), mount.get("Destination", "?")
            targets = query.locations.at_path(source)
            if targets and not _is_ended_build(container, mount, targets, query.engine):
                for target in targets:
                    query.use([target], container_reference(container, target.part.value, where))
            if mount.get("Type", "bind") == "bind":
                reference = container_reference(container, "a path", where)
                query.hide(source, reference, holder=str(container.get("Id")))


def container_reference(container: Json, what: str, where: str) -> Reference:
    """Describe a container that mounts something at the path ``where``."""
    state = container.get("State") or "unknown state"
    text = f"container {name_of(container)} mounts {what} at {where} ({state})"
    return Reference(ReasonCode.MOUNTED_BY_CONTAINER, text, _hint(container), app_of(container))


def _hint(container: Json) -> str:
    labels = container.get("Labels") or {}
    name, app = name_of(container), labels.get(APP_NAME, "")
    is_stopped = container.get("State") in _STOPPED
    if app and "dokku" in labels:
        if is_stopped:
            return f"remove the stopped container: dokku cleanup {app}, or docker rm --force {name}"
        return f"remove the mount from the Docker options of {app} and deploy it again"
    return f"remove the container if nothing needs it: docker rm --force {name}"


def _is_ended_build(container: Json, mount: Json, targets: Targets, engine: Engine) -> bool:
    """Check for the container in which Dokku built this app, which versions before 0.22.0 kept (dokku/dokku#4197).

    It must have all that Dokku gave it, and Docker must not start it again.
    """
    labels = container.get("Labels") or {}
    return (
        all(labels.get(name) == DOKKU[name] for name in ("dokku", "org.label-schema.vendor"))
        and targets == {Target(str(labels.get(APP_NAME)), Part.CACHE)}
        and container.get("State") == "exited"
        and container.get("Command") == _BUILD_COMMAND
        and mount.get("Destination") == _BUILD_CACHE
        and mount.get("Type") == "bind"
        and not engine.restarts(str(container.get("Id")))
    )


def add_volumes(query: Query) -> None:
    """Add the volumes with a path in their options, such as ``--opt o=bind --opt device=PATH`` or overlay layers."""
    for volume in query.engine.volumes(refresh=query.recheck):
        name, app = volume.get("Name"), str((volume.get("Labels") or {}).get(APP_NAME) or "")
        hint = f"remove the volume if nothing needs it: docker volume rm {name}"
        holder = str(volume.get("Mountpoint") or "")
        for path in (*_paths(volume.get("Options") or {}), holder):
            text = f"volume {name} is bound to {path}"
            reference = Reference(ReasonCode.BOUND_BY_VOLUME, text, hint, app)
            query.use(query.locations.at_path(path), reference)
            if path != holder:
                query.hide(path, reference, holder)


def _paths(options: Json) -> list[str]:
    return [piece for option in options.values() for piece in _SEPARATORS.split(str(option)) if piece[:1] == "/"]


def add_services(query: Query) -> None:
    """Add the Swarm services that mount a cache, with or without a running task."""
    for service, app, mount in _service_mounts(query.engine, refresh=query.recheck):
        driver = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
        hint = f"remove the mount: docker service update --mount-rm {mount.get('Target')} {service}"
        for path in (str(mount.get("Source") or ""), *_paths(driver.get("Options") or {})):
            text = f"Swarm service {service} mounts {path}"
            reference = Reference(ReasonCode.MOUNTED_BY_CONTAINER, text, hint, app)
            query.use(query.locations.at_path(path), reference)
            query.hide(path, reference)


def _service_mounts(engine: Engine, *, refresh: bool) -> Iterator[tuple[str, str, Json]]:
    """Yield the name of a service, its app and a mount, for each mount of each service."""
    for service in engine.services(refresh=refresh):
        spec = service.get("Spec") or {}
        container = (spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}
        labels = {**(container.get("Labels") or {}), **(spec.get("Labels") or {})}
        for mount in container.get("Mounts") or ():
            yield str(spec.get("Name")), str(labels.get(APP_NAME) or ""), mount


def users_of_volumes(
    engine: Engine, *, refresh: bool, visible: Container[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the names of the containers that mount each volume, by the volume's name. Raises Unknown.

    The name of a container of an app that is not ``visible`` is empty.
    """
    return grouped(
        (str(mount.get("Name")), name_of(container) if is_visible(app_of(container), visible) else "")
        for container in engine.containers(refresh=refresh)
        for mount in container.get("Mounts") or ()
        if mount.get("Type") == "volume"
    )


def services_of_volumes(engine: Engine, *, refresh: bool) -> dict[str, tuple[str, ...]]:
    """Return the names of the Swarm services that mount each volume, by the volume's name. Raises Unknown."""
    return grouped(
        (str(mount.get("Source")), service)
        for service, _, mount in _service_mounts(engine, refresh=refresh)
        if mount.get("Type") == "volume"
    )


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the second values of pairs by the first."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        found[key] = (*found.get(key, ()), value)
    return found


def name_of(container: Json) -> str:
    """Return a container's name, or its short id if it has none."""
    names = container.get("Names") or []
    return names[0].lstrip("/") if names else str(container.get("Id", "?"))[:_ID_LENGTH]


def app_of(container: Json) -> str:
    """Return the app of a container by Dokku's label or a name such as ``shop.web.1``, else an empty text."""
    match = _APP_CONTAINER.fullmatch(name_of(container))
    return str((container.get("Labels") or {}).get(APP_NAME) or (match["app"] if match else ""))
