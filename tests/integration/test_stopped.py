"""A purge that is stopped at any of its calls to the kernel loses nothing, and the next one ends it."""

import errno
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from . import proof, stopper
from .conftest import Server
from .stopper import KINDS, Stop
from .stopping import COMMANDS, Command, Scene, is_of_the_purge

#: What the kernel says of a file system that is full, broken, in use, closed, or has lost something.
_ALL = (errno.ENOSPC, errno.EIO, errno.EBUSY, errno.EACCES, errno.ENOENT)
#: How each kind of call is made to fail; what is not one of these five is what that call gives (connect(2), send(2)).
FAILURES = {
    **dict.fromkeys(KINDS, _ALL),
    "openat": (errno.EIO, errno.EACCES, errno.ENOENT),
    "connect": (errno.EACCES, errno.ENOENT, errno.ECONNREFUSED),
    "sendto": (errno.EIO, errno.ECONNRESET),
}
#: Of the short form: of each so many calls one is met, and of the commands after the first two a fifth of these.
STEPS = {"openat": 40, "write": 2, "connect": 12, "sendto": 5, "unlink": 4}
_WHOLLY = 2

pytestmark = pytest.mark.skipif(not stopper.is_possible(), reason="it needs Linux 5.5, on x86_64 or aarch64")


def all_stops(counted: Counter[str]) -> Iterator[Stop]:
    """Give every stop, a few more of each kind than a run was seen to have: threads take turns."""
    for kind in KINDS:
        for number in range(1, counted[kind] + 4 if counted[kind] else 1):
            for failure in (None, *FAILURES[kind]):
                yield Stop(kind, number, failure)


def some_stops(counted: Counter[str], seed: int) -> Iterator[Stop]:
    """Give a spread of them, other ones for each command."""
    yield Stop("rename", 1)
    spread = []
    for kind in KINDS:
        step = STEPS.get(kind, 1)
        for number in range(1 + seed % step, counted[kind] + 1, step):
            ways = (None, *FAILURES[kind])
            spread.append(Stop(kind, number, ways[(len(spread) + seed) % len(ways)]))
    yield from spread if seed < _WHOLLY else spread[seed % 5 :: 5]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_purge_stopped_at_any_call_loses_nothing_else_and_is_ended_by_the_next(
    server: Server, command: Command
) -> None:
    scene = Scene(server, command)
    untouched = stopper.run(scene.enter, scene.work, None, is_of_the_purge)
    scene.hold(untouched.code, was_killed=False)
    counted = Counter(call.kind for call in untouched.calls)
    assert counted["rename"], "it renames nothing: what is counted are not its calls"
    stops = all_stops(counted) if proof.IS_LONG else some_stops(counted, COMMANDS.index(command))
    wrong = []
    for stop in stops:
        stopped = _hold_after(server, command, stop)
        wrong += [stopped] if stopped else []
    assert not wrong, f"{len(wrong)} stops:\n" + "\n".join(wrong)


def _hold_after(server: Server, command: Command, stop: Stop) -> str:
    """Stop the command there, and give what is not as it has to be."""
    scene = Scene(server, command)
    run = stopper.run(scene.enter, scene.work, stop, is_of_the_purge)
    was_killed = run.code < 0
    if run.stopped_at:
        proof.DONE[f"purges killed at a {stop.kind}" if stop.failure is None else f"{stop.kind}s that failed"] += 1
    try:
        scene.hold(run.code, was_killed=was_killed, was_told_gone=stop.failure == errno.ENOENT)
    except AssertionError as error:
        return f"{stop} {run.stopped_at}: exit code {run.code}: {error}"
    return ""


def children() -> set[str]:
    return {child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}


def test_ending_the_proof_leaves_no_purge_behind(tmp_path: Path) -> None:
    def work() -> int:
        with suppress(OSError):  # which it gets, as nobody answers any more
            os.listdir(tmp_path)
        time.sleep(600)
        return 0

    def interrupt(_: stopper.Call) -> bool:
        raise KeyboardInterrupt

    before = children()
    with pytest.raises(KeyboardInterrupt):
        stopper.run(lambda: None, work, None, interrupt)
    assert children() <= before
