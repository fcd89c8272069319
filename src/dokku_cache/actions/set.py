"""``dokku cache:set``: sets when caches are removed automatically, for an app or for all."""

from collections.abc import Sequence

from dokku_cache.arguments import Command, Flag, Parser, Section, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.errors import ExitCode, UsageError

COMMAND = Command(
    "set",
    "[--global|<app>] <property> [<value>]",
    "Set or unset a property",
    "[--global|<app>] <property> [<value>] [--quiet]",
    "Omit the value to unset a property. App values override global values. Properties marked with * are for "
    "--global only. A size is 5GiB or 500MB, a duration is 36h, 7d or 0.",
    (
        ("shop auto-purge false", "never purge this app automatically"),
        ("--global max-size 5GiB", "limit the cache volumes of each app"),
        ("shop auto-purge", "unset the value of the app"),
    ),
    (Flag("--global", "all apps without their own value, or the server"),),
    (
        Section(
            "Properties (defaults in parentheses)",
            tuple(
                (
                    f"{key} {known.values}",
                    f"{known.meaning} ({known.default}){'' if known.is_of_apps else ' *'}",
                )
                for key, known in policy.PROPERTIES.items()
            ),
        ),
    ),
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Set a property, or clear it when no value is given."""
    parsed = Parser(COMMAND).read_all(arguments)
    context = context.with_flags(quiet=parsed.quiet)
    words = list(parsed.apps)
    if parsed.is_global:
        owner = policy.GLOBAL
    else:
        flagged = parsed.app or [name for name in [context.environment.flagged_app] if name]
        parsed.apps = [] if flagged else words[:1]
        words = words if flagged else words[1:]
        owner = _one_app(context, named_apps(context, parsed))
    key, value = _pair(words, is_global=parsed.is_global)
    policy.set_value(context.environment, owner, key, value)
    context.console.heading(f"Setting {key} to {value}" if value else f"Unsetting {key}")
    if (key, value) == (policy.MIN_FREE_ACTION, policy.REFUSE) and not policy.can_refuse(context.environment):
        context.console.warn(
            "This version of Dokku cannot refuse a deploy; deploys only print a warning",
            "upgrade to Dokku 0.32.0 or later",
        )
    return ExitCode.OK


def _one_app(context: Context, named: list[str]) -> str:
    if len(named) != 1:
        raise UsageError("Please specify an app to run the command on", COMMAND.hint)
    return apps.verify(named[0], context.visible_apps())


def _pair(words: list[str], *, is_global: bool) -> tuple[str, str]:
    if not words:
        raise UsageError("No property specified", COMMAND.hint)
    key, value = words[0], " ".join(words[1:])
    try:
        policy.check(key, value, is_global=is_global)
    except UsageError as error:
        raise UsageError(str(error), COMMAND.hint) from error
    return key, value
