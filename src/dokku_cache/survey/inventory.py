"""The build caches of a server: collecting them, as they are listed, and their totals."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TypeVar

from dokku_cache.dokku import apps, files, host_settings
from dokku_cache.dokku.host_settings import DailyPrune
from dokku_cache.engine import storage
from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.cache import Cache, Kind
from dokku_cache.model.errors import INVALID_APP_NAME, AppNotFound, CacheError, Unknown
from dokku_cache.model.finding import Finding
from dokku_cache.model.location import CACHE_NAME
from dokku_cache.model.state import Initiator, ReasonCode, Request, State
from dokku_cache.output import text
from dokku_cache.output.progress import Watcher
from dokku_cache.rules.removal import decide
from dokku_cache.rules.volumes import command
from dokku_cache.survey import buildkit, disks
from dokku_cache.survey.app_directory import is_directory
from dokku_cache.survey.context import Context
from dokku_cache.survey.disks import Disk
from dokku_cache.survey.scanning import measure_finding, scan_path
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.volumes import survey_volumes, with_size

Answer = TypeVar("Answer")


class Order(Enum):
    """What the caches are sorted by."""

    SIZE = "size"
    APP = "app"
    MODIFIED = "modified"


@dataclass(frozen=True)
class Sum:
    """Sizes added up: ``size_bytes`` is a lower bound where it is not ``is_complete``."""

    caches: int
    size_bytes: int
    is_complete: bool


@dataclass(frozen=True)
class Inventory:
    """What ``cache:list`` shows.

    ``build_cache`` and ``daily_prune`` are None when they were not requested, ``build_cache`` also when Docker did
    not respond. ``unknown`` are sentences on what could not be read. ``hides_others``: the calling user may not see
    every app, so caches of others are left out. ``disks`` are the file systems that hold caches. ``kinds`` and
    ``app`` are what was requested; ``app`` is empty for all.
    """

    caches: tuple[Cache, ...] = ()
    build_cache: BuildCache | None = None
    daily_prune: DailyPrune | None = None
    unknown: tuple[str, ...] = ()
    hides_others: bool = False
    disks: tuple[Disk, ...] = ()
    kinds: frozenset[Kind] = frozenset(Kind)
    app: str = ""

    @property
    def total(self) -> Sum:
        """All that is listed, with Docker's own build cache if it is not empty."""
        listed = _sum(self.caches)
        engine = self.build_cache
        return Sum(
            listed.caches + bool(engine and engine.records),
            listed.size_bytes + (engine.size_bytes if engine else 0),
            is_complete=listed.is_complete and not self.unknown,
        )

    @property
    def purgeable(self) -> Sum | None:
        """What ``cache:purge-legacy --all`` would remove; None if legacy caches were not requested."""
        return _sum([cache for cache in self.caches if cache.is_purgeable]) if Kind.LEGACY in self.kinds else None


def _sum(caches: Sequence[Cache]) -> Sum:
    known = [cache.size_bytes for cache in caches if cache.size_bytes is not None]
    return Sum(len(caches), sum(known), is_complete=len(known) == len(caches))


def listed(finding: Finding) -> Cache:
    """Give a cache that exists as it is listed."""
    verdict, volume, size = finding.verdict, finding.volume, finding.size
    is_purgeable = volume is None and decide(finding, Request(Initiator.MANUAL)).is_removal
    action = f"dokku cache:purge-legacy {finding.app}" if is_purgeable else ""
    return Cache(
        finding.kind,
        finding.location.path,
        finding.app,
        finding.app_state,
        volume.match.value if volume else "directory",
        verdict.state.value,
        verdict.reason,
        command(volume, verdict.state) if volume else action,
        size.size_bytes if size else None,
        size.files if size and volume is None else None,
        text.moment(size.newest_mtime) if size else None,
        is_purgeable,
        verdict.code,
    )


def sort(caches: Sequence[Cache], order: Order) -> tuple[Cache, ...]:
    """Sort by size (largest first), by app, or by time (oldest first). Unknown values come last."""

    def key(cache: Cache) -> tuple[object, ...]:
        size, modified = cache.size_bytes, cache.last_modified
        first: tuple[object, ...] = (not cache.app,)
        if order is Order.SIZE:
            first = (size is None, -(size or 0))
        elif order is Order.MODIFIED:
            first = (modified is None, modified.timestamp() if modified else 0)
        return (*first, cache.app, cache.kind.value, cache.location)

    return tuple(sorted(caches, key=key))


class Collector:
    """Collects the caches of a server, or of one ``app``, as far as the calling user may see them."""

    def __init__(self, context: Context, kinds: Collection[Kind], app: str = "") -> None:
        """List the apps. Raises CacheError for an invalid app name, and Unknown."""
        self._context = context
        self._kinds = kinds
        self._unknown: dict[str, str] = {}
        self._visible = apps.visible()
        self._surveyor = Surveyor(context.environment, context.engine, frozenset(self._visible))
        self._every = frozenset(apps.every())
        # A cache without an app could be another user's.
        self._sees_all = self._every <= frozenset(self._visible)
        self._app = app
        if app and not apps.is_valid(app):
            raise CacheError(INVALID_APP_NAME)
        # Docker's own caches belong to no app.
        asks_docker = self._sees_all and not app
        self._asks_engine = asks_docker and Kind.ENGINE in kinds
        self._asks_buildkit = asks_docker and Kind.BUILDKIT in kinds

    def take(self, watcher: Watcher) -> Inventory:
        """Measure all caches of the requested kinds.

        Raises Unknown when the table of mounts cannot be read, and AppNotFound if neither the app nor a volume of it
        exists. Other sources that cannot be read are a warning, and their figures are unknown.
        """
        directories = self._directories(watcher) if Kind.LEGACY in self._kinds else []
        volumes = self._volumes()
        if self._app and not volumes and self._app not in self._visible:
            raise AppNotFound(self._app)
        usage = None
        if volumes or self._asks_engine or self._buildkit({}):
            watcher.asking("Measuring volumes (by Docker)")
            usage = self._ask(lambda: storage.disk_usage(self._context.engine))
            watcher.end()
        sizes = usage.volume_bytes if usage else {}
        found = (*directories, *(listed(with_size(one, sizes)) for one in volumes), *self._buildkit(sizes))
        for cause, hint in self._unknown.items():
            self._context.console.warn(cause, hint)
        environment = self._context.environment
        installed = files.dokku_version(environment.lib_root)
        return Inventory(
            caches=found,
            build_cache=usage.build_cache if usage and self._asks_engine else None,
            daily_prune=host_settings.daily_prune(installed) if self._asks_engine else None,
            unknown=tuple(self._unknown),
            hides_others=not self._sees_all and not self._app,
            kinds=frozenset(self._kinds),
            app=self._app,
            disks=disks.read(environment, self._visible, self._context.engine),
        )

    def _directories(self, watcher: Watcher) -> list[Cache]:
        measured = [
            measure_finding(self._surveyor, finding, watcher, self._context.console)
            for finding in self._surveyor.survey([app for app in self._visible if self._app in {"", app}])
            if finding.verdict.state is not State.ABSENT
        ]
        others = self._without_app() if self._sees_all and not self._app else []
        return [*map(listed, measured), *others]

    def _without_app(self) -> Iterator[Cache]:
        """Give the caches in directories whose names are not valid app names: no command removes them."""
        root = self._context.environment.root
        for name in apps.directories_without_app(root):
            path = os.path.join(root, name, CACHE_NAME)
            if not is_directory(path):
                continue
            scan = self._ask(partial(scan_path, path))
            yield Cache(
                Kind.LEGACY,
                path,
                state=State.UNVERIFIED.value,
                reason=f'"{name}" is not a valid app name. Inspect this directory manually',
                size_bytes=scan.size_bytes if scan else None,
                files=scan.files if scan else None,
                last_modified=text.moment(scan.newest_mtime) if scan else None,
                reason_code=ReasonCode.INVALID_APP_NAME,
            )

    def _volumes(self) -> list[Finding]:
        if not any(kind.is_volume for kind in self._kinds):
            return []
        return [
            found
            for found in self._ask(lambda: survey_volumes(self._surveyor, self._every)) or ()
            if found.kind in self._kinds
            and (self._sees_all or found.app in self._visible)
            and self._app in {"", found.app}
        ]

    def _buildkit(self, sizes: Mapping[str, int]) -> tuple[Cache, ...]:
        """Give BuildKit's caches, if they are requested and Docker lists all containers and volumes."""
        if not self._asks_buildkit:
            return ()
        engine = self._context.engine
        return self._ask(lambda: buildkit.find(engine.containers(), engine.volumes(), sizes)) or ()

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except Unknown as error:
            self._unknown[str(error)] = error.hint
            return None
