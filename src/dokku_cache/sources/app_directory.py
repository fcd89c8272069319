"""Reading an app's directory: its legacy cache, trash, and the other files in it."""

import os
import secrets
import stat

from dokku_cache.model.location import CACHE_NAME, TRASH_PREFIX, Entry, Location, OtherFile
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.sources.install_files import is_by_install
from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory, Identity, describe_kind
from dokku_cache.tree.mounts import Mount, mounted_at_or_below

#: The deploy lock of Dokku 0.31.0 to 0.33.9 (plugins/common/functions). The file outlives the deploy and the app.
LOCK_NAME = ".deploy.lock"


def read(directory: AppDirectory, mounts: tuple[Mount, ...]) -> Location:
    """Find the legacy cache and the trash in an open app directory.

    Raises OSError when the directory cannot be read.
    """
    with os.scandir(directory.fd) as listed:
        names = {entry.name: entry.is_dir(follow_symlinks=False) for entry in listed}
    real_path = directory.real_path()
    found = [_read_entry(directory, name, real_path, mounts) for name in sorted(names) if _is_ours(name)]
    entries = [entry for entry in found if entry is not None]
    return Location(
        app=directory.app,
        path=os.path.join(directory.path, CACHE_NAME),
        cache=next((entry for entry in entries if not entry.is_trash), None),
        trash=tuple(entry for entry in entries if entry.is_trash),
        others=_read_others(directory, names) if entries else (),
        identity=Identity.of(os.fstat(directory.fd)),
    )


def read_app(dokku_root: str, app: str, mounts: tuple[Mount, ...]) -> Location:
    """Do the same for an app by its name. A directory that cannot be used gives a Location with a fault."""
    path = os.path.join(dokku_root, app, CACHE_NAME)
    try:
        with AppDirectory(dokku_root, app) as directory:
            return read(directory, mounts)
    except FileNotFoundError:
        return Location(app, path)
    except NotADirectoryError:
        return _read_link(app, path)
    except OSError as error:  # closed to this user, or on a failed disk or server
        fault = f"the app's directory cannot be read ({error.strerror})"
        return Location(app, path, fault=fault, fault_code=ReasonCode.UNREADABLE)


def has_trash(directory: AppDirectory) -> bool:
    """Tell whether an interrupted purge left something. Raises OSError."""
    return any(name.startswith(TRASH_PREFIX) for name in os.listdir(directory.fd))


def is_directory(path: str) -> bool:
    """Tell whether this user can see a directory at a path that is not a symbolic link."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def new_trash_name() -> str:
    """Make a name that no other purge uses."""
    return TRASH_PREFIX + secrets.token_hex(8)


def _is_ours(name: str) -> bool:
    return name == CACHE_NAME or name.startswith(TRASH_PREFIX)


def _read_others(directory: AppDirectory, names: dict[str, bool]) -> tuple[OtherFile, ...]:
    """Give everything but cache and trash. ``names``: all entries, each with whether it is a directory."""
    return tuple(
        OtherFile(
            name,
            is_directory,
            is_by_install=not is_directory
            and (name == LOCK_NAME or is_by_install(directory.fd, directory.app, name)),
        )
        for name, is_directory in sorted(names.items())
        if not _is_ours(name)
    )


def _read_link(app: str, path: str) -> Location:
    """Report where an app's directory leads that is a symbolic link. Nothing is removed there."""
    directory = os.path.realpath(os.path.dirname(path))
    real_path = os.path.join(directory, CACHE_NAME)
    if not os.path.islink(os.path.dirname(path)):
        return Location(app, path)  # a file, which is no app
    if not os.path.lexists(real_path):
        if os.path.isdir(directory):
            return Location(app, path)
        fault = f"the app's directory is a symbolic link to {directory}, which cannot be read"
        return Location(app, path, fault=fault, fault_code=ReasonCode.SYMLINK)
    fault = f"the app's directory is a symbolic link; the cache is in {real_path}"
    return Location(app, path, fault=fault, real_path=real_path, fault_code=ReasonCode.SYMLINK)


def _read_entry(directory: AppDirectory, name: str, real_path: str, mounts: tuple[Mount, ...]) -> Entry | None:
    path = os.path.join(real_path, name)
    # The table comes first: a mount of a failed server would block any other call.
    inner = mounted_at_or_below(path, mounts)
    try:
        status = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
    except FileNotFoundError:
        return None  # removed since the directory was listed
    except OSError as error:
        if inner is None:
            raise
        fault = f"{name} has a mount that does not respond ({error.strerror}): {inner.mount_point}"
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
    return Entry(name, identity, is_empty=_is_empty(directory.fd, name))


def _is_empty(parent_fd: int, name: str) -> bool:
    try:
        handle = os.open(name, OPEN_DIRECTORY, dir_fd=parent_fd)
    except OSError:
        return False
    try:
        with os.scandir(handle) as entries:
            return next(entries, None) is None
    except OSError:
        return False
    finally:
        os.close(handle)
