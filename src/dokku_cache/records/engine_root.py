"""Where the Docker engine keeps its data: noted for trigger ``pre-receive-app``, which does not wait for Docker."""

import contextlib
import os

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.records import history

FILE_NAME = "engine-root"
DEFAULT = "/var/lib/docker"


def read(environment: DokkuEnvironment) -> str:
    """Give the directory as it was noted last, or Docker's own default."""
    with contextlib.suppress(OSError, ValueError):
        noted = files.read(_path(environment)).split("\n")[0].strip()
        if os.path.isabs(noted):
            return noted
    return DEFAULT


def note(environment: DokkuEnvironment, directory: str) -> None:
    """Note it, at once or not at all; where it cannot be written, the last one holds."""
    path = _path(environment)
    if not os.path.isabs(directory) or directory == read(environment):
        return
    with contextlib.suppress(OSError, ValueError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(f"{directory}\n")
        os.replace(f"{path}.new", path)


def _path(environment: DokkuEnvironment) -> str:
    return os.path.join(history.directory(environment), FILE_NAME)
