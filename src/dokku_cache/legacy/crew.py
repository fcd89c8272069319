"""How many threads delete at a time: where they wait for the disk many do, where they wait for each other few."""

import os
import threading
from typing import Protocol

#: More workers stay if so many times as much goes away, fewer if nearly as much does.
WORTH = 1.15
NEARLY = 0.95
#: So many times nothing is tried, after a trial that bought nothing: a disk's pace changes, and seldom.
RESTING = 20


def processors() -> int:
    """Give how many processors this process may use (sched_getaffinity(2))."""
    return len(os.sched_getaffinity(0))


class Pace:
    """Doubles the workers as long as more is deleted by them, and halves them where as much is deleted by fewer.

    There are ``fewest`` at first, and never fewer, nor more than ``most``. A thread of Python that comes back from
    the kernel waits for all others that run Python; so 32 of them take longer than ``rm`` where the disk
    does not let them wait.
    """

    def __init__(self, fewest: int, most: int) -> None:
        self.workers = self._fewest = min(fewest, most)
        self._most = most
        self._is_growing = True
        self._before: tuple[int, float] | None = None
        self._resting = 0

    def after(self, entries: int, seconds: float) -> int:
        """Give how many workers there are to be from now on, as so many entries went in the last so many seconds."""
        if self._resting:
            self._resting -= 1
            return self.workers
        rate = entries / seconds
        if self._before is None or self._is_worth(rate, self._before[1]):
            self._try(rate)
        else:
            self.workers = self._before[0]
            self._turn()
            self._resting = RESTING
        return self.workers

    def _is_worth(self, rate: float, before: float) -> bool:
        # Where nothing at all goes they wait, and more of them would wait side by side.
        return rate >= before * WORTH if self._is_growing else rate > before * NEARLY

    def _try(self, rate: float) -> None:
        wanted = min(self.workers * 2, self._most) if self._is_growing else max(self.workers // 2, self._fewest)
        if wanted == self.workers:
            self._turn()
            return
        self._before = (self.workers, rate)
        self.workers = wanted

    def _turn(self) -> None:
        self._is_growing = not self._is_growing
        self._before = None


class Work(Protocol):
    """What a crew does.

    ``wanted``: how many are to take part; whoever is one too many leaves.
    """

    wanted: int

    def take_part(self) -> None:
        """Work until there is nothing left, or one is too many."""


class Crew:
    """The threads that take part in a work."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._threads: list[threading.Thread] = []
        self._can_grow = True

    def be(self, wanted: int) -> bool:
        """Be so many, as far as the machine lets us, and tell whether there is one."""
        self._work.wanted = wanted
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        try:
            while self._can_grow and len(self._threads) < wanted:
                self._threads.append(threading.Thread(target=self._work.take_part, daemon=True))
                self._threads[-1].start()
        except RuntimeError:  # the limit of processes, or of memory
            self._threads.pop()
            self._can_grow = False
        return bool(self._threads)

    def join(self) -> None:
        """Wait until the last one has ended."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
