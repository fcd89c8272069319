"""The state of a cache volume, and what can be done about it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from dokku_cache.dokku.apps import AppState
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.rules import durations
from dokku_cache.volumes.ownership import Builder, CacheVolume, Generation, Match


class VolumeState(Enum):
    """The state of a cache volume; exactly one applies."""

    LIVE = "live"
    STALE = "stale"
    IN_USE = "in-use"
    RECENT = "recent"
    ORPHANED = "orphaned"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class VolumeFacts:
    """What is known about one volume.

    ``app_state``: None where nothing tells whose it is. ``containers`` mount it, running or not; a name is empty
    where the caller may not see it, and None means that Docker could not be asked. ``named_by``: sentences on who
    names it without mounting it now. ``life``: sentences on what is there of an app that Dokku does not list.
    ``unknown``: what could not be found out. ``min_age_seconds``: how long its app has to be gone. ``destroyed``:
    when its app was destroyed or renamed, None where that is not known.
    """

    app_state: AppState | None
    containers: tuple[str, ...] | None = ()
    named_by: tuple[str, ...] = ()
    life: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    min_age_seconds: int = 0
    destroyed: datetime | None = None


@dataclass(frozen=True)
class VolumeVerdict:
    """A state with its reason, and that as a code; ``next_step`` says what ends what forbids removal, or is empty.

    ``doubt``: why it may not go although its state lets it, as when somebody could not be asked who uses it.
    """

    state: VolumeState
    reason: str
    next_step: str = ""
    doubt: str = ""
    code: ReasonCode | None = None


def judge(volume: CacheVolume, facts: VolumeFacts, now: datetime) -> VolumeVerdict:
    """Give a volume's state. ``now`` has a time zone."""
    if facts.containers:
        container = facts.containers[0]
        if not container:
            reason = "a container of another app mounts it"
            return VolumeVerdict(VolumeState.IN_USE, reason, code=ReasonCode.MOUNTED_BY_CONTAINER)
        reason = f"container {container} mounts it"
        remedy = f"if the container is not needed, remove it with 'docker rm {container}'"
        return VolumeVerdict(VolumeState.IN_USE, reason, remedy, code=ReasonCode.MOUNTED_BY_CONTAINER)
    if facts.named_by:
        remedy = "remove that reference if it is not needed"
        return VolumeVerdict(VolumeState.IN_USE, facts.named_by[0], remedy, code=ReasonCode.IN_DOCKER_OPTIONS)
    if facts.app_state is AppState.PRESENT:
        return replace(_of_a_living_app(volume), doubt=_unasked(facts))
    return _of_no_app(volume, facts) or _by_age(volume, facts.destroyed, facts.min_age_seconds, now)


def _of_a_living_app(volume: CacheVolume) -> VolumeVerdict:
    if volume.builder is Builder.PACK and volume.generation is Generation.FORMER:
        reason = f"pack now uses another key for the cache of {volume.app}"
        return VolumeVerdict(VolumeState.STALE, reason, code=ReasonCode.OLD_PACK_KEY)
    if volume.builder is Builder.PACK and volume.generation is Generation.UNTOLD:
        reason = f"builds of {volume.app} may use it; the current key of pack is unknown"
        return VolumeVerdict(VolumeState.LIVE, reason, code=ReasonCode.USED_BY_BUILDS)
    return VolumeVerdict(VolumeState.LIVE, f"builds of {volume.app} use it", code=ReasonCode.USED_BY_BUILDS)


def _of_no_app(volume: CacheVolume, facts: VolumeFacts) -> VolumeVerdict | None:
    """Give the verdict on what is not proven to be a dead cache, None where it is, but for its age."""
    if facts.app_state is None:
        return _unknown("its app cannot be determined from its name", ReasonCode.OWNER_UNKNOWN)
    if unproven := _unproven(volume):
        return _unknown(*unproven)
    if reason := _unasked(facts):
        return _unknown(
            reason, ReasonCode.DOCKER_UNAVAILABLE if facts.containers is None else ReasonCode.USAGE_UNKNOWN
        )
    for sign in facts.life:
        return _unknown(f"Dokku does not list app {volume.app}, but {sign}", ReasonCode.APP_EXISTS_ELSEWHERE)
    return None


def _unproven(volume: CacheVolume) -> tuple[str, ReasonCode] | None:
    """Say why it is not proven that a build made a volume, and that Docker itself keeps it."""
    if is_named_alone(volume):
        return f"there is no app {volume.app}, and no label shows that Dokku created it", ReasonCode.NO_LABEL
    if volume.builder is Builder.PACK and volume.match is Match.NAME and volume.generation is Generation.FORMER:
        return f"the hash in its name does not match pack's key for {volume.app}", ReasonCode.OLD_PACK_KEY
    return (volume.elsewhere, ReasonCode.NOT_LOCAL) if volume.elsewhere else None


def _unknown(reason: str, code: ReasonCode) -> VolumeVerdict:
    return VolumeVerdict(VolumeState.UNKNOWN, reason, code=code)


def _unasked(facts: VolumeFacts) -> str:
    """Say what could not be found out first, or nothing."""
    if facts.containers is None:  # and then the first says why
        return ": ".join(("cannot determine whether a container uses it", *facts.unknown[:1]))
    return next(iter(facts.unknown), "")


def _by_age(volume: CacheVolume, destroyed: datetime | None, min_age_seconds: int, now: datetime) -> VolumeVerdict:
    gone = f"app {volume.app} was destroyed, and no container uses the volume"
    if volume.created is None:
        return _unknown(f"{gone}, but Docker does not report when it was created", ReasonCode.AGE_UNKNOWN)
    since = max(volume.created, destroyed or volume.created)
    if min_age_seconds >= durations.FOR_EVER or now - since < timedelta(seconds=min_age_seconds):
        what = "it was created" if since == volume.created else "the app was destroyed"
        reason = (
            f"{what} at {since.isoformat(timespec='seconds')}, less than {durations.as_text(min_age_seconds)} ago"
        )
        return VolumeVerdict(VolumeState.RECENT, reason, code=ReasonCode.RECENTLY_CREATED)
    return VolumeVerdict(VolumeState.ORPHANED, gone, code=ReasonCode.APP_DESTROYED)


def is_named_alone(volume: CacheVolume) -> bool:
    """Tell whether nothing but a name that anybody may give says that a build made it."""
    return volume.builder is Builder.HEROKUISH and volume.match is Match.NAME


PURGE_ORPHANED = "dokku cache:purge-volumes --orphaned"
#: What may be put into a command as it is; every name that the engine's own driver accepts.
_PLAIN_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


def command(volume: CacheVolume, state: VolumeState) -> str:
    """Give the command that removes or empties it; empty where nothing should."""
    if not _PLAIN_NAME.fullmatch(volume.name) or volume.elsewhere:
        return ""
    if state in {VolumeState.LIVE, VolumeState.STALE}:
        verb = "repo:purge-cache" if is_named_alone(volume) else "cache:purge-volumes"
        return f"dokku {verb} {volume.app}"
    return PURGE_ORPHANED if state is VolumeState.ORPHANED else ""
