"""Moving through a tree of any depth by handles alone, with few of them open."""

import os
from collections.abc import Callable

from dokku_cache.tree.handles import OPEN_DIRECTORY, Identity, LeftTheTree

#: Handles kept of the way back; older ones are opened again through "..". Far below the usual limit of 1,024.
KEPT_HANDLES = 64


def open_directory(name: str, parent_fd: int) -> int:
    """Open a directory by its name in another, without following a link. Raises OSError."""
    return os.open(name, OPEN_DIRECTORY, dir_fd=parent_fd)


class Descent:
    """A position in a directory tree. Never follows a symbolic link, never enters another file system.

    Starts at ``top_fd``, which stays the caller's. ``fd`` is the directory it stands in. ``opener`` opens a directory
    by its name in another, and does not follow a link; of the way back ``kept`` handles stay open.
    """

    def __init__(
        self, top_fd: int, opener: Callable[[str, int], int] = open_directory, kept: int = KEPT_HANDLES
    ) -> None:
        self._open, self._kept = opener, kept
        self._way: list[tuple[int | None, Identity]] = []
        self._identity = Identity.of(os.fstat(top_fd))
        self.fd = top_fd

    @property
    def depth(self) -> int:
        """How far below the top this is; 0 at the top."""
        return len(self._way)

    def down(self, name: str) -> None:
        """Enter a directory. Raises OSError, and stays, when it cannot be entered."""
        child = self._open(name, self.fd)
        identity = Identity.of(os.fstat(child))
        if identity.device != self._identity.device:
            os.close(child)
            raise LeftTheTree(f"{name} is on another file system")
        self._way.append((self.fd, self._identity))
        self.fd, self._identity = child, identity
        # The top's handle is the caller's and is kept.
        if len(self._way) > self._kept + 1:
            stale, stale_identity = self._way[-self._kept - 1]
            if stale is not None:
                os.close(stale)
            self._way[-self._kept - 1] = (None, stale_identity)

    def up(self) -> None:
        """Go back to the parent. Raises LeftTheTree when the parent is no longer the directory that it was."""
        parent, identity = self._way[-1]
        if parent is None:
            parent = os.open("..", OPEN_DIRECTORY, dir_fd=self.fd)
            if Identity.of(os.fstat(parent)) != identity:
                os.close(parent)
                raise LeftTheTree("a directory was moved while it was walked")
        self._way.pop()
        os.close(self.fd)
        self.fd, self._identity = parent, identity

    def close(self) -> None:
        """Close every handle but the caller's."""
        while self._way:
            os.close(self.fd)
            parent, self._identity = self._way.pop()
            while parent is None and self._way:
                parent, self._identity = self._way.pop()
            if parent is None:
                return
            self.fd = parent
