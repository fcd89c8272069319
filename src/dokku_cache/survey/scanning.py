"""Scanning legacy caches, in the helper container where the dokku user may not read."""

import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import replace

from dokku_cache.engine.helper import Helper
from dokku_cache.model.errors import CacheError, Unknown
from dokku_cache.model.finding import Finding, Verdict
from dokku_cache.model.location import CACHE_NAME, Entry, Location
from dokku_cache.model.scan import Identity, Progress, Scan, ignore
from dokku_cache.model.state import ReasonCode, Request, State
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.rules.removal import candidates
from dokku_cache.survey.surveyor import Surveyor, with_scan
from dokku_cache.tree import program
from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory

_DU_HINT = "run 'sudo du -sh' on it to get its size"


class _TimeIsUp(Exception):
    """The time limit of a scan is over."""


def scan_entry(directory: AppDirectory, entry: Entry, helper: Helper, progress: Progress = ignore) -> Scan:
    """Scan a cache or trash completely.

    Raises CacheError when it cannot be read either way, and OSError when it is gone or was replaced.
    """
    scan = None
    with contextlib.suppress(PermissionError):
        scan = _scan_as_dokku(entry.name, progress, directory.fd, entry.identity)
    if scan is None or not scan.is_complete:
        scan = helper.scan(os.path.join(directory.path, entry.name), entry.identity, progress)
    if not scan.is_complete:
        raise Unknown("some of it could not be read", "check the disk with 'sudo dmesg'")
    return scan


def scan_path(path: str, progress: Progress = ignore) -> Scan:
    """Scan a directory that is never removed, such as that of an app whose directory is a symbolic link.

    Raises Unknown when the dokku user may not read all of it.
    """
    try:
        scan = _scan_as_dokku(path, progress)
    except OSError as error:
        raise Unknown(f"{path} cannot be read ({error.strerror})", _DU_HINT) from error
    if not scan.is_complete:
        raise Unknown(f"the dokku user cannot read everything in {path}", _DU_HINT)
    return scan


def _scan_as_dokku(
    name: str, progress: Progress, directory_fd: int | None = None, identity: Identity | None = None
) -> Scan:
    top = os.open(name, OPEN_DIRECTORY, dir_fd=directory_fd)
    try:
        if identity and Identity.of(os.fstat(top)) != identity:
            raise FileNotFoundError(f"{name} was replaced")
        return program.scan(top, progress)
    finally:
        os.close(top)


def _scan_location(dokku_root: str, location: Location, helper: Helper, progress: Progress) -> dict[str, Scan]:
    """Scan everything that was found of one app, by the names of the entries. Raises Unknown."""
    if location.real_path:
        return {"": scan_path(location.real_path, progress)}
    if location.fault or any(entry.fault for entry in location.entries):
        raise Unknown("it is not a plain directory", "inspect it manually")
    try:
        with AppDirectory(dokku_root, location.app) as directory:
            return {entry.name: scan_entry(directory, entry, helper, progress) for entry in location.entries}
    except OSError as error:
        raise Unknown(f"it changed during the scan ({error.strerror or error})", "run it again") from error
    except CacheError as error:
        raise Unknown(str(error), error.hint) from error


def measure_finding(
    surveyor: Surveyor, finding: Finding, watcher: Watcher, console: Console, until: float | None = None
) -> Finding:
    """Scan what was found of an app, classify it by that, and add its size. Warns if the size cannot be determined.

    ``until``: give up then (time.monotonic), without a warning.
    """
    location = finding.location
    if not location.entries and not location.real_path:
        return replace(finding, size=None if location.fault else Scan())
    show = watcher.measuring(finding.app)

    def progress(entries: int, size_bytes: int) -> None:
        if until is not None and time.monotonic() > until:
            raise _TimeIsUp
        show(entries, size_bytes)

    try:
        scans = _scan_location(surveyor.environment.root, location, surveyor.helper(finding.app), progress)
    except _TimeIsUp:
        return finding
    except CacheError as error:
        watcher.end()
        console.warn(f"Could not determine the size of the legacy cache of {finding.app}: {error}", error.hint)
        return _not_scanned(finding, error)
    finally:
        watcher.end()
    cache = scans.get(CACHE_NAME)
    return replace(with_scan(finding, cache) if cache else finding, size=sum(scans.values(), Scan()))


def _not_scanned(finding: Finding, error: CacheError) -> Finding:
    """Classify a cache as unknown because its scan failed, unless its state is certain without one."""
    if finding.cache.state not in {State.ORPHANED, State.RECREATED}:
        return finding
    reason = f"it could not be scanned: {error}"
    return replace(finding, cache=Verdict(State.UNKNOWN, reason, error.hint, ReasonCode.SCAN_FAILED))


def measure_candidates(
    surveyor: Surveyor,
    findings: Iterable[Finding],
    request: Request,
    console: Console,
    limit_seconds: float | None = None,
) -> tuple[Finding, ...]:
    """Scan the findings that may be removed, for ``limit_seconds`` in all, and return the others as they are."""
    until = None if limit_seconds is None else time.monotonic() + limit_seconds
    with Watcher(console) as watcher:
        measured = tuple(
            measure_finding(surveyor, finding, watcher, console, until) if candidates(finding, request) else finding
            for finding in findings
        )
    if until is not None and time.monotonic() > until:
        console.warn("Not every legacy cache was scanned, to save time", "run 'dokku cache:list' for all sizes")
    return measured
