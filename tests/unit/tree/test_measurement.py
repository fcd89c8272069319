"""Adding up what a walk meets: what counts as written, and what is told meanwhile."""

import os
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from dokku_cache.tree.measurement import Measurement, Tally, Ticker, is_future


@pytest.mark.parametrize(("seconds_ahead", "expected"), [(-30, False), (30, False), (90, True), (3600, True)])
def test_clocks_that_differ_a_little_hide_no_writer(seconds_ahead: int, *, expected: bool) -> None:
    assert is_future(time.time() + seconds_ahead) is expected


@pytest.mark.parametrize("is_found", [False, True])
def test_a_time_from_the_future_is_shown_and_hides_no_writer(*, is_found: bool) -> None:
    tally, ahead = Tally(), time.time() + 3600

    def meet(*times: float) -> None:
        if is_found:
            tally.add_found(b"".join(b"8\nt%f\n" % moment for moment in times))
        else:
            for moment in times:
                tally.count(8, moment)

    meet(ahead)
    assert (tally.newest is not None, tally.written) == (True, None)
    meet(1.0)
    meet(5.0, ahead + 1, 3.0)
    meet(4.0)
    assert tally.written == 5.0
    assert tally.newest == pytest.approx(ahead + 1, rel=0, abs=0.01)


@pytest.mark.parametrize("names", [2, 3])
def test_a_file_with_several_names_has_its_blocks_once(tmp_path: Path, names: int) -> None:
    (tmp_path / "0").write_bytes(b"x" * 100_000)
    for number in range(1, names):
        os.link(tmp_path / "0", tmp_path / str(number))
    tally = Tally()
    for number in range(names):
        tally.add((tmp_path / str(number)).stat(), is_directory=False)
    assert tally.blocks == (tmp_path / "0").stat().st_blocks > 0
    assert tally.files == names


def test_find_is_asked_for_times_alone_that_are_later_than_those_known() -> None:
    tally = Tally()
    assert "-newermt" not in tally.find_expression()
    tally.count(0, 5.5)
    expression = tally.find_expression()
    assert expression[expression.index("-newermt") + 1] == "@5.500000"


def test_sums_have_the_newest_and_all_that_could_not_be_read() -> None:
    early, late = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2024, 2025))
    first, other = Scan(1, 2, 3, early, 4, 5.0), Scan(10, 20, 30, late, 40, 50.0)
    assert first + other == other + first == Scan(11, 22, 33, late, 44, 50.0)
    assert first + Scan() == first


@pytest.mark.parametrize(("seconds", "expected"), [(2.0**60, datetime.max), (-(2.0**60), datetime.min)])
def test_a_time_beyond_the_calendar_is_its_first_or_last(seconds: float, expected: datetime) -> None:
    tally = Tally()
    tally.count(0, seconds)
    assert tally.result().newest == expected.replace(tzinfo=timezone.utc)


def test_each_tick_tells_what_came_since_the_last() -> None:
    tally, ticks = Tally(), []
    ticker = Ticker(tally, lambda *tick: ticks.append(tick))
    tally.add_found(b"8d\n16\n")
    ticker.tell()
    tally.add_found(b"24\n")
    ticker.tell()
    ticker.tell()
    assert ticks == [(2, 24 * 512), (1, 24 * 512), (0, 0)]
