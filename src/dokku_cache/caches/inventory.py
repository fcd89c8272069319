"""Every build cache of a server as one kind of thing, and what is worth knowing about all of them together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from dokku_cache.dokku.apps import AppState
from dokku_cache.dokku.host_settings import DailyPrune
from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.finding import Finding
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import Request, State
from dokku_cache.output import text
from dokku_cache.rules.removal import decide
from dokku_cache.survey.disks import Disk
from dokku_cache.tree.scan import Scan
from dokku_cache.volumes.plan import VolumeFinding
from dokku_cache.volumes.state import PURGE_ORPHANED, command


class Kind(Enum):
    """Where a cache comes from.

    ``BUILDKIT`` is one that runs as a container, ``ENGINE`` the Docker engine's own, of which a server has one.
    """

    LEGACY = "legacy"
    HEROKUISH = "herokuish"
    PACK = "pack"
    BUILDKIT = "buildkit"
    ENGINE = "engine"


class Order(Enum):
    """What the caches are sorted by."""

    SIZE = "size"
    APP = "app"
    MODIFIED = "modified"


@dataclass(frozen=True)
class Cache:
    """A legacy directory, a cache volume, or what BuildKit keeps its cache in.

    ``location`` is the directory's path or the volume's name. ``app`` is empty, and ``app_state`` None, where
    nothing tells whose it is; ``matched_by`` is ``directory``, a value of Match, or empty. ``state`` is a value of
    State or of VolumeState. ``action`` is the command that removes it, or empty. ``size_bytes``, ``files`` and
    ``last_modified`` are None where they are not known. ``is_purgeable``: ``cache:purge-legacy --all`` would remove
    it. ``reason_code`` is the reason for a program.
    """

    kind: Kind
    location: str
    app: str
    app_state: AppState | None
    matched_by: str
    state: str
    reason: str
    action: str = ""
    size_bytes: int | None = None
    files: int | None = None
    last_modified: datetime | None = None
    is_purgeable: bool = False
    reason_code: ReasonCode | None = None


@dataclass(frozen=True)
class Sum:
    """Sizes added up: ``size_bytes`` is a lower bound where it is not ``is_complete``."""

    caches: int
    size_bytes: int
    is_complete: bool


@dataclass(frozen=True)
class Inventory:
    """What ``cache:list`` shows.

    ``build_cache`` and ``daily_prune`` are None when they were not asked for, ``build_cache`` also when the engine
    did not tell. ``unknown`` are sentences on what could not be found out. ``hides_others``: the calling user may not
    see every app, so what belongs to others, or to nobody, is left out. ``disks`` are the file systems that
    hold caches. ``kinds`` are those that were asked for, ``app`` is the one that was, or empty.
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


def of_finding(finding: Finding, scan: Scan | None) -> Cache:
    """Make a cache of a legacy directory that is there. ``scan`` is None when its size is not known."""
    verdict = finding.verdict
    is_purgeable = bool(decide(finding, Request()).targets)
    return Cache(
        Kind.LEGACY,
        finding.location.path,
        finding.app,
        AppState.GHOST if finding.is_ghost else AppState.PRESENT,
        "directory",
        verdict.state.value,
        verdict.reason,
        f"dokku cache:purge-legacy {finding.app}" if is_purgeable else "",
        scan.size_bytes if scan else None,
        scan.files if scan else None,
        text.moment(scan.newest_mtime) if scan else None,
        is_purgeable,
        verdict.code,
    )


def of_directory_without_app(path: str, name: str, scan: Scan | None) -> Cache:
    """Make a cache of a directory whose name is none that Dokku lets an app have: nothing removes it."""
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


def of_volume(finding: VolumeFinding) -> Cache:
    """Make a cache of a volume."""
    volume, verdict = finding.volume, finding.verdict
    return Cache(
        Kind(volume.builder.value),
        volume.name,
        volume.app,
        finding.app_state,
        volume.match.value,
        verdict.state.value,
        verdict.reason,
        command(volume, verdict.state),
        finding.size_bytes,
        reason_code=verdict.code,
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
