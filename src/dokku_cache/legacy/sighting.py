"""Looking into an app's directory for its legacy cache and for trash."""

import os
import secrets
import stat
from dataclasses import dataclass

from dokku_cache.legacy.handles import AppDirectory, Identity, describe_kind
from dokku_cache.legacy.mounts import Mount, mounted_at_or_below, mounted_from

CACHE_NAME = "cache"
#: A leading dot: Dokku's clone and rename copy what ``./*`` matches (0.38.27, plugins/git/post-app-clone-setup).
TRASH_PREFIX = ".dokku-cache-trash."


@dataclass(frozen=True)
class Entry:
    """A legacy cache or trash: its name within the app's directory, its identity, and what forbids to touch it.

    ``fault`` is empty when the entry is a plain directory with nothing mounted, else the reason.
    ``mounted_as`` names a place that shows (a part of) this directory through another mount, else empty.
    """

    name: str
    identity: Identity
    fault: str = ""
    mounted_as: str = ""

    @property
    def is_trash(self) -> bool:
        """Tell whether this is what an unfinished purge left."""
        return self.name != CACHE_NAME


@dataclass(frozen=True)
class Sighting:
    """What lies in one app's directory. ``path`` is the place of the legacy cache, whether or not it is there.

    ``fault`` tells why the app's directory itself cannot be worked in, or is empty.
    """

    app: str
    path: str
    cache: Entry | None = None
    trash: tuple[Entry, ...] = ()
    is_ghost: bool = False
    fault: str = ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that could be removed: trash first."""
        return (*self.trash, *((self.cache,) if self.cache else ()))


def look(directory: AppDirectory, mounts: tuple[Mount, ...]) -> Sighting:
    """Find the legacy cache and the trash of an app, without entering either.

    Raises OSError when the app's directory cannot be read.
    """
    names = os.listdir(directory.fd)
    real_path = directory.real_path()
    found = [
        _examine(directory, name, real_path, mounts)
        for name in sorted(names)
        if name == CACHE_NAME or name.startswith(TRASH_PREFIX)
    ]
    entries = [entry for entry in found if entry is not None]
    return Sighting(
        app=directory.app,
        path=os.path.join(directory.path, CACHE_NAME),
        cache=next((entry for entry in entries if not entry.is_trash), None),
        trash=tuple(entry for entry in entries if entry.is_trash),
        is_ghost=len(entries) == len(names) and bool(entries),
    )


def has_trash(directory: AppDirectory) -> bool:
    """Tell whether an unfinished purge left something. Raises OSError."""
    return any(name.startswith(TRASH_PREFIX) for name in os.listdir(directory.fd))


def look_at_app(dokku_root: str, app: str, mounts: tuple[Mount, ...]) -> Sighting:
    """Do what ``look`` does, for an app by its name; an app without a usable directory gives a ``fault``."""
    path = os.path.join(dokku_root, app, CACHE_NAME)
    try:
        with AppDirectory(dokku_root, app) as directory:
            return look(directory, mounts)
    except FileNotFoundError:
        return Sighting(app, path)
    except NotADirectoryError:
        return Sighting(app, path, fault="the app's directory is a symbolic link")
    except PermissionError:
        return Sighting(app, path, fault="the app's directory cannot be read")


def _examine(directory: AppDirectory, name: str, real_path: str, mounts: tuple[Mount, ...]) -> Entry | None:
    try:
        status = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None  # went away since the listing, as in a purge that ends right now
    identity = Identity.of(status)
    if not stat.S_ISDIR(status.st_mode):
        return Entry(name, identity, fault=f"{name} is {describe_kind(status.st_mode)}")
    path = os.path.join(real_path, name)
    inner = mounted_at_or_below(path, mounts)
    if inner is not None:
        where = "is a mount point" if inner.mount_point == path else f"has a mount below it: {inner.mount_point}"
        return Entry(name, identity, fault=f"{name} {where}")
    if status.st_dev != os.fstat(directory.fd).st_dev:
        return Entry(name, identity, fault=f"{name} is on another file system than the app's directory")
    outer = mounted_from(path, mounts)
    return Entry(name, identity, mounted_as=outer.mount_point if outer else "")


def new_trash_name() -> str:
    """Make a name that no other purge uses."""
    return TRASH_PREFIX + secrets.token_hex(8)
