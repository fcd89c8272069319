"""BuildKit in a container: its caches, and those of removed buildx builders. The plugin lists them, nothing more.

Dokku's page on Railpack starts it with ``docker run ... moby/buildkit``. Its cache is then in an anonymous volume,
which neither ``docker builder prune`` nor Dokku's daily prune reaches. buildx creates a container
``buildx_buildkit_<node>`` with a volume ``buildx_buildkit_<node>_state`` (docker/buildx,
driver/docker-container/driver.go). By default, ``<node>`` is the builder's name and a number (store/nodegroup.go).
``docker buildx rm --keep-state`` keeps the volume.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from dokku_cache.engine.client import Json
from dokku_cache.model.cache import Cache, Kind
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.rules.volumes import PLAIN_NAME
from dokku_cache.survey.docker import name_of

#: Where BuildKit keeps everything: its image, and the rootless variant of that, declare them as volumes
#: (moby/buildkit, Dockerfile).
STATE_DIRECTORIES = ("/var/lib/buildkit", "/home/user/.local/share/buildkit")
#: With any registry, and any tag or digest.
_IMAGE = re.compile(r"(?:.*/)?moby/buildkit(?:[:@].*)?")
#: What a container reports as its image when the tag has moved.
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")
_NODE_PREFIX = "buildx_buildkit_"
_BUILDER = re.compile(rf"{_NODE_PREFIX}(?P<builder>.+)\d")
_STATE_VOLUME = re.compile(rf"{_NODE_PREFIX}.+_state")


def find(containers: Iterable[Json], volumes: Iterable[Json], sizes: Mapping[str, int]) -> tuple[Cache, ...]:
    """Find the caches. ``containers`` and ``volumes`` are all of Docker's, ``sizes`` are bytes by volume."""
    listed = list(containers)
    running_first = sorted(listed, key=lambda container: container.get("State") != "running")
    found: dict[str, Cache] = {}
    for container in running_first:
        for mount in _state_mounts(container):
            location = str(mount.get("Name") or mount.get("Source") or "")
            if location:
                found.setdefault(location, _of_container(container, location, sizes.get(location)))
    mounted = {mount.get("Name") for container in listed for mount in container.get("Mounts") or ()}
    left = (str(volume.get("Name")) for volume in volumes if volume.get("Name") not in mounted)
    return (*found.values(), *(_left_over(name, sizes.get(name)) for name in left if _STATE_VOLUME.fullmatch(name)))


def _state_mounts(container: Json) -> Iterator[Json]:
    """Give the mounts in which a BuildKit container keeps its cache; none of other containers, and no tmpfs."""
    image = str(container.get("Image") or "")
    is_buildkit = _IMAGE.fullmatch(image) or _IMAGE_ID.fullmatch(image) or name_of(container).startswith(_NODE_PREFIX)
    for mount in container.get("Mounts") or () if is_buildkit else ():
        if mount.get("Destination") in STATE_DIRECTORIES and mount.get("Type") in {"volume", "bind"}:
            yield mount


def _of_container(container: Json, location: str, size_bytes: int | None) -> Cache:
    name, state = name_of(container), str(container.get("State") or "in an unknown state")
    reason, code = f"container {name} builds with it", ReasonCode.BUILDKIT_RUNNING
    if state != "running":
        reason, code = f"{reason}, but is {state}; start it before pruning", ReasonCode.BUILDKIT_STOPPED
    return Cache(
        Kind.BUILDKIT,
        location,
        state=State.LIVE.value,
        reason=reason,
        action=_prune(name),
        size_bytes=size_bytes,
        reason_code=code,
    )


def _prune(container: str) -> str:
    """Give the command that empties the cache of a container; empty if a shell could misread its name."""
    if not PLAIN_NAME.fullmatch(container):
        return ""
    builder = _BUILDER.fullmatch(container)
    if builder:
        return f"docker buildx prune --builder {builder['builder']}"
    return f"docker exec {container} buildctl prune"


def _left_over(name: str, size_bytes: int | None) -> Cache:
    return Cache(
        Kind.BUILDKIT,
        name,
        state=State.ORPHANED.value,
        reason="no container mounts it; its buildx builder was removed, possibly with --keep-state",
        action=f"docker volume rm {name}" if PLAIN_NAME.fullmatch(name) else "",
        size_bytes=size_bytes,
        reason_code=ReasonCode.BUILDER_REMOVED,
    )
