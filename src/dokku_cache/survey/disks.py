"""The file systems that hold caches: Dokku's root, the engine's data, and apps that lie elsewhere."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import host_root
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unknown
from dokku_cache.tree import file_system
from dokku_cache.tree.file_system import FileSystem
from dokku_cache.tree.mounts import is_at_or_below, read_mounts


@dataclass(frozen=True)
class Disk:
    """One file system, and which of the looked-at directories lie on it, in their order."""

    paths: tuple[str, ...]
    state: FileSystem


def look(environment: DokkuEnvironment, engine: Engine, apps: Iterable[str]) -> tuple[Disk, ...]:
    """Look at each file system that can hold caches of these apps, and their volumes.

    What cannot be looked at is left out, as the engine's data where Dokku itself runs in a container.
    """
    return of_paths([environment.root, *_data_roots(engine), *_elsewhere(environment.root, set(apps))])


def of_apps(environment: DokkuEnvironment, apps: Iterable[str]) -> tuple[Disk, ...]:
    """Look at the file systems that the directories of some apps lie on, without asking the engine."""
    names = set(apps)
    elsewhere = _elsewhere(environment.root, names)
    return of_paths([environment.root, *elsewhere] if len(elsewhere) < len(names) else elsewhere)


def of_paths(paths: Iterable[str]) -> tuple[Disk, ...]:
    """Look at the file systems of some paths, each once."""
    found: dict[int, Disk] = {}
    for path in dict.fromkeys(paths):
        state = file_system.look(path)
        if state is not None:
            known = found.get(state.device)
            found[state.device] = Disk((*known.paths, path), known.state) if known else Disk((path,), state)
    return tuple(found.values())


def _data_roots(engine: Engine) -> list[str]:
    with suppress(Unknown):
        # In a container, the engine's path would lead to some directory of the container's own.
        if not host_root.own_container():
            return engine.data_roots()
    return []


def _elsewhere(root: str, apps: set[str]) -> list[str]:
    """Give the directories of apps that are mount points, or links to somewhere else, sorted.

    Told by the kernel's table and by the links themselves: nothing is asked of a file server that may be gone.
    """
    real_root = os.path.realpath(root)
    with suppress(OSError, ValueError):
        mounted = {
            os.path.basename(mount.mount_point) for mount in read_mounts() if _is_in(mount.mount_point, real_root)
        }
        linked = {app for app in apps if os.path.islink(os.path.join(root, app))}
        return sorted(os.path.join(root, app) for app in apps & (mounted | linked))
    return []


def _is_in(mount_point: str, directory: str) -> bool:
    return is_at_or_below(mount_point, directory) and os.path.dirname(mount_point) == directory
