"""``dokku cache:history``: what went when, by what, and how much."""

from collections.abc import Sequence

from dokku_cache.arguments import STDOUT, Command, Flag, Parser, named_apps
from dokku_cache.context import Context
from dokku_cache.errors import AppNotFound, ExitCode, UsageError
from dokku_cache.output import serialized
from dokku_cache.records import history
from dokku_cache.records.history import Record
from dokku_cache.views import history_table

FORMATS = ("stdout", "json", "yaml")
COMMAND = Command(
    "history",
    "[<app>]",
    "Show past purges",
    "[<app>] [--format stdout|json|yaml] [--quiet]",
    "Shows the time, app, initiator and size of each purge, and the total of each month.",
    (
        ("", "show all purges, oldest first"),
        ("shop --format json", "show the purges of one app as JSON"),
    ),
    (Flag("--format", "output format", choices=FORMATS, default="stdout"),),
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Show the purges of one app, or all that the calling user may know of."""
    parsed = Parser(COMMAND).read_all(arguments)
    named = named_apps(context, parsed)
    if len(named) > 1:
        raise UsageError("cache:history takes at most one app", COMMAND.hint)
    context = context.with_flags(quiet=parsed.quiet)
    context.engine.only_read()
    records = _choose(context, named[0] if named else "")
    if (parsed.format or STDOUT) == STDOUT:
        history_table.show(context.console, records)
    else:
        context.console.result(serialized.as_text(history_table.values(records), parsed.format))
    return ExitCode.OK


def _choose(context: Context, app: str) -> list[Record]:
    """Give the records to show, in the order in which they were written.

    Of an app that is gone, who sees every app may know; of one that bears the name of another before it, each sees
    what was since. Raises AppNotFound for a name of which nothing is known.
    """
    known = history.read(context.environment)
    visible = frozenset(context.visible_apps())
    sees_all = context.sees_every_app(visible)
    if app and app not in visible:
        gone = [record for record in known.purges_of(app) if sees_all]
        if not gone:
            raise AppNotFound(app)
        return gone
    if app:
        return known.of_app(app)
    if sees_all:
        return list(known.shown)
    own = {id(record) for name in visible for record in known.of_app(name)}
    return [record for record in known.shown if id(record) in own]
