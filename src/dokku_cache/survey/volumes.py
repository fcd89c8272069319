"""Collecting the facts about cache volumes, and classifying them."""

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone

from dokku_cache.dokku import history, host_settings, policy
from dokku_cache.dokku.history import History
from dokku_cache.dokku.host_settings import PackKeys
from dokku_cache.engine import storage
from dokku_cache.model.cache import AppState, CacheVolume, Kind
from dokku_cache.model.errors import CacheError, Refused
from dokku_cache.model.finding import Finding
from dokku_cache.model.scan import Scan
from dokku_cache.rules.volumes import VolumeFacts, classify
from dokku_cache.survey import ownership
from dokku_cache.survey.docker import services_of_volumes, users_of_volumes
from dokku_cache.survey.options import references_to_volumes
from dokku_cache.survey.references import signs_in_docker
from dokku_cache.survey.surveyor import Surveyor


def survey_volumes(surveyor: Surveyor, listed: Collection[str]) -> tuple[Finding, ...]:
    """Classify all cache volumes of the engine, in its order; each source is read once.

    ``listed``: all apps of the server, ghosts too. Raises Unknown when Docker does not list its volumes.
    """
    keys = host_settings.pack_keys(surveyor.environment, os.environ)
    found = ownership.find(surveyor.engine.volumes(), listed, keys)
    return _classify(surveyor, listed, found, keys, recheck=False) if found else ()


def recheck_volume(surveyor: Surveyor, listed: Collection[str], finding: Finding) -> Finding | None:
    """Classify a volume again right before its removal; None when it is gone. Raises Refused when it was replaced.

    Whose it is, and whether that is proven, is determined again too.
    """
    found = storage.inspect_volume(surveyor.engine, finding.location.path)
    if finding.volume is None or found is None:
        return None
    if not ownership.is_same(finding.volume, found):
        raise Refused(f"{finding.title} was replaced in the meantime", "nothing was removed; purge again")
    keys = host_settings.pack_keys(surveyor.environment, os.environ)
    volumes = ownership.find([found], listed, keys)
    return replace(_classify(surveyor, listed, volumes, keys, recheck=True)[0], size=finding.size)


def _classify(
    surveyor: Surveyor, listed: Collection[str], volumes: Collection[CacheVolume], keys: PackKeys, *, recheck: bool
) -> tuple[Finding, ...]:
    environment, engine = surveyor.environment, surveyor.engine
    states = {app: surveyor.app_state(app, listed) for app in {volume.app for volume in volumes} - {""}}
    gone = {app for app, state in states.items() if state is not AppState.PRESENT}
    visible = None if surveyor.visible is None or frozenset(listed) <= surveyor.visible else surveyor.visible
    mentions = references_to_volumes(environment, {volume.name for volume in volumes}, visible)
    references, unknown, unknown_of_gone = mentions.by_name, dict[str, None](), dict[str, None]()
    users, services, life, past = None, {}, {}, History()
    with _noted(unknown):
        users = users_of_volumes(engine, refresh=recheck, visible=visible)
    with _noted(unknown):
        services = services_of_volumes(engine, refresh=recheck)
    for name, mounting in services.items():
        mounted = tuple(f"Swarm service {service} mounts it" for service in mounting)
        references[name] = (*mounted, *references.get(name, ()))
    if gone:  # containers and images of apps that Dokku does not list may be another Dokku's
        with _noted(unknown):
            life = signs_in_docker(engine, recheck=recheck)
        with _noted(unknown_of_gone):
            past = history.read(environment)
    min_age_seconds = policy.min_age_seconds(environment, policy.GLOBAL)

    def facts(volume: CacheVolume) -> VolumeFacts:
        is_gone = volume.app in gone
        of_pack = [keys.fault] if keys.fault and volume.kind is Kind.PACK else []
        return VolumeFacts(
            states[volume.app] if volume.app else None,
            None if users is None else users.get(volume.name, ()),
            references.get(volume.name, ()),
            life.get(volume.app, ()) if is_gone else (),
            (*unknown, *mentions.unknown, *of_pack, *(unknown_of_gone if is_gone else ())),
            min_age_seconds,
            past.ended(volume.app) if is_gone else None,
        )

    now = datetime.now(timezone.utc)
    known = {volume: facts(volume) for volume in volumes}
    return tuple(Finding.of_volume(one, known[one].app_state, classify(one, known[one], now)) for one in volumes)


def with_size(finding: Finding, sizes: Mapping[str, int]) -> Finding:
    """Add the size of a volume, in bytes by the volumes' names, where it is known."""
    size_bytes = sizes.get(finding.location.path)
    return replace(finding, size=None if size_bytes is None else Scan(size_bytes))


@contextlib.contextmanager
def _noted(unknown: dict[str, None]) -> Iterator[None]:
    """Note what could not be read, each reason once."""
    try:
        yield
    except CacheError as error:
        unknown[str(error)] = None
