"""Dokku's way of talking: sections, details and warnings (0.38.27, plugins/common/functions)."""

import contextlib
import functools
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import ParamSpec, Protocol

from dokku_cache.output import outlet
from dokku_cache.output.text import printable

_SECTION = "-----> "
_HEADING = "=====> "
_DETAIL = " " * 7
_WARNING = " !     "
#: Where no terminal tells.
_COLUMNS = 80
#: What stays in one piece: a word, or what is quoted, with what touches it.
_WORD = re.compile(r"[^\s']*(?<!\w)'[^']+'(?!\w)\S*|\S+")

Told = ParamSpec("Told")


def unfailing(tell: Callable[Told, None]) -> Callable[Told, None]:
    """Let whatever goes wrong while something is told cost the telling alone.

    Nobody may be left to read it, or the disk be full: no reason to stop in the middle of a purge.
    """

    @functools.wraps(tell)
    def told(*arguments: Told.args, **options: Told.kwargs) -> None:
        with contextlib.suppress(Exception):
            tell(*arguments, **options)

    return told


class Stream(Protocol):
    """What can be written to, such as ``sys.stdout``."""

    def write(self, text: str, /) -> int:
        """Write a text."""

    def flush(self) -> None:
        """Pass on what was written."""

    def isatty(self) -> bool:
        """Tell whether a terminal reads it."""


class Console:
    """Standard output and standard error. ``is_quiet`` silences all but results and errors.

    ``is_log``: nobody sits there and waits. On a terminal, lines are broken between words.
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
        self._out = outlet.standard(1) if out is None else out
        self._err = outlet.standard(2) if err is None else err

    def quieted(self) -> "Console":
        """Give one that writes to the same streams, results and errors alone."""
        return Console(is_quiet=True, is_log=self.is_log, out=self._out, err=self._err)

    @unfailing
    def heading(self, text: str) -> None:
        """Open a report."""
        self._tell(_HEADING, text)

    @unfailing
    def section(self, text: str) -> None:
        """Say what is done now, or was done."""
        self._tell(_SECTION, text)

    @unfailing
    def detail(self, text: str) -> None:
        """Say something about it."""
        self._tell(_DETAIL, text)

    @unfailing
    def passed_on(self, line: str) -> None:
        """Pass on a line that another program has written in Dokku's manner."""
        if not self.is_quiet:
            self._write(self._out, line)

    def result(self, text: str) -> None:
        """Write a line that was asked for: not silenced, waited for, and a failure when nobody takes it (OSError)."""
        self._out.write(text + "\n")
        _pass_on(self._out)

    @unfailing
    def warn(self, text: str, hint: str = "") -> None:
        """Write a warning or an error, with what to do next."""
        for sentence in (text, hint[:1].upper() + hint[1:]) if hint else (text,):
            self._write(self._err, "\n".join(_broken(_WARNING, printable(sentence), _room(self._err), _WARNING)))

    @property
    def is_terminal(self) -> bool:
        """Tell whether a terminal shows standard output."""
        return self._out.isatty()

    @property
    def columns(self) -> int:
        """How many characters a line of standard output has room for: as the terminal has it, else 80."""
        return _room(self._out) or _COLUMNS

    @property
    def is_interactive(self) -> bool:
        """Tell whether somebody sits there who can be asked."""
        return sys.stdin is not None and sys.stdin.isatty() and self._err.isatty()

    @property
    def shows_progress_bars(self) -> bool:
        """Tell whether the terminal can redraw a line."""
        return self._err.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def ask(self, question: str) -> bool:
        """Ask for a yes; anything else, or the end of the input, is a no."""
        self._err.write(f"{_WARNING}{question} [y/N] ")
        _pass_on(self._err)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def ask_for_name(self, name: str, *warnings: str) -> bool:
        """Ask for a name to be typed; anything else is a no.

        The banner is Dokku's own (0.38.27, plugins/common/common.go: AskForDestructiveConfirmation).
        """
        for line in ("WARNING: Potentially Destructive Action", *warnings, f'To proceed, type "{name}"'):
            self.warn(line)
        self._err.write("> ")
        _pass_on(self._err)
        return sys.stdin.readline().strip() == name

    def _tell(self, mark: str, text: str) -> None:
        if not self.is_quiet:
            self._write(self._out, "\n".join(_broken(mark, printable(text), _room(self._out), _DETAIL)))

    def _write(self, stream: Stream, line: str) -> None:
        # Flushed line by line: others write to the same log.
        stream.write(line + "\n")
        stream.flush()


def _room(stream: Stream) -> int:
    """How many characters a line has room for; 0 where no terminal shows it, and nothing has to be broken."""
    return shutil.get_terminal_size((_COLUMNS, 24)).columns if stream.isatty() else 0


def _broken(mark: str, text: str, columns: int, next_mark: str) -> Iterator[str]:
    """Break a line between words, and never within what is quoted: commands are there to be copied."""
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


def _pass_on(stream: Stream) -> None:
    """Wait until somebody has what was written."""
    if isinstance(stream, outlet.Outlet):
        stream.drain()
    else:
        stream.flush()
