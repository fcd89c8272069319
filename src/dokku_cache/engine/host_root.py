"""Whether ``DOKKU_HOST_ROOT`` is right, where Dokku itself runs in a container of the engine."""

import os
import re
from collections.abc import Sequence
from typing import Any

from dokku_cache.errors import Unestablished

#: The engine mounts these files of a container from its own directory (proc(5), mountinfo: fourth and fifth field).
_OWN_ID = re.compile(
    r"^\S+ \S+ \S+ \S*/containers/([0-9a-f]{64})/\S+ /etc/(?:hostname|hosts|resolv\.conf) ", re.MULTILINE
)
MOUNT_TABLE = "/proc/self/mountinfo"


def check(containers: Sequence[dict[str, Any]], dokku_root: str, host_root: str) -> None:
    """Raise Unestablished where the engine knows Dokku's root by another path than ``host_root``.

    ``containers`` is what ``GET /containers/json`` gives. Who uses a cache is told by paths of the host: with a wrong
    one, a mounted cache would look unused. Outside of a container everything is right.
    """
    own = own_container()
    expected = on_host(containers, own, os.path.realpath(dokku_root)) if own else ""
    if expected and expected != os.path.normpath(host_root):
        raise Unestablished(
            f"DOKKU_HOST_ROOT is {host_root}, but Dokku runs in a container, and its root is {expected} on the host",
            f"start Dokku's container with DOKKU_HOST_ROOT={expected}",
        )


def own_container() -> str:
    """Give the id of the engine's container in which this runs, or an empty text. Raises Unestablished."""
    try:
        with open(MOUNT_TABLE, encoding="utf-8", errors="replace") as table:
            own = _OWN_ID.search(table.read())
    except OSError as error:
        raise Unestablished(
            f"the kernel's table of mounts cannot be read ({error.strerror})", "report this as a defect"
        ) from error
    return own.group(1) if own else ""


def on_host(containers: Sequence[dict[str, Any]], own_id: str, path: str) -> str:
    """Give the host's path of a path in the container of that identifier, or an empty text where none is mounted."""
    mounts = next((container.get("Mounts") or [] for container in containers if container.get("Id") == own_id), [])
    # The longest is what hides the others.
    for mount in sorted(mounts, key=lambda mount: len(mount.get("Destination", "")), reverse=True):
        destination = os.path.normpath(mount.get("Destination") or "/")
        if path == destination or path.startswith(destination.rstrip("/") + "/"):
            return os.path.normpath(f"{mount.get('Source', '')}/{path[len(destination.rstrip('/')) :]}")
    return ""
