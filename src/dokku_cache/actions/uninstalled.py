"""The part of ``uninstall`` that runs as user dokku: leaves no trash, no container and no image behind."""

from collections.abc import Sequence

from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.engine import helper, helper_image
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.sighting import CACHE_NAME
from dokku_cache.legacy.state import Mode
from dokku_cache.output import purge_text
from dokku_cache.purge.purger import Request
from dokku_cache.purge.recorded import purge_and_record
from dokku_cache.records.history import Initiator
from dokku_cache.survey.surveyor import Surveyor

LOCK_WAIT_SECONDS = 600


def run(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """End what was begun; what cannot be ended is named with its place."""
    for finding in Surveyor(context.environment, context.engine).survey(apps.every()):
        if finding.sighting.trash:
            _end(context, finding)
    helper.remove_all_stale(context.engine)
    helper_image.remove(context.engine)
    return ExitCode.OK


def _end(context: Context, finding: Finding) -> None:
    request = Request(mode=Mode.FINISH, in_deploy=True, lock_wait_seconds=LOCK_WAIT_SECONDS)
    try:
        outcome = purge_and_record(context, finding, request, Initiator.MANUAL)
        purge_text.tell_outcome(context.console, finding.app, outcome)
    except CacheError as error:
        directory = finding.sighting.path.removesuffix(CACHE_NAME)
        places = ", ".join(f"{directory}{entry.name}" for entry in finding.sighting.trash)
        context.console.warn(f"{finding.app}: {error}", f"what is left of its legacy cache is in {places}")
