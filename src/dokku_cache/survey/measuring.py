"""Walking over one legacy cache for a person who waits: with progress, and a warning where the size stays unknown."""

from collections.abc import Iterable
from dataclasses import replace

from dokku_cache.errors import CacheError
from dokku_cache.legacy.plan import Finding, candidates
from dokku_cache.legacy.sighting import CACHE_NAME
from dokku_cache.legacy.state import Mode
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.walking import total, walk_sighting
from dokku_cache.tree.measurement import Measurement

#: A finding that a walk has completed, and its size; None when that cannot be known.
Measured = tuple[Finding, Measurement | None]


def measure_finding(surveyor: Surveyor, finding: Finding, watcher: Watcher, console: Console) -> Measured:
    """Walk over what was found of an app, and judge it by that; warn when its size cannot be known."""
    if not finding.sighting.entries and not finding.sighting.real_path:
        return finding, None if finding.sighting.fault else Measurement()
    tick = watcher.measuring(finding.app)
    try:
        walks = walk_sighting(surveyor.environment.root, finding.sighting, surveyor.helper(finding.app), tick)
        walk = walks.get(CACHE_NAME)
        return (surveyor.complete(finding, walk) if walk else finding), total(walks)
    except CacheError as error:
        watcher.end()
        console.warn(f"The size of the legacy cache of {finding.app} is unknown: {error}", error.hint)
        return _as_far_as_seen(finding), None
    finally:
        watcher.end()


def _as_far_as_seen(finding: Finding) -> Finding:
    """Say of a judgement that rests on a quick look alone that it does: nothing goes for it."""
    if finding.cache.is_final:
        return finding
    reason = f"{finding.cache.reason}, as far as could be looked: not all of it was"
    return replace(finding, cache=replace(finding.cache, reason=reason))


def measure_candidates(
    surveyor: Surveyor, findings: Iterable[Finding], mode: Mode, console: Console
) -> tuple[Measured, ...]:
    """Do that for what might go, and give the others as they are: nobody walks over what stays anyway."""
    with Watcher(console) as watcher:
        return tuple(
            measure_finding(surveyor, finding, watcher, console) if candidates(finding, mode) else (finding, None)
            for finding in findings
        )
