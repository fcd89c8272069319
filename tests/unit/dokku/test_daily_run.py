"""The record of the daily run, and when the next one is overdue."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from dokku_cache.dokku import daily_run, state_files
from dokku_cache.dokku.daily_run import Run
from dokku_cache.dokku.environment import DokkuEnvironment

NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def run_at(hours: float) -> Run:
    return Run(hours_ago(hours).isoformat(timespec="seconds"), daily_run.OK)


def test_a_run_is_recorded_when_it_starts_and_when_it_ends(environment: DokkuEnvironment) -> None:
    assert daily_run.last(environment) is None
    with daily_run.recorded(environment):
        started = daily_run.last(environment)
        assert started
        assert (started.result, started.succeeded) == (daily_run.RUNNING, False)
    assert daily_run.last(environment) == Run(started.at, daily_run.OK)


def test_reasons_and_exceptions_are_failures(environment: DokkuEnvironment) -> None:
    with daily_run.recorded(environment) as reasons:
        reasons += ["Docker is not available", "details are in the log"]
    ended = daily_run.last(environment)
    assert ended
    assert ended.result == "failed: Docker is not available; details are in the log"
    with pytest.raises(KeyboardInterrupt), daily_run.recorded(environment):
        raise KeyboardInterrupt
    ended = daily_run.last(environment)
    assert ended
    assert (ended.result, ended.succeeded) == ("failed: KeyboardInterrupt", False)


def test_a_record_that_cannot_be_written_fails_the_run_without_stopping_it(environment: DokkuEnvironment) -> None:
    Path(environment.lib_root, "data").write_text("in the way")
    with daily_run.recorded(environment) as reasons:
        assert "Could not write" in reasons[0]
    assert len(reasons) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 64, b'{"at": "2026', b"[]", b'{"at": 5, "result": "ok"}', b'{"at": "x", "result": "ok"}',
     b'{"at": "2026-11-28T03:00:00+00:00", "result": null}', b'{"at": "2026-11-28T03:00:00", "result": "ok"}'],
)  # fmt: skip
def test_a_damaged_record_is_no_run(environment: DokkuEnvironment, content: bytes) -> None:
    path = Path(state_files.path(environment, daily_run.FILE_NAME))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert daily_run.last(environment) is None


@pytest.mark.parametrize(
    ("run", "scheduled", "overdue"),
    [
        (run_at(35), hours_ago(1000), None),
        (run_at(37), hours_ago(1000), hours_ago(1)),
        (None, hours_ago(35), None),
        (None, hours_ago(40), hours_ago(4)),
        (run_at(1000), hours_ago(2), None),
        (None, None, None),
        (run_at(50), None, hours_ago(14)),
        (run_at(-20), hours_ago(1000), None),
        # The clock was wrong when it ran.
        (run_at(-1000), hours_ago(40), hours_ago(4)),
        (run_at(-1000), hours_ago(-1000), None),
    ],
)
def test_a_run_is_overdue_after_36_hours(
    run: Run | None, scheduled: datetime | None, overdue: datetime | None
) -> None:
    assert daily_run.overdue_since(run, scheduled, NOW) == overdue


def test_another_engine_is_noticed_once(environment: DokkuEnvironment) -> None:
    assert daily_run.engine_change(environment, "a") == daily_run.engine_change(environment, "a") == ""
    assert "changed" in daily_run.engine_change(environment, "b")
    assert daily_run.engine_change(environment, "b") == ""
    assert daily_run.engine_change(environment, "")


@pytest.mark.parametrize("content", [b"", b"\0\0"])
def test_a_damaged_engine_id_counts_as_another_engine_once(environment: DokkuEnvironment, content: bytes) -> None:
    daily_run.engine_change(environment, "a")
    Path(state_files.path(environment, daily_run.ENGINE_ID_FILE)).write_bytes(content)
    assert daily_run.engine_change(environment, "a")
    assert daily_run.engine_change(environment, "a") == ""


def test_an_engine_id_that_cannot_be_read_counts_as_another_engine_with_a_way_out(
    environment: DokkuEnvironment,
) -> None:
    Path(state_files.path(environment, daily_run.ENGINE_ID_FILE)).mkdir(parents=True)
    for _ in range(2):
        reason = daily_run.engine_change(environment, "a")
        assert daily_run.ENGINE_ID_FILE in reason
        assert "chown" in reason
