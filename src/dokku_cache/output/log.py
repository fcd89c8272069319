"""The plugin's log, ``$DOKKU_LOGS_DIR/cache.log``: what happened while nobody looked."""

import contextlib
import io
import os
import re
from datetime import datetime, timezone

FILE_NAME = "cache.log"
#: Of what another program says.
_MOST_BYTES = 64 * 1024


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
    """Writes lines with the time and a subject in front; a full disk does not stop who writes.

    ``subject`` is the trigger or the run that they come from, and ``app`` is put behind it in lines that do not
    name it.
    """

    def __init__(self, descriptor: int, subject: str, app: str = "") -> None:
        super().__init__()
        self._descriptor = descriptor
        self._subject = subject
        self._app = app
        self._names_app = re.compile(rf"(?<![\w.-]){re.escape(app)}(?![\w-])")

    def write(self, text: str) -> int:
        """Write one line or several."""
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        lines = [f"{time} {self._source(line)}: {line.strip()}\n" for line in text.splitlines() if line.strip()]
        with contextlib.suppress(OSError):
            os.write(self._descriptor, "".join(lines).encode(errors="backslashreplace"))
        return len(text)

    def _source(self, line: str) -> str:
        return self._subject if not self._app or self._names_app.search(line) else f"{self._subject} {self._app}"


class Strays:
    """A descriptor for programs that know nothing of the log: what they wrote goes there in the end, with the time.

    It is no pipe: who writes later than that, as something that they have left behind, must not be ended by it.
    """

    def __init__(self) -> None:
        """Open it. Raises OSError."""
        self.descriptor = os.memfd_create("dokku-cache-log")

    def move_to(self, stream: LogStream) -> None:
        """Write down what came, if it is not endless, and close."""
        try:
            stream.write(os.pread(self.descriptor, _MOST_BYTES, 0).decode(errors="backslashreplace"))
        finally:
            os.close(self.descriptor)


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
