"""The small files in which the plugin keeps its state: ``$DOKKU_LIB_ROOT/data/cache/<name>``.

A full disk or a power cut leaves files empty, cut, or filled with NULs: such a file counts as missing.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError

_POLL_SECONDS = 0.1


def path(environment: DokkuEnvironment, name: str) -> str:
    """Return the path of a state file."""
    return os.path.join(environment.data_dir, "cache", name)


def read(environment: DokkuEnvironment, name: str) -> str:
    """Return the text of a state file without surrounding whitespace; empty where it is missing or damaged.

    Raises CacheError when it exists and cannot be read.
    """
    try:
        text = files.read_if_present(path(environment, name)).strip()
    except OSError as error:
        raise _failed(environment, "read", name, error) from error
    return text if all(line.isprintable() for line in text.splitlines()) else ""


def write(environment: DokkuEnvironment, name: str, text: str) -> None:
    """Replace a state file, also that of another user. Raises CacheError, and then keeps the old one."""
    target = path(environment, name)
    temporary = f"{target}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        with open(temporary, "x", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise _failed(environment, "write", name, error) from error


def append(environment: DokkuEnvironment, name: str, line: bytes) -> None:
    """Append to a state file in one write, which never mixes with another (open(2), O_APPEND). Raises CacheError."""
    target = path(environment, name)
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isfile(target) and not os.access(target, os.W_OK):
            # Root created it, in a command without Dokku; a copy belongs to this user.
            with open(target, "rb") as old, open(f"{target}.{os.getpid()}", "wb") as copy:
                copy.write(old.read())
            os.replace(copy.name, target)
        with open(target, "ab", buffering=0, opener=files.opener) as file:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)
    except OSError as error:
        raise _failed(environment, "write", name, error) from error


@contextlib.contextmanager
def lock(environment: DokkuEnvironment, name: str, wait_seconds: float = 0) -> Iterator[bool]:
    """Hold a lock of the whole server and yield True; False if another process holds it longer than ``wait_seconds``.

    Raises CacheError when its file cannot be opened.
    """
    target = path(environment, name)
    flags = os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW  # another user may own it
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        handle = os.open(target, flags, 0o644)
    except OSError as error:
        raise _failed(environment, "open", name, error) from error
    deadline = time.monotonic() + wait_seconds
    try:
        while not (is_held := _is_locked(handle)) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        yield is_held
    finally:
        os.close(handle)


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _failed(environment: DokkuEnvironment, verb: str, name: str, error: OSError) -> CacheError:
    return CacheError(
        f"Could not {verb} {path(environment, name)} ({error.strerror})",
        "check that the disk has space ('df -h'), and that the dokku user owns the directory: "
        f"'sudo chown -hR dokku:dokku {os.path.dirname(path(environment, name))}'",
    )
