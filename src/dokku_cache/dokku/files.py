"""Reading the small files of others: of Dokku, of nginx, of whoever may write there."""

import errno
import os
import stat

#: Nobody writes more into such a file. Whatever is longer is not understood, and so unknown.
MOST_BYTES = 1 << 20


def opener(path: str, flags: int) -> int:
    """Open for ``open()``, as long as the file may be; a named pipe is not waited for. Raises OSError."""
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    if stat.S_ISFIFO(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return handle


def read(path: str, max_bytes: int = MOST_BYTES) -> str:
    """Give what is in a plain file; bytes that are no UTF-8 become surrogates.

    Neither a named pipe nor a device is waited for. Raises OSError, also for what is no file or too long.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        if status.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"longer than {max_bytes:,} bytes", path)
        with open(handle, "rb", closefd=False) as file:
            return file.read(max_bytes).decode(errors="surrogateescape")
    finally:
        os.close(handle)
