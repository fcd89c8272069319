"""Progress without a terminal."""

import io
import time

import pytest

from dokku_cache.model.scan import Scan
from dokku_cache.output import progress
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher


@pytest.fixture(autouse=True)
def _seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print the first line at once, and no other during a test."""
    monkeypatch.setattr(progress, "FIRST_LINE_SECONDS", 0.0)
    monkeypatch.setattr(progress, "LINE_SECONDS", 60.0)
    monkeypatch.setattr(progress, "UPDATE_SECONDS", 0.01)


def lines(seconds: float, *, writes_lines: bool = True, is_quiet: bool = False, is_log: bool = False) -> list[str]:
    """Scan and delete for so long each."""
    out = io.StringIO()
    console = Console(is_quiet=is_quiet, is_log=is_log, out=out, err=io.StringIO())
    with Watcher(console, writes_lines=writes_lines) as watcher:
        tick = watcher.measuring("shop")
        tick(3, 4096)
        time.sleep(seconds)
        tick = watcher.deleting("shop", Scan(8192, 3, 1))
        tick(1)
        tick(1)
        time.sleep(seconds)
    return out.getvalue().splitlines()


def test_lines_are_printed_at_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = "       Scanning shop: 3 entries, 4.0 KiB"
    assert lines(0.3) == [scanned, "-----> Purging legacy cache of shop (8.0 KiB, 3 files)"]
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.1)
    shown = lines(0.3)
    assert shown[0] == scanned
    assert shown[-1] == "       Deleting shop: 2 of 4 entries deleted"
    assert len(shown) < 20


@pytest.mark.parametrize("options", [{"is_quiet": True}, {"writes_lines": False}, {"is_log": True}])
def test_quiet_commands_programs_and_logs_get_no_early_line(options: dict[str, bool]) -> None:
    assert [line for line in lines(0.1, **options) if "shop:" in line] == []


def test_a_new_step_does_not_postpone_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.1)
    out = io.StringIO()
    with Watcher(Console(out=out, err=io.StringIO())) as watcher:
        for number in range(20):
            watcher.measuring(f"app{number}")(1, 0)
            time.sleep(0.03)
    assert out.getvalue().count("\n") > 1


def test_a_step_without_figures_has_a_sign_of_life() -> None:
    out = io.StringIO()
    with Watcher(Console(out=out, err=io.StringIO())) as watcher:
        watcher.asking()
        time.sleep(0.3)
    assert out.getvalue() == "       Querying Dokku and Docker ...\n"
