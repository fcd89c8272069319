"""The parts of ``install``, ``update`` and ``uninstall`` that run as the dokku user."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from dokku_cache.actions import background, free_space, sweep
from dokku_cache.actions.background import log_console
from dokku_cache.dokku import apps, files, policy
from dokku_cache.engine import helper, helper_image
from dokku_cache.model.errors import CacheError, ExitCode
from dokku_cache.model.finding import Decision, Finding, Verdict
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output import log
from dokku_cache.purge.recorded import purge
from dokku_cache.purge.volume_purger import plan_volumes
from dokku_cache.rules.removal import decide
from dokku_cache.survey.context import Context
from dokku_cache.survey.scanning import measure_candidates
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import purging
from dokku_cache.views.purging import Subject

#: For Docker, because the installation of other plugins waits.
LIMIT_SECONDS = 10
#: For scanning, on a server with many caches.
MEASURE_SECONDS = 20
_WITH_AUTO_PURGE = (
    "Nothing was deleted yet. The daily run will remove orphaned caches. To prevent this:",
    "    dokku cache:set --global auto-purge false",
)
_WITHOUT_AUTO_PURGE = ("Nothing was deleted. The daily run will not delete anything, because auto-purge is off.",)
_NEXT_STEPS = (
    "To list, preview and purge now:",
    "    dokku cache:list",
    "    dokku cache:purge-legacy --all --dry-run",
    "    dokku cache:purge-legacy --all",
)
_VOLUME_STEP = ("    dokku cache:purge-volumes --orphaned",)


def installed(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Import the helper container's image, and sweep in the background if Dokku was upgraded.

    The first installation records Dokku's version and shows removable caches. It deletes nothing.
    """
    environment, console = context.environment, context.console
    context.engine.wait_at_most(LIMIT_SECONDS)
    if not sweep.recorded_version(environment):
        try:
            _show_removable(context)
        except CacheError as error:
            for shown in (log_console(context, "install"), console):
                shown.warn(str(error), error.hint)
        if version := files.dokku_version_text(environment.lib_root):
            sweep.record_version(environment, version)
    elif versions := sweep.upgraded_versions(environment):
        # Other plugins' triggers, and in Dokku's own image the proxy, wait for this one.
        background.start(environment, "upgraded")
        before, now = versions
        console.section(f"Dokku changed from {before} to {now}: purging unused build caches in the background")
        console.detail(f"For results, see {log.path(environment.logs_dir)} and 'dokku cache:history'")
    free_space.record_engine_roots(environment, context.engine.data_roots())
    image = helper_image.ensure(context.engine)
    with suppress(CacheError):  # the image of a helper that is running
        helper_image.remove(context.engine, keep=image)
    return ExitCode.OK


def _show_removable(context: Context) -> None:
    surveyor = Surveyor(context.environment, context.engine)
    findings = surveyor.survey(apps.every())
    measured = measure_candidates(surveyor, findings, Request(Initiator.MANUAL), context.console, MEASURE_SECONDS)
    directories = [decide(finding, Request(Initiator.MANUAL)) for finding in measured]
    has_directories = any(decision.targets or decision.kept for decision in directories)
    if has_directories:
        purging.show_plan(context.console, Subject.DIRECTORIES, directories)
    volumes: list[Decision] = []
    try:
        volumes = plan_volumes(context, Request(Initiator.MANUAL), limit_seconds=LIMIT_SECONDS)
    except CacheError as error:
        context.console.warn(f"Could not list cache volumes: {error}", error.hint)
    if volumes:
        purging.show_plan(context.console, Subject.VOLUMES, volumes)
    if not volumes and not has_directories:
        context.console.detail("No legacy caches and no cache volumes of destroyed apps found")
        return
    is_on = policy.is_auto_purge_on(context.environment, policy.GLOBAL)
    for line in (
        *(_WITH_AUTO_PURGE if is_on else _WITHOUT_AUTO_PURGE),
        *_NEXT_STEPS,
        *(_VOLUME_STEP if any(decision.is_removal for decision in volumes) else ()),
    ):
        context.console.detail(line)


def uninstalled(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Leave no trash, container or image. Where auto-purge is off, trash is kept and reported."""
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
        result = purge(context, trash_only, Request(Initiator.MANUAL, in_deploy=True))
        if result.error:
            raise result.error
        purging.show_result(context.console, result)
    except CacheError as error:
        directory = os.path.dirname(finding.location.path)
        paths = ", ".join(os.path.join(directory, entry.name) for entry in finding.location.trash)
        context.console.warn(f"{finding.app}: {error}", f"the rest of its legacy cache is in {paths}")
