"""Ctrl-C, a hang-up, and a termination signal: each becomes Interrupted, once, and never in a wrong moment."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dokku_cache.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen() -> None:
    """Turn the signals into Interrupted from now on. A hang-up that is ignored already stays so (nohup(1))."""
    for number in SIGNALS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # One is enough: what cleans up afterwards is not to be interrupted in its turn.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted


def have_come() -> bool:
    """Tell whether one has come, so that no other is heeded."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@contextmanager
def held_back() -> Iterator[None]:
    """Let a signal that comes in the block wait for its end, as where the engine makes what only we would remove.

    By handlers, not by a mask: Python calls them in the main thread, whichever thread the kernel chose.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda got, _: came.append(got)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
