"""Command lines as Dokku's users write them: one table of commands, for the parsers, the help and the reference."""

import argparse
import functools
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from dokku_cache.dokku import policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.cache import Kind
from dokku_cache.model.errors import UsageError
from dokku_cache.survey.inventory import Order

STDOUT = "stdout"
FORMATS = (STDOUT, "json", "yaml")
HELP_FLAGS = ("--help", "-h")
_COMMON_FLAGS = ("--app", "--force", "--help", "--quiet", "--trace")
_COLUMNS = 80


@dataclass(frozen=True)
class Flag:
    """One flag: its name, its meaning for the help, and the options of argparse's ``add_argument``."""

    name: str
    meaning: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Command:
    """One subcommand: ``arguments`` is its usage, ``summary`` its line in ``dokku help``.

    ``about`` says what is safe and what is not. ``examples`` are arguments, each with what they do.
    ``takes_one_app``: at most one. ``takes_info_flags``: flags that are not in the table are values of a report.
    """

    name: str
    arguments: str
    summary: str
    about: str
    examples: tuple[tuple[str, str], ...]
    flags: tuple[Flag, ...] = ()
    takes_one_app: bool = False
    takes_info_flags: bool = False

    def help(self) -> str:
        """Return its help: usage, flags and examples."""
        shown = _Parser(self).format_help().rstrip()
        return shown[0].upper() + shown[1:]


def _switch(name: str, meaning: str) -> Flag:
    return Flag(name, meaning, {"action": "store_true", "dest": f"is_{name.strip('-').replace('-', '_')}"})


def _choice(name: str, meaning: str, choices: Sequence[str], **options: Any) -> Flag:
    return Flag(name, meaning, {"metavar": "|".join(choices), "default": choices[0], "choices": choices, **options})


_DRY_RUN = _switch("--dry-run", "show what would be removed and what is kept, then exit")
_PLAN_FORMAT = _choice("--format", "format of the plan, only with --dry-run", FORMATS)
_OUTPUT_FORMAT = _choice("--format", "output format", FORMATS)
_FORCE = _switch("--force", "skip confirmation prompts; never overrides a safety check")
_PLANNED = (_DRY_RUN, _PLAN_FORMAT, _FORCE)
_KINDS = [kind.value for kind in Kind]
COMMANDS = {
    command.name: command
    for command in (
        Command(
            "auto-purge",
            "[<app>...] [<flag>]",
            "Apply the automatic policy",
            "Removes what the daily run would remove: orphaned legacy caches, the rest of interrupted purges and, if "
            "no app is named, cache volumes of destroyed apps. Everything else is kept.",
            (("--dry-run", "preview the next daily run"), ("shop", "apply the policy to one app")),
            (_switch("--daily", "do the complete daily run and log it; for root only"), _DRY_RUN, _PLAN_FORMAT),
        ),
        Command(
            "history",
            "[<app>] [<flag>]",
            "Show past purges",
            "Shows the time, app, initiator and size of each purge, and the total of each month.",
            (("", "show all purges, oldest first"), ("shop --format json", "show the purges of one app as JSON")),
            (_OUTPUT_FORMAT,),
            takes_one_app=True,
        ),
        Command(
            "list",
            "[<app>] [<flag>]",
            "List all build caches",
            "Shows the cache directories and volumes of all apps, including destroyed ones, and Docker's build "
            "cache. Then shows which caches are kept and why, and the commands that free space. Changes nothing.",
            (
                ("", "list all caches, largest first"),
                ("shop", "list the caches of one app"),
                ("--kind legacy --sort modified", "directories only, oldest first"),
            ),
            (
                _choice("--sort", "sort order", [order.value for order in Order]),
                _choice("--kind", "show only this kind; repeatable", _KINDS, action="append", default=[]),
                _choice("--format", "output format", (*FORMATS, "prometheus")),
            ),
            takes_one_app=True,
        ),
        Command(
            "purge-legacy",
            "<app>...|--all [<flag>]",
            "Remove legacy caches",
            "Removes directories that are verified to be unused build caches. Never removes anything that is or may "
            "be in use. Purge again to resume an interrupted purge.",
            (
                ("--all --dry-run", "preview, with sizes"),
                ("--all", "remove after confirmation"),
                ("shop blog", "remove the caches of two apps"),
                ("uploads --force", "remove an unverified directory"),
            ),
            (_switch("--all", "all apps; skips caches that are recent or unverified"), *_PLANNED),
        ),
        Command(
            "purge-volumes",
            "<app>...|--orphaned [<flag>]",
            "Remove cache volumes",
            "Removes the Docker volumes in which builds keep their caches. No app data is lost, but the next build "
            "is slower. Volumes that a container mounts are kept.",
            (
                ("--orphaned --dry-run", "preview, with sizes"),
                ("--orphaned", "remove after confirmation"),
                ("shop", "clear the cache of one app"),
            ),
            (_switch("--orphaned", "volumes of apps destroyed at least min-age ago"), *_PLANNED),
        ),
        Command(
            "report",
            "[<app>|--global] [<flag>]",
            "Report on legacy caches",
            "Shows the size and state of each app's legacy cache, the checks behind the state, and the settings. "
            "Changes nothing. Each line of the report has an info flag, which prints only the value: for "
            '"Cache legacy size" it is --cache-legacy-size.',
            (
                ("shop", "report on one app"),
                ("shop --cache-legacy-size", "print one value"),
                ("--global --format json", "report on the server as JSON"),
            ),
            (_switch("--global", "report on the server instead of apps"), _OUTPUT_FORMAT),
            takes_one_app=True,
            takes_info_flags=True,
        ),
        Command(
            "set",
            "[--global|<app>] <property> [<value>]",
            "Set or unset a property",
            "Omit the value to unset a property. App values override global values. Sizes look like 5GiB or 500MB; "
            "durations look like 36h, 7d or 0.",
            (
                ("shop auto-purge false", "never purge this app automatically"),
                ("--global max-size 5GiB", "limit the cache volumes of each app"),
                ("shop auto-purge", "unset the value of the app"),
            ),
            (_switch("--global", "set the value for all apps that have none of their own"),),
        ),
    )
}


def help_text(name: str) -> str:
    """Return the help of a command, with ``cache:`` in front of its name or without. Raises UsageError."""
    command = COMMANDS.get(name.removeprefix("cache:"))
    if command is None:
        raise UsageError(f"Unknown command: {name!r}", f"available commands: {', '.join(COMMANDS)}")
    return command.help()


def parse(name: str, arguments: Sequence[str], environment: DokkuEnvironment) -> argparse.Namespace:
    """Parse the command line of a command. Raises UsageError.

    Flags become attributes. ``apps`` are the named apps, each once: positional arguments, then values of ``--app``,
    also where it is before the command. An empty name is ignored: it must never select something else.
    ``words`` are the positional arguments, ``flagged_apps`` the values of ``--app``, ``info_flags`` unknown flags.
    """
    command = COMMANDS[name]
    options, unknown = _Parser(command).parse_known_intermixed_args(list(arguments))
    if unknown and not command.takes_info_flags:
        flags = sorted({*_COMMON_FLAGS, *(flag.name for flag in command.flags)})
        raise UsageError(f"Invalid flag passed, valid flags: {', '.join(flags)}")
    options.info_flags = unknown
    # Other formats of a plan are for programs, which read only the plan.
    is_plan = hasattr(options, "is_dry_run") and options.format != STDOUT
    if is_plan and not options.is_dry_run:
        raise UsageError("--format is only for dry runs", "add --dry-run, or omit --format")
    options.is_quiet = options.is_quiet or is_plan
    if command.name != "set" and "" in (*options.words, *options.flagged_apps):
        raise UsageError("The name of the app is empty")
    if (not options.words and not options.flagged_apps) or command.name == "set":
        options.flagged_apps = options.flagged_apps or [environment.flagged_app]
    options.flagged_apps = [app for app in options.flagged_apps if app]
    options.apps = list(dict.fromkeys(app for app in (*options.words, *options.flagged_apps) if app))
    if command.takes_one_app and len(options.apps) > 1:
        raise UsageError(f"cache:{command.name} takes at most one app")
    options.is_force = options.is_force or environment.is_forced
    return options


class _Parser(argparse.ArgumentParser):
    """The parser of one command, which raises UsageError instead of exiting."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            prog=f"dokku cache:{command.name}",
            usage=f"dokku cache:{command.name} {command.arguments}",
            description=textwrap.fill(f"{command.summary}. {command.about}", _COLUMNS),
            epilog=_epilog(command),
            formatter_class=functools.partial(
                argparse.RawDescriptionHelpFormatter, width=_COLUMNS, max_help_position=48
            ),
            add_help=False,
            allow_abbrev=False,
        )
        self.color = False  # of Python 3.14: the same help everywhere
        # Dokku leaves these flags in the arguments where they are after the command (0.38.27, parse_args).
        for name in ("--quiet", "--trace", "--force"):
            if name not in {flag.name for flag in command.flags}:
                self.add_argument(name, action="store_true", dest=f"is_{name[2:]}", help=argparse.SUPPRESS)
        self.add_argument("--app", action="append", dest="flagged_apps", default=[], help=argparse.SUPPRESS)
        self.add_argument("words", nargs="*", help=argparse.SUPPRESS)
        group = self.add_argument_group("Flags")
        for flag in command.flags:
            default = flag.options.get("default")
            meaning = f"{flag.meaning} (default {default})" if default else flag.meaning
            group.add_argument(flag.name, help=meaning, **flag.options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _epilog(command: Command) -> str:
    properties = [
        (f"{key} {known.values}", f"{known.meaning} ({known.default}){'' if known.is_of_apps else ' *'}")
        for key, known in policy.PROPERTIES.items()
    ]
    title = "Properties (defaults in parentheses; * only with --global):"
    lines = [title, *_two_columns(properties), ""] if command.name == "set" else []
    called = f"dokku cache:{command.name}"
    examples = [(f"{called} {arguments}".rstrip(), what) for arguments, what in command.examples]
    lines += ["Examples:", *_two_columns(examples), "", "Also accepted: --app <app>, --quiet, --trace, --help"]
    return "\n".join(lines)


def _two_columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {meaning}" for name, meaning in rows]
