"""``dokku cache:report``: the legacy cache and the settings of apps, or of the server."""

from collections.abc import Sequence

from dokku_cache.arguments import STDOUT, Command, Flag, Parser, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import ExitCode, UsageError
from dokku_cache.output import report
from dokku_cache.output.progress import Watcher
from dokku_cache.survey.scanning import measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import report_values

COMMAND = Command(
    "report",
    "[<app>] [--global] [<flag>]",
    "Report on legacy caches",
    "[<app>] [--global] [--format stdout|json|yaml] [<info-flag>] [--quiet]",
    "Shows the size and state of each app's legacy cache, the checks behind the state, and the settings. Changes "
    'nothing. Every line of the report is also an info flag, which prints only that value: "Cache legacy size" is '
    "--cache-legacy-size.",
    (
        ("shop", "report on one app"),
        ("shop --cache-legacy-size", "print one value"),
        ("--global --format json", "report on the server as JSON"),
    ),
    (
        Flag("--global", "report on the server instead of apps"),
        Flag("--format", "output format", choices=report.FORMATS, default="stdout", is_free=True),
    ),
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Report on one app, on all that the user may see, or on the server."""
    parsed, flags = Parser(COMMAND).read(arguments)
    parsed.format = parsed.format or STDOUT
    if parsed.format not in report.FORMATS:
        raise UsageError(f'Format must be "stdout", "json" or "yaml": "{parsed.format}"', COMMAND.hint)
    context = context.with_flags(quiet=parsed.quiet)
    context.engine.only_read()
    if parsed.is_global:
        return _report_server(context, flags, parsed.format)
    info_flag = report.check_flags(flags, report_values.APP_KEYS, parsed.format)
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        visible = context.visible_apps()
    named = [apps.verify(name, visible) for name in named_apps(context, parsed)]
    if len(named) > 1:
        raise UsageError("cache:report takes at most one app", COMMAND.hint)
    return _report_apps(context, named or list(visible), frozenset(visible), info_flag, parsed.format)


def _report_server(context: Context, flags: list[str], format_name: str) -> ExitCode:
    info_flag = report.check_flags(flags, report_values.SERVER_KEYS, format_name)
    values = report_values.of_server(context)
    report.write(context.console, "--global", values, format_name=format_name, info_flag=info_flag, is_app=False)
    return ExitCode.OK


def _report_apps(
    context: Context, names: list[str], visible: frozenset[str], info_flag: str, format_name: str
) -> ExitCode:
    gatherer = report_values.Gatherer(context)
    surveyor = Surveyor(context.environment, context.engine, visible)
    if not names and format_name == STDOUT:
        context.console.detail("There are no apps to report on")
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        for finding in surveyor.survey(names):
            measured = finding
            if info_flag.removeprefix("--") in {"", *report_values.WALKED_KEYS}:
                measured = measure_finding(surveyor, finding, watcher, context.console)
            values = gatherer.of_app(measured, measured.size)
            watcher.end()  # the report must not be printed behind the bar
            report.write(
                context.console,
                finding.app,
                values,
                format_name=format_name,
                info_flag=info_flag,
                is_app=True,
            )
    gatherer.tell_what_is_unknown()
    return ExitCode.OK
