"""Walking over one legacy cache for a person who waits: with progress, and a warning where the size stays unknown."""

import time
from collections.abc import Iterable
from dataclasses import replace

from dokku_cache.dokku import policy
from dokku_cache.errors import CacheError
from dokku_cache.legacy.plan import Finding, candidates
from dokku_cache.legacy.sighting import CACHE_NAME
from dokku_cache.legacy.state import Mode
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.walking import total, walk_sighting
from dokku_cache.tree.measurement import Measurement, Tick

#: A finding that a walk has completed, and its size; None when that cannot be known.
Measured = tuple[Finding, Measurement | None]


def measure_finding(
    surveyor: Surveyor, finding: Finding, watcher: Watcher, console: Console, until: float | None = None
) -> Measured:
    """Walk over what was found of an app, and judge it by that; warn when its size cannot be known.

    ``until``: give up then (time.monotonic), without a warning: the caller knows.
    """
    if not finding.sighting.entries and not finding.sighting.real_path:
        return finding, None if finding.sighting.fault else Measurement()
    tick = _in_time(watcher.measuring(finding.app), until)
    try:
        helper, readers = surveyor.helper(finding.app), policy.readers(surveyor.environment)
        walks = walk_sighting(surveyor.environment.root, finding.sighting, helper, tick, readers)
        walk = walks.get(CACHE_NAME)
        return (surveyor.complete(finding, walk) if walk else finding), total(walks)
    except _TooLong:
        return _as_far_as_seen(finding), None
    except CacheError as error:
        watcher.end()
        console.warn(f"The size of the legacy cache of {finding.app} is unknown: {error}", error.hint)
        return _as_far_as_seen(finding), None
    finally:
        watcher.end()


class _TooLong(Exception):
    """The time for a walk is over."""


def _in_time(tick: Tick, until: float | None) -> Tick:
    def counted(entries: int, size_bytes: int) -> None:
        if until is not None and time.monotonic() > until:
            raise _TooLong
        tick(entries, size_bytes)

    return counted


def _as_far_as_seen(finding: Finding) -> Finding:
    """Say of a judgement that rests on a quick look alone that it does: nothing goes for it."""
    if finding.cache.is_final:
        return finding
    reason = f"{finding.cache.reason}, as far as could be looked: not all of it was"
    return replace(finding, cache=replace(finding.cache, reason=reason))


def measure_candidates(
    surveyor: Surveyor, findings: Iterable[Finding], mode: Mode, console: Console, limit_seconds: float | None = None
) -> tuple[Measured, ...]:
    """Do that for what might go, and give the others as they are: nobody walks over what stays anyway.

    ``limit_seconds``: for all together, where somebody waits who did not ask for it.
    """
    until = None if limit_seconds is None else time.monotonic() + limit_seconds
    with Watcher(console) as watcher:
        measured = tuple(
            measure_finding(surveyor, finding, watcher, console, until)
            if candidates(finding, mode)
            else (finding, None)
            for finding in findings
        )
    if until is not None and time.monotonic() > until:
        console.warn("Not every legacy cache was measured: it takes too long here", "'dokku cache:list' does it")
    return measured
