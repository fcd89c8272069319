"""Gathering what ``cache:list`` shows: each source is asked once, whatever the number of apps."""

import os
from collections.abc import Callable, Collection
from functools import partial
from typing import TypeVar

from dokku_cache.caches import inventory
from dokku_cache.caches.inventory import Cache, Inventory, Kind
from dokku_cache.context import Context
from dokku_cache.dokku import apps, daily_prune, version
from dokku_cache.engine import disk_usage
from dokku_cache.engine.disk_usage import DiskUsage
from dokku_cache.engine.usage import containers_by_volume
from dokku_cache.errors import Unestablished
from dokku_cache.legacy.sighting import CACHE_NAME, is_directory, look_at_app
from dokku_cache.legacy.state import State
from dokku_cache.output.progress import Watcher
from dokku_cache.survey.measuring import measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.walking import measure_as_it_is
from dokku_cache.volumes import ownership
from dokku_cache.volumes.ownership import CacheVolume
from dokku_cache.volumes.state import AppState

Answer = TypeVar("Answer")


class Collector:
    """Takes the inventory of a server, as far as the calling user may see it."""

    def __init__(self, context: Context, kinds: Collection[Kind]) -> None:
        self._context = context
        self._surveyor = Surveyor(context.environment, context.engine)
        self._kinds = kinds
        self._unknown: dict[str, str] = {}
        self._visible = context.visible_apps()
        self._every = frozenset(apps.every())
        # What belongs to no app that this user may see could be another user's.
        self._sees_all = self._every <= frozenset(self._visible)

    def take(self, watcher: Watcher) -> Inventory:
        """Measure everything of the wanted kinds. Raises Unestablished when the table of mounts cannot be read.

        What else does not answer is warned about, and its figures are left unknown.
        """
        directories = self._directories(watcher) if Kind.LEGACY in self._kinds else []
        volumes = self._volumes()
        asks_engine = self._sees_all and Kind.ENGINE in self._kinds
        usage = self._disk_usage(watcher) if volumes or asks_engine else None
        examined = self._examine(volumes, usage or DiskUsage())
        for cause, hint in self._unknown.items():
            self._context.console.warn(cause, hint)
        environment = self._context.environment
        return Inventory(
            caches=(*directories, *examined),
            build_cache=usage.build_cache if usage and asks_engine else None,
            daily_prune=daily_prune.look(version.read(environment.lib_root)) if asks_engine else None,
            unknown=tuple(self._unknown),
            hides_others=not self._sees_all,
        )

    def _disk_usage(self, watcher: Watcher) -> DiskUsage | None:
        watcher.measuring("volumes, by Docker")
        try:
            return self._ask(lambda: disk_usage.ask(self._context.engine))
        finally:
            watcher.end()

    def _directories(self, watcher: Watcher) -> list[Cache]:
        findings = [
            measure_finding(self._surveyor, finding, watcher, self._context.console)
            for finding in self._surveyor.survey(self._visible)
            if finding.verdict.state is not State.ABSENT
        ]
        caches = [inventory.of_finding(*measured) for measured in findings]
        return caches + (self._without_app() if self._sees_all else [])

    def _without_app(self) -> list[Cache]:
        """Look into the directories that Dokku lists as no app, as their names are none."""
        root = self._context.environment.root
        paths = {name: os.path.join(root, name, CACHE_NAME) for name in apps.directories_without_app(root)}
        return [
            inventory.of_directory_without_app(path, name, self._ask(partial(measure_as_it_is, path)))
            for name, path in paths.items()
            if is_directory(path)
        ]

    def _volumes(self) -> list[CacheVolume]:
        if not {Kind.HEROKUISH, Kind.PACK}.intersection(self._kinds):
            return []
        listed = self._ask(self._context.engine.volumes) or []
        return [
            volume
            for volume in ownership.find(listed, self._every)
            if Kind(volume.builder.value) in self._kinds and (self._sees_all or volume.app in self._visible)
        ]

    def _examine(self, volumes: list[CacheVolume], usage: DiskUsage) -> list[Cache]:
        if not volumes:
            return []
        containers = self._ask(self._context.engine.containers)
        users = None if containers is None else containers_by_volume(containers)
        return [
            inventory.of_volume(
                volume,
                self._app_state(volume.app),
                None if users is None else users.get(volume.name, ()),
                usage.volume_bytes.get(volume.name),
            )
            for volume in volumes
        ]

    def _app_state(self, app: str) -> AppState | None:
        if not app:
            return None
        if app not in self._every:
            return AppState.GONE
        # Whether something is mounted in it does not matter here.
        if not look_at_app(self._context.environment.root, app, ()).is_bare:
            return AppState.PRESENT
        return AppState.GHOST if self._surveyor.survey([app])[0].is_ghost else AppState.PRESENT

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except Unestablished as error:
            self._unknown[str(error)] = error.hint
            return None
