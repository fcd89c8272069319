"""The state of a cache volume, and what can be done about it."""

import re
from collections.abc import Sequence
from enum import Enum

from dokku_cache.volumes.ownership import Builder, CacheVolume, Match


class AppState(Enum):
    """What became of a cache's app. A ghost is a directory with nothing but a legacy cache in it."""

    PRESENT = "present"
    GHOST = "ghost"
    GONE = "gone"


class VolumeState(Enum):
    """The state of a cache volume; exactly one applies."""

    LIVE = "live"
    IN_USE = "in-use"
    ORPHANED = "orphaned"
    UNKNOWN = "unknown"


def judge(
    volume: CacheVolume, app_state: AppState | None, containers: Sequence[str] | None
) -> tuple[VolumeState, str]:
    """Give a volume's state and the reason. ``containers`` mount it, running or not; None when that is not known."""
    if containers:
        return VolumeState.IN_USE, f"container {containers[0]} mounts it"
    if app_state is AppState.PRESENT:
        return VolumeState.LIVE, f"builds of {volume.app} use it"
    if app_state is None:
        return VolumeState.UNKNOWN, "its name does not tell whose it is"
    if volume.builder is Builder.HEROKUISH and volume.match is Match.NAME:
        return VolumeState.UNKNOWN, f"there is no app {volume.app}, and no label says that Dokku made it"
    if containers is None:
        return VolumeState.UNKNOWN, "it cannot be found out whether a container uses it"
    return VolumeState.ORPHANED, f"app {volume.app} is gone, and no container uses it"


#: What may be put into a command as it is; every name that the engine's own driver accepts.
_PLAIN_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


def command(volume: CacheVolume, state: VolumeState) -> str:
    """Give the command that removes or empties it; empty where nothing should."""
    if state is VolumeState.LIVE and volume.builder is Builder.HEROKUISH:
        return f"dokku repo:purge-cache {volume.app}"
    if state in {VolumeState.LIVE, VolumeState.ORPHANED} and _PLAIN_NAME.fullmatch(volume.name):
        return f"docker volume rm {volume.name}"
    return ""
