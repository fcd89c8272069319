"""The build caches of a server as they are listed, and their totals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from dokku_cache.dokku.host_settings import DailyPrune
from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.cache import Cache, Kind
from dokku_cache.model.finding import Finding
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import Request, State
from dokku_cache.output import text
from dokku_cache.rules.removal import decide
from dokku_cache.rules.volumes import PURGE_ORPHANED, command
from dokku_cache.survey.disks import Disk
from dokku_cache.tree.scan import Scan


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
        """All that is listed, the engine's build cache included where there is anything in it."""
        listed = _sum(self.caches)
        engine = self.build_cache
        return Sum(
            listed.caches + bool(engine and engine.records),
            listed.size_bytes + (engine.size_bytes if engine else 0),
            is_complete=listed.is_complete and not self.unknown,
        )

    @property
    def purgeable(self) -> Sum | None:
        """What ``cache:purge-legacy --all`` would remove of it; None where legacy caches were not asked for."""
        return _sum([cache for cache in self.caches if cache.is_purgeable]) if Kind.LEGACY in self.kinds else None

    @property
    def orphaned_volumes(self) -> Sum:
        """What ``cache:purge-volumes --orphaned`` would remove of it."""
        return _sum([cache for cache in self.caches if cache.action == PURGE_ORPHANED])


def _sum(caches: Sequence[Cache]) -> Sum:
    known = [cache.size_bytes for cache in caches if cache.size_bytes is not None]
    return Sum(len(caches), sum(known), is_complete=len(known) == len(caches))


def listed(finding: Finding) -> Cache:
    """Give a cache that exists as it is listed."""
    verdict, volume, size = finding.verdict, finding.volume, finding.size
    is_purgeable = volume is None and decide(finding, Request()).is_removal
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


def of_directory_without_app(path: str, name: str, scan: Scan | None) -> Cache:
    """Give a directory that has no valid app name as it is listed: no command removes it."""
    return Cache(
        Kind.LEGACY,
        path,
        "",
        None,
        "",
        State.UNVERIFIED.value,
        f'"{name}" is not a valid app name. Inspect this directory manually',
        "",
        scan.size_bytes if scan else None,
        scan.files if scan else None,
        text.moment(scan.newest_mtime) if scan else None,
        reason_code=ReasonCode.INVALID_APP_NAME,
    )


def sort(caches: Sequence[Cache], order: Order) -> tuple[Cache, ...]:
    """Sort: the biggest first, by app, or what was modified longest ago first. What is not known comes last."""
    keys: dict[Order, Callable[[Cache], tuple[object, ...]]] = {
        Order.SIZE: lambda cache: (cache.size_bytes is None, -(cache.size_bytes or 0)),
        Order.APP: lambda cache: (not cache.app,),
        Order.MODIFIED: lambda cache: (
            cache.last_modified is None,
            cache.last_modified.timestamp() if cache.last_modified else 0,
        ),
    }
    first = keys[order]
    return tuple(sorted(caches, key=lambda cache: (*first(cache), cache.app, cache.kind.value, cache.location)))
