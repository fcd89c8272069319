"""How many threads delete: as many as pay, on a disk that is played."""

import os
import threading
import time
from collections.abc import Callable

import pytest

from dokku_cache.legacy.crew import RESTING, Crew, Pace, processors

Disk = Callable[[int], float]


def settled(disk: Disk, pace: Pace, windows: int = 12) -> int:
    """Give how many workers there are, after so many looks at a disk that deletes so many entries with so many."""
    for _ in range(windows):
        pace.after(int(disk(pace.workers) * 0.1), 0.1)
    return pace.workers


def waiting(workers: int) -> float:
    """A disk for which everybody waits by himself."""
    return 1000.0 * workers


def computing(workers: int) -> float:
    """None: two processors are all there is, and who waits for Python is in the way."""
    return 40_000.0 / max(1, workers / 2)


def throttled(workers: int) -> float:
    """A disk that does as much whoever asks, from eight on."""
    return 1000.0 * min(8, workers)


def at_a_halt(_: int) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("disk", "expected"), [(waiting, 32), (computing, 2), (throttled, 8), (at_a_halt, 32), (lambda _: 5e4, 2)]
)
def test_there_are_as_many_as_pay(disk: Disk, expected: int) -> None:
    assert settled(disk, Pace(2, 32)) == expected


@pytest.mark.parametrize("most", [1, 2, 3])
def test_there_are_never_more_than_may_be(most: int) -> None:
    """The gentle purge has two, however many processors there are."""
    pace = Pace(16, most)
    assert pace.workers == most
    assert {pace.after(int(waiting(pace.workers)), 1) for _ in range(100)} == {most}


def test_there_are_never_fewer_than_at_first() -> None:
    pace = Pace(4, 32)
    assert {pace.after(int(1000 / pace.workers), 1) for _ in range(200)} == {4, 8}


def test_a_disk_that_gets_slower_gets_more_of_them_and_one_that_gets_faster_fewer() -> None:
    """The first part of a tree goes while the journal has room."""
    pace = Pace(2, 32)
    assert settled(computing, pace) == 2
    assert settled(waiting, pace, 4 * RESTING) == 32
    assert settled(computing, pace, 12 * RESTING) <= 4


def test_a_trial_that_bought_nothing_is_made_again_only_after_a_while() -> None:
    pace = Pace(2, 32)
    seen = [pace.after(int(computing(pace.workers)), 1) for _ in range(RESTING + 4)]
    assert seen == [4, 2] + [2] * RESTING + [2, 4]


def test_as_much_by_fewer_is_as_good() -> None:
    pace = Pace(2, 32)
    assert settled(waiting, pace) == 32
    assert settled(throttled, pace, 3 * RESTING) == 8


def test_a_longer_look_sees_more_and_that_is_no_gain() -> None:
    pace = Pace(2, 32)
    assert [pace.after(100, 0.1), pace.after(200, 0.2)] == [4, 2]


def test_only_the_processors_that_it_may_use_count() -> None:
    before = os.sched_getaffinity(0)
    assert processors() == len(before)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, before)


class Waiting:
    """Work in which each waits to be let go."""

    def __init__(self) -> None:
        self.wanted = 0
        self.end = threading.Event()

    def take_part(self) -> None:
        self.end.wait(10)


def test_a_crew_starts_who_is_missing_and_no_more() -> None:
    work = Waiting()
    crew = Crew(work)
    others = threading.active_count()
    for wanted in (2, 5, 3, 5):
        assert crew.be(wanted)
        assert work.wanted == wanted
    assert threading.active_count() == others + 5
    work.end.set()
    crew.join()
    assert threading.active_count() == others


def test_who_left_is_replaced() -> None:
    work = Waiting()
    work.end.set()
    crew = Crew(work)
    crew.be(3)
    while threading.active_count() > 1:
        time.sleep(0.001)
    work.end.clear()
    crew.be(2)
    assert threading.active_count() == 3
    work.end.set()
    crew.join()


def test_where_the_machine_gives_no_thread_it_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def start(thread: threading.Thread) -> None:
        asked.append(thread)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    crew = Crew(Waiting())
    assert [crew.be(4), crew.be(8)] == [False, False]
    assert len(asked) == 1
    crew.join()
