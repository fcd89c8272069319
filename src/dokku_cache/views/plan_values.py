"""What a dry run gives in json and yaml; docs/formats.md is its description."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dokku_cache.caches import inventory
from dokku_cache.caches.inventory import Cache
from dokku_cache.model.finding import Decision
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.output.serialized import SCHEMA_VERSION
from dokku_cache.tree.scan import Scan
from dokku_cache.views.list_values import cache_values
from dokku_cache.volumes.plan import VolumeDecision


@dataclass(frozen=True)
class Planned:
    """A cache, as in the list, and what would happen to it.

    ``goes``: something of it would be removed. ``kept``: why it stays, or what of it does; empty where nothing does.
    """

    cache: Cache
    goes: bool
    kept: str = ""
    kept_code: ReasonCode | None = None


def of_decision(decision: Decision, scan: Scan | None) -> Planned | None:
    """Plan for a legacy cache, None where there is none. ``scan`` is None where it was not scanned."""
    if not decision.targets and decision.kept is None:
        return None
    cache = inventory.of_finding(decision.finding, scan)
    if decision.kept is None:
        return Planned(cache, goes=True)
    return Planned(cache, bool(decision.targets), decision.kept.described, decision.kept.code)


def of_volume(decision: VolumeDecision) -> Planned:
    """Plan for a cache volume."""
    return Planned(inventory.of_volume(decision.finding), decision.goes, decision.why_kept, decision.code)


def values(planned: Iterable[Planned]) -> dict[str, Any]:
    """Give a plan as plain values, in its order."""
    every = tuple(planned)
    going = [one for one in every if one.goes]
    known = _known(going)
    return {
        "caches": [_values(one) for one in every],
        "kept-caches": len(every) - len(going),
        "removed-bytes": sum(known),
        "removed-caches": len(going),
        "removed-is-complete": len(known) == len(going),
        "schema-version": SCHEMA_VERSION,
    }


def _known(going: Sequence[Planned]) -> list[int]:
    """Give the sizes of what goes wholly; how much of the others goes is not known."""
    sizes = (one.cache.size_bytes for one in going if not one.kept)
    return [size_bytes for size_bytes in sizes if size_bytes is not None]


def _values(planned: Planned) -> dict[str, Any]:
    return {
        **cache_values(planned.cache),
        "decision": "remove" if planned.goes else "keep",
        "kept-reason": planned.kept or None,
        "kept-reason-code": planned.kept_code.value if planned.kept_code else None,
    }
