"""Judging legacy caches by the evidence about them."""

import os
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dokku_cache.dokku import policy, version
from dokku_cache.dokku.apps import AppState
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.errors import Unestablished
from dokku_cache.evidence import place, quiet, writer
from dokku_cache.legacy.classify import DokkuVersion, classify_cache, classify_trash, classify_without_evidence
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.proof import Evidence, Life, Usage
from dokku_cache.legacy.sighting import Sighting, look, look_at_app
from dokku_cache.legacy.state import State, Verdict
from dokku_cache.sources.references import collect_mounting
from dokku_cache.survey import facts
from dokku_cache.survey.facts import Facts, location_of, usage_of
from dokku_cache.tree.contents import Inside, Walk
from dokku_cache.tree.handles import AppDirectory, Identity
from dokku_cache.tree.mounts import Mount, read_mounts


@dataclass(frozen=True)
class Surveyor:
    """Finds out the state of legacy caches on one server."""

    environment: DokkuEnvironment
    engine: Engine

    def helper(self, app: str) -> Helper:
        """Give who looks where user dokku may not."""
        return Helper(self.engine, app, self.environment.root, self.environment.host_root)

    def survey(self, apps: Iterable[str]) -> tuple[Finding, ...]:
        """Examine the caches of several apps, in their order, by a quick look; ``complete`` does the rest.

        The engine is asked once for all of them, and not at all when no app has a cache; Dokku's triggers are
        asked only about apps that have one, several at a time. Raises Unestablished when the table of mounts
        cannot be read, and CacheError when a property cannot be.
        """
        mounts = _mounts()
        return self._judge([look_at_app(self.environment.root, app, mounts) for app in apps], anew=False)

    def app_state(self, app: str, listed: Collection[str]) -> AppState:
        """Tell what became of an app. ``listed`` are all that Dokku lists. Raises as ``survey`` does.

        A directory that is there without being listed is a sign of life: a list may be cut short.
        """
        if app not in listed:
            is_there = os.path.lexists(os.path.join(self.environment.root, app))
            return AppState.PRESENT if is_there else AppState.GONE
        # Whether something is mounted in it does not matter here.
        if not look_at_app(self.environment.root, app, ()).is_bare:
            return AppState.PRESENT
        return AppState.GHOST if self.survey([app])[0].is_ghost else AppState.PRESENT

    def complete(self, finding: Finding, walk: Walk) -> Finding:
        """Take in what a walk over the whole cache has seen."""
        known = finding.evidence
        if known is None or walk.inside is None:
            return finding
        # The sighting may be the later look of the two.
        inside = walk.inside + (finding.sighting.inside or Inside())
        evidence = self._evidence(finding.sighting, inside, walk, known.life, known.usage, known.trash_usage)
        cache = classify_cache(finding.sighting, finding.version, evidence)
        return Finding(finding.sighting, cache, finding.trash, evidence, finding.version)

    def examine_again(self, directory: AppDirectory, walks: Mapping[Identity, Walk]) -> Finding:
        """Examine one app through its open directory, asking everybody anew: for right before a removal.

        ``walks`` are what was seen a moment ago, by what was walked over.
        """
        finding = self._judge([look(directory, _mounts())], anew=True)[0]
        cache = finding.sighting.cache
        if cache is None or cache.identity not in walks:
            return finding
        return self.complete(finding, walks[cache.identity])

    def users_after_rename(self, directory: AppDirectory) -> Usage:
        """Ask engine and kernel alone, anew: for right after the cache got another name."""
        renamed = look(directory, _mounts())
        faults = Usage(uses=tuple(entry.fault for entry in renamed.entries if entry.fault))
        return faults + usage_of(collect_mounting(self.environment, self.engine, location_of(renamed)))

    def _judge(self, sightings: list[Sighting], *, anew: bool) -> tuple[Finding, ...]:
        installed = version.read(self.environment.lib_root)
        early = {sighting.app: classify_without_evidence(sighting, installed) for sighting in sightings}
        asked = [sighting for sighting in sightings if early[sighting.app] is None or sighting.trash]
        told = facts.ask(self.environment, self.engine, asked, anew=anew) if asked else None
        findings = []
        for sighting in sightings:
            verdict = early[sighting.app]
            if told is None or (verdict is not None and not sighting.trash):
                findings.append(Finding(sighting, verdict or Verdict(State.ABSENT), version=installed))
            else:
                findings.append(self._weigh(sighting, installed, told))
        return tuple(findings)

    def _weigh(self, sighting: Sighting, installed: DokkuVersion | None, told: Facts) -> Finding:
        app, inside = sighting.app, sighting.inside or Inside(closed=1)
        usages = told.usage_of_cache(app), told.usage_of_trash(app)
        evidence = self._evidence(sighting, inside, None, told.life_of(app), *usages)
        cache = classify_cache(sighting, installed, evidence)
        return Finding(sighting, cache, classify_trash(sighting, evidence.trash_usage), evidence, installed)

    def _evidence(
        self,
        sighting: Sighting,
        inside: Inside,
        walk: Walk | None,
        life: Life,
        usage: Usage,
        trash_usage: Usage,
    ) -> Evidence:
        times = (inside.newest, walk.measured.written if walk else None)
        newest = max((time for time in times if time is not None), default=None)
        min_age_seconds = policy.min_age_seconds(self.environment, sighting.app)
        return Evidence(
            place=place.judge(sighting, inside, life),
            writer=writer.judge(inside, self.environment.system_user),
            quiet=quiet.judge(newest, time.time(), min_age_seconds, is_walked=walk is not None),
            usage=usage,
            trash_usage=trash_usage,
            is_ghost=place.is_ghost(sighting, life),
            life=life,
        )


def _mounts() -> tuple[Mount, ...]:
    try:
        return read_mounts()
    except (OSError, ValueError) as error:
        raise Unestablished(
            f"the kernel's table of mounts cannot be read ({error})", "report this as a defect"
        ) from error
