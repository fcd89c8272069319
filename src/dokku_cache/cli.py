"""Arguments in, exit code out. The only place where an error becomes text."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

from dokku_cache import interrupts
from dokku_cache.context import Context
from dokku_cache.errors import CacheError, ExitCode, Interrupted
from dokku_cache.output.console import Console

#: What a door may ask for: its name is the name of the module in ``actions``, with underscores.
ACTIONS = (
    "auto-purge",
    "dokku-report",
    "installed",
    "list",
    "post-delete",
    "post-deploy",
    "post-upgrade",
    "purge-legacy",
    "report",
    "set",
    "uninstalled",
    "upgraded",
)
#: What a shell reports of a program that a closed pipe ended (128 + SIGPIPE).
EXIT_BROKEN_PIPE = 141

Action = Callable[[Context, Sequence[str]], ExitCode]


def main(arguments: Sequence[str]) -> int:
    """Run one action, and give its exit code. ``arguments``: the door's name, then what it was called with."""
    _prepare_streams()
    console = Console()
    interrupts.listen()
    try:
        return _run(arguments)
    except CacheError as error:
        console.warn(str(error), error.hint)
        return error.exit_code
    except Interrupted as interrupt:
        console.warn(str(interrupt), interrupt.hint)
        return ExitCode.PARTLY_REMOVED if interrupt.hint else ExitCode.FAILED
    except BrokenPipeError:
        # Who read has heard enough. The interpreter must not complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - a defect must not show a traceback in somebody's deploy
        if os.environ.get("DOKKU_TRACE"):
            traceback.print_exc()
        console.warn(
            f"dokku-cache has a defect: {type(error).__name__}: {error}",
            "run it again with 'dokku --trace' in front, and report what it prints",
        )
        return ExitCode.FAILED


def _run(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] not in ACTIONS:
        raise CacheError("This is called by Dokku", "see 'dokku cache:help'")
    module = import_module(f"dokku_cache.actions.{arguments[0].replace('-', '_')}")
    action: Action = module.run
    return action(Context.of_this_call(), arguments[1:])


def _prepare_streams() -> None:
    """Let names that are no valid Unicode be written, whatever the locale."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
