"""Command lines as Dokku's users write them."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from dokku_cache.context import Context
from dokku_cache.errors import UsageError

#: Of a plan, beside the one for a person.
STDOUT = "stdout"
PLAN_FORMATS = (STDOUT, "json", "yaml")


class Parser(argparse.ArgumentParser):
    """An argument parser that knows Dokku's own flags, and raises UsageError instead of leaving the program."""

    def __init__(self, command: str, usage: str) -> None:
        super().__init__(prog=command, usage=usage, add_help=False, allow_abbrev=False)
        self.command = command
        self.add_argument("apps", nargs="*")
        self.add_argument("--app", action="append", default=[])
        # Dokku leaves these in the arguments when they stand behind the command (0.38.27, parse_args).
        self.add_argument("--quiet", action="store_true")
        self.add_argument("--trace", action="store_true")
        self.add_argument("--force", action="store_true")

    def add_dry_run(self) -> None:
        """Take ``--dry-run``, and ``--format`` for its plan."""
        self.add_argument("--dry-run", dest="is_dry", action="store_true")
        self.add_argument("--format", choices=PLAN_FORMATS, default="")

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, f"usage: {self.usage}")

    def read(self, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and give what is not known separately."""
        return self.parse_known_intermixed_args(list(arguments))

    def read_all(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse. Raises UsageError with the list of valid flags for what is not known."""
        parsed, unknown = self.read(arguments)
        if unknown:
            flags = sorted(option for option in self._option_string_actions)
            raise UsageError(f"Invalid flag passed, valid flags: {', '.join(flags)}", f"usage: {self.usage}")
        return parsed


def plan_format(parsed: argparse.Namespace) -> str:
    """Give the format of the plan that is asked for. Raises UsageError where there is none to be shown."""
    if parsed.format and not parsed.is_dry:
        raise UsageError("--format is for the plan of a dry run", "add --dry-run, or leave out --format")
    return parsed.format or STDOUT


def named_apps(context: Context, parsed: argparse.Namespace) -> list[str]:
    """Give the apps that a command line names, each once, in their order: by position, or by ``--app``.

    An empty name is none: it must never stand for something else.
    """
    named = [*parsed.apps, *parsed.app]
    if not named and context.environment.flagged_app:
        named = [context.environment.flagged_app]
    return list(dict.fromkeys(name for name in named if name))
