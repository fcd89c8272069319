"""The part of ``install`` and ``update`` that runs as user dokku."""

from collections.abc import Sequence
from contextlib import suppress

from dokku_cache.automatic import background, low_disk, server
from dokku_cache.automatic.logged import log_console
from dokku_cache.context import Context
from dokku_cache.dokku import apps, files, policy
from dokku_cache.engine import helper_image
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.finding import Decision
from dokku_cache.model.state import Request
from dokku_cache.output import log, purge_text
from dokku_cache.output.purge_text import Subject
from dokku_cache.purge import volume_purger
from dokku_cache.rules.removal import decide
from dokku_cache.survey.scanning import measure_candidates
from dokku_cache.survey.surveyor import Surveyor

#: For the engine: other plugins come after this one.
LIMIT_SECONDS = 10
#: For walking over what could go, on a server full of caches.
MEASURE_SECONDS = 20


def run(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Import the helper container's image, and see whether Dokku was upgraded since the last time.

    The first time, the version is recorded, and what could be freed is shown: an installation deletes nothing.
    """
    context.engine.wait_at_most(LIMIT_SECONDS)
    if not server.recorded_version(context.environment):
        _begin(context)
    elif versions := server.upgraded_versions(context.environment):
        _sweep_detached(context, *versions)
    low_disk.record_engine_roots(context.environment, context.engine.data_roots())
    image = helper_image.ensure(context.engine)
    with suppress(CacheError):  # a helper that still runs keeps its image
        helper_image.remove(context.engine, keep=image)
    return ExitCode.OK


def _sweep_detached(context: Context, before: str, now: str) -> None:
    """Other plugins' triggers, and in Dokku's own image the proxy, wait for this one."""
    background.start(context.environment, "upgraded")
    context.console.section(f"Dokku changed from {before} to {now}: purging unused build caches in the background")
    context.console.detail(f"For results, see {log.path(context.environment.logs_dir)} and 'dokku cache:history'")


def _begin(context: Context) -> None:
    try:
        surveyor = Surveyor(context.environment, context.engine)
        measured = measure_candidates(
            surveyor, surveyor.survey(apps.every()), Request(), context.console, MEASURE_SECONDS
        )
        decisions = [decide(finding, Request()) for finding in measured]
        volumes = _plan_volumes(context)
        if any(decision.targets or decision.kept for decision in decisions):
            purge_text.show_plan(context.console, Subject.DIRECTORIES, decisions)
        if volumes:
            purge_text.show_plan(context.console, Subject.VOLUMES, volumes)
        _tell_what_comes(context, decisions, volumes)
    except CacheError as error:
        log_console(context, "install").warn(str(error), error.hint)
        context.console.warn(str(error), error.hint)
    installed = files.dokku_version_text(context.environment.lib_root)
    if installed:
        server.record_version(context.environment, installed)


def _plan_volumes(context: Context) -> list[Decision]:
    """Decide on the volumes of destroyed apps; give nothing where Docker does not respond."""
    try:
        decisions = volume_purger.decide_all(context, Request())
        return volume_purger.with_sizes(context, decisions, Request(), LIMIT_SECONDS)
    except CacheError as error:
        context.console.warn(f"Could not list cache volumes: {error}", error.hint)
        return []


def _tell_what_comes(context: Context, decisions: Sequence[Decision], volumes: Sequence[Decision]) -> None:
    """Say that nothing was deleted, and what can be, in the order in which it is safe."""
    tell = context.console.detail
    if not volumes and not any(decision.targets or decision.kept for decision in decisions):
        tell("No legacy caches and no cache volumes of destroyed apps found")
        return
    if policy.is_auto_purge_on(context.environment, policy.GLOBAL):
        tell("Nothing was deleted yet. The daily run will remove orphaned caches. To prevent this:")
        tell("    dokku cache:set --global auto-purge false")
    else:
        tell("Nothing was deleted. The daily run will not delete anything, because auto-purge is off.")
    tell("To list, preview and purge now:")
    tell("    dokku cache:list")
    tell("    dokku cache:purge-legacy --all --dry-run")
    tell("    dokku cache:purge-legacy --all")
    if any(decision.is_removal for decision in volumes):
        tell("    dokku cache:purge-volumes --orphaned")
