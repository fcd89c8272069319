"""How a purge gets on: a bar on a terminal, a line now and then elsewhere, nothing when quiet."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from dokku_cache.legacy.measure import Measurement, Tick
from dokku_cache.legacy.remove import Gone
from dokku_cache.output import text
from dokku_cache.output.console import Console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Between two lines where there is no terminal.
LINE_SECONDS = 10.0
#: Between two changes of the bar.
BAR_SECONDS = 0.1
#: Takes the entries so far, and a sentence about them.
Show = Callable[[int, str], None]


class Watcher:
    """Shows what is measured and what is deleted, one after the other; use it in a ``with`` statement."""

    def __init__(self, console: Console, *, writes_lines: bool = True) -> None:
        """Without ``writes_lines`` there is only the bar: where standard output is read by programs."""
        self._console = console
        self._writes_lines = writes_lines
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def measuring(self, app: str) -> Tick:
        """Count what is measured; the total is not known yet."""
        return self._begin(f"Measuring {app}", None)

    def deleting(self, app: str, measured: Measurement) -> Gone:
        """Count what is deleted, of what was measured."""
        return self._begin(f"Deleting {app}", measured.entries)

    def _begin(self, title: str, total: int | None) -> "_Counter":
        self.end()
        if self._console.shows_progress_bars and not self._console.is_quiet:
            return self._begin_bar(title, total)
        if self._console.is_quiet or not self._writes_lines:
            return _Counter(_ignore, total, LINE_SECONDS)
        return _Counter(lambda _, counted: self._console.detail(f"{title}: {counted}"), total, LINE_SECONDS)

    def _begin_bar(self, title: str, total: int | None) -> "_Counter":
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("       {task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counted]}"),
            TimeElapsedColumn(),
            console=Terminal(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(title, total=total, counted="")
        self._bar.start()
        return _Counter(self._update_bar, total, BAR_SECONDS)

    def _update_bar(self, entries: int, counted: str) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=entries, counted=counted)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class _Counter:
    """Adds up ticks, and shows the sums at most once in so many seconds."""

    def __init__(self, show: Show, total: int | None, interval_seconds: float) -> None:
        self._show = show
        self._total = total
        self._interval = interval_seconds
        self._next = time.monotonic() + interval_seconds
        self._entries = self._bytes = 0

    def __call__(self, entries: int, size_bytes: int = 0) -> None:
        self._entries += entries
        self._bytes += size_bytes
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._interval
            self._show(self._entries, self._describe())

    def _describe(self) -> str:
        if self._total is None:
            return f"{text.count(self._entries, 'entry', 'entries')}, {text.size(self._bytes)}"
        return f"{self._entries:,} of {self._total:,} entries deleted"


def _ignore(_entries: int, _counted: str) -> None:
    """Show nothing: nobody looks."""
