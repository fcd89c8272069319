"""The last lines of ``cache:list``: what it all comes to, and what of it can go."""

from collections.abc import Iterator

from dokku_cache.caches.inventory import Inventory, Sum
from dokku_cache.output import text
from dokku_cache.volumes.state import PURGE_ORPHANED


def lines(inventory: Inventory) -> Iterator[str]:
    """Say what it comes to, and what of it each command would free that removes what is dead."""
    total, purgeable, volumes = inventory.total, inventory.purgeable, inventory.orphaned_volumes
    all_there_is = f"{_amount(total)} in {text.count(total.caches, 'cache')}"
    if purgeable is None:
        yield all_there_is
    else:
        freed = f"{_amount(purgeable)} of it" if purgeable.caches else "nothing"
        yield f"{all_there_is}; 'cache:purge-legacy {inventory.app or '--all'}' would free {freed}"
    if volumes.caches:
        yield f"'{PURGE_ORPHANED.removeprefix('dokku ')}' would free {_amount(volumes)} of it"


def _amount(total: Sum) -> str:
    return f"{'' if total.is_complete else 'at least '}{text.size(total.size_bytes)}"
