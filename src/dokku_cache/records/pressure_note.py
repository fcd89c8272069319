"""Whether too little was free at the last look: noted for trigger ``pre-receive-app``, which reads it in bash."""

import contextlib
import os
import stat

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.records import history

FILE_NAME = "pressure"
#: As long as each other: one is written over the other.
_LOW, _ENOUGH = "low   ", "enough"


def is_low(environment: DokkuEnvironment) -> bool:
    """Tell what was noted last; what was not, or cannot be read, is no pressure."""
    with contextlib.suppress(OSError):
        return files.read(_path(environment)).startswith("low")
    return False


def write(environment: DokkuEnvironment, *, is_low: bool) -> None:
    """Note it, where that can be done.

    Written over what is there, never cut: that needs no free block, and on a full disk there is none.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
    with contextlib.suppress(OSError):
        handle = os.open(_path(environment), flags, 0o644)
        try:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                os.pwrite(handle, f"{_LOW if is_low else _ENOUGH}\n".encode(), 0)
        finally:
            os.close(handle)


def prepare(environment: DokkuEnvironment) -> None:
    """See that there is a note while there is room for one."""
    write(environment, is_low=is_low(environment))


def _path(environment: DokkuEnvironment) -> str:
    return os.path.join(history.directory(environment), FILE_NAME)
