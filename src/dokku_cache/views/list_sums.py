"""The last lines of ``cache:list``: the total, and how to free space."""

from collections.abc import Iterator

from dokku_cache.caches.inventory import Inventory, Sum
from dokku_cache.output import text
from dokku_cache.rules.volumes import PURGE_ORPHANED


def lines(inventory: Inventory) -> Iterator[str]:
    """Give the total, and the commands that remove unused caches."""
    total, purgeable, volumes = inventory.total, inventory.purgeable, inventory.orphaned_volumes
    yield f"Total: {_amount(total)} in {text.count(total.caches, 'cache')}"
    if purgeable is not None and purgeable.caches:
        yield f"To free {_amount(purgeable)}: dokku cache:purge-legacy {inventory.app or '--all'}"
    if volumes.caches:
        yield f"To free {_amount(volumes)}: {PURGE_ORPHANED}"


def _amount(total: Sum) -> str:
    return f"{'' if total.is_complete else 'at least '}{text.size(total.size_bytes)}"
