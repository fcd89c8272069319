"""Writing to the plugin's log what happens by itself: nothing that goes wrong may fail somebody's deploy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dokku_cache.context import Context
from dokku_cache.errors import CacheError
from dokku_cache.output import log
from dokku_cache.output.console import Console

#: Standard output and standard error.
_STANDARD = (1, 2)


def log_console(context: Context, subject: str, app: str = "", *, warned: list[str] | None = None) -> Console:
    """Give a console that writes to the plugin's log; ``warned`` gets each warning in addition.

    ``subject`` is where it comes from, ``app`` of which one, where that is the same for all.
    """
    stream = log.LogStream(log.open_log(context.environment.logs_dir), subject, app)
    return Console(is_log=True, out=stream, err=stream if warned is None else log.NotedStream(stream, warned))


@contextmanager
def failures_in_log(context: Context, subject: str, app: str = "") -> Iterator[None]:
    """Let nothing out that goes wrong: it is logged with its cause."""
    try:
        yield
    except CacheError as error:
        log_console(context, subject, app).warn(str(error), error.hint)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not fail somebody's deploy
        log_console(context, subject, app).warn(f"{type(error).__name__}: {error}")


@contextmanager
def strays_in_log(context: Context, subject: str) -> Iterator[None]:
    """Give what other programs say meanwhile on standard output and standard error its time in the log."""
    own = [os.dup(descriptor) for descriptor in _STANDARD]
    try:
        strays = log.Strays()
        for descriptor in _STANDARD:
            os.dup2(strays.descriptor, descriptor)
        try:
            yield
        finally:
            for descriptor, kept in zip(_STANDARD, own, strict=True):
                os.dup2(kept, descriptor)
            strays.move_to(log.LogStream(log.open_log(context.environment.logs_dir), subject))
    finally:
        for kept in own:
            os.close(kept)


@contextmanager
def warned_of(context: Context, subject: str) -> Iterator[None]:
    """Let one part that fails cost nothing but itself: who reads the console is warned of it."""
    try:
        yield
    except CacheError as error:
        context.console.warn(f"{subject}: {error}", error.hint)
