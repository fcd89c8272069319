"""``dokku cache:set``: sets when caches are removed automatically, for an app or for all."""

from argparse import Namespace

from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.errors import ExitCode, UsageError


def run(context: Context, options: Namespace) -> ExitCode:
    """Set a property, or unset it when no value is given."""
    words = list(options.words)
    if options.is_global:
        owner = policy.GLOBAL
    else:
        named = options.flagged_apps or [words.pop(0) for _ in words[:1]]
        if len(named) != 1:
            raise UsageError("Please specify an app to run the command on")
        owner = apps.verify(named[0], context.visible_apps())
    if not words:
        raise UsageError("No property specified")
    key, value = words[0], " ".join(words[1:])
    policy.check(key, value, is_global=options.is_global)
    policy.set_value(context.environment, owner, key, value)
    context.console.heading(f"Setting {key} to {value}" if value else f"Unsetting {key}")
    if (key, value) == (policy.MIN_FREE_ACTION, policy.REFUSE) and not policy.can_refuse(context.environment):
        context.console.warn(
            "This version of Dokku cannot refuse a deploy; deploys only print a warning",
            "upgrade to Dokku 0.32.0 or later",
        )
    return ExitCode.OK
