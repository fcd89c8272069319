"""The progress of a purge: a bar on a terminal, an occasional line elsewhere, nothing when quiet.

Displaying something never ends, fails or delays the work: what cannot be displayed is not.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, TYPE_CHECKING, cast

from dokku_cache import modules
from dokku_cache.output import text
from dokku_cache.output.console import Console, standard_stream
from dokku_cache.tree.program import Progress
from dokku_cache.tree.scan import Scan

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

#: Between two lines without a terminal, and before the first: a caller expects a sign of life within a second, a log
#: does not.
LINE_SECONDS = 10.0
FIRST_LINE_SECONDS = 0.8
#: Before a bar appears, so that short work does not load rich; and between two updates.
START_SECONDS = 0.1
UPDATE_SECONDS = 0.1
#: How long the end waits for the bar to disappear. No terminal is waited for, so this is for a broken rich.
END_SECONDS = 1.0
ASKING = "Querying Dokku and Docker"


class Bar:
    """One bar on standard error, until ``end``. ``total`` is None where it is not known.

    rich runs in its own thread: it may be missing, of another version (11.2 to 15.0 are known to work), or raise.
    """

    def __init__(self, title: str, total: int | None) -> None:
        self._title = title
        self._total = total
        self._shown = (0, "")
        self._begun = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def show(self, entries: int, counted: str) -> None:
        """Set the number of entries, and a sentence about them."""
        self._shown = (entries, counted)

    def end(self) -> bool:
        """Remove the bar; return whether it is removed."""
        self._ended.set()
        self._thread.join(END_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with contextlib.suppress(Exception):
            if not self._ended.wait(START_SECONDS):
                self._paint()

    def _paint(self) -> None:
        screen = standard_stream(2)
        progress = self._progress()
        # A task that is not started has no total, in every version of rich; since 12.3 a total of None means it too.
        task = progress.add_task(
            self._title, start=self._total is not None, total=self._total or 1, counted="", elapsed=self._elapsed()
        )
        with progress:
            while not self._ended.wait(UPDATE_SECONDS):
                if screen.drain(limit_seconds=0):  # a stopped terminal gets no frames
                    entries, counted = self._shown
                    progress.update(task, completed=entries, counted=counted, elapsed=self._elapsed())
                    progress.refresh()

    def _progress(self) -> "RichProgress":
        modules.load("rich.progress")
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        return RichProgress(
            TextColumn("       {task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counted]}"),
            TextColumn("{task.fields[elapsed]}", style="progress.elapsed"),
            console=Terminal(file=cast("IO[str]", standard_stream(2))),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


class Watcher:
    """Displays what is scanned and deleted, one after the other; use it in a ``with`` statement."""

    def __init__(self, console: Console, *, writes_lines: bool = True) -> None:
        """Without ``writes_lines`` there is only the bar: where programs read standard output."""
        self._console = console
        self._writes_lines = writes_lines
        self._bar: Bar | None = None
        self._can_bar = True
        self._timer: threading.Timer | None = None
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
        """Count what is scanned; the total is not known yet."""
        return self._begin(f"Scanning {app}", None)

    def deleting(self, app: str, scan: Scan) -> Progress:
        """Print Dokku's step line, and count the deleted entries. A log gets only the line with the result."""
        self.end()
        with contextlib.suppress(Exception):
            if not self._console.is_log:
                amount = f"{text.size(scan.size_bytes)}, {text.count(scan.files, 'file')}"
                self._console.section(f"Purging legacy cache of {app} ({amount})")
                self._next_line = time.monotonic() + LINE_SECONDS
        return self._begin(f"Deleting {app}", scan.entries)

    def asking(self, title: str = ASKING) -> None:
        """Give a sign of life while Dokku and Docker are queried, which do not report their progress."""
        self._begin(title, None)
        with contextlib.suppress(Exception):
            if not self._bar and self._writes_lines and not self._console.is_quiet:
                wait = max(0.0, self._next_line - time.monotonic())
                self._timer = threading.Timer(wait, self._line, [f"{title} ..."])
                self._timer.daemon = True
                self._timer.start()

    def waiting(self, title: str) -> Callable[[], None]:
        """Return a function that shows, at each call, for how long something has been running."""
        counter = self._begin(title, None)
        begun = time.monotonic()
        counter.describe = lambda: text.duration(time.monotonic() - begun)
        return lambda: counter(0)

    def end(self) -> None:
        """Remove the bar. One that does not disappear is not waited for again."""
        timer, self._timer = self._timer, None
        if timer:
            timer.cancel()
        bar, self._bar = self._bar, None
        with contextlib.suppress(Exception):
            self._can_bar = self._can_bar and (bar is None or bar.end())

    def _begin(self, title: str, total: int | None) -> "_Counter":
        self.end()
        # The time of the last line counts for the next title too.
        counter = _Counter(total, LINE_SECONDS, self._next_line)
        with contextlib.suppress(Exception):
            if self._console.is_quiet:
                return counter
            if not self._console.shows_progress_bars and self._writes_lines:
                counter.show = lambda _, counted: self._line(f"{title}: {counted}")
            elif self._console.shows_progress_bars and self._can_bar:
                self._bar = Bar(title, total)
                counter = _Counter(total, UPDATE_SECONDS, 0)
                counter.show = self._bar.show
        return counter

    def _line(self, line: str) -> None:
        self._next_line = time.monotonic() + LINE_SECONDS
        self._console.detail(line)


class _Counter:
    """Adds up progress, and shows the sums once per interval, first at the time ``first`` (time.monotonic)."""

    def __init__(self, total: int | None, interval_seconds: float, first: float) -> None:
        self.show: Callable[[int, str], None] | None = None
        self.describe = self._describe
        self._total = total
        self._interval = interval_seconds
        self._next = first
        self._entries = self._bytes = 0

    def __call__(self, entries: int, size_bytes: int = 0) -> None:
        self._entries += entries
        self._bytes += size_bytes
        now = time.monotonic()
        if self.show and now >= self._next:
            self._next = now + self._interval
            try:
                self.show(self._entries, self.describe())
            except Exception:  # noqa: BLE001 - counting continues
                self.show = None

    def _describe(self) -> str:
        if self._total is None:
            return f"{text.count(self._entries, 'entry', 'entries')}, {text.size(self._bytes)}"
        return f"{self._entries:,} of {self._total:,} entries deleted"
