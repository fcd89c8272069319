"""The file systems that hold caches: of Dokku's root, of the engine's data, and of apps that are elsewhere."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import host_root
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import Unknown
from dokku_cache.tree import mounts
from dokku_cache.tree.mounts import FileSystem


@dataclass(frozen=True)
class Disk:
    """One file system, and the requested directories that are on it, in their order."""

    paths: tuple[str, ...]
    state: FileSystem


def read(environment: DokkuEnvironment, apps: Iterable[str], engine: Engine | None = None) -> tuple[Disk, ...]:
    """Read each file system that can hold caches of these apps, or volumes of an engine, as far as possible."""
    roots = _data_roots(engine) if engine else []
    return of_paths([environment.root, *roots, *_elsewhere(environment.root, set(apps))])


def of_paths(paths: Iterable[str]) -> tuple[Disk, ...]:
    """Read the file systems of some paths, each once."""
    found: dict[int, Disk] = {}
    for path in dict.fromkeys(paths):
        state = mounts.read_file_system(path)
        if state is not None:
            known = found.get(state.device)
            found[state.device] = Disk((*known.paths, path), known.state) if known else Disk((path,), state)
    return tuple(found.values())


def _data_roots(engine: Engine) -> list[str]:
    with suppress(Unknown):
        # In a container, the engine's path would be a directory of the container.
        if not host_root.own_container():
            return engine.data_roots()
    return []


def _elsewhere(root: str, apps: set[str]) -> list[str]:
    """Return the directories of apps that are mount points or symbolic links, sorted.

    Read from the mount table and the links themselves: an unreachable file server is not asked.
    """
    with suppress(OSError, ValueError):
        points = {os.path.split(mount.mount_point) for mount in mounts.read_mounts()}
        mounted = {name for parent, name in points if parent == os.path.realpath(root)}
        linked = {app for app in apps if os.path.islink(os.path.join(root, app))}
        return sorted(os.path.join(root, app) for app in apps & (mounted | linked))
    return []
