"""``dokku cache:list``: every build cache on the server, at a glance."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from dokku_cache.arguments import STDOUT, Command, Flag, Parser, named_apps
from dokku_cache.caches import inventory
from dokku_cache.caches.inventory import Collector, Order
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode, UsageError
from dokku_cache.model.cache import Kind
from dokku_cache.output import serialized
from dokku_cache.output.progress import Watcher
from dokku_cache.records import daily_run
from dokku_cache.views import list_table, list_values, prometheus


def _values(kinds: type[Enum]) -> tuple[str, ...]:
    return tuple(kind.value for kind in kinds)


FORMATS = ("stdout", "json", "yaml", "prometheus")
COMMAND = Command(
    "list",
    "[<app>] [--kind <kind>]",
    "List all build caches",
    "[<app>] [--sort size|app|modified] [--kind legacy|herokuish|pack|buildkit|engine]... "
    "[--format stdout|json|yaml|prometheus] [--quiet]",
    "Shows cache directories and volumes of all apps, including destroyed ones, and Docker's build cache, with size, "
    "state and the command to remove them. Changes nothing.",
    (
        ("", "list all caches, largest first"),
        ("shop", "list the caches of one app"),
        ("--kind legacy --sort modified", "list old directories first"),
    ),
    (
        Flag("--sort", "sort order", choices=_values(Order), default=Order.SIZE.value),
        Flag("--kind", "show only this kind", choices=_values(Kind), is_repeated=True),
        Flag("--format", "output format", choices=FORMATS, default="stdout"),
    ),
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Take the inventory of what the calling user may see, or of one app, and show it."""
    parsed = Parser(COMMAND).read_all(arguments)
    named = named_apps(context, parsed)
    if len(named) > 1:
        raise UsageError("cache:list takes at most one app", COMMAND.hint)
    context = context.with_flags(quiet=parsed.quiet)
    context.engine.only_read()
    order = Order(parsed.sort or Order.SIZE.value)
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        kinds = {Kind(kind) for kind in parsed.kind or _values(Kind)}
        taken = Collector(context, kinds, "".join(named)).take(watcher)
    taken = replace(taken, caches=inventory.sort(taken.caches, order))
    if (parsed.format or STDOUT) == STDOUT:
        list_table.show(context.console, taken, order)
        return ExitCode.OK
    last_run = daily_run.last(context.environment)
    if parsed.format == "prometheus":
        job = daily_run.schedule(context.environment.system_root)
        context.console.result(prometheus.exposition(taken, last_run, job))
    else:
        context.console.result(serialized.as_text(list_values.values(taken, last_run), parsed.format))
    return ExitCode.OK
