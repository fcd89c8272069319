"""Standard output and standard error, for whose readers no work has to wait."""

import contextlib
import os
import select
import threading
import time

#: A pipe that can be written to takes so much at once (pipe(7), PIPE_BUF).
_PIECE_BYTES = 4096
#: A terminal may take less than that, and holds up who writes more; a line or two it does take.
_TERMINAL_PIECE_BYTES = 512


class Outlet:
    """Text for a descriptor, passed on as far as that takes it at once; the rest goes with the next, or at the end.

    A terminal that somebody has stopped (Ctrl-S) and a pipe that nobody reads keep their own text waiting, and no
    purge. ``flush`` and ``drain`` raise OSError when the descriptor takes nothing more; its text is then given up.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = bytearray()
        self._is_terminal = os.isatty(descriptor)
        self._lock = threading.Lock()  # a bar is painted in a thread of its own

    def write(self, text: str) -> int:
        """Take a text; names that are no valid Unicode are written all the same, whatever the locale."""
        self._pending += text.encode(errors="backslashreplace")
        return len(text)

    def flush(self) -> None:
        """Pass on what is taken at once."""
        self.drain(limit_seconds=0)

    def drain(self, limit_seconds: float | None = None) -> bool:
        """Pass on everything, for which it waits as long as is said, or without a limit; tell whether it is gone."""
        end = None if limit_seconds is None else time.monotonic() + limit_seconds
        with self._lock:
            try:
                while self._pending and self._is_ready(end):
                    self._pass_on_a_piece()
            except OSError:
                self._pending.clear()
                raise
            return not self._pending

    def isatty(self) -> bool:
        """Tell whether a terminal shows it."""
        return self._is_terminal

    def _is_ready(self, end: float | None) -> bool:
        wait = None if end is None else max(0.0, end - time.monotonic()) * 1000
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(wait))

    def _pass_on_a_piece(self) -> None:
        size = _TERMINAL_PIECE_BYTES if self._is_terminal else _PIECE_BYTES
        with contextlib.suppress(BlockingIOError):  # somebody else filled it meanwhile
            written = os.write(self._descriptor, self._pending[:size])
            del self._pending[:written]


#: Of this process: one each, so that what waits keeps its order.
_STANDARD: dict[int, Outlet] = {}


def standard(descriptor: int) -> Outlet:
    """Give the outlet of standard output (1) or standard error (2)."""
    return _STANDARD.setdefault(descriptor, Outlet(descriptor))


def drain_standard(limit_seconds: float | None = None) -> None:
    """Pass on what waits, at the end of all work. Nobody may be left to read it: that is no failure any more."""
    for outlet in _STANDARD.values():
        with contextlib.suppress(OSError):
            outlet.drain(limit_seconds)


def open_missing() -> None:
    """Open the standard descriptors that whoever called has closed, lest a file of ours gets their number."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free (open(2))
