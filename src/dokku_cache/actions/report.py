"""``dokku cache:report``: what is there, and what it costs."""

from collections.abc import Sequence

from dokku_cache.arguments import STDOUT, Command, Flag, Parser, Section, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import ExitCode, UsageError
from dokku_cache.output import report
from dokku_cache.output.progress import Watcher
from dokku_cache.survey.measuring import measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import report_values

COMMAND = Command(
    "report",
    "[<app>] [--global] [<flag>]",
    "Report on legacy caches",
    "[<app>] [--global] [--format stdout|json|yaml] [<info-flag>] [--quiet]",
    "It changes nothing. Of each app, ghosts too, it says what lies there, its size, its state with the reason, the "
    "evidence for it, and what goes by itself. An info flag shows that one value alone.",
    (
        ("shop", "shows all about one app"),
        ("shop --cache-legacy-size", "shows one value"),
        ("--global --format json", "gives what holds for the server to a program"),
    ),
    (
        Flag("--global", "what holds for the server, and not of apps"),
        Flag("--format", "for a person or for programs", choices=report.FORMATS, default="stdout", is_free=True),
    ),
    (
        Section("Info flags of an app", tuple((f"--{key}", "") for key in sorted(report_values.APP_KEYS))),
        Section(
            "Info flags of the server (--global)",
            tuple((f"--{key}", "") for key in sorted(report_values.SERVER_KEYS)),
        ),
    ),
)


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Report on one app, on all that the user may see, or on the server."""
    parsed, flags = Parser(COMMAND).read(arguments)
    parsed.format = parsed.format or STDOUT
    if parsed.format not in report.FORMATS:
        raise UsageError(f'Format must be "stdout", "json" or "yaml": "{parsed.format}"', COMMAND.hint)
    context = context.with_flags(quiet=parsed.quiet)
    context.engine.only_look()
    if parsed.is_global:
        return _report_server(context, flags, parsed.format)
    info_flag = report.check_flags(flags, report_values.APP_KEYS, parsed.format)
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        visible = context.visible_apps()
    named = [apps.verify(name, visible) for name in named_apps(context, parsed)]
    if len(named) > 1:
        raise UsageError("cache:report takes one app, or none for all", COMMAND.hint)
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
        context.console.detail("There are no apps, so no legacy caches to report on: nothing to do")
    with Watcher(context.console, writes_lines=False) as watcher:
        watcher.asking()
        for finding in surveyor.survey(names):
            examined, measured = finding, None
            if info_flag.removeprefix("--") in {"", *report_values.WALKED_KEYS}:
                examined, measured = measure_finding(surveyor, finding, watcher, context.console)
            values = gatherer.of_app(examined, measured)
            watcher.end()  # what was asked for would stand behind the bar
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
