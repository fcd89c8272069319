"""Progress without a terminal."""

import io
import time

import pytest

from dokku_cache.output import progress
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.tree.scan import Scan


def lines(*, is_quiet: bool = False, writes_lines: bool = True) -> list[str]:
    out = io.StringIO()
    with Watcher(Console(is_quiet=is_quiet, out=out, err=out), writes_lines=writes_lines) as watcher:
        tick = watcher.measuring("shop")
        tick(3, 4096)
        tick = watcher.deleting("shop", Scan(8192, 3, 1))
        tick(1)
        tick(1)
    return out.getvalue().splitlines()


def test_a_line_is_written_now_and_then_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines() == ["-----> Purging legacy cache of shop (8.0 KiB, 3 files)"]
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    assert lines() == [
        "       Scanning shop: 3 entries, 4.0 KiB",
        "-----> Purging legacy cache of shop (8.0 KiB, 3 files)",
        "       Deleting shop: 1 of 4 entries deleted",
        "       Deleting shop: 2 of 4 entries deleted",
    ]


def test_quiet_and_programs_get_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    assert lines(is_quiet=True) == []
    assert lines(writes_lines=False) == ["-----> Purging legacy cache of shop (8.0 KiB, 3 files)"]


def test_what_is_begun_anew_does_not_make_the_silence_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("dokku_cache.output.progress.time.monotonic", lambda: now[0])
    out = io.StringIO()
    with Watcher(Console(out=out, err=io.StringIO())) as watcher:
        for second in range(1, 31):
            now[0] = 100.0 + second
            if second % 4 == 1:
                tick = watcher.measuring(f"app{second}")
            tick(1)
            assert out.getvalue().count("\n") == 1 + (second - 1) // 10


def test_who_waits_has_a_sign_of_life_within_a_second_and_a_log_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("dokku_cache.output.progress.time.monotonic", lambda: now[0])
    for is_log, said in ((False, ["       Scanning shop: 5 entries, 0 B"]), (True, [])):
        now[0] = 100.0
        out = io.StringIO()
        with Watcher(Console(is_log=is_log, out=out, err=io.StringIO())) as watcher:
            tick = watcher.measuring("shop")
            tick(4)
            now[0] = 100.9
            tick(1)
        assert out.getvalue().splitlines() == said


def test_while_nobody_tells_how_far_it_is_there_is_one_line_and_none_when_it_is_quick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(seconds: float, *, is_quiet: bool = False, writes_lines: bool = True) -> list[str]:
        out = io.StringIO()
        console = Console(is_quiet=is_quiet, out=out, err=io.StringIO())
        with Watcher(console, writes_lines=writes_lines) as watcher:
            watcher.asking()
            time.sleep(seconds)
        time.sleep(0.2)
        return out.getvalue().splitlines()

    assert asked(0) == []
    monkeypatch.setattr(progress, "FIRST_LINE_SECONDS", 0.05)
    assert asked(0.3) == ["       Querying Dokku and Docker ..."]
    assert asked(0.3, is_quiet=True) == []
    assert asked(0.3, writes_lines=False) == []
