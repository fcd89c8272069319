"""What it means when the engine does not make or start a helper container, or when that cannot do everything."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dokku_cache import modules
from dokku_cache.errors import (
    DISK_FAILS_HINT,
    IMMUTABLE_HINT,
    NO_SPACE_TO_DELETE_HINT,
    NotBegun,
    PartlyRemoved,
    Unestablished,
)
from dokku_cache.tree.mounts import file_system_of, read_mounts

#: What the kernel calls file systems on which another machine, or a program, says what root may do.
_FOREIGN = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "glusterfs", "virtiofs")
#: What programs print for ENOSPC and EDQUOT, with glibc and with musl.
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "Quota exceeded")
#: What programs say of a disk that a kernel does not trust any more (errno(3): EROFS, EIO, EUCLEAN).
_OF_A_DISK = ("Read-only file system", "Input/output error", "Structure needs cleaning")


@contextmanager
def not_begun(source: str, roots: tuple[str, str]) -> Iterator[None]:
    """Turn an engine's word that it does not make, or start, a container into NotBegun."""
    try:
        yield
    except Unestablished as error:
        if "bind source path does not exist" in str(error):
            raise not_seen(f"finds no directory at {source}", roots) from error
        # After a silence it may still start the container.
        if not isinstance(error.__cause__, modules.load("docker.errors").APIError):
            raise
        raise NotBegun(str(error), error.hint) from error


def not_seen(what: str, roots: tuple[str, str]) -> NotBegun:
    """Give the error for an engine that does not know a directory by the path that Dokku has for it."""
    dokku_root, host_root = roots
    return NotBegun(
        f"Docker {what}",
        f"where Dokku runs in a container, set DOKKU_HOST_ROOT (now {host_root}) to the directory of the host that "
        f"is mounted at {dokku_root}; Docker from snap finds nothing outside of home directories",
    )


def partly_removed(said: str, directory_path: str) -> PartlyRemoved:
    """Give the error for a helper that could not do everything. ``said`` is what its programs complained of."""
    return PartlyRemoved(
        f"the helper container could not do everything{': ' + said if said else ''}", _next_step(said, directory_path)
    )


def _next_step(said: str, directory_path: str) -> str:
    denied = "not permitted" in said or "ermission denied" in said
    file_system = _file_system(directory_path) if denied else ""
    if file_system.startswith(_FOREIGN):
        return (
            f"root may not delete there, as it is {file_system}: delete it where the files are kept, or let this "
            "host's root do it there (for NFS: no_root_squash); then purge again"
        )
    if "not permitted" in said:
        return IMMUTABLE_HINT
    if any(words in said for words in _NO_SPACE):
        return NO_SPACE_TO_DELETE_HINT
    if any(trouble in said for trouble in _OF_A_DISK):
        return DISK_FAILS_HINT
    return ""


def _file_system(path: str) -> str:
    try:
        return file_system_of(os.path.realpath(path), read_mounts())
    except (OSError, ValueError):
        return ""
