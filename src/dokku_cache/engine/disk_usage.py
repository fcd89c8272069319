"""How much disk space the engine's volumes and its build cache take, as the engine itself counts it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dokku_cache.engine.client import Engine, Json, guarded
from dokku_cache.errors import Unknown

#: For the one call. Counting walks over every volume, and took minutes on big servers (moby/moby#31719).
LIMIT_SECONDS = 60
#: The same where somebody waits for a removal, who did not ask for how much it frees.
BRIEF_LIMIT_SECONDS = 10
#: The newest version with the answer's shape read here: 1.52 keeps the same figures under other names
#: (moby, api/types/system/disk_usage.go). Every engine that is newer answers this one too.
NEWEST_API_VERSION = (1, 44)


@dataclass(frozen=True)
class BuildCache:
    """What BuildKit keeps, in bytes. ``reclaimable_bytes``: of records that nothing uses now and no image shares."""

    size_bytes: int = 0
    reclaimable_bytes: int = 0
    records: int = 0


@dataclass(frozen=True)
class DiskUsage:
    """Sizes of volumes by their names, in bytes; those that the engine does not know are left out."""

    volume_bytes: Mapping[str, int] = field(default_factory=dict)
    build_cache: BuildCache = field(default_factory=BuildCache)


def ask(engine: Engine, limit_seconds: float | None = None) -> DiskUsage:
    """Ask the engine in one call, for LIMIT_SECONDS at most unless told otherwise.

    Raises Unknown when it gives no sensible answer in time.
    """

    def call() -> Json:
        api = engine.api
        own = tuple(int(part) for part in api.api_version.split("."))
        version = ".".join(str(part) for part in min(own, NEWEST_API_VERSION))
        # The SDK's own call has neither the limit nor the choice of types (API 1.42 and later; older ones
        # pass over it), without which the engine counts every image and container too.
        response = api.get(
            f"{api.base_url}/v{version}/system/df",
            params={"type": ["volume", "build-cache"]},
            timeout=LIMIT_SECONDS if limit_seconds is None else limit_seconds,
        )
        response.raise_for_status()
        answer: Json = response.json()
        return answer

    answer = guarded(call)
    try:
        return read(answer)
    except (AttributeError, TypeError) as error:
        raise Unknown(
            f"Docker's report on its disk usage cannot be parsed ({error})",
            "report this as a bug, with 'docker version'",
        ) from error


def read(answer: Json) -> DiskUsage:
    """Read the answer of ``GET /system/df`` (Docker Engine API 1.41 to 1.51)."""
    volumes = answer.get("Volumes") or []
    records = answer.get("BuildCache") or []
    # The engine gives -1 for what it does not know, such as volumes of other drivers.
    sizes = {str(volume.get("Name")): (volume.get("UsageData") or {}).get("Size", -1) for volume in volumes}
    return DiskUsage(
        {name: size for name, size in sizes.items() if size >= 0},
        BuildCache(
            size_bytes=sum(record.get("Size", 0) for record in records),
            reclaimable_bytes=sum(
                record.get("Size", 0) for record in records if not record.get("InUse") and not record.get("Shared")
            ),
            records=len(records),
        ),
    )
