"""The parts of ``install``, ``update`` and ``uninstall`` that run as user dokku."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from dokku_cache.actions import background, free_space, sweep
from dokku_cache.actions.background import log_console
from dokku_cache.context import Context
from dokku_cache.dokku import apps, files, policy
from dokku_cache.engine import helper, helper_image
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.finding import Decision, Finding, Verdict
from dokku_cache.model.state import Request
from dokku_cache.output import log
from dokku_cache.purge.recorded import purge
from dokku_cache.rules.removal import decide
from dokku_cache.survey.scanning import measure_candidates
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import purging
from dokku_cache.views.purging import Subject

#: For Docker, because the installation of other plugins waits.
LIMIT_SECONDS = 10
#: For scanning, on a server with many caches.
MEASURE_SECONDS = 20


def installed(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Import the helper container's image, and sweep in the background if Dokku was upgraded.

    The first installation records Dokku's version and shows removable caches. It deletes nothing.
    """
    context.engine.wait_at_most(LIMIT_SECONDS)
    if not sweep.recorded_version(context.environment):
        _show_removable(context)
        version = files.dokku_version_text(context.environment.lib_root)
        if version:
            sweep.record_version(context.environment, version)
    elif versions := sweep.upgraded_versions(context.environment):
        _sweep_detached(context, *versions)
    free_space.record_engine_roots(context.environment, context.engine.data_roots())
    image = helper_image.ensure(context.engine)
    with suppress(CacheError):  # the image of a helper that is running
        helper_image.remove(context.engine, keep=image)
    return ExitCode.OK


def _sweep_detached(context: Context, before: str, now: str) -> None:
    """Other plugins' triggers, and in Dokku's own image the proxy, wait for this one."""
    background.start(context.environment, "upgraded")
    context.console.section(f"Dokku changed from {before} to {now}: purging unused build caches in the background")
    context.console.detail(f"For results, see {log.path(context.environment.logs_dir)} and 'dokku cache:history'")


def _show_removable(context: Context) -> None:
    try:
        surveyor = Surveyor(context.environment, context.engine)
        measured = measure_candidates(
            surveyor, surveyor.survey(apps.every()), Request(), context.console, MEASURE_SECONDS
        )
        directories = [decide(finding, Request()) for finding in measured]
        volumes = _plan_volumes(context)
        if any(decision.targets or decision.kept for decision in directories):
            purging.show_plan(context.console, Subject.DIRECTORIES, directories)
        if volumes:
            purging.show_plan(context.console, Subject.VOLUMES, volumes)
        _show_next_steps(context, directories, volumes)
    except CacheError as error:
        log_console(context, "install").warn(str(error), error.hint)
        context.console.warn(str(error), error.hint)


def _plan_volumes(context: Context) -> list[Decision]:
    """Decide on the volumes of destroyed apps; none where Docker does not respond."""
    try:
        return sweep.plan_volumes(context, Request(), limit_seconds=LIMIT_SECONDS)
    except CacheError as error:
        context.console.warn(f"Could not list cache volumes: {error}", error.hint)
        return []


def _show_next_steps(context: Context, directories: Sequence[Decision], volumes: Sequence[Decision]) -> None:
    lines = [
        "To list, preview and purge now:",
        "    dokku cache:list",
        "    dokku cache:purge-legacy --all --dry-run",
        "    dokku cache:purge-legacy --all",
    ]
    if any(decision.is_removal for decision in volumes):
        lines.append("    dokku cache:purge-volumes --orphaned")
    if not volumes and not any(decision.targets or decision.kept for decision in directories):
        lines = ["No legacy caches and no cache volumes of destroyed apps found"]
    elif policy.is_auto_purge_on(context.environment, policy.GLOBAL):
        lines[:0] = [
            "Nothing was deleted yet. The daily run will remove orphaned caches. To prevent this:",
            "    dokku cache:set --global auto-purge false",
        ]
    else:
        lines[:0] = ["Nothing was deleted. The daily run will not delete anything, because auto-purge is off."]
    for line in lines:
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
        result = purge(context, trash_only, Request(in_deploy=True))
        if result.error:
            raise result.error
        purging.show_result(context.console, result)
    except CacheError as error:
        directory = os.path.dirname(finding.location.path)
        paths = ", ".join(os.path.join(directory, entry.name) for entry in finding.location.trash)
        context.console.warn(f"{finding.app}: {error}", f"the rest of its legacy cache is in {paths}")
