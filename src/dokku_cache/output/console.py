"""Dokku's output style (0.38.27, plugins/common/functions) on streams that never wait while there is work to do."""

import contextlib
import functools
import io
import os
import re
import select
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec

from dokku_cache.output.text import printable

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


def standard_stream(descriptor: int) -> OutputStream:
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


_SECTION = "-----> "
_HEADING = "=====> "
_DETAIL = " " * 7
_WARNING = " !     "
#: Lines are broken between these: words, and quoted commands, which are there to be copied.
_WORD = re.compile(r"[^\s']*(?<!\w)'[^']+'(?!\w)\S*|\S+")

Arguments = ParamSpec("Arguments")


def unfailing(write: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Suppress every error of a function that only displays something: no reason to stop in the middle of a purge."""

    @functools.wraps(write)
    def suppressed(*arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        with contextlib.suppress(Exception):
            write(*arguments, **options)

    return suppressed


Stream = OutputStream | io.TextIOBase


class Console:
    """Standard output and standard error. ``is_quiet`` silences all but results, warnings and errors.

    ``is_log``: it writes to the log, so that no person waits. On a terminal, lines are broken between words.
    """

    def __init__(
        self, *, is_quiet: bool = False, is_log: bool = False, out: Stream | None = None, err: Stream | None = None
    ) -> None:
        self.is_quiet = is_quiet
        self.is_log = is_log
        self._out = standard_stream(1) if out is None else out
        self._err = standard_stream(2) if err is None else err

    def quieted(self) -> "Console":
        """Return a console that writes only results, warnings and errors to the same streams."""
        return Console(is_quiet=True, is_log=self.is_log, out=self._out, err=self._err)

    @unfailing
    def heading(self, text: str) -> None:
        """Open a report."""
        self._line(_HEADING, text)

    @unfailing
    def section(self, text: str) -> None:
        """Open a step."""
        self._line(_SECTION, text)

    @unfailing
    def detail(self, text: str) -> None:
        """Write a detail."""
        self._line(_DETAIL, text)

    @unfailing
    def relay(self, line: str) -> None:
        """Write a line of another program in Dokku's style as it is."""
        if not self.is_quiet:
            self._write(self._out, line)

    def result(self, text: str) -> None:
        """Write a line of the result: never silenced, and waits for the reader. Raises OSError."""
        self._out.write(text + "\n")
        _drain(self._out)

    @unfailing
    def warn(self, text: str, hint: str = "") -> None:
        """Write a warning or an error; ``hint`` is what to do next."""
        for sentence in (text, hint[:1].upper() + hint[1:]) if hint else (text,):
            self._write(self._err, "\n".join(_broken(_WARNING, printable(sentence), _room(self._err), _WARNING)))

    @property
    def columns(self) -> int:
        """The width of the terminal in characters; 0 where standard output is not a terminal."""
        return _room(self._out)

    @property
    def is_interactive(self) -> bool:
        """Return whether a person can be asked for confirmation."""
        return sys.stdin is not None and sys.stdin.isatty() and self._err.isatty()

    @property
    def shows_progress_bars(self) -> bool:
        """Return whether the terminal can redraw a line."""
        return self._err.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def ask(self, question: str) -> bool:
        """Ask for a yes. Anything else, or the end of the input, is a no."""
        self._err.write(f"{_WARNING}{question} [y/N] ")
        _drain(self._err)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def ask_for_name(self, name: str, *warnings: str) -> bool:
        """Ask for a name to be typed. Anything else is a no.

        The banner is Dokku's own (0.38.27, plugins/common/common.go: AskForDestructiveConfirmation).
        """
        for line in ("WARNING: Potentially Destructive Action", *warnings, f'To proceed, type "{name}"'):
            self.warn(line)
        self._err.write("> ")
        _drain(self._err)
        return sys.stdin.readline().strip() == name

    def _line(self, mark: str, text: str) -> None:
        if not self.is_quiet:
            self._write(self._out, "\n".join(_broken(mark, printable(text), _room(self._out), _DETAIL)))

    def _write(self, output: Stream, line: str) -> None:
        # Flushed line by line: other programs write to the same log.
        output.write(line + "\n")
        output.flush()


def _room(output: Stream) -> int:
    """Return the width of a terminal in characters; 0 without one, where lines are not broken."""
    return shutil.get_terminal_size().columns if output.isatty() else 0


def _broken(mark: str, text: str, columns: int, next_mark: str) -> Iterator[str]:
    if len(mark) + len(text) <= columns or not columns:
        yield mark + text
        return
    line = mark
    for word in _WORD.findall(text):
        if line not in {mark, next_mark} and len(line) + len(word) >= columns:
            yield line.rstrip()
            line = next_mark
        line += f"{word} "
    yield line.rstrip()


def _drain(output: Stream) -> None:
    """Wait until the reader has everything."""
    if isinstance(output, OutputStream):
        output.drain()
    else:
        output.flush()
