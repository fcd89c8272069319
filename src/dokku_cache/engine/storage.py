"""The engine's volumes and its build cache: how much space they take, and removing them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from dokku_cache.engine.client import Answer, Engine, Json, guarded
from dokku_cache.model.errors import Refused, Unknown

#: For the disk usage. The engine reads every volume, which took minutes on big servers (moby/moby#31719).
LIMIT_SECONDS = 60
#: The same where a removal waits for it.
BRIEF_LIMIT_SECONDS = 10
#: For removing a volume or pruning: the engine deletes everything before it responds.
REMOVAL_LIMIT_SECONDS = 1800
#: The newest version whose response is read here: 1.52 has the same figures under other names
#: (moby, api/types/system/disk_usage.go). Newer engines support this one too.
NEWEST_DF_VERSION = (1, 44)
#: Since then it is no longer ``keep-storage`` (moby, docs/api/version-history.md).
FIRST_WITH_MAX_USED_SPACE = (1, 48)


@dataclass(frozen=True)
class BuildCache:
    """BuildKit's cache in bytes. ``reclaimable_bytes``: of records that are not in use and not shared by images."""

    size_bytes: int = 0
    reclaimable_bytes: int = 0
    records: int = 0


@dataclass(frozen=True)
class DiskUsage:
    """Sizes of volumes by name, in bytes, without those that the engine does not know."""

    volume_bytes: Mapping[str, int] = field(default_factory=dict)
    build_cache: BuildCache = field(default_factory=BuildCache)


def disk_usage(engine: Engine, limit_seconds: float | None = None) -> DiskUsage:
    """Ask the engine for its disk usage, for at most LIMIT_SECONDS by default. Raises Unknown."""
    limit = LIMIT_SECONDS if limit_seconds is None else limit_seconds

    def call() -> DiskUsage:
        # APIClient.df() can limit neither the time nor the types. Without types (API 1.42, ignored by older ones)
        # the engine counts images and containers too.
        url = _url(engine, "/system/df", min(_version(engine), NEWEST_DF_VERSION))
        parameters = {"type": ["volume", "build-cache"]}
        return parse_disk_usage(_json(engine.api.get(url, params=parameters, timeout=limit)))

    return _parsed(call, "its disk usage")


def parse_disk_usage(answer: Json) -> DiskUsage:
    """Read the response of ``GET /system/df`` (Docker Engine API 1.41 to 1.51)."""
    volumes = answer.get("Volumes") or []
    records = answer.get("BuildCache") or []
    # -1 stands for an unknown size, such as of volumes of other drivers.
    sizes = {str(volume.get("Name")): (volume.get("UsageData") or {}).get("Size", -1) for volume in volumes}
    unused = [record for record in records if not record.get("InUse") and not record.get("Shared")]
    return DiskUsage(
        {name: size for name, size in sizes.items() if size >= 0},
        BuildCache(
            size_bytes=sum(record.get("Size", 0) for record in records),
            reclaimable_bytes=sum(record.get("Size", 0) for record in unused),
            records=len(records),
        ),
    )


def prune_build_cache(engine: Engine, keep_bytes: int) -> int:
    """Let the engine remove the least recently used part of its build cache, until at most ``keep_bytes`` remain.

    Returns the bytes that were freed. The engine keeps records that images share or a build uses now
    (``POST /build/prune`` without ``all``). Raises Unknown.
    """

    def call() -> int:
        # APIClient.prune_builds() of the SDK 5.0.3 takes no parameters.
        url = _url(engine, "/build/prune", _version(engine))
        parameters = prune_parameters(engine.api.api_version, keep_bytes)
        answer = _json(engine.api.post(url, params=parameters, timeout=REMOVAL_LIMIT_SECONDS))
        return int(answer.get("SpaceReclaimed") or 0)

    return _parsed(call, "its build cache")


def prune_parameters(api_version: str, keep_bytes: int) -> dict[str, str]:
    """Return the query by the version of the engine's API, such as ``1.41``."""
    version = tuple(map(int, api_version.split(".")))
    return {"max-used-space" if version >= FIRST_WITH_MAX_USED_SPACE else "keep-storage": str(keep_bytes)}


def inspect_volume(engine: Engine, name: str) -> Json | None:
    """Return a volume as ``GET /volumes`` lists it, None when there is none. Raises Unknown."""

    def call() -> Json | None:
        answer = engine.api.get(_volume_url(engine, name), timeout=engine.limit_seconds)
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _json(answer)

    return guarded(call)


def remove_volume(engine: Engine, name: str) -> bool:
    """Remove a volume that no container mounts, running or not; return False when there is none.

    Raises Refused when a container mounts it, which the engine checks (``DELETE /volumes/{name}`` without force), and
    Unknown when the engine does not respond in time.
    """
    url = _volume_url(engine, name)
    answer = guarded(lambda: engine.api.delete(url, timeout=REMOVAL_LIMIT_SECONDS))
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return False
    if answer.status_code == HTTPStatus.CONFLICT:
        raise Refused(f"Docker refused to remove it: {_message(answer)}", "purge again when no container uses it")
    if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        raise Unknown(f"Docker could not remove it: {_message(answer)}", "check 'journalctl -u docker'")
    return True


def _version(engine: Engine) -> tuple[int, ...]:
    return tuple(map(int, engine.api.api_version.split(".")))


def _url(engine: Engine, path: str, version: tuple[int, ...]) -> str:
    return f"{engine.api.base_url}/v{'.'.join(map(str, version))}{path}"


def _volume_url(engine: Engine, name: str) -> str:
    return f"{engine.api.base_url}/v{engine.api.api_version}/volumes/{quote(name, safe='')}"


def _json(answer: Any) -> Json:
    answer.raise_for_status()
    content: Json = answer.json()
    return content


def _parsed(call: Callable[[], Answer], subject: str) -> Answer:
    try:
        return guarded(call)
    except (AttributeError, TypeError) as error:
        raise Unknown(
            f"Docker's report on {subject} cannot be parsed ({error})", "report this as a bug, with 'docker version'"
        ) from error


def _message(answer: Any) -> str:
    try:
        return " ".join(str(answer.json()["message"]).split())
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
