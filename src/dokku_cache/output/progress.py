"""The progress of a purge: a bar on a terminal, an occasional line elsewhere, nothing when quiet."""

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType

from dokku_cache.output import text
from dokku_cache.output.bar import CHANGE_SECONDS, Bar
from dokku_cache.output.console import Console
from dokku_cache.tree.program import Progress
from dokku_cache.tree.scan import Scan

#: Between two lines where there is no terminal, and before the first: who called waits a second for a sign of life.
#: A log needs none.
LINE_SECONDS = 10.0
FIRST_LINE_SECONDS = 0.8
ASKING = "Querying Dokku and Docker"
#: Takes the entries so far, and a sentence about them.
Show = Callable[[int, str], None]


class Watcher:
    """Shows what is measured and what is deleted, one after the other; use it in a ``with`` statement.

    Nothing that shows something ends, fails or holds up what is shown: what cannot be shown is not.
    """

    def __init__(self, console: Console, *, writes_lines: bool = True) -> None:
        """Without ``writes_lines`` there is only the bar: where standard output is read by programs."""
        self._console = console
        self._writes_lines = writes_lines
        self._bar: Bar | None = None
        self._can_bar = True
        self._sign: threading.Timer | None = None
        wait = LINE_SECONDS
        with contextlib.suppress(Exception):
            wait = LINE_SECONDS if console.is_log else min(LINE_SECONDS, FIRST_LINE_SECONDS)
        self._next_line = time.monotonic() + wait

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def measuring(self, app: str) -> Progress:
        """Count what is measured; the total is not known yet."""
        return self._begin(f"Scanning {app}", None)

    def deleting(self, app: str, scan: Scan) -> Progress:
        """Print Dokku's step line, and count the deleted entries. A log gets only the line with the result."""
        self.end()
        with contextlib.suppress(Exception):
            if not self._console.is_log:
                amount = f"{text.size(scan.size_bytes)}, {text.count(scan.files, 'file')}"
                self._console.section(f"Purging legacy cache of {app} ({amount})")
        return self._begin(f"Deleting {app}", scan.entries)

    def asking(self, title: str = ASKING) -> None:
        """Give a sign of life while Dokku and Docker are asked, which do not tell how far they are."""
        self._begin(title, None)
        with contextlib.suppress(Exception):
            if self._bar or not self._writes_lines or self._console.is_quiet:
                return
            self._sign = threading.Timer(max(0.0, self._next_line - time.monotonic()), self._give_sign, [title])
            self._sign.daemon = True
            self._sign.start()

    def _give_sign(self, title: str) -> None:
        self._next_line = time.monotonic() + LINE_SECONDS
        self._console.detail(f"{title} ...")

    def waiting(self, title: str) -> Callable[[], None]:
        """Show that something lasts of which nobody tells how far it is, each time that this is called."""
        counter = self._begin(title, None)
        begun = time.monotonic()
        counter.describe = lambda: text.duration(time.monotonic() - begun)
        return lambda: counter(0)

    def _begin(self, title: str, total: int | None) -> "_Counter":
        self.end()
        try:
            return self._counter(title, total)
        except Exception:  # noqa: BLE001 - a display that cannot be had is done without
            return _Counter(_ignore, total, LINE_SECONDS)

    def _counter(self, title: str, total: int | None) -> "_Counter":
        if not self._console.is_quiet:
            if not self._console.shows_progress_bars and self._writes_lines:
                # What is begun anew is no reason to be silent for longer.
                return _Counter(lambda _, counted: self._line(title, counted), total, LINE_SECONDS, self._next_line)
            if self._console.shows_progress_bars and self._can_bar:
                self._bar = Bar(title, total)
                return _Counter(self._bar.show, total, CHANGE_SECONDS)
        return _Counter(_ignore, total, LINE_SECONDS)

    def _line(self, title: str, counted: str) -> None:
        self._next_line = time.monotonic() + LINE_SECONDS
        self._console.detail(f"{title}: {counted}")

    def end(self) -> None:
        """Take the bar away. One that does not go is not waited for again."""
        sign, self._sign = self._sign, None
        if sign:
            sign.cancel()
        bar, self._bar = self._bar, None
        with contextlib.suppress(Exception):
            self._can_bar = self._can_bar and (bar is None or bar.end())


class _Counter:
    """Adds up ticks, and shows the sums at most once in so many seconds."""

    def __init__(self, show: Show, total: int | None, interval_seconds: float, first: float | None = None) -> None:
        """``first``: when something may be shown first (time.monotonic), if not after one interval."""
        self._show = show
        self._total = total
        self._interval = interval_seconds
        self._next = time.monotonic() + interval_seconds if first is None else first
        self._entries = self._bytes = 0
        #: Says how far it is.
        self.describe = self._describe

    def __call__(self, entries: int, size_bytes: int = 0) -> None:
        self._entries += entries
        self._bytes += size_bytes
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._interval
            self._display()

    def _display(self) -> None:
        try:
            self._show(self._entries, self.describe())
        except Exception:  # noqa: BLE001 - it is counted all the same
            self._show = _ignore

    def _describe(self) -> str:
        if self._total is None:
            return f"{text.count(self._entries, 'entry', 'entries')}, {text.size(self._bytes)}"
        return f"{self._entries:,} of {self._total:,} entries deleted"


def _ignore(_entries: int, _counted: str) -> None:
    """Show nothing: nobody looks."""
