"""Ctrl-C, hang-up and termination signals become Interrupted, once, and not where that would leave something."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dokku_cache.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen() -> None:
    """Raise Interrupted at a signal from now on. A hang-up that is ignored already stays ignored (nohup(1))."""
    for number in SIGNALS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Later signals must not interrupt the clean-up.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted


def have_come() -> bool:
    """Return whether a signal was received, so that others are ignored."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@contextmanager
def held_back() -> Iterator[None]:
    """Delay signals until the end of the block, such as while Docker creates a container that only we remove.

    A signal mask would not do: the kernel may choose another thread, but Python runs handlers in the main thread.
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
