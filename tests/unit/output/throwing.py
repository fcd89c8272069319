"""Displays that throw at each of their calls."""

import os
import pty
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dokku_cache.output.console import Console


class Broken(RuntimeError):
    """Nothing that a display throws has a name that anybody could wait for."""


class ThrowingStream:
    """A stream, or a package, of which nothing can be used."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise Broken(name)


class ThrowingConsole(Console):
    """A console of which nothing can be used."""

    def __getattribute__(self, name: str) -> Any:
        raise Broken(name)


class Screen:
    """The other end of a terminal that a person watches."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seen = b""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while select.select([self._descriptor], [], [], 0.05)[0] or not self._over.is_set():
            if select.select([self._descriptor], [], [], 0)[0]:
                self._seen += os.read(self._descriptor, 65536)

    def all_shown(self) -> str:
        """Stop looking on, and tell what was to be seen."""
        self._over.set()
        self._thread.join()
        return self._seen.decode()

    def shows(self, text: str, limit_seconds: float = 20) -> bool:
        """Wait until a text is to be seen, for so long at most: the machine may be busy."""
        end = time.monotonic() + limit_seconds
        while text.encode() not in self._seen and time.monotonic() < end:
            time.sleep(0.01)
        return text.encode() in self._seen

    def vanish(self) -> None:
        """Go away, as a terminal whose window was closed."""
        self.all_shown()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self._descriptor)
        os.close(nothing)


@contextmanager
def terminal_on(descriptor: int) -> Iterator[Screen]:
    """Let a descriptor of this process be a terminal."""
    master, terminal = pty.openpty()
    screen = Screen(master)
    kept = os.dup(descriptor)
    os.dup2(terminal, descriptor)
    os.close(terminal)
    try:
        yield screen
    finally:
        screen.all_shown()
        os.dup2(kept, descriptor)
        os.close(kept)
        os.close(master)
