"""What a dry run gives in json and yaml; docs/formats.md describes it."""

from collections.abc import Iterable
from typing import Any

from dokku_cache.model.finding import Decision
from dokku_cache.output.text import SCHEMA_VERSION
from dokku_cache.survey import inventory
from dokku_cache.views.list_values import cache_values


def values(decisions: Iterable[Decision]) -> dict[str, Any]:
    """Give a plan as plain values, in its order. Apps without a cache are left out."""
    shown = [decision for decision in decisions if decision.is_removal or decision.kept]
    removed = [decision for decision in shown if decision.is_removal]
    # Of what is only partly removed, the removed size is not known.
    sizes = [one.finding.size for one in removed if one.kept is None and one.finding.size is not None]
    return {
        "caches": [_values(decision) for decision in shown],
        "kept-caches": len(shown) - len(removed),
        "removed-bytes": sum(size.size_bytes for size in sizes),
        "removed-caches": len(removed),
        "removed-is-complete": len(sizes) == len(removed),
        "schema-version": SCHEMA_VERSION,
    }


def _values(decision: Decision) -> dict[str, Any]:
    kept = decision.kept
    return {
        **cache_values(inventory.listed(decision.finding)),
        "decision": "remove" if decision.is_removal else "keep",
        "kept-reason": kept.described if kept else None,
        "kept-reason-code": kept.code.value if kept and kept.code else None,
    }
