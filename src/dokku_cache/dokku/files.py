"""Reading small files of Dokku, nginx and others, and Dokku's version."""

import errno
import os
import re
import stat
import typing

if typing.TYPE_CHECKING:  # every deploy waits for the imports of this module
    from dokku_cache.model.finding import DokkuVersion

#: Longer files are not read.
MAX_BYTES = 1 << 20
#: In Dokku's order: the package's file first, then the one that ``make install`` writes (git describe).
VERSION_FILES = ("STABLE_VERSION", "VERSION")
#: ``0.38.27``, ``v0.38.27-33-g3389f5``, ``1690000000:0.31.0``.
_VERSION = re.compile(r"(?:\d+:)?v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?![0-9.])")


def opener(path: str, flags: int) -> int:
    """Open for ``open()`` without waiting for a named pipe. Raises OSError."""
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    if stat.S_ISFIFO(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return handle


def read(path: str, max_bytes: int = MAX_BYTES) -> str:
    """Return the content of a regular file, with surrogates for bytes that are not UTF-8.

    Does not wait for a named pipe or device. Raises OSError, also for files that are not regular or too long.
    """
    with open(path, "rb", opener=opener) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        if status.st_size > max_bytes:
            raise OSError(errno.EFBIG, f"longer than {max_bytes:,} bytes", path)
        return file.read(max_bytes).decode(errors="surrogateescape")


def read_if_present(path: str) -> str:
    """Return the content of a regular file, empty if it is missing. Raises OSError as ``read`` does."""
    try:
        return read(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""


def names_in(directory: str) -> list[str]:
    """List a directory, which may be missing. Raises OSError when it cannot be listed."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def dokku_version_text(lib_root: str) -> str:
    """Return the version as Dokku recorded it; empty when it cannot be read or is damaged."""
    for name in VERSION_FILES:
        try:
            text = read(os.path.join(lib_root, name)).partition("\n")[0].strip()
        except FileNotFoundError:
            continue
        except OSError:
            return ""
        return text if text.isprintable() else ""
    return ""


def parse_version(text: str) -> "DokkuVersion | None":
    """Return the release in a version text, None if there is none."""
    from dokku_cache.model.finding import DokkuVersion

    match = _VERSION.match(text)
    return DokkuVersion(*(int(part) for part in match.groups())) if match else None


def dokku_version(lib_root: str) -> "DokkuVersion | None":
    """Return the installed version, None if it is unknown."""
    return parse_version(dokku_version_text(lib_root))
