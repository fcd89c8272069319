"""What it means when the engine does not make or start a helper container, or when that cannot do everything."""

import errno
import os
import re
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from dokku_cache import modules
from dokku_cache.model.errors import (
    DISK_FAILS_HINT,
    IMMUTABLE_HINT,
    NO_SPACE_TO_DELETE_HINT,
    NotStarted,
    PartlyRemoved,
    Unknown,
)
from dokku_cache.output import text
from dokku_cache.tree import worker
from dokku_cache.tree.mounts import place_of, read_mounts

_ID = re.compile(r" ?\b[0-9a-f]{64}\b")
PRUNED_HINT = (
    "'docker system prune' or another program removed the helper container or its image; "
    "run it at another time, and purge again"
)
#: What an authorization plugin has to allow.
DENIED_HINT = (
    "allow Docker to run containers of the image dokku-cache-helper as user 0:0 with a bind mount below {}, "
    "CapAdd DAC_OVERRIDE and FOWNER, NetworkMode none and UsernsMode host; then purge again"
)
#: What the kernel calls file systems on which another machine, or a program, says what root may do.
_FOREIGN = ("nfs", "cifs", "smb", "9p", "fuse", "ceph", "glusterfs", "virtiofs")


class Pruned(NotStarted):
    """The helper's image or container was removed before the container started."""


@contextmanager
def not_started(source: str, roots: tuple[str, str]) -> Iterator[None]:
    """Turn an engine's word that it does not make, or start, a container into NotStarted."""
    try:
        yield
    except Unknown as error:
        if "bind source path does not exist" in str(error):
            raise not_seen(f"finds no directory at {source}", roots) from error
        # After a silence it may still start the container.
        if not isinstance(error.__cause__, modules.load("docker.errors").APIError):
            raise
        # Each attempt has another id, which says nothing, and makes the same failure look like a new one.
        message = _ID.sub("", str(error))
        # 409: "container is marked for removal and cannot be started" (moby, daemon/start.go). And 500 with
        # "parent snapshot ... does not exist: not found" (containerd) where the image went while it was used.
        is_gone = error.__cause__.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
        if is_gone or message.endswith("does not exist: not found"):
            raise Pruned(message, PRUNED_HINT) from error
        # An authorization plugin denies with 403, or fails with 500 (moby, pkg/authorization/authz.go).
        is_denied = error.__cause__.status_code == HTTPStatus.FORBIDDEN or "AuthZPlugin" in message
        raise NotStarted(message, DENIED_HINT.format(roots[1]) if is_denied else error.hint) from error


def not_seen(what: str, roots: tuple[str, str]) -> NotStarted:
    """Return the error for an engine that does not know a directory by the path that Dokku has for it."""
    dokku_root, host_root = roots
    return NotStarted(
        f"Docker {what}",
        f"where Dokku runs in a container, set DOKKU_HOST_ROOT (now {host_root}) to the directory of the host that "
        f"is mounted at {dokku_root}; Docker from snap finds nothing outside home directories",
    )


def partly_removed(errors: Mapping[str, str], directory_path: str) -> PartlyRemoved:
    """Return the error for a helper that could not delete everything.

    ``errors``: error numbers, each with the path of the first entry in hexadecimal.
    """
    numbers = {int(number): os.fsdecode(bytes.fromhex(path)) for number, path in errors.items()}
    # That a directory is not empty follows from the others.
    causes = {number: path for number, path in numbers.items() if number != errno.ENOTEMPTY} or numbers
    reasons = "; ".join(f"{text.printable(path)}: {_reason(number)}" for number, path in causes.items())
    return PartlyRemoved(
        f"the helper container could not delete everything: {reasons}", _hint(causes, directory_path)
    )


def _reason(number: int) -> str:
    return "another file system is mounted there" if number == errno.EXDEV else os.strerror(number)


def _hint(numbers: Container[int], directory_path: str) -> str:
    is_denied = errno.EPERM in numbers or errno.EACCES in numbers
    file_system = _file_system(directory_path) if is_denied else ""
    if file_system.startswith(_FOREIGN):
        return (
            f"the file system ({file_system}) does not let root delete: delete the files on the file server, or let "
            "root of this host delete there (NFS: no_root_squash); then purge again"
        )
    if errno.EPERM in numbers:
        return IMMUTABLE_HINT
    if errno.ENOSPC in numbers or errno.EDQUOT in numbers:
        return NO_SPACE_TO_DELETE_HINT
    if any(number in numbers for number in worker.FATAL):
        return DISK_FAILS_HINT
    return "unmount it, and purge again" if errno.EXDEV in numbers or errno.EBUSY in numbers else ""


def _file_system(path: str) -> str:
    try:
        place = place_of(os.path.realpath(path), read_mounts())
    except (OSError, ValueError):
        return ""
    return place.file_system if place else ""
