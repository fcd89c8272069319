"""The classification of cache volumes, and the commands that remove them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from dokku_cache.model.cache import AppState, CacheVolume, Generation, Kind, Match
from dokku_cache.model.finding import Verdict
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.output import text

PURGE_ORPHANED = "dokku cache:purge-volumes --orphaned"
#: What may be put into a command as it is; every name that Docker's own driver accepts.
PLAIN_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
#: Whether a volume with one of these is in use could not be determined.
UNDETERMINED = frozenset({ReasonCode.DOCKER_UNAVAILABLE, ReasonCode.USAGE_UNKNOWN})


@dataclass(frozen=True)
class VolumeFacts:
    """What is known about one volume.

    ``app_state``: None where its app is unknown. ``containers`` mount it, running or not; a name is empty where the
    caller may not see it, and None means that Docker did not respond. ``references``: sentences on what refers to it
    without mounting it now. ``life``: sentences on what exists of an app that Dokku does not list. ``unknown``: what
    could not be read. ``destroyed``: when its app was destroyed or renamed, None where that is not known.
    """

    app_state: AppState | None
    containers: tuple[str, ...] | None
    references: tuple[str, ...]
    life: tuple[str, ...]
    unknown: tuple[str, ...]
    min_age_seconds: int
    destroyed: datetime | None


def classify(volume: CacheVolume, facts: VolumeFacts, now: datetime) -> Verdict:
    """Classify a volume. ``now`` has a time zone."""
    if facts.containers:
        container = facts.containers[0]
        if not container:
            reason = "a container of another app mounts it"
            return Verdict(State.IN_USE, reason, code=ReasonCode.MOUNTED_BY_CONTAINER)
        hint = f"if the container is not needed, remove it with 'docker rm {container}'"
        reason = f"container {container} mounts it"
        return Verdict(State.IN_USE, reason, hint, ReasonCode.MOUNTED_BY_CONTAINER)
    if facts.references:
        hint = "remove that reference if it is not needed"
        return Verdict(State.IN_USE, facts.references[0], hint, ReasonCode.IN_DOCKER_OPTIONS)
    if facts.app_state is AppState.PRESENT:
        return _unknown_use(facts) or _of_present_app(volume)
    return _not_proven(volume, facts) or _by_age(volume, facts, now)


def _of_present_app(volume: CacheVolume) -> Verdict:
    if volume.kind is Kind.PACK and volume.generation is Generation.FORMER:
        reason = f"pack now uses another key for the cache of {volume.app}"
        return Verdict(State.STALE, reason, code=ReasonCode.OLD_PACK_KEY)
    reason = f"builds of {volume.app} use it"
    if volume.kind is Kind.PACK and volume.generation is Generation.UNKNOWN:
        reason = f"builds of {volume.app} may use it; the current key of pack is unknown"
    return Verdict(State.LIVE, reason, code=ReasonCode.USED_BY_BUILDS)


def _not_proven(volume: CacheVolume, facts: VolumeFacts) -> Verdict | None:
    """Give the verdict on what is not proven to be an unused cache of a destroyed app, None where it is."""
    app = volume.app
    if facts.app_state is None:
        return _unknown("its app cannot be determined from its name", ReasonCode.OWNER_UNKNOWN)
    if volume.has_no_proof:
        reason = f"there is no app {app}, and no label shows that Dokku created it"
        return _unknown(reason, ReasonCode.NO_LABEL)
    if volume.kind is Kind.PACK and volume.match is Match.NAME and volume.generation is Generation.FORMER:
        return _unknown(f"the hash in its name does not match pack's key for {app}", ReasonCode.OLD_PACK_KEY)
    if volume.elsewhere:
        return _unknown(volume.elsewhere, ReasonCode.NOT_LOCAL)
    life = f"Dokku does not list app {app}, but {facts.life[0]}" if facts.life else ""
    return _unknown_use(facts) or (_unknown(life, ReasonCode.APP_EXISTS_ELSEWHERE) if life else None)


def _unknown_use(facts: VolumeFacts) -> Verdict | None:
    """Give the verdict where a source could not be read, None where all could be."""
    hint = "fix the cause, then purge again"
    if facts.containers is None:  # and then the first unknown source is the reason
        reason = ": ".join(("cannot determine whether a container uses it", *facts.unknown[:1]))
        return Verdict(State.UNKNOWN, reason, hint, ReasonCode.DOCKER_UNAVAILABLE)
    return Verdict(State.UNKNOWN, facts.unknown[0], hint, ReasonCode.USAGE_UNKNOWN) if facts.unknown else None


def _unknown(reason: str, code: ReasonCode) -> Verdict:
    return Verdict(State.UNKNOWN, reason, code=code)


def _by_age(volume: CacheVolume, facts: VolumeFacts, now: datetime) -> Verdict:
    unused = f"app {volume.app} was destroyed, and no container uses the volume"
    if volume.created is None:
        return _unknown(f"{unused}, but Docker does not report when it was created", ReasonCode.AGE_UNKNOWN)
    since, min_age = max(volume.created, facts.destroyed or volume.created), facts.min_age_seconds
    if min_age >= text.FOR_EVER or now - since < timedelta(seconds=min_age):
        what = "it was created" if since == volume.created else "the app was destroyed"
        reason = f"{what} at {since.isoformat(timespec='seconds')}, less than {text.short_duration(min_age)} ago"
        return Verdict(State.RECENT, reason, code=ReasonCode.RECENTLY_CREATED)
    return Verdict(State.ORPHANED, unused, code=ReasonCode.APP_DESTROYED)


def command(volume: CacheVolume, state: State) -> str:
    """Give the command that removes or empties a volume; empty where none should."""
    if not PLAIN_NAME.fullmatch(volume.name) or volume.elsewhere:
        return ""
    if state in {State.LIVE, State.STALE}:
        verb = "repo:purge-cache" if volume.has_no_proof else "cache:purge-volumes"
        return f"dokku {verb} {volume.app}"
    return PURGE_ORPHANED if state is State.ORPHANED else ""
