"""``dokku cache:help <command>``: usage, flags and examples of one subcommand."""

from collections.abc import Sequence
from importlib import import_module

from dokku_cache.arguments import Command
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode, UsageError

#: In the order of ``dokku cache:help``.
COMMANDS = ("auto-purge", "history", "list", "purge-legacy", "purge-volumes", "report", "set")


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Show the help of the command that is named, with ``cache:`` in front of it or without."""
    named = [argument.removeprefix("cache:") for argument in arguments if not argument.startswith("-")]
    if len(named) != 1 or named[0] not in COMMANDS:
        raise UsageError(f"Unknown command: {' '.join(named)!r}", f"available commands: {', '.join(COMMANDS)}")
    for line in command(named[0]).help():
        context.console.result(line)
    return ExitCode.OK


def command(name: str) -> Command:
    """Give the table of a subcommand."""
    found: Command = import_module(f"dokku_cache.actions.{name.replace('-', '_')}").COMMAND
    return found
