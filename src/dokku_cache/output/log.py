"""The plugin's log, ``$DOKKU_LOGS_DIR/cache.log``: what happened while nobody looked."""

import contextlib
import io
import os
from datetime import datetime, timezone

FILE_NAME = "cache.log"


def path(logs_dir: str) -> str:
    """Give the log's path."""
    return os.path.join(logs_dir, FILE_NAME)


def open_log(logs_dir: str) -> int:
    """Open the log for appending and give its descriptor; where it cannot be opened, that of /dev/null.

    ``install`` makes the file, as user dokku may not write to the directory on every server. Dokku's logrotate cuts
    it in place (copytruncate), so that writing goes on at the new end.
    """
    # Without waiting, should somebody have put a named pipe in its place.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path(logs_dir), flags | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except OSError:
        return os.open(os.devnull, flags)


class LogStream(io.TextIOBase):
    """Writes lines with the time and a subject in front; a full disk does not stop who writes."""

    def __init__(self, descriptor: int, subject: str) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._subject = subject

    def write(self, text: str) -> int:
        """Write one line or several."""
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        lines = [f"{time} {self._subject}: {line.strip()}\n" for line in text.splitlines() if line.strip()]
        with contextlib.suppress(OSError):
            os.write(self._descriptor, "".join(lines).encode(errors="backslashreplace"))
        return len(text)


class NotedStream(io.TextIOBase):
    """Passes on what is written to the log, and keeps it, without Dokku's marks, for who has to know."""

    def __init__(self, stream: LogStream, kept: list[str]) -> None:
        super().__init__()
        self._stream = stream
        self._kept = kept

    def write(self, text: str) -> int:
        """Write one line or several."""
        self._kept += [line.strip(" !") for line in text.splitlines() if line.strip(" !")]
        return self._stream.write(text)
