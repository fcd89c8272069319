"""The part of ``uninstall`` that runs as user dokku: leaves no trash, container or image behind."""

import os
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.context import Context
from dokku_cache.dokku import apps, policy
from dokku_cache.engine import helper, helper_image
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.finding import Finding, Verdict
from dokku_cache.model.state import Request
from dokku_cache.output import purge_text
from dokku_cache.purge.recorded import purge
from dokku_cache.survey.surveyor import Surveyor


def run(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Finish interrupted purges where auto-purge is on; otherwise report what they left, and where."""
    for finding in Surveyor(context.environment, context.engine).survey(apps.every()):
        if finding.location.trash:
            _finish(context, finding)
    helper.remove_all_stale(context.engine)
    helper_image.remove(context.engine)
    return ExitCode.OK


def _finish(context: Context, finding: Finding) -> None:
    trash_only = replace(finding, cache=Verdict())
    try:
        if not policy.is_auto_purge_on(context.environment, finding.app):
            raise CacheError("an interrupted purge was not finished, because auto-purge is off")
        result = purge(context, trash_only, Request(in_deploy=True))
        if result.error:
            raise result.error
        purge_text.show_result(context.console, result)
    except CacheError as error:
        directory = os.path.dirname(finding.location.path)
        paths = ", ".join(os.path.join(directory, entry.name) for entry in finding.location.trash)
        context.console.warn(f"{finding.app}: {error}", f"the rest of its legacy cache is in {paths}")
