"""The bar on a terminal, and everything that can be wrong with it."""

import sys
import termios
import threading
import time
from types import ModuleType

import pytest

from dokku_cache.model.scan import Scan
from dokku_cache.output import progress
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher

from .throwing import ThrowingConsole, ThrowingStream, terminal_on


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "START_SECONDS", 0.0)
    monkeypatch.setattr(progress, "UPDATE_SECONDS", 0.01)
    monkeypatch.setattr("dokku_cache.output.console._STANDARD", {})
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


def watch(watcher: Watcher, wait_seconds: float = 0.4) -> None:
    """Do as a purge does."""
    with watcher:
        tick = watcher.measuring("shop")
        for _ in range(3):
            tick(1, 4096)
            time.sleep(wait_seconds / 6)
        gone = watcher.deleting("shop", Scan(8192, 3, 1))
        for _ in range(4):
            gone(1)
            time.sleep(wait_seconds / 8)


def test_it_counts_what_is_measured_and_deleted_and_is_gone_in_the_end() -> None:
    with terminal_on(2) as screen:
        with Watcher(Console()) as watcher:
            tick = watcher.measuring("shop")
            for _ in range(3):
                time.sleep(0.02)
                tick(1, 4096)
            assert screen.shows("Scanning shop")
            assert screen.shows("3 entries, 12.0 KiB")
            gone = watcher.deleting("shop", Scan(8192, 3, 1))
            for _ in range(4):
                time.sleep(0.02)
                gone(1)
            assert screen.shows("Deleting shop")
            assert screen.shows("4 of 4 entries deleted")
        shown = screen.all_shown()
    assert "0:00:00" in shown
    assert shown.rstrip().endswith("\x1b[2K"), "the line is not erased"
    assert "\x1b[?25h" in shown, "the cursor is not back"


def test_what_is_done_at_once_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "START_SECONDS", 5.0)
    with terminal_on(2) as screen:
        begun = time.monotonic()
        watch(Watcher(Console()), wait_seconds=0)
        assert time.monotonic() - begun < 1
        assert screen.all_shown() == ""


def test_a_package_that_is_missing_costs_the_bar_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    with terminal_on(2) as screen:
        watch(Watcher(Console()))
        assert screen.all_shown() == ""


def test_a_package_that_throws_at_each_of_its_calls_costs_the_bar_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rich", "rich.console", "rich.progress"):
        module = ModuleType(name)
        module.__getattr__ = ThrowingStream().__getattribute__  # type: ignore[method-assign]
        module.__path__ = []
        monkeypatch.setitem(sys.modules, name, module)
    with terminal_on(2) as screen:
        watch(Watcher(Console()))
        assert screen.all_shown() == ""


@pytest.mark.parametrize("method", ["add_task", "start", "update", "refresh", "stop"])
def test_a_package_of_another_version_costs_the_bar_alone(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import rich.progress

    def other(*_arguments: object, **_options: object) -> None:
        raise TypeError(f"{method}() got an unexpected keyword argument")

    monkeypatch.setattr(rich.progress.Progress, method, other)
    with terminal_on(2):
        watch(Watcher(Console()))


def test_a_package_that_never_answers_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "END_SECONDS", 0.2)
    release = threading.Event()
    monkeypatch.setattr(progress, "_paint", lambda _: release.wait(10))
    with terminal_on(2):
        watcher = Watcher(Console())
        begun = time.monotonic()
        for _ in range(20):
            watch(watcher, wait_seconds=0)
        assert time.monotonic() - begun < 1
    release.set()


def test_a_terminal_that_was_stopped_holds_nobody_up() -> None:
    with terminal_on(2):
        termios.tcflow(2, termios.TCOOFF)
        begun = time.monotonic()
        watch(Watcher(Console()))
        assert time.monotonic() - begun < 2
        termios.tcflow(2, termios.TCOON)


def test_a_terminal_that_went_away_costs_the_bar_alone() -> None:
    with terminal_on(2) as screen:
        console = Console()
        assert console.shows_progress_bars
        screen.vanish()
        watch(Watcher(console))


def test_a_console_that_throws_at_each_of_its_calls_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    throwing = ThrowingStream()
    for console in (ThrowingConsole(), Console(out=throwing, err=throwing)):
        watch(Watcher(console), wait_seconds=0)
