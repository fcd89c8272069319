"""``dokku cache:set``: says what goes by itself and when, for an app or for all."""

from collections.abc import Sequence

from dokku_cache.arguments import Command, Flag, Parser, Section, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy, properties
from dokku_cache.errors import ExitCode, UsageError

COMMAND = Command(
    "set",
    "[--global|<app>] <property> [<value>]",
    "Set what goes by itself",
    "[--global|<app>] <property> [<value>] [--quiet]",
    "It says what goes by itself, when, and within which bounds. An app's value comes before the global one, that "
    "before the default; without a value the property is cleared.",
    (
        ("shop auto-purge false", "keeps an app's legacy cache from going by itself"),
        ("--global max-size 5GiB", "bounds what each app's cache volumes may hold"),
        ("shop auto-purge", "clears the app's own value"),
    ),
    (Flag("--global", "for all apps that have no value of their own, or for the server"),),
    (
        Section(
            "Properties",
            tuple(
                (f"{key} {policy.VALUES[key]}", f"{policy.MEANINGS[key]} (default {default})")
                for key, default in policy.DEFAULTS.items()
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
        owner = properties.GLOBAL
    else:
        flagged = parsed.app or [name for name in [context.environment.flagged_app] if name]
        parsed.apps = [] if flagged else words[:1]
        words = words if flagged else words[1:]
        owner = _one_app(context, named_apps(context, parsed))
    key, value = _pair(words, is_global=parsed.is_global)
    properties.set_value(context.environment, owner, key, value)
    context.console.heading(f"Setting {key} to {value}" if value else f"Unsetting {key}")
    if (key, value) == (policy.MIN_FREE_ACTION, policy.REFUSE) and not policy.can_refuse(context.environment):
        context.console.warn(
            "This Dokku cannot refuse a deploy for it: that takes 0.32.0 or later", "until then deploys go on, warned"
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
