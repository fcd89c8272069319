"""``dokku cache:list``: every build cache on the server, at a glance."""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from dokku_cache.arguments import Parser, named_apps
from dokku_cache.caches import inventory
from dokku_cache.caches.collector import Collector
from dokku_cache.caches.inventory import Kind, Order
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode, UsageError
from dokku_cache.output import serialized
from dokku_cache.output.progress import Watcher
from dokku_cache.records import daily_run
from dokku_cache.views import list_table, list_values, prometheus

FORMATS = ("stdout", "json", "yaml", "prometheus")
USAGE = (
    "cache:list [--sort size|app|modified] [--kind legacy|herokuish|pack|buildkit|engine]... "
    "[--format stdout|json|yaml|prometheus]"
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Take the inventory of what the calling user may see, and show it."""
    parser = Parser("cache:list", USAGE)
    parser.add_argument("--format", choices=FORMATS, default="stdout")
    parser.add_argument("--kind", choices=_values(Kind), action="append")
    parser.add_argument("--sort", choices=_values(Order), default=Order.SIZE.value)
    parsed = parser.read_all(arguments)
    if named_apps(context, parsed):
        raise UsageError("cache:list takes no app", "'dokku cache:report <app>' shows one")
    context = context.with_flags(quiet=parsed.quiet)
    context.engine.only_look()
    order = Order(parsed.sort)
    with Watcher(context.console, writes_lines=False) as watcher:
        taken = Collector(context, {Kind(kind) for kind in parsed.kind or _values(Kind)}).take(watcher)
    taken = replace(taken, caches=inventory.sort(taken.caches, order))
    if parsed.format == "stdout":
        list_table.show(context.console, taken, order)
        return ExitCode.OK
    last_run = daily_run.last(context.environment)
    if parsed.format == "prometheus":
        context.console.result(prometheus.exposition(taken, last_run))
    else:
        context.console.result(serialized.as_text(list_values.values(taken, last_run), parsed.format))
    return ExitCode.OK


def _values(kinds: type[Enum]) -> list[str]:
    return [kind.value for kind in kinds]
