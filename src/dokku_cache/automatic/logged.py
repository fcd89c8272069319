"""Writing to the plugin's log what happens by itself: nothing that goes wrong may fail somebody's deploy."""

from collections.abc import Iterator
from contextlib import contextmanager

from dokku_cache.context import Context
from dokku_cache.errors import CacheError
from dokku_cache.output import log
from dokku_cache.output.console import Console


def log_console(context: Context, subject: str, warned: list[str] | None = None) -> Console:
    """Give a console that writes to the plugin's log; ``warned`` gets each warning in addition."""
    stream = log.LogStream(log.open_log(context.environment.logs_dir), subject)
    return Console(out=stream, err=stream if warned is None else log.NotedStream(stream, warned))


@contextmanager
def failures_in_log(context: Context, subject: str) -> Iterator[None]:
    """Let nothing out that goes wrong: it is logged with its cause."""
    try:
        yield
    except CacheError as error:
        log_console(context, subject).warn(str(error), error.hint)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not fail somebody's deploy
        log_console(context, subject).warn(f"{type(error).__name__}: {error}")


@contextmanager
def warned_of(context: Context, subject: str) -> Iterator[None]:
    """Let one part that fails cost nothing but itself: who reads the console is warned of it."""
    try:
        yield
    except CacheError as error:
        context.console.warn(f"{subject}: {error}", error.hint)
