"""Standard output and standard error, without ever waiting for a reader while there is work to do."""

import contextlib
import os
import select
import threading
import time

#: A pipe that is ready takes this many bytes at once (pipe(7), PIPE_BUF).
_PIPE_BYTES = 4096
#: A terminal may take fewer, and block a longer write; it does take a line or two.
_TERMINAL_BYTES = 512


class OutputStream:
    """Text for a descriptor. ``flush`` writes what the reader takes at once, ``drain`` waits for the rest.

    A stopped terminal (Ctrl-S) or a pipe without a reader delays its own text, never a purge. ``flush`` and ``drain``
    raise OSError when the descriptor is broken; its text is then discarded.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = bytearray()
        self._is_terminal = os.isatty(descriptor)
        self._lock = threading.Lock()  # the progress bar has its own thread

    def write(self, text: str) -> int:
        """Add text; invalid Unicode is escaped, whatever the locale is."""
        self._pending += text.encode(errors="backslashreplace")
        return len(text)

    def flush(self) -> None:
        """Write what the reader takes at once."""
        self.drain(limit_seconds=0)

    def drain(self, limit_seconds: float | None = None) -> bool:
        """Write everything, and wait for the reader as long as the limit allows. Return whether all is written."""
        end = None if limit_seconds is None else time.monotonic() + limit_seconds
        size = _TERMINAL_BYTES if self._is_terminal else _PIPE_BYTES
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        with self._lock:
            try:
                while self._pending and poll.poll(None if end is None else max(0.0, end - time.monotonic()) * 1000):
                    with contextlib.suppress(BlockingIOError):  # another process filled it
                        del self._pending[: os.write(self._descriptor, self._pending[:size])]
            except OSError:
                self._pending.clear()
                raise
            return not self._pending

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._is_terminal


#: One per descriptor of this process, so that texts keep their order.
_STANDARD: dict[int, OutputStream] = {}


def standard(descriptor: int) -> OutputStream:
    """Return the stream of standard output (1) or standard error (2)."""
    return _STANDARD.setdefault(descriptor, OutputStream(descriptor))


def drain_standard(limit_seconds: float | None = None) -> None:
    """Write what is left when all work is done. A missing reader is no failure then."""
    for stream in _STANDARD.values():
        with contextlib.suppress(OSError):
            stream.drain(limit_seconds)


def open_missing() -> None:
    """Open closed standard descriptors, so that no other file gets their numbers."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number (open(2))
