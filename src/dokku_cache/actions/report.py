"""``dokku cache:report``: the legacy cache and the settings of apps, or of the server."""

from argparse import Namespace
from collections.abc import Sequence

from dokku_cache.arguments import STDOUT
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import ExitCode
from dokku_cache.output.progress import Watcher
from dokku_cache.survey.scanning import measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import report

#: For Docker in ``dokku report``, which is immediate otherwise.
LIMIT_SECONDS = 3


def run(context: Context, options: Namespace) -> ExitCode:
    """Report on one app, on all that the user may see, or on the server."""
    context.engine.only_read()
    if options.is_global:
        return _report_server(context, options.info_flags, options.format)
    info_flag = report.check_flags(options.info_flags, report.APP_KEYS, options.format)
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        visible = context.visible_apps()
    named = [apps.verify(name, visible) for name in options.apps]
    return _report_apps(context, named or list(visible), frozenset(visible), info_flag, options.format)


def _report_server(context: Context, flags: list[str], format_name: str) -> ExitCode:
    info_flag = report.check_flags(flags, report.SERVER_KEYS, format_name)
    values = report.of_server(context)
    report.write(context.console, "--global", values, format_name=format_name, info_flag=info_flag, is_app=False)
    return ExitCode.OK


def _report_apps(
    context: Context, names: list[str], visible: frozenset[str], info_flag: str, format_name: str
) -> ExitCode:
    collector = report.Collector(context)
    surveyor = Surveyor(context.environment, context.engine, visible)
    if not names and format_name == STDOUT:
        context.console.detail("There are no apps to report on")
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        for finding in surveyor.survey(names):
            measured = finding
            if info_flag.removeprefix("--") in {"", *report.SCANNED_KEYS}:
                measured = measure_finding(surveyor, finding, watcher, context.console)
            values = collector.of_app(measured, measured.size)
            watcher.end()  # the report must not be printed behind the bar
            report.write(
                context.console,
                finding.app,
                values,
                format_name=format_name,
                info_flag=info_flag,
                is_app=True,
            )
    collector.warn_of_unknown()
    return ExitCode.OK


def report_for_dokku(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Trigger ``report``: our part of ``dokku report [<app>]``. Scans no cache, as Dokku's parts are immediate."""
    context.engine.only_read()
    context.engine.wait_at_most(LIMIT_SECONDS)
    visible = context.visible_apps()
    named = [apps.verify(name, visible) for name in arguments[:1] if name]
    collector = report.Collector(context)
    for finding in Surveyor(context.environment, context.engine, frozenset(visible)).survey(named or visible):
        values = collector.of_app(finding, None, is_scanned=False)
        report.write(context.console, finding.app, values, format_name="stdout", info_flag="", is_app=True)
    collector.warn_of_unknown()
    return ExitCode.OK
