"""Arguments in, exit code out. The only place where an error becomes text."""

import contextlib
import os
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

from dokku_cache import interrupts, modules
from dokku_cache.arguments import Command, is_help_wanted
from dokku_cache.context import Context
from dokku_cache.errors import CacheError, ExitCode, Interrupted
from dokku_cache.output import outlet
from dokku_cache.output.console import Console

#: What a door may ask for: its name is the name of the module in ``actions``, with underscores.
ACTIONS = (
    "auto-purge",
    "dokku-report",
    "help",
    "history",
    "installed",
    "list",
    "low-disk",
    "low-disk-removal",
    "post-delete",
    "post-deploy",
    "post-upgrade",
    "purge-legacy",
    "purge-volumes",
    "report",
    "set",
    "uninstalled",
    "upgraded",
)
#: Actions that share a module, each with its module and function.
_FUNCTIONS = {
    "installed": ("installation", "installed"),
    "uninstalled": ("installation", "uninstalled"),
    "low-disk-removal": ("low_disk", "removal"),
    "post-deploy": ("triggers", "post_deploy"),
    "post-upgrade": ("triggers", "post_upgrade"),
    "upgraded": ("triggers", "upgraded"),
}
#: What asks the engine in any case, and Dokku before that, which is a wait for other programs.
ASKING = frozenset({"auto-purge", "list", "purge-legacy", "purge-volumes", "report"})
#: What a shell reports of a program that a closed pipe ended (128 + SIGPIPE).
EXIT_BROKEN_PIPE = 141

Action = Callable[[Context, Sequence[str]], ExitCode]


def main(arguments: Sequence[str]) -> int:
    """Run one action, and give its exit code. ``arguments``: the door's name, then what it was called with."""
    outlet.open_missing()
    interrupts.listen()
    code = _outcome(Console(), arguments)
    # A second signal is not heeded any more: who gave one does not want to wait for a reader.
    with contextlib.suppress(Interrupted):
        outlet.drain_standard(limit_seconds=1 if interrupts.have_come() else None)
    return code


def _outcome(console: Console, arguments: Sequence[str]) -> int:
    try:
        return _run(console, arguments)
    except CacheError as error:
        console.warn(str(error), error.hint)
        return error.exit_code
    except Interrupted as interrupt:
        console.warn(str(interrupt), interrupt.hint)
        return ExitCode.PARTLY_REMOVED if interrupt.hint else ExitCode.FAILED
    except BrokenPipeError:
        return EXIT_BROKEN_PIPE  # who read has heard enough
    except Exception as error:  # noqa: BLE001 - a defect must not show a traceback in somebody's deploy
        if os.environ.get("DOKKU_TRACE"):
            traceback.print_exc()
        console.warn(
            f"Unexpected error in dokku-cache: {type(error).__name__}: {error}",
            "run the command again as 'dokku --trace ...', and report the output as a bug",
        )
        return ExitCode.FAILED


def _run(console: Console, arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] not in ACTIONS:
        raise CacheError("This program is called by Dokku", "run 'dokku cache:help'")
    name, function = _FUNCTIONS.get(arguments[0], (arguments[0].replace("-", "_"), "run"))
    module = import_module(f"dokku_cache.actions.{name}")
    command: Command | None = getattr(module, "COMMAND", None)
    if command and is_help_wanted(arguments[1:]):
        for line in command.help():
            console.result(line)
        return ExitCode.OK
    action: Action = getattr(module, function)
    if arguments[0] in ASKING:
        modules.begin_to_load("docker")
    return action(Context.of_this_call(), arguments[1:])
