"""Collecting the facts about legacy caches, and classifying them."""

import os
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from dokku_cache.dokku import policy, version
from dokku_cache.dokku.apps import AppState
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import usage as engine_usage
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.errors import Unestablished
from dokku_cache.evidence.paths import CachePaths
from dokku_cache.model.finding import Facts, Finding
from dokku_cache.model.location import Location
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.references import Reference, References
from dokku_cache.rules.verification import classify, early_verdict
from dokku_cache.sources import accounts, app_directory
from dokku_cache.survey import facts
from dokku_cache.tree.handles import AppDirectory
from dokku_cache.tree.mounts import Mount, read_mounts
from dokku_cache.tree.scan import Scan


@dataclass(frozen=True)
class Surveyor:
    """Collects the facts about legacy caches of one server."""

    environment: DokkuEnvironment
    engine: Engine

    def helper(self, app: str) -> Helper:
        """Give the helper that reads what user dokku may not."""
        return Helper(self.engine, app, self.environment.root, self.environment.host_root)

    def survey(self, apps: Iterable[str]) -> tuple[Finding, ...]:
        """Classify the caches of several apps, in their order, by everything but a scan; see ``with_scan``.

        Docker is asked once for all of them, and not at all when no app has a cache. Raises Unestablished when the
        table of mounts cannot be read, and CacheError when a property cannot be.
        """
        mounts = _mounts()
        return self._classify([app_directory.read_app(self.environment.root, app, mounts) for app in apps])

    def app_state(self, app: str, listed: Collection[str]) -> AppState:
        """Give the state of an app. ``listed`` are all apps that Dokku lists. Raises as ``survey`` does.

        A directory that exists without being listed is a sign of life: a list may be cut.
        """
        if app not in listed:
            is_there = os.path.lexists(os.path.join(self.environment.root, app))
            return AppState.PRESENT if is_there else AppState.GONE
        # Mounts do not matter here.
        if not app_directory.read_app(self.environment.root, app, ()).is_bare:
            return AppState.PRESENT
        return AppState.GHOST if self.survey([app])[0].is_ghost else AppState.PRESENT

    def recheck(self, directory: AppDirectory) -> Finding:
        """Collect all facts about one app again, through its open directory: right before a removal."""
        return self._classify([app_directory.read(directory, _mounts())], recheck=True)[0]

    def uses_after_rename(self, directory: AppDirectory, location: Location) -> References:
        """Ask Docker and the kernel again, right after the cache was renamed."""
        renamed = app_directory.read(directory, _mounts())
        faults = tuple(reason for entry in renamed.entries if (reason := entry.fault or entry.mounted_as))
        by_kernel = References(tuple(Reference(ReasonCode.MOUNTED_ELSEWHERE, fault) for fault in faults))
        paths = CachePaths([location], self.environment.root, self.environment.host_root)
        return by_kernel + facts.references(engine_usage.ask(self.engine, paths, anew=True).of_cache(location.app))

    def _classify(self, locations: list[Location], *, recheck: bool = False) -> tuple[Finding, ...]:
        installed = version.read(self.environment.lib_root)
        known = [Facts(location, installed, now=clock()) for location in locations]
        asked = [one.location for one in known if early_verdict(one) is None or one.location.trash]
        judged = [one.location for one in known if early_verdict(one) is None]
        told = facts.ask(self.environment, self.engine, asked, judged, anew=recheck) if asked else None
        return tuple(classify(self._complete(one, told)) for one in known)

    def _complete(self, known: Facts, told: facts.Collected | None) -> Facts:
        app = known.location.app
        if told is None:
            return known
        if known.location.trash:
            known = replace(known, trash_references=told.of_trash(app))
        if early_verdict(known) is not None:
            return known
        return replace(
            known,
            references=told.of_cache(app),
            life=told.life_of(app),
            accounts=accounts.read(self.environment.system_user),
            min_age_seconds=policy.min_age_seconds(self.environment, app),
        )


def with_scan(finding: Finding, scan: Scan) -> Finding:
    """Classify a cache again, by a scan of all of it."""
    return classify(replace(finding.facts, scan=scan))


def clock() -> float:
    """Give the time in seconds since the epoch."""
    return time.time()


def _mounts() -> tuple[Mount, ...]:
    try:
        return read_mounts()
    except (OSError, ValueError) as error:
        raise Unestablished(
            f"the kernel's table of mounts cannot be read ({error})", "report this as a defect"
        ) from error
