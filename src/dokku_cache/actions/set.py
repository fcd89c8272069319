"""``dokku cache:set``: says what goes by itself and when, for an app or for all."""

from collections.abc import Sequence

from dokku_cache.arguments import Parser, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy, properties
from dokku_cache.errors import ExitCode, UsageError

USAGE = (
    "cache:set [--global|<app>] auto-purge [true|false] | quiet-time [<duration>] | max-size [<size>|off], and with "
    "--global engine-max-size [<size>|off] | min-free [<size>|<share>%|off] | min-free-action [warn|refuse]"
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Set a property, or clear it when no value is given."""
    parser = Parser("cache:set", USAGE)
    parser.add_argument("--global", dest="is_global", action="store_true")
    parsed = parser.read_all(arguments)
    context = context.with_flags(quiet=parsed.quiet)
    words = list(parsed.apps)
    if parsed.is_global:
        owner = properties.GLOBAL
    else:
        flagged = parsed.app or [name for name in [context.environment.flagged_app] if name]
        parsed.apps = [] if flagged else words[:1]
        words = words if flagged else words[1:]
        owner = _one_app(context, named_apps(context, parsed))
    key, value = _pair(words, is_global=parsed.is_global)
    properties.set_value(context.environment, owner, key, value)
    context.console.heading(f"Setting {key} to {value}" if value else f"Unsetting {key}")
    return ExitCode.OK


def _one_app(context: Context, named: list[str]) -> str:
    if len(named) != 1:
        raise UsageError("Please specify an app to run the command on", f"usage: {USAGE}")
    return apps.verify(named[0], context.visible_apps())


def _pair(words: list[str], *, is_global: bool) -> tuple[str, str]:
    if not words:
        raise UsageError("No property specified", f"usage: {USAGE}")
    key, value = words[0], " ".join(words[1:])
    try:
        policy.check(key, value, is_global=is_global)
    except UsageError as error:
        raise UsageError(str(error), f"usage: {USAGE}") from error
    return key, value
