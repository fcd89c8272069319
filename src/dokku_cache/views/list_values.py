"""``cache:list`` in json and yaml, see docs/schemas/list.json."""

from typing import Any

from dokku_cache.model.cache import Cache
from dokku_cache.output import text
from dokku_cache.output.text import SCHEMA_VERSION
from dokku_cache.records.daily_run import Run
from dokku_cache.survey.inventory import Inventory
from dokku_cache.views import disk_lines


def values(inventory: Inventory, daily_run: Run | None = None) -> dict[str, Any]:
    """Return an inventory, and the last daily run, as plain values: bytes, RFC 3339 times, null for unknown."""
    total, purgeable = inventory.total, inventory.purgeable
    return {
        "caches": [cache_values(cache) for cache in inventory.caches],
        "daily-run-at": daily_run.at if daily_run else None,
        "daily-run-result": daily_run.result if daily_run else None,
        "disks": [disk_lines.values(disk) for disk in inventory.disks],
        "engine-build-cache": _build_cache(inventory),
        "hides-others": inventory.hides_others,
        "purgeable-bytes": purgeable.size_bytes if purgeable else None,
        "purgeable-caches": purgeable.caches if purgeable else None,
        "purgeable-is-complete": purgeable.is_complete if purgeable else None,
        "schema-version": SCHEMA_VERSION,
        "total-bytes": total.size_bytes,
        "total-is-complete": total.is_complete,
        "unknown": list(inventory.unknown),
    }


def cache_values(cache: Cache) -> dict[str, Any]:
    """Return one cache as plain values, as in the list and in a plan."""
    return {
        "action": cache.action or None,
        "app": cache.app or None,
        "app-state": cache.app_state.value if cache.app_state else None,
        "files": cache.files,
        "is-purgeable": cache.is_purgeable,
        "kind": cache.kind.value,
        "last-modified": text.timestamp(cache.last_modified) or None,
        "location": cache.location,
        "matched-by": cache.matched_by or None,
        "reason": cache.reason,
        "reason-code": cache.reason_code.value if cache.reason_code else None,
        "size-bytes": cache.size_bytes,
        "state": cache.state,
    }


def _build_cache(inventory: Inventory) -> dict[str, Any] | None:
    if inventory.daily_prune is None:
        return None
    known = inventory.build_cache
    return {
        "daily-prune-can-work": inventory.daily_prune.can_work,
        "daily-prune-reason": inventory.daily_prune.reason,
        "reclaimable-bytes": known.reclaimable_bytes if known else None,
        "records": known.records if known else None,
        "size-bytes": known.size_bytes if known else None,
    }
