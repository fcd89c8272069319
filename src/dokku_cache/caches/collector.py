"""Gathering what ``cache:list`` shows: each source is asked once, whatever the number of apps."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from dokku_cache.caches import buildkit, inventory
from dokku_cache.caches.inventory import Inventory
from dokku_cache.context import Context
from dokku_cache.dokku import apps, files, host_settings
from dokku_cache.engine import storage
from dokku_cache.engine.storage import DiskUsage
from dokku_cache.errors import AppNotFound, InvalidAppName, Unknown
from dokku_cache.model.cache import Cache, Kind
from dokku_cache.model.finding import Finding
from dokku_cache.model.location import CACHE_NAME
from dokku_cache.model.state import State
from dokku_cache.output.progress import Watcher
from dokku_cache.sources.app_directory import is_directory
from dokku_cache.survey import disks
from dokku_cache.survey.scanning import measure_finding, scan_path
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.volumes.examiner import Examiner, with_size

Answer = TypeVar("Answer")


class Collector:
    """Takes the inventory of a server, or of one ``app``, as far as the calling user may see it."""

    def __init__(self, context: Context, kinds: Collection[Kind], app: str = "") -> None:
        """Ask for the apps. Raises InvalidAppName for what can be no app's name, and Unknown."""
        self._context = context
        self._kinds = kinds
        self._unknown: dict[str, str] = {}
        self._visible = context.visible_apps()
        self._surveyor = Surveyor(context.environment, context.engine, frozenset(self._visible))
        self._every = frozenset(apps.every())
        # What belongs to no app that this user may see could be another user's.
        self._sees_all = self._every <= frozenset(self._visible)
        self._app = app
        if app and not apps.is_valid(app):
            raise InvalidAppName
        # What Docker itself keeps is no app's.
        self._asks_engine, self._asks_buildkit = (
            self._sees_all and not app and kind in kinds for kind in (Kind.ENGINE, Kind.BUILDKIT)
        )

    def take(self, watcher: Watcher) -> Inventory:
        """Measure everything of the wanted kinds.

        Raises Unknown when the table of mounts cannot be read, and AppNotFound where there is no such app, nor
        anything of one that is gone. What else does not answer is warned about, and its figures are left unknown.
        """
        directories = self._directories(watcher) if Kind.LEGACY in self._kinds else []
        volumes = self._volumes()
        if self._app and not volumes and self._app not in self._visible:
            raise AppNotFound(self._app)
        has_sizes = volumes or self._asks_engine or (self._asks_buildkit and self._buildkit({}))
        usage = self._disk_usage(watcher) if has_sizes else None
        sizes = usage.volume_bytes if usage else {}
        built = self._buildkit(sizes) if self._asks_buildkit else ()
        examined = [inventory.listed(with_size(found, sizes)) for found in volumes]
        for cause, hint in self._unknown.items():
            self._context.console.warn(cause, hint)
        environment = self._context.environment
        return Inventory(
            caches=(*directories, *examined, *built),
            build_cache=usage.build_cache if usage and self._asks_engine else None,
            daily_prune=host_settings.daily_prune(files.dokku_version(environment.lib_root))
            if self._asks_engine
            else None,
            unknown=tuple(self._unknown),
            hides_others=not self._sees_all and not self._app,
            kinds=frozenset(self._kinds),
            app=self._app,
            disks=disks.read_all(environment, self._context.engine, self._visible),
        )

    def _disk_usage(self, watcher: Watcher) -> DiskUsage | None:
        watcher.measuring("volumes (by Docker)")
        try:
            return self._ask(lambda: storage.disk_usage(self._context.engine))
        finally:
            watcher.end()

    def _directories(self, watcher: Watcher) -> list[Cache]:
        measured = [
            measure_finding(self._surveyor, finding, watcher, self._context.console)
            for finding in self._surveyor.survey([app for app in self._visible if self._app in {"", app}])
            if finding.verdict.state is not State.ABSENT
        ]
        caches = [inventory.listed(replace(finding, size=size)) for finding, size in measured]
        return caches + (self._without_app() if self._sees_all and not self._app else [])

    def _without_app(self) -> list[Cache]:
        """Look into the directories that Dokku lists as no app, as their names are none."""
        root = self._context.environment.root
        paths = {name: os.path.join(root, name, CACHE_NAME) for name in apps.directories_without_app(root)}
        return [
            inventory.of_directory_without_app(path, name, self._ask(partial(scan_path, path)))
            for name, path in paths.items()
            if is_directory(path)
        ]

    def _volumes(self) -> list[Finding]:
        if not {Kind.HEROKUISH, Kind.PACK}.intersection(self._kinds):
            return []
        environment, engine = self._context.environment, self._context.engine
        examiner = Examiner(environment, engine, self._every, frozenset(self._visible))
        return [
            found
            for found in self._ask(examiner.examine) or ()
            if found.kind in self._kinds
            and (self._sees_all or found.app in self._visible)
            and self._app in {"", found.app}
        ]

    def _buildkit(self, sizes: Mapping[str, int]) -> tuple[Cache, ...]:
        """Give BuildKit's caches; none where the engine does not tell all containers and volumes."""
        engine = self._context.engine
        return self._ask(lambda: buildkit.find(engine.containers(), engine.volumes(), sizes)) or ()

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except Unknown as error:
            self._unknown[str(error)] = error.hint
            return None
