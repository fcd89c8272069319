"""``dokku cache:history``: past purges."""

from argparse import Namespace

from dokku_cache.arguments import STDOUT
from dokku_cache.context import Context
from dokku_cache.errors import AppNotFound, ExitCode
from dokku_cache.output import text
from dokku_cache.records import history
from dokku_cache.records.history import Record
from dokku_cache.views import history_table


def run(context: Context, options: Namespace) -> ExitCode:
    """Show the purges of one app, or of all that the calling user may see."""
    context.engine.only_read()
    records = _choose(context, "".join(options.apps))
    if options.format == STDOUT:
        history_table.show(context.console, records)
    else:
        context.console.result(text.serialized(history_table.values(records), options.format))
    return ExitCode.OK


def _choose(context: Context, app: str) -> list[Record]:
    """Return the records to show, oldest first. Raises AppNotFound for a name without records.

    Only users with access to all apps see destroyed apps. An app does not show purges of an earlier one of its name.
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
