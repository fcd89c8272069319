"""The ID of the Docker engine at the last daily run.

An engine with another ID may have started without its data: its lists of containers and volumes are incomplete then.
"""

import contextlib

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError
from dokku_cache.records import state_files

FILE_NAME = "engine-id"


def has_changed(environment: DokkuEnvironment, engine_id: str) -> bool:
    """Tell whether another ID was recorded last, and record this one. Raises CacheError when it cannot be read."""
    recorded = state_files.read(environment, FILE_NAME)
    if engine_id and engine_id != recorded:
        with contextlib.suppress(CacheError):
            state_files.write(environment, FILE_NAME, engine_id)
    return bool(engine_id and recorded and engine_id != recorded)
