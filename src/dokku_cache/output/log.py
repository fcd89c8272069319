"""The plugin's log, ``$DOKKU_LOGS_DIR/cache.log``: automatic runs, and output of other plugins' triggers."""

import contextlib
import io
import os
import re
import time
from collections.abc import Iterator

FILE_NAME = "cache.log"
#: Of the output of another program.
_MAX_BYTES = 64 * 1024


def path(logs_dir: str) -> str:
    """Return the log's path."""
    return os.path.join(logs_dir, FILE_NAME)


def open_log(logs_dir: str) -> int:
    """Open the log for appending and return its descriptor; that of /dev/null where it cannot be opened.

    ``install`` creates it, because the dokku user may not write to the directory on every server.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK  # a named pipe in its place must not block
    try:
        return os.open(path(logs_dir), flags | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except OSError:
        return os.open(os.devnull, flags)


class LogStream(io.TextIOBase):
    """Writes lines to the log, each with the time and its source; never raises, as a full disk fails nothing.

    ``subject`` is the trigger or run; ``app`` is added in lines that do not contain it. Warnings are also added to
    ``warned``, without Dokku's mark.
    """

    def __init__(self, logs_dir: str, subject: str, app: str = "", warned: list[str] | None = None) -> None:
        super().__init__()
        self._logs_dir = logs_dir
        self._subject = subject
        self._app = app
        self._names_app = re.compile(rf"(?<![\w.-]){re.escape(app)}(?![\w-])")
        self._warned = warned

    def write(self, text: str) -> int:
        """Write one line or several."""
        for line in filter(str.strip, text.splitlines()):
            if self._warned is not None and line.startswith(" !"):
                self._warned.append(line.strip(" !"))
            is_named = not self._app or self._names_app.search(line)
            subject = self._subject if is_named else f"{self._subject} {self._app}"
            self._append(f"{time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime())} {subject}: {line.strip()}\n")
        return len(text)

    def _append(self, line: str) -> None:
        # The file is opened for each line: a sweep over many apps must not run out of descriptors.
        with contextlib.suppress(OSError):
            descriptor = open_log(self._logs_dir)
            try:
                os.write(descriptor, line.encode(errors="backslashreplace"))
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def captured_output(stream: LogStream) -> Iterator[int]:
    """Yield a descriptor for other programs; what they wrote by the end of the block is logged. Raises OSError.

    It is a file in memory. A pipe would end programs that keep running in the background when they write.
    """
    descriptor = os.memfd_create("dokku-cache-log")
    try:
        yield descriptor
    finally:
        try:
            stream.write(os.pread(descriptor, _MAX_BYTES, 0).decode(errors="backslashreplace"))
        finally:
            os.close(descriptor)
