"""Scanning legacy caches, in the helper container where user dokku may not read."""

import os

from dokku_cache.engine.helper import Helper
from dokku_cache.errors import CacheError, Unknown
from dokku_cache.model.location import Entry, Location
from dokku_cache.tree import program
from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory, Identity
from dokku_cache.tree.program import Progress, ignore
from dokku_cache.tree.scan import Scan

_DU_HINT = "run 'sudo du -sh' on it to get its size"


def scan_entry(directory: AppDirectory, entry: Entry, helper: Helper, progress: Progress = ignore) -> Scan:
    """Scan a cache or trash completely.

    Raises CacheError when it cannot be read either way, and OSError when it is gone or was replaced.
    """
    scan = _scan_as_dokku(directory.fd, entry, progress)
    if scan is None:
        scan = helper.scan(os.path.join(directory.path, entry.name), entry.identity, progress)
    if not scan.is_complete:
        raise Unknown("some of it could not be read", "check the disk with 'sudo dmesg'")
    return scan


def _scan_as_dokku(directory_fd: int, entry: Entry, progress: Progress) -> Scan | None:
    """Scan what this user may read completely, else give None."""
    try:
        top = os.open(entry.name, OPEN_DIRECTORY, dir_fd=directory_fd)
    except PermissionError:
        return None
    try:
        if Identity.of(os.fstat(top)) != entry.identity:
            raise FileNotFoundError(f"{entry.name} was replaced")
        scan = program.scan(top, progress)
    finally:
        os.close(top)
    return scan if scan.is_complete else None


def scan_location(
    dokku_root: str, location: Location, helper: Helper, progress: Progress = ignore
) -> dict[str, Scan]:
    """Scan everything that was found of one app, by the names of the entries.

    Raises Unknown where that is not possible.
    """
    if location.real_path:
        return {"": scan_path(location.real_path, progress)}
    if location.fault or any(entry.fault for entry in location.entries):
        raise Unknown("it is not a plain directory", "inspect it manually")
    if not location.entries:
        return {}
    try:
        with AppDirectory(dokku_root, location.app) as directory:
            return {entry.name: scan_entry(directory, entry, helper, progress) for entry in location.entries}
    except OSError as error:
        raise Unknown(f"it changed during the scan ({error.strerror or error})", "run it again") from error
    except CacheError as error:
        raise Unknown(str(error), error.hint) from error


def scan_path(path: str, progress: Progress = ignore) -> Scan:
    """Scan a directory that is never removed, such as that of an app whose directory is a symbolic link.

    Raises Unknown when this user may not read all of it.
    """
    try:
        top = os.open(path, OPEN_DIRECTORY)
    except OSError as error:
        raise Unknown(f"{path} cannot be read ({error.strerror})", _DU_HINT) from error
    try:
        scan = program.scan(top, progress)
    finally:
        os.close(top)
    if not scan.is_complete:
        raise Unknown(f"user dokku cannot read everything in {path}", _DU_HINT)
    return scan


def total(scans: dict[str, Scan]) -> Scan:
    """Add up the sizes."""
    return sum(scans.values(), Scan())
