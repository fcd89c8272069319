"""An app's directory: its legacy cache, trash, and other files; and the accounts that may own them."""

import os
import re
import secrets
import stat
from functools import cache

from dokku_cache.dokku import files
from dokku_cache.dokku.apps import LOCK_NAME
from dokku_cache.model.finding import Accounts
from dokku_cache.model.location import CACHE_NAME, TRASH_PREFIX, Entry, Location, OtherFile, is_trash_name
from dokku_cache.model.scan import Identity, Scan
from dokku_cache.model.state import ReasonCode
from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory, describe_kind
from dokku_cache.tree.mounts import Mount, mounted_at_or_below

#: Dokku writes less than this into a directory by itself.
_MAX_BYTES = 4096
_VARIABLE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=", re.MULTILINE)
#: The name and the uid of an account (passwd(5)).
_ACCOUNT = re.compile(r"^([^:\n]*):[^:\n]*:([0-9]+)(?::|$)", re.MULTILINE)
_PASSWD_LINE = re.compile(r"^\s*passwd:([^#\n]*)", re.MULTILINE)
#: Services of nsswitch.conf(5) that know only the accounts of this server.
_LOCAL_SERVICES = frozenset({"files", "systemd"})


def read(directory: AppDirectory, mounts: tuple[Mount, ...]) -> Location:
    """Find the legacy cache and the trash in an open app directory. Raises OSError when it cannot be read."""
    with os.scandir(directory.fd) as listed:
        names = {entry.name: entry.is_dir(follow_symlinks=False) for entry in listed}
    real_path = directory.real_path()
    found = [_read_entry(directory, name, real_path, mounts) for name in sorted(names) if _is_ours(name)]
    entries = [entry for entry in found if entry is not None]
    others = [
        OtherFile(name, is_directory, is_by_install=False if is_directory else _is_by_install(directory, name))
        for name, is_directory in sorted(names.items())
        if entries and not _is_ours(name)
    ]
    return Location(
        app=directory.app,
        path=os.path.join(directory.path, CACHE_NAME),
        cache=next((entry for entry in entries if not entry.is_trash), None),
        trash=tuple(entry for entry in entries if entry.is_trash),
        others=tuple(others),
        identity=Identity.of(os.fstat(directory.fd)),
    )


def read_app(dokku_root: str, app: str, mounts: tuple[Mount, ...]) -> Location:
    """Read the directory of an app by its name. A directory that cannot be used gives a Location with a fault."""
    path = os.path.join(dokku_root, app, CACHE_NAME)
    try:
        with AppDirectory(dokku_root, app) as directory:
            return read(directory, mounts)
    except FileNotFoundError:
        return Location(app, path)
    except NotADirectoryError:
        return _read_link(app, path)
    except OSError as error:  # not readable for this user, or on a failed disk or server
        fault = f"the app's directory cannot be read ({error.strerror})"
        return Location(app, path, fault=fault, fault_code=ReasonCode.UNREADABLE)


def is_directory(path: str) -> bool:
    """Return whether this user can see a directory at a path that is not a symbolic link."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def new_trash_name(scan: Scan) -> str:
    """Make a name that no other purge uses. The size is in it, so that a later purge can record the total."""
    return f"{TRASH_PREFIX}{secrets.token_hex(8)}.{scan.size_bytes}.{scan.files}"


def _is_ours(name: str) -> bool:
    return name == CACHE_NAME or is_trash_name(name)


def _read_link(app: str, path: str) -> Location:
    """Read an app directory that is a symbolic link. Nothing is removed there."""
    directory = os.path.realpath(os.path.dirname(path))
    real_path = os.path.join(directory, CACHE_NAME)
    if not os.path.islink(os.path.dirname(path)):
        return Location(app, path)  # a file is not an app
    if not os.path.lexists(real_path):
        if os.path.isdir(directory):
            return Location(app, path)
        fault = f"the app's directory is a symbolic link to {directory}, which cannot be read"
        return Location(app, path, fault=fault, fault_code=ReasonCode.SYMLINK)
    fault = f"the app's directory is a symbolic link; the cache is in {real_path}"
    return Location(app, path, fault=fault, real_path=real_path, fault_code=ReasonCode.SYMLINK)


def _read_entry(directory: AppDirectory, name: str, real_path: str, mounts: tuple[Mount, ...]) -> Entry | None:
    path = os.path.join(real_path, name)
    # The table comes first: other calls block on a mount of a failed server.
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


def _is_by_install(directory: AppDirectory, name: str) -> bool | None:
    """Return whether ``plugin:install`` writes this file into each directory in Dokku's root, or it is a lock file.

    None if it cannot be read.

    It sets up domains (0.27.0 to 0.38.27, plugins/domains: domains_setup): ``VHOST`` with the app's name below each
    global domain, else ``NO_VHOST=1`` in ``ENV``. Up to 0.37.10 it adds a restart policy (plugins/ps/install).
    """
    if name == LOCK_NAME:
        return True
    if name not in {"VHOST", "ENV", "DOCKER_OPTIONS_DEPLOY"}:
        return False
    try:
        content = _read_small(directory.fd, name)
    except OSError:
        return None
    if content is None:
        return False
    if name == "VHOST":
        app = directory.app
        return all(line == app or line.startswith(f"{app}.") for line in content.split())
    return is_environment_by_install(content) if name == "ENV" else are_options_by_install(content)


def are_options_by_install(content: str) -> bool:
    """Return whether Docker options are only the restart policy that ``plugin:install`` sets."""
    return set(content.split("\n")) <= {"", "--restart=on-failure:10"}


def is_environment_by_install(content: str) -> bool:
    """Return whether an environment contains only what ``plugin:install`` puts into it."""
    return set(_VARIABLE.findall(content)) <= {"NO_VHOST"}


def _read_small(directory_fd: int, name: str) -> str | None:
    """Return the content of a file, None if it is long or not a regular file. Raises OSError."""
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory_fd)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return None
        return os.read(handle, _MAX_BYTES).decode(errors="replace")
    finally:
        os.close(handle)


@cache
def read_accounts(
    system_user: str,
    passwd: str = "/etc/passwd",  # noqa: S107 - a path
    nsswitch: str = "/etc/nsswitch.conf",
) -> Accounts:
    """Read the accounts of this server. ``system_user`` is Dokku's own. Incomplete where a file cannot be read.

    Only local files are read: a directory service that does not respond would block.
    """
    names: dict[int, str] = {}
    try:
        for name, uid in _ACCOUNT.findall(files.read(passwd)):
            names.setdefault(int(uid), name)
    except OSError:
        return Accounts({}, dokku=-1, are_complete=False)
    dokku = next((uid for uid, name in names.items() if name == system_user), -1)
    return Accounts(names, dokku, _has_local_services_only(nsswitch))


def _has_local_services_only(nsswitch: str) -> bool:
    try:
        found = _PASSWD_LINE.search(files.read(nsswitch))
    except FileNotFoundError:
        return True  # the default is "files" (nsswitch.conf(5))
    except OSError:
        return False
    services = re.sub(r"\[[^\]]*\]", " ", found[1]).split() if found else ["files"]
    return all(service in _LOCAL_SERVICES for service in services)
