"""Looking into an app's directory for its legacy cache, for trash, and for what lies beside them."""

import os
import secrets
import stat
from dataclasses import dataclass

from dokku_cache.legacy.installed import is_by_install
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.contents import Inside, look_inside
from dokku_cache.tree.handles import AppDirectory, Identity, describe_kind
from dokku_cache.tree.mounts import Mount, mounted_at_or_below

CACHE_NAME = "cache"
#: A leading dot: Dokku's clone and rename copy what ``./*`` matches (0.38.27, plugins/git/post-app-clone-setup).
TRASH_PREFIX = ".dokku-cache-trash."
#: Of Dokku 0.31.0 to 0.33.9 (plugins/common/functions); the file outlives the deploy, and the app.
LOCK_NAME = ".deploy.lock"


@dataclass(frozen=True)
class Entry:
    """A legacy cache or trash: its name within the app's directory, its identity, and what forbids to touch it.

    ``fault`` is empty when the entry is a plain directory with nothing mounted, else the reason, which
    ``fault_code`` has for a program.
    """

    name: str
    identity: Identity
    fault: str = ""
    fault_code: ReasonCode | None = None

    @property
    def is_trash(self) -> bool:
        """Tell whether this is what an unfinished purge left."""
        return self.name != CACHE_NAME


@dataclass(frozen=True)
class Neighbour:
    """What lies beside the cache in the app's directory.

    ``is_mere_trace``: it tells nothing of an app, as it is a lock file that outlived its deploy, or what
    ``plugin:install`` writes into every directory.
    """

    name: str
    is_directory: bool = False
    is_mere_trace: bool = False


@dataclass(frozen=True)
class Sighting:
    """What lies in one app's directory. ``path`` is the place of the legacy cache, whether or not it is there.

    ``fault`` tells why the app's directory itself cannot be worked in, or is empty, ``fault_code`` the same for a
    program; ``real_path`` is then where the cache really lies, if the directory is a link. ``identity`` is the app's
    directory. ``beside`` is all but cache and trash, and ``inside`` a quick look into the cache; both are left out
    where there is no cache.
    """

    app: str
    path: str
    cache: Entry | None = None
    trash: tuple[Entry, ...] = ()
    beside: tuple[Neighbour, ...] = ()
    inside: Inside | None = None
    identity: Identity | None = None
    fault: str = ""
    real_path: str = ""
    fault_code: ReasonCode | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that could be removed: trash first."""
        return (*self.trash, *((self.cache,) if self.cache else ()))

    @property
    def is_bare(self) -> bool:
        """Tell whether nothing lies in the app's directory but cache, trash, and mere traces."""
        return bool(self.entries) and all(neighbour.is_mere_trace for neighbour in self.beside)


def look(directory: AppDirectory, mounts: tuple[Mount, ...]) -> Sighting:
    """Find the legacy cache and the trash of an app, and look into the cache.

    Raises OSError when the app's directory cannot be read.
    """
    with os.scandir(directory.fd) as listed:
        names = {entry.name: entry.is_dir(follow_symlinks=False) for entry in listed}
    real_path = directory.real_path()
    found = [_examine(directory, name, real_path, mounts) for name in sorted(names) if _is_ours(name)]
    entries = [entry for entry in found if entry is not None]
    cache = next((entry for entry in entries if not entry.is_trash), None)
    return Sighting(
        app=directory.app,
        path=os.path.join(directory.path, CACHE_NAME),
        cache=cache,
        trash=tuple(entry for entry in entries if entry.is_trash),
        beside=_look_beside(directory, names) if entries else (),
        inside=_look_into(directory, cache),
        identity=Identity.of(os.fstat(directory.fd)),
    )


def _look_beside(directory: AppDirectory, names: dict[str, bool]) -> tuple[Neighbour, ...]:
    """Give all but cache and trash. ``names``: of all entries, each with whether it is a directory."""
    return tuple(
        Neighbour(
            name,
            is_directory,
            is_mere_trace=not is_directory
            and (name == LOCK_NAME or is_by_install(directory.fd, directory.app, name)),
        )
        for name, is_directory in sorted(names.items())
        if not _is_ours(name)
    )


def _is_ours(name: str) -> bool:
    return name == CACHE_NAME or name.startswith(TRASH_PREFIX)


def _look_into(directory: AppDirectory, cache: Entry | None) -> Inside | None:
    if cache is None or cache.fault:
        return None
    try:
        return look_inside(directory.fd, cache.name)
    except OSError:
        return Inside(closed=1)  # it changes right now: nothing is known of it


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
        return _look_at_link(app, path)
    except OSError as error:  # not to be entered, on a dead disk or server
        fault = f"the app's directory cannot be read ({error.strerror})"
        return Sighting(app, path, fault=fault, fault_code=ReasonCode.UNREADABLE)


def _look_at_link(app: str, path: str) -> Sighting:
    """Tell where an app's directory that is a link leads. Nothing is removed there."""
    directory = os.path.realpath(os.path.dirname(path))
    real_path = os.path.join(directory, CACHE_NAME)
    if not os.path.islink(os.path.dirname(path)):
        return Sighting(app, path)  # a file: no app, and nothing in it
    if not os.path.lexists(real_path):
        if os.path.isdir(directory):
            return Sighting(app, path)
        fault = f"the app's directory is a symbolic link to {directory}, where nothing can be seen"
        return Sighting(app, path, fault=fault, fault_code=ReasonCode.SYMLINK)
    fault = f"the app's directory is a symbolic link, the cache is in {real_path}"
    return Sighting(app, path, fault=fault, real_path=real_path, fault_code=ReasonCode.SYMLINK)


def _examine(directory: AppDirectory, name: str, real_path: str, mounts: tuple[Mount, ...]) -> Entry | None:
    path = os.path.join(real_path, name)
    # Before anything is asked of it: a mount may be dead.
    inner = mounted_at_or_below(path, mounts)
    try:
        status = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None  # went away since the listing, as in a purge that ends right now
    except OSError as error:
        if inner is None:
            raise
        fault = f"{name} has a mount that does not answer ({error.strerror}): {inner.mount_point}"
        return Entry(name, Identity(-1, -1), fault=fault, fault_code=ReasonCode.MOUNT_NOT_RESPONDING)
    identity = Identity.of(status)
    if not stat.S_ISDIR(status.st_mode):
        code = ReasonCode.SYMLINK if stat.S_ISLNK(status.st_mode) else ReasonCode.NOT_A_DIRECTORY
        return Entry(name, identity, fault=f"{name} is {describe_kind(status.st_mode)}", fault_code=code)
    if inner is not None:
        is_top = inner.mount_point == path
        where = "is a mount point" if is_top else f"has a mount below it: {inner.mount_point}"
        code = ReasonCode.MOUNT_POINT if is_top else ReasonCode.MOUNT_BELOW
        return Entry(name, identity, fault=f"{name} {where}", fault_code=code)
    if status.st_dev != os.fstat(directory.fd).st_dev:
        fault = f"{name} is on another file system than the app's directory"
        return Entry(name, identity, fault=fault, fault_code=ReasonCode.OTHER_FILE_SYSTEM)
    return Entry(name, identity)


def is_directory(path: str) -> bool:
    """Tell whether there is a directory, and no link, that this user can see."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def new_trash_name() -> str:
    """Make a name that no other purge uses."""
    return TRASH_PREFIX + secrets.token_hex(8)
