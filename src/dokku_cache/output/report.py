"""Dokku's report of one app or of the whole server (0.38.27, plugins/common/common.go: ReportSingleApp)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dokku_cache.errors import UsageError
from dokku_cache.output import serialized
from dokku_cache.output.console import Console
from dokku_cache.output.text import printable

PREFIX = "cache-"
FORMATS = ("stdout", "json", "yaml")
_KEY_WIDTH = 31
HINT = "for usage, run 'dokku cache:help report'"


class Missing(Enum):
    """Why there is no value: null for a program, and this for a person."""

    UNKNOWN = "unknown"
    NONE = ""


@dataclass(frozen=True)
class Rows:
    """A value of several rows: ``lines`` for people, one below the other, and ``plain`` for programs."""

    lines: tuple[str, ...]
    plain: tuple[Mapping[str, str | None], ...]


#: A value of a report.
Value = str | int | float | bool | Missing | Rows
#: The values of a report by their flags, which lack the dashes in front here.
Values = Mapping[str, Value]


def write(console: Console, name: str, values: Values, *, format_name: str, info_flag: str, is_app: bool) -> None:
    """Write a report, or the one value that ``info_flag`` (such as ``--cache-legacy-state``) asks for.

    In json and yaml the keys lack their common prefix and the values keep their types.
    """
    if info_flag:
        console.result(_shown(values[info_flag.removeprefix("--")]))
    elif format_name == "stdout":
        _write_lines(console, name, values)
    else:
        plain: dict[str, Any] = {key.removeprefix(PREFIX): _plain(value) for key, value in sorted(values.items())}
        plain = {**({"app": name} if is_app else {}), **plain, "schema-version": serialized.SCHEMA_VERSION}
        console.result(serialized.as_text(plain, format_name))


def check_flags(flags: list[str], valid: Collection[str], format_name: str) -> str:
    """Give the one info flag, or an empty text. Raises UsageError in Dokku's words."""
    for flag in flags:
        if flag.removeprefix("--") not in valid:
            listed = ", ".join(f"--{key}" for key in sorted(valid))
            raise UsageError(f"Invalid flag passed, valid flags: {listed}", HINT)
    if flags and format_name != "stdout":
        raise UsageError("--format flag cannot be specified when specifying an info flag", HINT)
    if len(flags) > 1:
        raise UsageError("Only a single info flag can be given", f"omit {' or '.join(flags)}")
    return flags[0] if flags else ""


def _write_lines(console: Console, name: str, values: Values) -> None:
    console.heading(f"{name} cache information")
    width = max(_KEY_WIDTH, *(len(f"--{key}") for key in values))
    for key in sorted(values):
        words = key.replace("-", " ")
        title = f"{words[0].upper()}{words[1:]}:"
        for line in _shown(values[key]).split("\n"):
            console.result(f"       {title:<{width}}{line}")
            title = ""


def _plain(value: Value) -> Any:
    if isinstance(value, Rows):
        return [dict(row) for row in value.plain]
    return None if isinstance(value, Missing) else value


def _shown(value: Value) -> str:
    if isinstance(value, Rows):
        return "\n".join(printable(line) for line in value.lines)
    if isinstance(value, Missing):
        return value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    return printable(str(value))
