"""A progress bar that is painted beside the work: whatever it meets costs the bar alone."""

import contextlib
import threading
import time
from typing import IO, TYPE_CHECKING, cast

from dokku_cache.output import outlet

if TYPE_CHECKING:
    from rich.progress import Progress

#: What is done sooner needs no bar, and spares loading the package that paints it.
START_SECONDS = 0.1
#: Between two changes.
CHANGE_SECONDS = 0.1
#: How long an end waits for the bar to go away. A terminal is never waited for, so this is for a broken package.
END_SECONDS = 1.0
STANDARD_ERROR = 2


class Bar:
    """One bar on standard error, from its making to its ``end``. ``total`` is None where that is not known.

    All that rich does happens in a thread of its own: it may be missing, too old or too new (11.2 to 15.0 are known
    to work), or throw; and a terminal that takes nothing gets no frames.
    """

    def __init__(self, title: str, total: int | None) -> None:
        self._title = title
        self._total = total
        self._shown = (0, "")
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()

    def show(self, entries: int, counted: str) -> None:
        """Say how far it is: entries so far, and a sentence about them."""
        self._shown = (entries, counted)

    def end(self) -> bool:
        """Take the bar away; tell whether it went."""
        self._over.set()
        self._thread.join(END_SECONDS)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with contextlib.suppress(Exception):
            if not self._over.wait(START_SECONDS):
                self._paint()

    def _paint(self) -> None:
        screen = outlet.standard(STANDARD_ERROR)
        progress = self._progress()
        # Without a start it has no total, in every version of rich; since 12.3 a total of None means that too.
        task = progress.add_task(
            self._title, start=self._total is not None, total=self._total or 1, counted="", elapsed=self._elapsed()
        )
        with progress:
            while not self._over.wait(CHANGE_SECONDS):
                if not screen.drain(limit_seconds=0):
                    continue
                entries, counted = self._shown
                progress.update(task, completed=entries, counted=counted, elapsed=self._elapsed())
                progress.refresh()

    def _progress(self) -> "Progress":
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, Progress, TextColumn

        return Progress(
            TextColumn("       {task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counted]}"),
            TextColumn("{task.fields[elapsed]}", style="progress.elapsed"),
            # It asks for no more than an outlet can do.
            console=Terminal(file=cast("IO[str]", outlet.standard(STANDARD_ERROR))),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
