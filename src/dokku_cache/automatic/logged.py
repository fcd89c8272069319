"""Logging what runs automatically: no failure in it may fail a deploy."""

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
    """Return a console that writes to the plugin's log; each warning is also added to ``warned``.

    ``subject`` is the trigger or run; ``app`` is the app that all lines are about, if there is one.
    """
    stream = log.LogStream(context.environment.logs_dir, subject, app, warned)
    return Console(is_log=True, out=stream, err=stream)


@contextmanager
def failures_in_log(context: Context, subject: str, app: str = "") -> Iterator[None]:
    """Log every failure in the block instead of raising it."""
    try:
        yield
    except CacheError as error:
        log_console(context, subject, app).warn(str(error), error.hint)
    except Exception as error:  # noqa: BLE001 - no failure may fail a deploy
        log_console(context, subject, app).warn(f"{type(error).__name__}: {error}")


@contextmanager
def output_in_log(context: Context, subject: str) -> Iterator[None]:
    """Log what other programs write to standard output and standard error, with the time."""
    own = [os.dup(descriptor) for descriptor in _STANDARD]
    try:
        with log.captured_output(log.LogStream(context.environment.logs_dir, subject)) as captured:
            for descriptor in _STANDARD:
                os.dup2(captured, descriptor)
            try:
                yield
            finally:
                for descriptor, kept in zip(_STANDARD, own, strict=True):
                    os.dup2(kept, descriptor)
    finally:
        for kept in own:
            os.close(kept)


@contextmanager
def warned_of(context: Context, subject: str) -> Iterator[None]:
    """Turn a failure of one part into a warning, so that the rest continues."""
    try:
        yield
    except CacheError as error:
        context.console.warn(f"{subject}: {error}", error.hint)
