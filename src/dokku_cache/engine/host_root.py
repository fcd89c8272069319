"""Whether the engine sees Dokku's root at ``DOKKU_HOST_ROOT``: it differs where Dokku runs in a container."""

import os
import re
import socket
import struct
from collections.abc import Sequence
from typing import Any

from dokku_cache.model.errors import Unknown
from dokku_cache.tree.mounts import is_at_or_below, place_of, read_mounts

#: Docker mounts these files of a container from its own directory (proc(5), mountinfo: fourth and fifth field).
_OWN_ID = re.compile(
    r"^\S+ \S+ \S+ \S*/containers/([0-9a-f]{64})/\S+ /etc/(?:hostname|hosts|resolv\.conf) ", re.MULTILINE
)
MOUNT_TABLE = "/proc/self/mountinfo"
#: Files in containers of Docker and podman.
MARKERS = ("/.dockerenv", "/run/.containerenv")
#: struct ucred (unix(7), SO_PEERCRED).
_CREDENTIALS = struct.Struct("3i")


def check(containers: Sequence[dict[str, Any]], dokku_root: str, host_root: str, engine_pid: int) -> None:
    """Raise Unknown unless the engine knows Dokku's root by the path ``host_root``.

    With a wrong path, a mounted cache would look unused. Outside containers the paths are the same. In a
    container, the mount table of the engine's process or its list of containers has to prove it.

    ``containers``: as ``GET /containers/json`` returns them. ``engine_pid``: of the process that listens on the
    engine's socket, 0 if unknown.
    """
    own = own_container()
    is_in_container = (
        own or "KUBERNETES_SERVICE_HOST" in os.environ or any(os.path.exists(marker) for marker in MARKERS)
    )
    if not is_in_container or _sees_root(engine_pid, dokku_root, host_root):
        return
    expected = on_host(containers, own, os.path.realpath(dokku_root)) if own else ""
    if expected == os.path.normpath(host_root):
        return
    if expected:
        raise Unknown(
            f"DOKKU_HOST_ROOT is {host_root}, but Dokku runs in a container, and its root is {expected} on the host",
            f"start Dokku's container with DOKKU_HOST_ROOT={expected}",
        )
    raise Unknown(
        f"DOKKU_HOST_ROOT ({host_root}) cannot be verified: Dokku runs in a container that Docker does not list, or "
        f"{dokku_root} is not mounted from the host",
        "run Dokku's official image with the same Docker engine, and mount its data directory from the host",
    )


def listener_of(connection: socket.socket) -> int:
    """Return the process that listens on the other end of a Unix socket, 0 if it is in another PID namespace."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(data)[0])


def _sees_root(engine_pid: int, dokku_root: str, host_root: str) -> bool:
    """Return whether a process sees at ``host_root`` what this one sees at ``dokku_root``, by the mount tables."""
    try:
        own, engines = read_mounts(MOUNT_TABLE), read_mounts(f"/proc/{engine_pid}/mountinfo")
    except (OSError, ValueError):
        return False
    here, there = place_of(os.path.realpath(dokku_root), own), place_of(os.path.realpath(host_root), engines)
    return here is not None and there is not None and (here.device, here.root) == (there.device, there.root)


def own_container() -> str:
    """Return the ID of the engine's container in which this runs, or an empty string. Raises Unknown."""
    try:
        with open(MOUNT_TABLE, encoding="utf-8", errors="replace") as table:
            own = _OWN_ID.search(table.read())
    except OSError as error:
        message = f"the kernel's table of mounts cannot be read ({error.strerror})"
        raise Unknown(message, "report this as a bug") from error
    return own[1] if own else ""


def on_host(containers: Sequence[dict[str, Any]], own_id: str, path: str) -> str:
    """Return the host's path of a path in a container, or an empty string where it is not mounted from the host."""
    mounts = next((container.get("Mounts") or [] for container in containers if container.get("Id") == own_id), [])
    # The longest covers the others.
    for mount in sorted(mounts, key=lambda mount: len(mount.get("Destination", "")), reverse=True):
        destination = os.path.normpath(mount.get("Destination") or "/")
        if is_at_or_below(path, destination):
            return os.path.normpath(os.path.join(mount.get("Source", ""), os.path.relpath(path, destination)))
    return ""
