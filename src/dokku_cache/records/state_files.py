"""The small files in which the plugin keeps its state: ``$DOKKU_LIB_ROOT/data/cache/<name>``.

A full disk or a power cut leaves files empty, cut, or filled with NULs: such a file counts as missing.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError

_POLL_SECONDS = 0.1


def directory(environment: DokkuEnvironment) -> str:
    """Return the plugin's data directory."""
    return os.path.join(environment.data_dir, "cache")


def path(environment: DokkuEnvironment, name: str) -> str:
    """Return the path of a state file."""
    return os.path.join(directory(environment), name)


def read(environment: DokkuEnvironment, name: str) -> str:
    """Return the text of a state file without surrounding whitespace; empty where it is missing or damaged.

    Raises CacheError when it exists and cannot be read.
    """
    try:
        text = files.read(path(environment, name)).strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise CacheError(
            f"Could not read {path(environment, name)} ({error.strerror})", _owner_hint(environment)
        ) from error
    return text if all(line.isprintable() for line in text.splitlines()) else ""


def write(environment: DokkuEnvironment, name: str, text: str) -> None:
    """Replace a state file as a whole, whoever owns it now. Raises CacheError; then the old one is still there."""
    target = path(environment, name)
    temporary = f"{target}.{os.getpid()}"
    try:
        os.makedirs(directory(environment), exist_ok=True)
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
        raise CacheError(f"Could not write {target} ({error.strerror})", _owner_hint(environment)) from error


def append(environment: DokkuEnvironment, name: str, line: bytes) -> None:
    """Append to a state file in one write, which never mixes with another (open(2), O_APPEND). Raises CacheError."""
    target = path(environment, name)
    try:
        os.makedirs(directory(environment), exist_ok=True)
        handle = _open_to_append(target)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise CacheError(f"Could not write {target} ({error.strerror})", _owner_hint(environment)) from error


def _open_to_append(target: str) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        return files.opener(target, flags)
    except PermissionError:
        # A command that root ran without Dokku has made it: a copy belongs to this user.
        shutil.copyfile(target, f"{target}.{os.getpid()}")
        os.replace(f"{target}.{os.getpid()}", target)
        return files.opener(target, flags)


@contextlib.contextmanager
def lock(environment: DokkuEnvironment, name: str, wait_seconds: float = 0) -> Iterator[bool]:
    """Hold a lock of the whole server, and yield True; False where another process has it for longer than that.

    Raises CacheError when there can be no lock.
    """
    try:
        os.makedirs(directory(environment), exist_ok=True)
        # Opened for reading, so that a file of another user does not matter.
        handle = os.open(
            path(environment, name), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW, 0o644
        )
    except OSError as error:
        raise CacheError(
            f"Could not open {path(environment, name)} ({error.strerror})", _owner_hint(environment)
        ) from error
    try:
        yield _is_locked(handle, time.monotonic() + wait_seconds)
    finally:
        os.close(handle)


def _is_locked(handle: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


def _owner_hint(environment: DokkuEnvironment) -> str:
    return (
        "check that the disk has space ('df -h'), and that user dokku owns the directory: "
        f"'sudo chown -hR dokku:dokku {directory(environment)}'"
    )
