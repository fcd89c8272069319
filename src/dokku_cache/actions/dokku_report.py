"""Trigger ``report``: our part of ``dokku report [<app>]``. Walks no cache: Dokku's own parts are instant too."""

from collections.abc import Sequence

from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import ExitCode
from dokku_cache.output import report
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views.report_values import Gatherer

#: For the engine, where somebody asked Dokku for a report on all there is.
LIMIT_SECONDS = 3


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Report on the app that Dokku names, or on all."""
    context.engine.only_read()
    context.engine.wait_at_most(LIMIT_SECONDS)
    visible = context.visible_apps()
    named = [apps.verify(name, visible) for name in arguments[:1] if name]
    gatherer = Gatherer(context)
    for finding in Surveyor(context.environment, context.engine, frozenset(visible)).survey(named or visible):
        values = gatherer.of_app(finding, None, walked=False)
        report.write(context.console, finding.app, values, format_name="stdout", info_flag="", is_app=True)
    gatherer.tell_what_is_unknown()
    return ExitCode.OK
