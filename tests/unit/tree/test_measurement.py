"""Adding up the entries of a tree."""

import os
from pathlib import Path

import pytest

from dokku_cache.tree.measurement import Tally, Ticker
from dokku_cache.tree.scan import Scan


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


def test_find_prints_only_times_that_are_later_and_owners_that_are_new() -> None:
    tally = Tally()
    assert not {"-newermt", "-newerct", "-uid"} & set(tally.find_expression())
    tally.add_line(0, 5.5, 33, 7.25)
    expression = tally.find_expression()
    for test, value in (("-newermt", "@5.500000"), ("-newerct", "@7.250000"), ("-uid", "33")):
        assert expression[expression.index(test) + 1] == value


def test_times_and_owners_that_find_prints_are_added() -> None:
    tally = Tally()
    tally.add_line(8, 5.0, 33)
    tally.add_found(b"8\nt3.5\nc9.5\nu0\n16d\nt7.5\n8\nu32767\n")
    scan = tally.result()
    assert (scan.newest_mtime, scan.newest_ctime, scan.newest_change) == (7.5, 9.5, 9.5)
    assert scan.owners == {0, 33, 32767}
    assert (scan.files, scan.directories, scan.size_bytes) == (2, 1, 40 * 512)


def test_sums_have_the_latest_times_and_all_owners() -> None:
    first, other = Scan(1, 2, 3, 4.0, None, frozenset({5})), Scan(10, 20, 30, 3.0, 6.0, frozenset({7}), unreadable=1)
    assert first + other == other + first == Scan(11, 22, 33, 4.0, 6.0, frozenset({5, 7}), unreadable=1)
    assert first + Scan() == first


def test_each_tick_tells_what_came_since_the_last() -> None:
    tally, ticks = Tally(), []
    ticker = Ticker(tally, lambda *tick: ticks.append(tick))
    tally.add_found(b"8d\n16\n")
    ticker.tell()
    tally.add_found(b"24\n")
    ticker.tell()
    ticker.tell()
    assert ticks == [(2, 24 * 512), (1, 24 * 512), (0, 0)]
