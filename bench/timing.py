"""Running commands in turn, and what that gives."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Contender:
    """A command that is timed.

    ``shown``: the command as a reader would type it. ``beside``: what is under way meanwhile, from a second before,
    and is waited for afterwards. ``is_told``: the command itself tells the figure, in seconds. ``seconds``: one
    figure a run.
    """

    name: str
    command: Sequence[str]
    shown: str = ""
    beside: Sequence[str] = ()
    is_told: bool = False
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle of all runs, in seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Result:
    """What one question gave: the first contender is what the others are compared with."""

    title: str
    contenders: Sequence[Contender]
    note: str = ""


def race(
    title: str,
    contenders: Sequence[Contender],
    runs: int,
    *,
    before: Callable[[], object] = lambda: None,
    after: Callable[[], object] = lambda: None,
    note: str = "",
) -> Result:
    """Time commands in turn, A B A B, so that what else the machine does meets all of them alike.

    ``before`` and ``after`` each single run prepare and tidy up, untimed. Raises CalledProcessError.
    """
    busy = in_all = 0.0
    for _ in range(runs):
        for contender in contenders:
            before()
            with _under_way(contender.beside):
                busy_before, begun = _others_busy_seconds(), time.perf_counter()
                done = subprocess.run(contender.command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
                passed = time.perf_counter() - begun
                contender.seconds.append(float(done.stdout) if contender.is_told else passed)
                in_all += passed
                busy += _others_busy_seconds() - busy_before
            after()
    print(f"{title}: " + ", ".join(f"{c.name} {c.median:.3f} s" for c in contenders), flush=True)
    others = max(0.0, busy) / in_all
    # It is not the same for all: who waits for the disk loses nothing by it, who uses all processors loses most.
    told = f"Other processes, the Docker engine included, used {others:.1f} of {os.cpu_count()} processors meanwhile."
    return Result(title, contenders, f"{note} {told}".lstrip())


@contextmanager
def _under_way(command: Sequence[str]) -> Iterator[None]:
    if not command:
        yield
        return
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        time.sleep(1)
        yield
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _others_busy_seconds() -> float:
    """Give the processor time that all processes have used (proc(5), /proc/stat), without those started here."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _waiting, *interrupts = map(int, file.readline().split()[1:8])
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK") - ours.ru_utime - ours.ru_stime
