"""Scanning legacy caches for a person who waits: with progress, and a warning where a size stays unknown."""

import time
from collections.abc import Iterable
from dataclasses import replace

from dokku_cache.errors import CacheError
from dokku_cache.model.finding import Finding, Verdict
from dokku_cache.model.location import CACHE_NAME
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import Request, State
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.rules.removal import candidates
from dokku_cache.survey.scanning import scan_location, total
from dokku_cache.survey.surveyor import Surveyor, with_scan
from dokku_cache.tree.program import Progress
from dokku_cache.tree.scan import Scan

#: A finding that a scan has completed, and its size; None when that cannot be determined.
Measured = tuple[Finding, Scan | None]


def measure_finding(
    surveyor: Surveyor, finding: Finding, watcher: Watcher, console: Console, until: float | None = None
) -> Measured:
    """Scan what was found of an app, and classify it by that. Warns when its size cannot be determined.

    ``until``: give up then (time.monotonic), without a warning.
    """
    location = finding.location
    if not location.entries and not location.real_path:
        return finding, None if location.fault else Scan()
    progress = _in_time(watcher.measuring(finding.app), until)
    try:
        scans = scan_location(surveyor.environment.root, location, surveyor.helper(finding.app), progress)
        scan = scans.get(CACHE_NAME)
        return (with_scan(finding, scan) if scan else finding), total(scans)
    except _TooLong:
        return finding, None
    except CacheError as error:
        watcher.end()
        console.warn(f"Could not determine the size of the legacy cache of {finding.app}: {error}", error.hint)
        return _not_scanned(finding, error), None
    finally:
        watcher.end()


def _not_scanned(finding: Finding, error: CacheError) -> Finding:
    """Classify a cache as unknown whose scan failed, unless its state is certain without one."""
    if finding.cache.state not in {State.ORPHANED, State.RECREATED}:
        return finding
    reason = f"it could not be scanned: {error}"
    return replace(finding, cache=Verdict(State.UNKNOWN, reason, error.hint, ReasonCode.SCAN_FAILED))


class _TooLong(Exception):
    """The time limit of a scan is over."""


def _in_time(progress: Progress, until: float | None) -> Progress:
    def counted(entries: int, size_bytes: int) -> None:
        if until is not None and time.monotonic() > until:
            raise _TooLong
        progress(entries, size_bytes)

    return counted


def measure_candidates(
    surveyor: Surveyor,
    findings: Iterable[Finding],
    request: Request,
    console: Console,
    limit_seconds: float | None = None,
) -> tuple[Measured, ...]:
    """Do that for what may be removed, and give the others as they are.

    ``limit_seconds``: for all together, where a person waits who did not ask for it.
    """
    until = None if limit_seconds is None else time.monotonic() + limit_seconds
    with Watcher(console) as watcher:
        measured = tuple(
            measure_finding(surveyor, finding, watcher, console, until)
            if candidates(finding, request)
            else (finding, None)
            for finding in findings
        )
    if until is not None and time.monotonic() > until:
        console.warn("Not every legacy cache was scanned, to save time", "run 'dokku cache:list' for all sizes")
    return measured
