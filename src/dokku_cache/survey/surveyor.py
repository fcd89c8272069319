"""Collecting the facts about legacy caches, and classifying them."""

import os
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from dokku_cache.dokku import apps, files, policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.cache import AppState
from dokku_cache.model.errors import Unknown
from dokku_cache.model.finding import Facts, Finding
from dokku_cache.model.location import Location, Reference, References
from dokku_cache.model.scan import Scan
from dokku_cache.model.state import ReasonCode
from dokku_cache.rules.verification import classify, is_decided_early
from dokku_cache.survey import app_directory
from dokku_cache.survey.references import Collected, collect, collect_life, collect_mounting
from dokku_cache.tree.handles import AppDirectory
from dokku_cache.tree.mounts import Mount, read_mounts


@dataclass(frozen=True)
class Surveyor:
    """Collects the facts about legacy caches of one server.

    ``visible``: the apps that the caller may see, None for all. Reasons say nothing about any other app.
    """

    environment: DokkuEnvironment
    engine: Engine
    visible: frozenset[str] | None = None

    def helper(self, app: str) -> Helper:
        """Return the helper that reads what the dokku user may not."""
        return Helper(self.engine, app, self.environment.root, self.environment.host_root)

    def survey(self, names: Iterable[str], *, is_rechecked: bool = False) -> tuple[Finding, ...]:
        """Classify the caches of several apps, in their order, by everything but a scan; see ``with_scan``.

        Docker is asked once for all of them, and not at all when no app has a cache. Dokku's triggers, which take
        0.3 s, are fired for a single cache, unless a recheck follows (``is_rechecked``). Raises Unknown when the
        table of mounts cannot be read, and CacheError when a property cannot be.
        """
        mounts = _mounts()
        locations = [app_directory.read_app(self.environment.root, app, mounts) for app in names]
        return self._classify(locations, is_rechecked=is_rechecked)

    def app_state(self, app: str, listed: Collection[str]) -> AppState:
        """Return the state of an app. ``listed`` are all apps that Dokku lists. Raises as ``survey`` does.

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

    def uses_after_rename(self, directory: AppDirectory) -> References:
        """Ask Docker and the kernel again, right after the cache was renamed."""
        renamed = app_directory.read(directory, _mounts())
        faults = tuple(
            Reference(entry.fault_code or ReasonCode.MOUNTED_ELSEWHERE, entry.fault)
            for entry in renamed.entries
            if entry.fault
        )
        return References(faults) + self._seen(collect_mounting(self.environment, self.engine, renamed))

    def _classify(
        self, locations: list[Location], *, recheck: bool = False, is_rechecked: bool = False
    ) -> tuple[Finding, ...]:
        installed = files.dokku_version(self.environment.lib_root)
        known = [Facts(location, installed, now=clock()) for location in locations]
        asked = [one.location for one in known if one.location.trash or not is_decided_early(one)]
        if not asked:
            return tuple(classify(one) for one in known)
        asks_triggers = len(asked) == 1 and not is_rechecked
        collected = collect(self.environment, self.engine, asked, recheck=recheck, asks_triggers=asks_triggers)
        bare = [location.app for location in asked if location.is_bare]
        life = collect_life(self.environment, self.engine, bare, recheck=recheck) if bare else {}
        return tuple(
            classify(self._complete(one, collected, life) if one.location in asked else one) for one in known
        )

    def _complete(self, known: Facts, collected: Collected, life: Mapping[str, References]) -> Facts:
        app = known.location.app
        return replace(
            known,
            references=self._seen(collected.cache[app]),
            trash_references=self._seen(collected.rest[app]),
            life=life[app] if known.location.is_bare else None,
            accounts=app_directory.read_accounts(self.environment.system_user),
            min_age_seconds=policy.min_age_seconds(self.environment, app),
        )

    def _seen(self, references: References) -> References:
        seen = references if self.visible is None else references.seen_by(self.visible)
        return references if seen == references or self._sees_every_app else seen

    @cached_property
    def _sees_every_app(self) -> bool:
        # Containers of another Dokku have apps that are not listed here, which is no reason to hide them.
        return self.visible is None or frozenset(apps.every()) <= self.visible


def with_scan(finding: Finding, scan: Scan) -> Finding:
    """Classify a cache again, by a scan of all of it."""
    return classify(replace(finding.facts, scan=scan))


def clock() -> float:
    """Return the time in seconds since the epoch."""
    return time.time()


def _mounts() -> tuple[Mount, ...]:
    try:
        return read_mounts()
    except (OSError, ValueError) as error:
        raise Unknown(f"the kernel's table of mounts cannot be read ({error})", "report this as a bug") from error
