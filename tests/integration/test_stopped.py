"""A purge that is stopped at any of its system calls loses nothing, and the next purge finishes it."""

import errno
from collections import Counter
from collections.abc import Iterator

import pytest

from . import stopper
from .conftest import IS_LONG, Server
from .stopper import KINDS, Stop
from .stopping import COMMANDS, Command, Scene, is_of_the_purge

#: File systems that are full, broken, in use, closed, or have lost something.
_ALL = (errno.ENOSPC, errno.EIO, errno.EBUSY, errno.EACCES, errno.ENOENT)
#: The errors that each kind of call gets (connect(2), send(2)).
FAILURES = {
    **dict.fromkeys(KINDS, _ALL),
    "openat": (errno.EIO, errno.EACCES, errno.ENOENT),
    "connect": (errno.EACCES, errno.ENOENT, errno.ECONNREFUSED),
    "sendto": (errno.EIO, errno.ECONNRESET),
}
#: The short form stops at every nth call; after the first command, at a fifth of these.
STEPS = {"openat": 12, "write": 2, "connect": 12, "sendto": 5, "unlink": 4}

pytestmark = pytest.mark.skipif(not stopper.is_possible(), reason="it needs Linux 5.5, on x86_64 or aarch64")


def all_stops(counted: Counter[str]) -> Iterator[Stop]:
    """Return every stop, and a few more of each kind than one run had: processes take turns."""
    for kind in KINDS:
        for number in range(1, counted[kind] + 4 if counted[kind] else 1):
            for failure in (None, *FAILURES[kind]):
                yield Stop(kind, number, failure)


def some_stops(counted: Counter[str], seed: int) -> Iterator[Stop]:
    """Return a sample of them, another one for each seed."""
    yield Stop("rename", 1)
    sample = []
    for kind in KINDS:
        step = STEPS.get(kind, 1)
        for number in range(1 + seed % step, counted[kind] + 1, step):
            ways = (None, *FAILURES[kind])
            sample.append(Stop(kind, number, ways[(len(sample) + seed) % len(ways)]))
    yield from sample if seed == 0 else sample[seed % 5 :: 5]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_purge_stopped_at_any_call_is_finished_by_the_next(server: Server, command: Command) -> None:
    scene = Scene(server, command)
    untouched = stopper.run(scene.enter, scene.work, None, is_of_the_purge)
    scene.check(untouched.code, was_killed=False)
    counted = Counter(call.kind for call in untouched.calls)
    assert counted["rename"], "it renames nothing: these are not the calls of a purge"
    stops = all_stops(counted) if IS_LONG else some_stops(counted, COMMANDS.index(command))
    wrong = [failed for stop in stops if (failed := _check_after(server, command, stop))]
    assert not wrong, f"{len(wrong)} stops:\n" + "\n".join(wrong)


def _check_after(server: Server, command: Command, stop: Stop) -> str:
    """Stop the command there, and return what is wrong."""
    scene = Scene(server, command)
    run = stopper.run(scene.enter, scene.work, stop, is_of_the_purge)
    try:
        scene.check(run.code, was_killed=run.code < 0, got_enoent=stop.failure == errno.ENOENT)
    except AssertionError as error:
        return f"{stop} {run.stopped_at}: exit code {run.code}: {error}"
    return ""
