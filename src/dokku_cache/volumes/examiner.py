"""Finding out the states of cache volumes: each source is asked once, whatever the number of volumes."""

import contextlib
import os
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from dokku_cache.dokku import host_settings, policy
from dokku_cache.dokku.apps import AppState
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.errors import CacheError, Unknown
from dokku_cache.records import history
from dokku_cache.sources.docker import services_of_volumes, users_of_volumes
from dokku_cache.sources.life import signs_in_docker
from dokku_cache.sources.options import VolumeReferences, references_to_volumes
from dokku_cache.volumes import ownership
from dokku_cache.volumes.ownership import CacheVolume
from dokku_cache.volumes.plan import VolumeFinding
from dokku_cache.volumes.state import VolumeFacts, judge


@dataclass(frozen=True)
class Examiner:
    """Examines the cache volumes of one server. ``app_state`` tells what became of an app that has a name.

    ``visible``: the apps that the caller may see, None for all. Reasons say nothing about any other app.
    """

    environment: DokkuEnvironment
    engine: Engine
    app_state: Callable[[str], AppState]
    visible: Container[str] | None = None

    def examine(self, apps: Collection[str]) -> tuple[VolumeFinding, ...]:
        """Examine all of them, in the engine's order.

        ``apps`` are all of the server, ghosts too. Raises Unknown when the engine does not list its volumes.
        """
        keys = host_settings.pack_keys(self.environment, os.environ)
        found = ownership.find(self.engine.volumes(), apps, keys)
        return self._judge(found, anew=False) if found else ()

    def examine_again(self, finding: VolumeFinding, apps: Collection[str]) -> VolumeFinding | None:
        """Examine one of them anew, for right before its removal; None when it is gone, or another one by now."""
        found = storage.inspect_volume(self.engine, finding.name)
        if found is None or not ownership.is_same(finding.volume, found):
            return None
        # By its name it is a cache volume still; whose, and whether that is proven, is found out again.
        volumes = ownership.find([found], apps, host_settings.pack_keys(self.environment, os.environ))
        return replace(self._judge(volumes, anew=True)[0], size_bytes=finding.size_bytes)

    def _judge(self, volumes: Collection[CacheVolume], *, anew: bool) -> tuple[VolumeFinding, ...]:
        states = {app: self.app_state(app) for app in sorted({volume.app for volume in volumes if volume.app})}
        mentions = references_to_volumes(self.environment, {volume.name for volume in volumes}, self.visible)
        users, trouble = self._users(anew=anew)
        try:
            for name, services in services_of_volumes(self.engine, anew=anew).items():
                mounted = tuple(f"Swarm service {service} mounts it" for service in services)
                mentions.by_name[name] = (*mounted, *mentions.by_name.get(name, ()))
        except Unknown as error:
            trouble = tuple(dict.fromkeys((*trouble, str(error))))
        gone = frozenset(app for app, state in states.items() if state is not AppState.PRESENT)
        life, unknown = self._life(gone, anew=anew) if gone else ({}, ())
        known = VolumeFacts(
            None,
            unknown=(*trouble, *unknown, *mentions.unknown),
            min_age_seconds=policy.min_age_seconds(self.environment, policy.GLOBAL),
        )
        now = datetime.now(timezone.utc)
        destroyed = _destroyed(self.environment) if gone else {}
        return tuple(
            VolumeFinding(
                volume,
                states.get(volume.app),
                judge(volume, replace(facts, destroyed=destroyed.get(volume.app)), now),
            )
            for volume in volumes
            for facts in [_facts(volume, states.get(volume.app), known, users, mentions, life)]
        )

    def _users(self, *, anew: bool) -> tuple[Mapping[str, tuple[str, ...]] | None, tuple[str, ...]]:
        try:
            return users_of_volumes(self.engine, anew=anew, visible=self.visible), ()
        except Unknown as error:
            return None, (str(error),)

    def _life(self, apps: frozenset[str], *, anew: bool) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
        """Look for containers and images of apps that Dokku does not list, as another Dokku's on this engine."""
        try:
            signs = signs_in_docker(self.engine, recheck=anew)
        except Unknown as error:
            return {}, (str(error),)
        return {app: signs.get(app, ()) for app in apps}, ()


def _facts(
    volume: CacheVolume,
    app_state: AppState | None,
    known: VolumeFacts,
    users: Mapping[str, tuple[str, ...]] | None,
    mentions: VolumeReferences,
    life: Mapping[str, tuple[str, ...]],
) -> VolumeFacts:
    return replace(
        known,
        app_state=app_state,
        containers=None if users is None else users.get(volume.name, ()),
        named_by=mentions.by_name.get(volume.name, ()),
        life=life.get(volume.app, ()),
    )


def _destroyed(environment: DokkuEnvironment) -> dict[str, datetime]:
    """Give when each app was last destroyed or renamed. A history that cannot be read gives nothing."""
    found: dict[str, datetime] = {}
    with contextlib.suppress(CacheError):
        for record in history.read(environment).records:
            with contextlib.suppress(ValueError):
                if record.ends_app:
                    found[record.app] = datetime.fromisoformat(record.at)
    return {app: at for app, at in found.items() if at.tzinfo}
