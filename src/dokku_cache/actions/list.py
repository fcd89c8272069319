"""``dokku cache:list``: every build cache on the server, at a glance."""

from argparse import Namespace
from dataclasses import replace

from dokku_cache.arguments import STDOUT
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode
from dokku_cache.model.cache import Kind
from dokku_cache.output import text
from dokku_cache.output.progress import Watcher
from dokku_cache.records import daily_run
from dokku_cache.survey import inventory
from dokku_cache.survey.inventory import Collector, Order
from dokku_cache.views import listing, prometheus


def run(context: Context, options: Namespace) -> ExitCode:
    """Take the inventory of what the calling user may see, or of one app, and show it."""
    context.engine.only_read()
    order = Order(options.sort)
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        kinds = {Kind(kind) for kind in options.kind} or set(Kind)
        taken = Collector(context, kinds, "".join(options.apps)).take(watcher)
    taken = replace(taken, caches=inventory.sort(taken.caches, order))
    if options.format == STDOUT:
        listing.show(context.console, taken, order)
        return ExitCode.OK
    last_run = daily_run.last(context.environment)
    if options.format == "prometheus":
        job = daily_run.schedule(context.environment.system_root)
        context.console.result(prometheus.exposition(taken, last_run, job))
    else:
        context.console.result(text.serialized(listing.values(taken, last_run), options.format))
    return ExitCode.OK
