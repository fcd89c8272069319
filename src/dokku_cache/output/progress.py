"""The progress of a purge: a bar on a terminal, an occasional line elsewhere, nothing when quiet.

Displaying something never ends, fails or delays the work: what cannot be displayed is not.
"""

import contextlib
import threading
import time
from types import TracebackType
from typing import IO, TYPE_CHECKING, cast

from dokku_cache import modules
from dokku_cache.model.scan import Progress, Scan
from dokku_cache.output import text
from dokku_cache.output.console import Console, standard_stream

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

#: Between two lines without a terminal, and before the first: a caller expects a sign of life within a second, a log
#: does not.
LINE_SECONDS = 10.0
FIRST_LINE_SECONDS = 0.8
#: Before a bar appears, so that short work does not load rich; and between two updates.
START_SECONDS = 0.1
UPDATE_SECONDS = 0.1
#: How long the end waits for the display. No terminal is waited for, so this is for a broken rich.
END_SECONDS = 1.0


class Step:
    """One step of the work, which counts its entries. ``total``: entries to delete, None for other steps."""

    def __init__(self, title: str, total: int | None) -> None:
        self.title = title
        self.total = total
        self.entries = self.size_bytes = 0
        self.ended = threading.Event()
        self._begun = time.monotonic()

    def __call__(self, entries: int, size_bytes: int = 0) -> None:
        """Add deleted or scanned entries, and their allocated bytes."""
        self.entries += entries
        self.size_bytes += size_bytes

    @property
    def counted(self) -> str:
        """Describe the entries so far; empty where none was counted."""
        if self.total is not None:
            return f"{self.entries:,} of {self.total:,} entries deleted"
        if not self.entries:
            return ""
        return f"{text.count(self.entries, 'entry', 'entries')}, {text.size(self.size_bytes)}"

    @property
    def elapsed(self) -> str:
        """The time since the step began."""
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


class Watcher:
    """Displays what is scanned and deleted, one after the other; use it in a ``with`` statement.

    Each step has its own thread: Dokku and Docker do not report their progress, and rich may be missing, of another
    version (11.2 to 15.0 are known to work), or raise.
    """

    def __init__(self, console: Console, *, writes_lines: bool = True) -> None:
        """Without ``writes_lines`` there is only the bar: where programs read standard output."""
        self._console = console
        self._writes_lines = writes_lines
        self._step = Step("", None)
        self._thread: threading.Thread | None = None
        self._can_display = True
        # The time of the last line counts for the next step too.
        self._next_line = time.monotonic() + LINE_SECONDS
        with contextlib.suppress(Exception):
            if not console.is_log:
                self._next_line = time.monotonic() + min(LINE_SECONDS, FIRST_LINE_SECONDS)

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def measuring(self, app: str) -> Progress:
        """Count what is scanned; the total is not known yet."""
        return self._begin(f"Scanning {app}", None)

    def deleting(self, app: str, scan: Scan) -> Step:
        """Print Dokku's step line, and count the deleted entries. A log gets only the line with the result."""
        self.end()
        with contextlib.suppress(Exception):
            if not self._console.is_log:
                amount = f"{text.size(scan.size_bytes)}, {text.count(scan.files, 'file')}"
                self._console.section(f"Purging legacy cache of {app} ({amount})")
                self._next_line = time.monotonic() + LINE_SECONDS
        return self._begin(f"Deleting {app}", scan.entries)

    def asking(self, title: str = "Querying Dokku and Docker") -> None:
        """Give a sign of life while something runs that does not report its progress."""
        self._begin(title, None)

    def end(self) -> None:
        """End the step. A display that does not end is not waited for again."""
        self._step.ended.set()
        thread, self._thread = self._thread, None
        if thread:
            thread.join(END_SECONDS)
            self._can_display = not thread.is_alive()

    def _begin(self, title: str, total: int | None) -> Step:
        self.end()
        self._step = step = Step(title, total)
        with contextlib.suppress(Exception):
            if self._can_display and not self._console.is_quiet:
                thread = threading.Thread(target=self._display, args=[step], name="progress", daemon=True)
                thread.start()
                self._thread = thread
        return step

    def _display(self, step: Step) -> None:
        with contextlib.suppress(Exception):
            if self._console.shows_progress_bars:
                _paint(step)
            elif self._writes_lines:
                self._write_lines(step)

    def _write_lines(self, step: Step) -> None:
        while not step.ended.wait(max(UPDATE_SECONDS, self._next_line - time.monotonic())):
            self._next_line = time.monotonic() + LINE_SECONDS
            self._console.detail(f"{step.title}: {step.counted}" if step.counted else f"{step.title} ...")


def _paint(step: Step) -> None:
    """Show a bar on standard error until the step ends."""
    if step.ended.wait(START_SECONDS):
        return
    screen = standard_stream(2)
    bar = _bar()
    # A task that is not started has no total, in every version of rich; since 12.3 a total of None means it too.
    is_started = step.total is not None
    task = bar.add_task(step.title, start=is_started, total=step.total or 1, counted="", elapsed=step.elapsed)
    with bar:
        while not step.ended.wait(UPDATE_SECONDS):
            if screen.drain(limit_seconds=0):  # a stopped terminal gets no frames
                bar.update(task, completed=step.entries, counted=step.counted, elapsed=step.elapsed)
                bar.refresh()


def _bar() -> "RichProgress":
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
