"""Open directories: what was checked is what is removed, whatever happens to the names."""

import os
import stat
from types import TracebackType

from dokku_cache.model.scan import Identity

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class AppDirectory:
    """The open directory of one app, ``<dokku root>/<app>``, with the handles ``root_fd`` and ``fd``.

    Raises FileNotFoundError where there is no such directory, and NotADirectoryError where it is a symbolic link or
    no directory: links are not followed below the root.
    """

    def __init__(self, dokku_root: str, app: str) -> None:
        # An empty name would be the root of all apps.
        if not app or "/" in app or app in {".", ".."}:
            raise ValueError(f"not a name of an app: {app!r}")
        self.app = app
        self.path = os.path.join(dokku_root, app)
        self.root_fd = os.open(dokku_root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.fd = os.open(app, OPEN_DIRECTORY, dir_fd=self.root_fd)
        except OSError:
            os.close(self.root_fd)
            raise

    def __enter__(self) -> "AppDirectory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both handles, which releases any lock on them."""
        os.close(self.fd)
        os.close(self.root_fd)

    def real_path(self) -> str:
        """Return the current path of this directory (proc(5), /proc/self/fd)."""
        return os.readlink(f"/proc/self/fd/{self.fd}")

    def still_named(self) -> bool:
        """Return whether the app's name still leads to this directory."""
        try:
            status = os.stat(self.app, dir_fd=self.root_fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return Identity.of(status) == Identity.of(os.fstat(self.fd))


def describe_kind(mode: int) -> str:
    """Describe the kind of a file by its ``st_mode``."""
    for matches, name in (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISREG, "a file"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a block device"),
        (stat.S_ISCHR, "a character device"),
    ):
        if matches(mode):
            return name
    return "not a directory"
