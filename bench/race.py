"""Running commands in turn, and what that gives."""

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Contender:
    """A command that is timed. ``seconds``: one figure a run. ``shown``: the command as a reader would type it."""

    name: str
    command: Sequence[str]
    shown: str = ""
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
    for _ in range(runs):
        for contender in contenders:
            before()
            begun = time.perf_counter()
            subprocess.run(
                contender.command,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            contender.seconds.append(time.perf_counter() - begun)
            after()
    print(f"{title}: " + ", ".join(f"{c.name} {c.median:.3f} s" for c in contenders), flush=True)
    return Result(title, contenders, note)
