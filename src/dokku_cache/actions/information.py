"""The commands that remove nothing: ``cache:list``, ``cache:report``, ``cache:history`` and ``cache:set``."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.actions.arguments import STDOUT
from dokku_cache.dokku import apps, daily_run, history, policy
from dokku_cache.dokku.history import Record
from dokku_cache.model.cache import Kind
from dokku_cache.model.errors import AppNotFound, ExitCode, UsageError
from dokku_cache.output import text
from dokku_cache.output.progress import Watcher
from dokku_cache.survey import inventory
from dokku_cache.survey.context import Context
from dokku_cache.survey.inventory import Collector, Order
from dokku_cache.survey.scanning import measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import history_table, listing, prometheus, report

#: For Docker in ``dokku report``, which is immediate otherwise.
LIMIT_SECONDS = 3


def list_caches(context: Context, options: Namespace) -> ExitCode:
    """List the caches of one app, or all that the calling user may see."""
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


def report_caches(context: Context, options: Namespace) -> ExitCode:
    """Report on one app, on all that the calling user may see, or on the server."""
    context.engine.only_read()
    keys = report.SERVER_KEYS if options.is_global else report.APP_KEYS
    info_flag = report.check_flags(options.info_flags, keys, options.format)
    if options.is_global:
        report.write(context.console, "", report.of_server(context), options.format, info_flag)
        return ExitCode.OK
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        visible = apps.visible()
        names = [apps.verify(name, visible) for name in options.apps] or list(visible)
        collector = report.Collector(context)
        surveyor = Surveyor(context.environment, context.engine, frozenset(visible))
        for finding in surveyor.survey(names):
            measured = finding
            if info_flag.removeprefix("--") in {"", *report.SCANNED_KEYS}:
                measured = measure_finding(surveyor, finding, watcher, context.console)
            values = collector.of_app(measured, measured.size)
            watcher.end()  # the report must not be printed behind the bar
            report.write(context.console, finding.app, values, options.format, info_flag)
    if not names and options.format == STDOUT:
        context.console.detail("There are no apps to report on")
    collector.warn_of_unknown()
    return ExitCode.OK


def report_for_dokku(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Trigger ``report``: our part of ``dokku report [<app>]``. Scans no cache, as Dokku's parts are immediate."""
    context.engine.only_read()
    context.engine.wait_at_most(LIMIT_SECONDS)
    visible = apps.visible()
    named = [apps.verify(name, visible) for name in arguments[:1] if name]
    collector = report.Collector(context)
    for finding in Surveyor(context.environment, context.engine, frozenset(visible)).survey(named or visible):
        values = collector.of_app(finding, None, is_scanned=False)
        report.write(context.console, finding.app, values)
    collector.warn_of_unknown()
    return ExitCode.OK


def show_history(context: Context, options: Namespace) -> ExitCode:
    """Show the purges of one app, or of all that the calling user may see."""
    context.engine.only_read()
    records = _choose_records(context, "".join(options.apps))
    if options.format == STDOUT:
        history_table.show(context.console, records)
    else:
        context.console.result(text.serialized(history_table.values(records), options.format))
    return ExitCode.OK


def _choose_records(context: Context, app: str) -> list[Record]:
    """Return the records to show, oldest first. Raises AppNotFound for a name without records.

    Only users with access to all apps see destroyed apps. An app does not show purges of an earlier one of its name.
    """
    known = history.read(context.environment)
    visible = frozenset(apps.visible())
    sees_all = apps.are_all(visible)
    if app in visible:
        return known.of_app(app)
    if app:
        gone = [record for record in known.shown if record.app == app and sees_all]
        if not gone:
            raise AppNotFound(app)
        return gone
    if sees_all:
        return list(known.shown)
    own = {id(record) for name in visible for record in known.of_app(name)}
    return [record for record in known.shown if id(record) in own]


def set_property(context: Context, options: Namespace) -> ExitCode:
    """Set a property, or unset it when no value is given."""
    words = list(options.words)
    if options.is_global:
        owner = policy.GLOBAL
    else:
        named = options.flagged_apps or [words.pop(0) for _ in words[:1]]
        if len(named) != 1:
            raise UsageError("Please specify an app to run the command on")
        owner = apps.verify(named[0], apps.visible())
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
