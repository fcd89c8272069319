"""Command lines as Dokku's users write them: one table a command, for its parser, help, errors and reference."""

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from dokku_cache.context import Context
from dokku_cache.errors import UsageError

#: Of a plan, beside the one for a person.
STDOUT = "stdout"
PLAN_FORMATS = (STDOUT, "json", "yaml")
HELP_FLAGS = ("--help", "-h")
#: Of a help's lines.
_COLUMNS = 80
_INDENT = " " * 4
#: The longest name with its meaning on the same line.
_WIDEST_BESIDE = 43


@dataclass(frozen=True)
class Flag:
    """One flag. ``value`` is what stands behind it, empty for a switch; ``choices`` are all that may.

    ``is_free``: what stands there is checked by the action, in Dokku's own words.
    """

    name: str
    meaning: str
    value: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    is_repeated: bool = False
    is_free: bool = False

    @property
    def shown(self) -> str:
        """The flag as it is written: ``--sort size|app|modified``."""
        value = self.value or "|".join(self.choices)
        return f"{self.name} {value}".rstrip()


@dataclass(frozen=True)
class Section:
    """More that a command's help lists: names, each with what it means, or with nothing."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Command:
    """One subcommand: ``brief`` are its arguments in ``dokku help``, ``usage`` all of them, ``summary`` what it does.

    ``about`` are sentences on what is safe and what is not; ``examples`` are arguments, each with what that does.
    """

    name: str
    brief: str
    summary: str
    usage: str
    about: str
    examples: tuple[tuple[str, str], ...]
    flags: tuple[Flag, ...] = ()
    sections: tuple[Section, ...] = ()

    @property
    def hint(self) -> str:
        """What to do about a wrong command line."""
        return f"for usage, run 'dokku cache:help {self.name}'"

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        """Its own flags and those that every command has."""
        return (*self.flags, *EVERYWHERE)

    def help(self) -> Iterator[str]:
        """Give the lines of its help: usage, flags, examples."""
        called = f"dokku cache:{self.name}"
        begin = f"Usage: {called} "
        # In brackets or out of them: a flag and its value are not torn apart.
        usage = self.usage.replace(" [", "\n[").replace(" | ", "\n| ").splitlines()
        yield from _wrapped([piece for piece in usage if piece], begin, " " * len("Usage: "))
        yield ""
        yield from textwrap.wrap(f"{self.summary}. {self.about}", _COLUMNS)
        yield ""
        yield from _listed(Section("Flags", tuple((flag.shown, _meaning(flag)) for flag in self.flags)))
        yield f"{_INDENT}{', '.join(flag.shown for flag in EVERYWHERE)}"
        for section in self.sections:
            yield ""
            yield from _listed(section)
        yield ""
        examples = tuple((f"{called} {arguments}".rstrip(), what) for arguments, what in self.examples)
        yield from _listed(Section("Examples", examples))


#: Dokku leaves these in the arguments when they stand behind the command (0.38.27, parse_args).
EVERYWHERE = (
    Flag("--app", "the same as the app's name without a flag", value="<app>", is_repeated=True),
    Flag("--quiet", "print only results, warnings and errors"),
    Flag("--trace", "print every command that Dokku runs, for a bug report"),
    Flag("--help", "show this help, also -h"),
)
DRY_RUN = (
    Flag("--dry-run", "show what would be removed and what is kept, then exit"),
    Flag("--format", "format of the plan", choices=PLAN_FORMATS, default=STDOUT),
)


def is_help_wanted(arguments: Sequence[str]) -> bool:
    """Tell whether the help of a command is asked for."""
    return any(argument in HELP_FLAGS for argument in arguments)


def _meaning(flag: Flag) -> str:
    extras = ["repeatable"] if flag.is_repeated else []
    extras += [f"default {flag.default}"] if flag.default else []
    return f"{flag.meaning} ({', '.join(extras)})" if extras else flag.meaning


def _wrapped(pieces: Sequence[str], begin: str, indent: str) -> Iterator[str]:
    line = begin
    for piece in pieces:
        if len(line) + len(piece) > _COLUMNS and line.strip():
            yield line.rstrip()
            line = indent
        line += f"{piece} "
    yield line.rstrip()


def _listed(section: Section) -> Iterator[str]:
    yield f"{section.title}:"
    width = max((len(name) for name, _ in section.rows if len(name) <= _WIDEST_BESIDE), default=0) + 2
    for name, meaning in section.rows:
        indent = _INDENT + " " * width
        beside = f"{_INDENT}{name:<{width}}" if len(name) <= _WIDEST_BESIDE else indent
        if beside == indent:
            yield f"{_INDENT}{name}"
        yield from textwrap.wrap(meaning, _COLUMNS, initial_indent=beside, subsequent_indent=indent) or (
            [beside.rstrip()] if beside != indent else []
        )


class Parser(argparse.ArgumentParser):
    """A command's argument parser, which raises UsageError instead of leaving the program."""

    def __init__(self, command: Command) -> None:
        super().__init__(prog=f"cache:{command.name}", usage=command.usage, add_help=False, allow_abbrev=False)
        self.command = command
        self.add_argument("apps", nargs="*")
        self.add_argument("--app", action="append", default=[])
        self.add_argument("--quiet", action="store_true")
        self.add_argument("--trace", action="store_true")
        # Dokku's own too: in front of a command it forbids nothing, so nor does it behind one.
        self.add_argument("--force", action="store_true")
        for flag in command.flags:
            self._add(flag)

    def _add(self, flag: Flag) -> None:
        name = flag.name.strip("-").replace("-", "_")
        if not flag.choices and not flag.value:
            if flag.name != "--force":
                self.add_argument(flag.name, dest=f"is_{name}", action="store_true")
            return
        choices = None if flag.is_free else flag.choices or None
        if flag.is_repeated:
            self.add_argument(flag.name, dest=name, choices=choices, action="append")
        else:
            self.add_argument(flag.name, dest=name, choices=choices, default="")

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, self.command.hint)

    def read(self, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and give what is not known separately."""
        return self.parse_known_intermixed_args(list(arguments))

    def read_all(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse. Raises UsageError with the list of valid flags for what is not known."""
        parsed, unknown = self.read(arguments)
        if unknown:
            flags = sorted({"--force", *(flag.name for flag in self.command.all_flags)})
            raise UsageError(f"Invalid flag passed, valid flags: {', '.join(flags)}", self.command.hint)
        return parsed


def plan_format(parsed: argparse.Namespace) -> str:
    """Give the format of the plan that is asked for. Raises UsageError where there is none to be shown."""
    if parsed.format and not parsed.is_dry_run:
        raise UsageError("--format is only for dry runs", "add --dry-run, or omit --format")
    return parsed.format or STDOUT


def named_apps(context: Context, parsed: argparse.Namespace) -> list[str]:
    """Give the apps that a command line names, each once, in their order: by position, or by ``--app``.

    An empty name is none: it must never stand for something else.
    """
    named = [*parsed.apps, *parsed.app]
    if not named and context.environment.flagged_app:
        named = [context.environment.flagged_app]
    return list(dict.fromkeys(name for name in named if name))
