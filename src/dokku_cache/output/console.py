"""Dokku's output style: headings, steps, details and warnings (0.38.27, plugins/common/functions)."""

import contextlib
import functools
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import ParamSpec, Protocol

from dokku_cache.output import stream
from dokku_cache.output.text import printable

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


class Stream(Protocol):
    """A text stream, such as ``sys.stdout``."""

    def write(self, text: str, /) -> int:
        """Write a text."""

    def flush(self) -> None:
        """Pass on what was written."""

    def isatty(self) -> bool:
        """Return whether it is a terminal."""


class Console:
    """Standard output and standard error. ``is_quiet`` silences all but results, warnings and errors.

    ``is_log``: it writes to the log, so that no person waits. On a terminal, lines are broken between words.
    """

    def __init__(
        self,
        *,
        is_quiet: bool = False,
        is_log: bool = False,
        out: Stream | None = None,
        err: Stream | None = None,
    ) -> None:
        self.is_quiet = is_quiet
        self.is_log = is_log
        self._out = stream.standard(1) if out is None else out
        self._err = stream.standard(2) if err is None else err

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
    if isinstance(output, stream.OutputStream):
        output.drain()
    else:
        output.flush()
