"""Renaming a cache aside, and deleting what was renamed."""

import os
from collections.abc import Callable

from dokku_cache.engine.helper import Helper
from dokku_cache.errors import PartlyRemoved, Refused, os_error_hint
from dokku_cache.model.location import CACHE_NAME, Entry
from dokku_cache.sources.app_directory import new_trash_name
from dokku_cache.tree.handles import AppDirectory, Identity
from dokku_cache.tree.mounts import mounted_at_or_below, read_mounts
from dokku_cache.tree.program import Progress
from dokku_cache.tree.scan import Scan


def set_aside(directory: AppDirectory, cache: Entry, scan: Scan, verify: Callable[[], None]) -> Entry:
    """Rename a legacy cache to trash within its app's directory, and give that.

    ``verify`` is called after the rename, when no process can find the cache by its name. It raises CacheError when
    the cache is in use, and the rename is undone. Raises Refused when another directory has the name now.
    """
    trash_name = new_trash_name(scan)
    os.rename(cache.name, trash_name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
    try:
        status = os.stat(trash_name, dir_fd=directory.fd, follow_symlinks=False)
        if Identity.of(status) != cache.identity:
            raise Refused(
                f"{cache.name} was replaced during the purge", "nothing was removed; inspect it, then purge again"
            )
        verify()
    except BaseException:
        put_back(directory, trash_name)
        raise
    return Entry(trash_name, cache.identity)


def remove_empty(directory: AppDirectory, cache: Entry) -> None:
    """Remove an empty legacy cache with ``rmdir``, which fails if anything was written to it. Raises OSError."""
    if cache.is_trash:
        raise ValueError(f"not a cache: {cache.name}")
    os.rmdir(cache.name, dir_fd=directory.fd)


def put_back(directory: AppDirectory, trash_name: str) -> bool:
    """Undo the rename, and tell whether that was done. If a new cache exists, the old one is kept as trash."""
    try:
        os.stat(CACHE_NAME, dir_fd=directory.fd, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(trash_name, CACHE_NAME, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
        return True
    return False


def delete_trash(directory: AppDirectory, trash: Entry, helper: Helper, progress: Progress) -> None:
    """Delete trash, and check afterwards that it is gone. Raises PartlyRemoved when something is left."""
    if not trash.is_trash:
        raise ValueError(f"not trash: {trash.name}")
    if trash.name in os.listdir(directory.fd):
        _refuse_mounts(directory, trash)
        helper.delete(os.path.join(directory.path, trash.name), trash.identity, progress)
    _remove_top(directory, trash)


def _refuse_mounts(directory: AppDirectory, trash: Entry) -> None:
    """Look for mounts right before the helper deletes in another mount namespace.

    There, a directory that is a mount point here can be removed, and the kernel then unmounts it (rmdir(2); Linux
    3.18: "vfs: Lazily remove mounts on unlinked files and directories").
    """
    inner = mounted_at_or_below(os.path.join(directory.real_path(), trash.name), read_mounts())
    if inner is not None:
        raise PartlyRemoved(
            f"a file system was mounted at {inner.mount_point} during the purge", "unmount it, then purge again"
        )


def _remove_top(directory: AppDirectory, trash: Entry) -> None:
    try:
        os.rmdir(trash.name, dir_fd=directory.fd)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise PartlyRemoved(
            f"{os.path.join(directory.path, trash.name)} could not be deleted completely ({error.strerror})",
            os_error_hint(error, "check what it contains, then purge again"),
        ) from error
    if trash.name in os.listdir(directory.fd):
        raise PartlyRemoved(f"{os.path.join(directory.path, trash.name)} is still there", "purge again")


def remove_ghost(directory: AppDirectory) -> bool:
    """Remove the directory of a ghost app with ``rmdir``, which fails if it is not empty; tell whether it is gone."""
    if not directory.still_named():
        return False
    try:
        os.rmdir(directory.app, dir_fd=directory.root_fd)
    except OSError:
        return False
    return True
